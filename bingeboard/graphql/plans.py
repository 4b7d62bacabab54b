"""What a document says by itself, whoever sends it: read once, and kept as long as the document is asked."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from bingeboard.graphql.costs import sizing_variables

# Documents kept, as many as the parser keeps.
KEPT = 128
# Costs kept of one document, for as many numbers that variables gave to its lists.
COSTS_KEPT = 512
ASKING_FOR_THE_SCHEMA = frozenset({"__schema", "__type"})


@dataclass(frozen=True)
class Measure:
    """How deep a document goes and how many fields it asks, fragments counted where they are spread."""

    depth: int
    fields: int


@dataclass(eq=False)
class Plan:
    """A parsed document, and what was found out about it."""

    document: DocumentNode
    costs: dict[object, int] = field(default_factory=dict)
    # Its size, once it was measured.
    size: Measure | None = None
    # Whether nothing about the document itself was found to refuse; what was sent with it is looked at each time.
    is_sound: bool = False
    # What validation by a schema has found, once it has.
    verdict: tuple[GraphQLSchema, list[GraphQLError]] | None = None

    @cached_property
    def operations(self) -> tuple[OperationDefinitionNode, ...]:
        """Its operations, in order."""
        return tuple(d for d in self.document.definitions if isinstance(d, OperationDefinitionNode))

    @cached_property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """Its fragments by name."""
        return {d.name.value: d for d in self.document.definitions if isinstance(d, FragmentDefinitionNode)}

    @cached_property
    def asks_for_the_schema(self) -> bool:
        """Whether it asks what can be asked; a type's name may be asked always."""
        return any(isinstance(n, FieldNode) and n.name.value in ASKING_FOR_THE_SCHEMA for n in self._selected())

    @cached_property
    def sizing(self) -> frozenset[str]:
        """The variables that say how long a list is."""
        return sizing_variables(self._selected())

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation that is meant; None where that is not to be told."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((o for o in self.operations if o.name is not None and o.name.value == name), None)

    def keep_cost(self, key: object, cost: int) -> int:
        """Return the cost, remembered."""
        if len(self.costs) >= COSTS_KEPT:
            self.costs.clear()
        self.costs[key] = cost
        return cost

    def _selected(self) -> Iterator[Node]:
        waiting: list[SelectionSetNode | None] = [d.selection_set for d in (*self.operations, *self.fragments.values())]
        while waiting:
            selected = waiting.pop()
            for node in selected.selections if selected else ():
                yield node
                if isinstance(node, FieldNode | InlineFragmentNode):
                    waiting.append(node.selection_set)


class _Plans:
    """The plans of the documents asked last. Documents compare by all they hold, which takes longer than a plan."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Plan] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, document: DocumentNode) -> Plan:
        key = id(document)
        with self._lock:
            # A plan keeps its document, so nothing else has that id meanwhile.
            plan = self._kept.get(key)
            if plan is None:
                plan = self._kept[key] = Plan(document)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
        return plan


plan_of = _Plans().of
