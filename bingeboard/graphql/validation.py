"""Validation of documents, remembered with the document, that stops after a handful of errors."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError, GraphQLSchema, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from bingeboard.graphql.plans import plan_of

# Whoever has this many has read enough. Each error costs a look for its line, and names that were perhaps meant.
MOST_ERRORS = 10


class Validation(SchemaExtension):
    """Validates in the executor's place, which would go on to a hundred errors."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        assert context.graphql_document
        context.pre_execution_errors = self._errors_of(context.graphql_document, context.schema._schema)
        yield

    def _errors_of(self, document: DocumentNode, schema: GraphQLSchema) -> list[GraphQLError]:
        """Return what is wrong with a document, found out once."""
        plan = plan_of(document)
        if plan.verdict is None or plan.verdict[0] is not schema:
            rules = (*self.execution_context.validation_rules, MaybeNullValidationRule, OneOfInputValidationRule)
            plan.verdict = schema, list(validate(schema, document, rules, max_errors=MOST_ERRORS))
        return plan.verdict[1]
