"""
How much one document may ask, found out before a resolver runs: its length, its depth and breadth, its cost, what is
left of its account's budget, and whether it may ask what can be asked.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)
from strawberry.extensions import SchemaExtension

from bingeboard.context import Context
from bingeboard.errors import BingeBoardError, Invalid, NotAllowed
from bingeboard.graphql import budget
from bingeboard.graphql.costs import cost_of, sizes_of
from bingeboard.graphql.plans import Measure, Plan, plan_of
from bingeboard.graphql.problems import too_complex
from bingeboard.graphql.shape import refuse_pairs, refuse_shape

# Characters of a document: five times the longest that a client of ours has had reason to write.
LONGEST_DOCUMENT = 100_000
# Lines: every error of a document looks for its own among them.
MOST_LINES = 5_000
# Tokens, counted while parsing, which costs up to 9 us each: the introspection query that tools send has 250.
MOST_TOKENS = 4_000
# Fields, fragments spread: everything this schema has, selected twice over. Validation compares fields in pairs.
MOST_FIELDS = 500
# Levels: the introspection query that tools send is 14 deep.
DEEPEST = 15
# Items of any list sent in.
LONGEST_LIST = 500
# Characters of any text sent in: a story has some hundreds, a cursor or an id less.
LONGEST_TEXT = 20_000
# Levels of the variables, so that nothing below has to fear recursion.
DEEPEST_VALUE = 20
# Inputs whose mutations answer item by item: one item with bad text is refused there, and does not sink its batch.
ANSWERED_BY_ITEM = frozenset({"EventInput", "FeedbackInput", "TasteChangeInput"})
FIELDS_BY_ITEM = frozenset({"trackEvents", "sendFeedback", "updateTaste", "previewTaste"})


class Limits(SchemaExtension):
    """Refuses a document for what it asks: before it is parsed, before it is validated, before it is run."""

    def on_operation(self) -> Iterator[None]:
        asked = self.execution_context.query or ""
        if len(asked) > LONGEST_DOCUMENT:
            raise too_complex(f"a document may be {LONGEST_DOCUMENT} characters long, this one has {len(asked)}")
        lines = asked.count("\n") + asked.count("\r")
        if lines > MOST_LINES:
            raise too_complex(f"a document may be {MOST_LINES} lines long, this one has {lines}")
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        yield
        document = self.execution_context.graphql_document
        if document is not None:
            self._charge(plan_of(document))

    def on_validate(self) -> Iterator[None]:
        document = self.execution_context.graphql_document
        if document is not None:
            plan = plan_of(document)
            _refuse_unnamed(plan, self.execution_context._provided_operation_name)
            if not plan.is_sound:
                refuse_shape(document)
                _refuse_large(_size_of(plan))
                refuse_pairs(document)
                # The parser gives one document for one text.
                _refuse_bad_text(document, self.execution_context.query or "")
                plan.is_sound = True
            check_variables(document, self.execution_context.variables or {})
        yield

    def get_results(self) -> dict[str, Any]:
        """Say what the operation cost beside its answer."""
        context = self.execution_context.context
        return {"cost": context.cost} if isinstance(context, Context) and context.cost else {}

    def _charge(self, plan: Plan) -> None:
        """Work out what is asked, say so beside the answer, and spend it; refused where it is too much or not there."""
        asked, context = self.execution_context, self.execution_context.context
        cost, trouble = None, None
        try:
            cost = _cost(plan, asked._provided_operation_name, asked.variables or {}, asked.schema._schema)
        except (GraphQLError, RecursionError) as error:
            trouble = error
        limit = settings.COST_LIMIT
        # What is refused anyway spends nothing; the account is looked at all the same, to say what is left.
        is_refused = cost is None or cost > limit or (plan.asks_for_the_schema and not settings.INTROSPECTION)
        balance = None
        if isinstance(context, Context):
            is_charged = bool(context.account and settings.BUDGET_PER_MINUTE)
            balance = budget.spend(context.account, 0 if is_refused else cost or 0) if is_charged else None
            context.cost = {
                "requested": cost,
                "limit": limit,
                "remaining": balance.remaining if balance else None,
                "resetsInSeconds": balance.resets_in_seconds if balance else None,
            }
        if trouble is not None:
            raise trouble
        if plan.asks_for_the_schema and not settings.INTROSPECTION:
            raise NotAllowed("the schema can not be asked for here")
        if cost is not None and cost > limit:
            raise too_complex(
                f"an operation may cost {limit} points, this one costs {cost}; ask for fewer, or in several requests"
            )
        if balance is not None and not balance.fits:
            raise BingeBoardError(
                f"this costs {cost} points, and {balance.remaining} of {settings.BUDGET_PER_MINUTE} a minute are left;"
                f" they are all there again in {balance.resets_in_seconds} s",
                code="RATE_LIMITED",
            )


def _cost(plan: Plan, name: str | None, variables: Mapping[str, Any], schema: GraphQLSchema) -> int | None:
    """Return what the operation costs; None where the document is refused for its size, or says not what is meant."""
    operation = plan.operation(name)
    if operation is None or _is_large(plan):
        return None
    sizes = sizes_of(operation, plan.sizing, variables) if plan.sizing else ()
    key = (name, sizes)
    known = plan.costs.get(key)
    if known is not None:
        return known
    cost = cost_of(operation, fragments=plan.fragments, sizes=dict(sizes), schema=schema)
    return plan.keep_cost(key, cost)


def _is_large(plan: Plan) -> bool:
    size = _size_of(plan)
    return size.depth > DEEPEST or size.fields > MOST_FIELDS


def _size_of(plan: Plan) -> Measure:
    if plan.size is None:
        plan.size = measure(plan.document)
    return plan.size


NOTHING = Measure(0, 0)


def measure(document: DocumentNode) -> Measure:
    """Return the largest operation's measure; each fragment is measured once, however often it is spread."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    known: dict[str, Measure] = {}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    sizes = [_measure(d.selection_set, fragments, known) for d in (*operations, *fragments.values())]
    # Validation walks every definition, whichever operation is then run.
    return Measure(max((s.depth for s in sizes), default=0), sum(s.fields for s in sizes))


