"""
What an operation costs, worked out on the parsed document: before it is validated, before anything is read.

A selection costs the sum of its fields, and so does a fragment, wherever it is spread: written out or spread, it is the
same. A fragment is worked out once for every number of items that the lists around it are given. What @skip and
@include leave out is counted all the same. The result is kept by document and by the numbers that variables give to
lists, so that a document asked again costs a look-up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from bingeboard.graphql.paging import LARGEST_PAGE
from bingeboard.graphql.prices import PRICES, SIZES, USUAL_SIZE, Price

# What a page is asked with.
FIRST = "first"
# Arguments that say how many, or are a list that is worked on item by item.
SIZING = frozenset({FIRST}.union(*({price.batch, *price.lists.values()} for price in PRICES.values()))) - {""}
# No sum goes beyond: what JavaScript, and JSON with it, can still count.
MOST = 2**53 - 1
# Longer lists are refused by name, whatever they would cost.
LONGEST_BATCH = 500
# Items of lists further inside, by "Type.field".
Around = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Field:
    """
    What is known of a field before anybody asks it.

    points   what it costs by itself
    inner    the type of what is selected inside; None for leaves
    items    how many items it holds where nothing says so; None where it is no list
    own      its key among Around
    given    which lists inside its arguments size: (key, argument, items where it is left out)
    batch    the argument that is a list of items, and the points for each
    """

    points: int
    inner: GraphQLNamedType | None
    items: int | None
    own: str
    given: tuple[tuple[str, str, int], ...]
    batch: str
    each: int


def cost_of(
    operation: OperationDefinitionNode,
    *,
    fragments: Mapping[str, FragmentDefinitionNode],
    sizes: Mapping[str, int],
    schema: GraphQLSchema,
) -> int:
    """
    Return what an operation costs, in points: 1 to MOST.

    fragments   by name; those that are missing, or hold themselves, cost nothing: validation refuses them
    sizes       the items that variables stand for; see `sizes_of`

    The caller has seen to it that the document is small with its fragments spread.
    """
    root = schema.get_root_type(operation.operation)
    cost = _Reckoning(schema, fragments, sizes).selections(operation.selection_set, root, ())
    return min(max(cost, 1), MOST)


def sizes_of(
    operation: OperationDefinitionNode, asked: frozenset[str], variables: Mapping[str, Any]
) -> tuple[tuple[str, int], ...]:
    """Return how many items each variable stands for that sizes a list (asked), given or by its default."""
    found = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in asked:
            size = _of_value(variables[name]) if name in variables else _of_node(definition.default_value, {})
            if size is not None:
                found.append((name, size))
    return tuple(found)


def sizing_variables(nodes: Iterator[Node]) -> frozenset[str]:
    """Return the names of the variables that size a list anywhere among these nodes."""
    return frozenset(
        argument.value.name.value
        for node in nodes
        if isinstance(node, FieldNode)
        for argument in node.arguments or ()
        if argument.name.value in SIZING and isinstance(argument.value, VariableNode)
    )


class _Reckoning:
    """One operation's sum."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], sizes: Mapping[str, int]
    ) -> None:
        self._schema, self._fragments, self._sizes = schema, fragments, sizes
        self._known: dict[tuple[str, Around], int] = {}

    def selections(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None, around: Around) -> int:
        """Return what a selection on the parent costs."""
        cost = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                cost += self._field(node, parent, around)
            elif isinstance(node, InlineFragmentNode):
                on = self._schema.get_type(node.type_condition.name.value) if node.type_condition else parent
                cost += self.selections(node.selection_set, on, around)
            elif isinstance(node, FragmentSpreadNode):
                cost += self._fragment(node.name.value, around)
        return cost

    def _fragment(self, name: str, around: Around) -> int:
        key = (name, around)
        if key not in self._known:
            self._known[key] = 0
            fragment = self._fragments.get(name)
            if fragment is not None:
                on = self._schema.get_type(fragment.type_condition.name.value)
                self._known[key] = self.selections(fragment.selection_set, on, around)
        return self._known[key]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, around: Around) -> int:
        field = known_field(self._schema, parent, node.name.value)
        if field is None:
            return 0
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        cost = field.points
        if field.batch:
            cost += field.each * self._size(arguments.get(field.batch), 0, LONGEST_BATCH)
        if field.inner is None:
            return cost
        if field.given:
            inside = {
                key: self._size(arguments.get(name), usual, LONGEST_BATCH if name == field.batch else LARGEST_PAGE)
                for key, name, usual in field.given
            }
            around = tuple({**dict(around), **inside}.items())
        within = self.selections(node.selection_set, field.inner, around)
        if field.items is None:
            return cost + within
        return cost + dict(around).get(field.own, field.items) * (1 + within)

    def _size(self, node: ValueNode | None, usual: int, most: int) -> int:
        size = _of_node(node, self._sizes)
        return usual if size is None else min(size, most)


