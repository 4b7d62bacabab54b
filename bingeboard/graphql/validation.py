"""Validation of documents, remembered by document, that stops after a handful of errors."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

# Whoever has this many has read enough. Each error costs a look for its line, and names that were perhaps meant.
MOST_ERRORS = 10
DOCUMENTS_REMEMBERED = 128


class Validation(SchemaExtension):
    """Validates in the executor's place, which would go on to a hundred errors."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        assert context.graphql_document
        context.pre_execution_errors = _validated(
            context.schema._schema, context.graphql_document, tuple(context.validation_rules)
        )
        yield


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def _validated(schema: GraphQLSchema, document: DocumentNode, rules: tuple[Any, ...]) -> list[GraphQLError]:
    rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
    return list(validate(schema, document, rules, max_errors=MOST_ERRORS))