def _measure(
    selections: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    known: dict[str, Measure],
) -> Measure:
    depth = fields = 0
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            inside = _measure(node.selection_set, fragments, known)
            inside = Measure(inside.depth + 1, inside.fields + 1)
        elif isinstance(node, InlineFragmentNode):
            inside = _measure(node.selection_set, fragments, known)
        elif isinstance(node, FragmentSpreadNode):
            inside = _measure_fragment(node.name.value, fragments, known)
        else:
            inside = NOTHING
        depth, fields = max(depth, inside.depth), fields + inside.fields
    return Measure(depth, fields)


def _measure_fragment(name: str, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, Measure]) -> Measure:
    if name not in known:
        # A fragment inside itself counts nothing here: validation refuses it by name.
        known[name] = NOTHING
        fragment = fragments.get(name)
        known[name] = _measure(fragment.selection_set if fragment else None, fragments, known)
    return known[name]


def _refuse_unnamed(plan: Plan, name: str | None) -> None:
    """Refuse to guess which of several operations is meant, as the specification has it."""
    if name is None and len(plan.operations) > 1:
        raise Invalid("the document holds several operations: say which with operationName")


def _refuse_large(size: Measure) -> None:
    if size.depth > DEEPEST:
        raise too_complex(f"fields may be nested {DEEPEST} deep, these are {size.depth}")
    if size.fields > MOST_FIELDS:
        raise too_complex(
            f"a document may ask for {MOST_FIELDS} fields, fragments spread; this one asks for {size.fields}"
        )


def _refuse_bad_text(document: DocumentNode, asked: str) -> None:
    """Refuse a string or list in the document itself that no field could take."""
    may_hold_bad_text = "\0" in asked or "\\u" in asked
    waiting: list[Node] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        if isinstance(node, StringValueNode):
            _refuse_text(node.value if may_hold_bad_text else "", len(node.value), "a string in the document")
        elif isinstance(node, ListValueNode) and len(node.values) > LONGEST_LIST:
            raise Invalid(f"a list may hold {LONGEST_LIST} items, one in the document holds {len(node.values)}")
        for name in node.keys:
            if name == "arguments" and isinstance(node, FieldNode) and node.name.value in FIELDS_BY_ITEM:
                waiting.extend(_lists_of(node))
                continue
            inside = getattr(node, name, None)
            waiting.extend(inside if isinstance(inside, list | tuple) else [inside] if isinstance(inside, Node) else [])


def _lists_of(field: FieldNode) -> list[Node]:
    """Return an item-wise field's lists without their items, to be counted but not read."""
    values = [argument.value for argument in field.arguments or ()]
    longest = [v for v in values if isinstance(v, ListValueNode) and len(v.values) > LONGEST_LIST]
    return list(longest)


def check_variables(document: DocumentNode, variables: Mapping[str, Any]) -> None:
    """
    Refuse variables that hold what no field takes: NUL, lone surrogates, infinities, lists or nesting without end.

    Items of the inputs in ANSWERED_BY_ITEM keep their text: their mutation names the item that is wrong.
    """
    by_item = _variables_by_item(document) if variables else ()
    for name, value in variables.items():
        _check(value, f"${name}", reads_text=name not in by_item)


def _check(value: Any, where: str, *, reads_text: bool) -> None:
    # Level by level, with no more than a look at each value: a batch of events holds thousands.
    level, depth = [value], 1
    while level:
        if depth > DEEPEST_VALUE:
            raise Invalid(f"{where} is nested more than {DEEPEST_VALUE} deep")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item
                below += item.values()
            elif isinstance(item, list):
                if len(item) > LONGEST_LIST:
                    raise Invalid(f"a list may hold {LONGEST_LIST} items, {where} has one of {len(item)}")
                below += item
            elif reads_text:
                _refuse_leaf(item, where)
        level, depth = below, depth + 1


def _refuse_leaf(value: Any, where: str) -> None:
    if isinstance(value, str):
        _refuse_text(value, len(value), where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{where} holds a number that is not finite: {value}")


def _refuse_text(text: str, length: int, where: str) -> None:
    if length > LONGEST_TEXT:
        raise Invalid(f"a text may be {LONGEST_TEXT} characters long, {where} has {length}")
    flaw = flaw_of(text)
    if flaw:
        raise Invalid(f"{where} holds {flaw}, which no text of ours may")


def flaw_of(text: str) -> str | None:
    """Return what is wrong with a text that no table could hold, or None."""
    if "\0" in text:
        return "a NUL character"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "half a surrogate pair"
    return None


def _variables_by_item(document: DocumentNode) -> set[str]:
    found = set()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            for variable in definition.variable_definitions or ():
                kind = variable.type
                while isinstance(kind, NonNullTypeNode | ListTypeNode):
                    kind = kind.type
                if isinstance(kind, NamedTypeNode) and kind.name.value in ANSWERED_BY_ITEM:
                    found.add(variable.variable.name.value)
    return found