def _of_node(node: ValueNode | None, sizes: Mapping[str, int]) -> int | None:
    """Return how many a value in a document means: itself, or a list's length; None where it says nothing."""
    if isinstance(node, VariableNode):
        return sizes.get(node.name.value)
    if isinstance(node, IntValueNode):
        # Too long a number is refused where it is read.
        return max(0, int(node.value)) if len(node.value) < 10 else LONGEST_BATCH
    if isinstance(node, ListValueNode):
        return len(node.values)
    if node is None or isinstance(node, NullValueNode):
        return None
    # One item may be sent without its brackets.
    return 1 if isinstance(node, ObjectValueNode) or hasattr(node, "value") else None


def _of_value(value: Any) -> int | None:
    """Return how many a variable's value means, as `_of_node` does."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return min(max(0, value), LONGEST_BATCH)
    return min(len(value), LONGEST_BATCH) if isinstance(value, list) else 1


@lru_cache(maxsize=4096)
def known_field(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> Field | None:
    """Return what is known of a type's field; None where there is none."""
    defined = _defined(schema, parent, name)
    if defined is None or parent is None:
        return None
    key = f"{parent.name}.{name}"
    named: GraphQLNamedType = get_named_type(defined.type)
    inner = None if is_leaf_type(named) else named
    is_list = _is_list(defined)
    price = PRICES.get(key)
    # The schema is in memory: of what describes it, items of lists count alone.
    is_free = inner is None or is_list or inner.name.startswith("__")
    return Field(
        points=price.points if price else 0 if is_free else 1,
        inner=inner,
        items=SIZES.get(key, USUAL_SIZE).items if is_list else None,
        own=key,
        given=tuple(_given(key, defined, inner, price)),
        batch=price.batch if price else "",
        each=price.each if price else 0,
    )


def _defined(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if parent is schema.query_type and name in ("__schema", "__type"):
        return SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef
    return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None


def _given(
    key: str, defined: GraphQLField, inner: GraphQLNamedType | None, price: Price | None
) -> Iterator[tuple[str, str, int]]:
    lists = dict(price.lists) if price else {}
    if inner is not None and price is not None and price.batch:
        # Each item may have its problem.
        lists.setdefault(f"{inner.name}.userErrors", price.batch)
    if inner is not None and FIRST in defined.args:
        lists.setdefault(key if _is_list(defined) else f"{inner.name}.edges", FIRST)
    for inside, argument in lists.items():
        default = defined.args[argument].default_value if argument in defined.args else Undefined
        usual = default if isinstance(default, int) else SIZES.get(inside, USUAL_SIZE).items
        yield inside, argument, usual


def _is_list(defined: GraphQLField) -> bool:
    kind = defined.type.of_type if isinstance(defined.type, GraphQLNonNull) else defined.type
    return isinstance(kind, GraphQLList)
