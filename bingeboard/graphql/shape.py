"""
What a document may be made of, found out in one walk after parsing and before validation.

Validation looks up, compares and reports; some of it grows with the square of what there is. What it is given here is
few enough of everything that the worst of it stays within the 50 ms of CPU that a refusal may cost (measured on every
attack of tests/attacks.py by `make bench NAME=hostile`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
)

from bingeboard.errors import Invalid
from bingeboard.graphql.problems import too_complex

# Of each as written: several times what the largest of our own operations holds.
MOST_DEFINITIONS = 100
MOST_OF: Mapping[type[Node], tuple[int, str]] = {
    FragmentSpreadNode: (200, "spreads of fragments"),
    InlineFragmentNode: (200, "inline fragments"),
    DirectiveNode: (100, "directives"),
    VariableDefinitionNode: (100, "variables"),
}
# Fields of one operation's own, fragments spread: each is a search, a list or a mutation of its own.
MOST_ROOT_FIELDS = 40
# Pairs of fields that go by one name in one place, fragments spread: validation compares each pair, 10 us apiece.
MOST_PAIRS = 2000
# Fields looked at while counting pairs: more than a document that was measured can hold, unless it goes in circles.
MOST_LOOKED_AT = 1000
# Digits: no number that any field takes is longer.
LONGEST_NUMBER = 100


def refuse_shape(document: DocumentNode) -> None:
    """Refuse a document with too much of anything, or a number of too many digits, before it is measured."""
    if len(document.definitions) > MOST_DEFINITIONS:
        raise too_complex(
            f"a document may hold {MOST_DEFINITIONS} operations and fragments, this one holds "
            f"{len(document.definitions)}"
        )
    seen: dict[type[Node], int] = dict.fromkeys(MOST_OF, 0)
    waiting: list[Node] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind in seen:
            seen[kind] += 1
        elif isinstance(node, IntValueNode | FloatValueNode) and len(node.value) > LONGEST_NUMBER:
            raise Invalid(f"a number in the document has {len(node.value)} digits; {LONGEST_NUMBER} are the most")
        for name in node.keys:
            inside = getattr(node, name, None)
            waiting.extend(inside if isinstance(inside, list | tuple) else [inside] if isinstance(inside, Node) else [])
    for kind, (most, words) in MOST_OF.items():
        if seen[kind] > most:
            raise too_complex(f"a document may hold {most} {words}, this one holds {seen[kind]}")


def refuse_pairs(document: DocumentNode) -> None:
    """Refuse a document, measured before, that asks for too much at once or for one name too often."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    for operation in (d for d in document.definitions if isinstance(d, OperationDefinitionNode)):
        n_asked = sum(map(len, _by_name([operation.selection_set], fragments).values()))
        if n_asked > MOST_ROOT_FIELDS:
            raise too_complex(f"an operation may ask {MOST_ROOT_FIELDS} things at once, this one asks {n_asked}")
    roots = [d for d in document.definitions if isinstance(d, OperationDefinitionNode | FragmentDefinitionNode)]
    n_pairs = sum(pairs([root.selection_set], fragments) for root in roots)
    if n_pairs > MOST_PAIRS:
        raise too_complex(
            f"a document may ask for one name so often that {MOST_PAIRS} pairs of fields must be compared; "
            f"in this one it is {n_pairs}"
        )


def pairs(selections: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """Return how many pairs of fields share a name and place, in these selections taken together and below them."""
    found = looked_at = 0
    places = [list(selections)]
    while places and looked_at <= MOST_LOOKED_AT:
        same = _by_name(places.pop(), fragments)
        for fields in same.values():
            looked_at += len(fields)
            found += len(fields) * (len(fields) - 1) // 2
            below = [field.selection_set for field in fields if field.selection_set]
            if below:
                places.append(below)
    return found


def _by_name(
    selections: list[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, list[FieldNode]]:
    """Return the fields of one place by the name they go by, each fragment spread once."""
    named: dict[str, list[FieldNode]] = defaultdict(list)
    spread: set[str] = set()
    waiting = list(selections)
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                named[(node.alias or node.name).value].append(node)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                if node.name.value in fragments:
                    waiting.append(fragments[node.name.value].selection_set)
    return named
