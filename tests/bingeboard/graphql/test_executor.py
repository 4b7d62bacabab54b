"""The quick way to read leaves answers exactly as the slow one does, errors and order included."""

import datetime as dt
import json
from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import get_introspection_query
from hypothesis import given
from hypothesis import strategies as st
from strawberry.scalars import JSON

from bingeboard.graphql.executor import Executor


@strawberry.enum
class Colour(Enum):
    RED = "red"


@strawberry.type
class Leafy:
    text: str
    maybe: str | None
    count: int
    share: float
    yes: bool
    colour: Colour
    day: dt.datetime
    words: list[str]
    # Of this type anything is taken, as it is.
    thing: JSON

    @strawberry.field
    def computed(self) -> str:
        return self.text.upper()

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("broken")


@strawberry.type
class Branch:
    leaf: Leafy
    maybe_leaf: Leafy | None
    leaves: list[Leafy]
    maybe_leaves: list[Leafy] | None
    holes: list[Leafy | None]
    branch: "Branch | None"
    branches: list["Branch"]


@strawberry.type
class Query:
    @strawberry.field
    def branch(self) -> Branch | None:
        return SOURCE[0]

    @strawberry.field
    def leaf(self) -> Leafy | None:
        return SOURCE[0]

    @strawberry.field
    def leaves(self) -> list[Leafy | None]:
        return SOURCE


GOOD: dict[str, Any] = {
    "text": "a",
    "maybe": None,
    "count": 1,
    "share": 0.5,
    "yes": True,
    "colour": "red",
    "day": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "words": ["x"],
    "thing": {"a": [1]},
}
SOURCE: list[Any] = []
SLOW = strawberry.Schema(query=Query)
QUICK = strawberry.Schema(query=Query, execution_context_class=Executor)
ALL = "{ words thing day text maybe computed count __typename share broken yes colour again: text }"


@pytest.fixture(autouse=True)
def one_good_source() -> None:
    SOURCE[:] = [Leafy(**GOOD)]


def both(query: str) -> list[Any]:
    answers = [schema.execute_sync(query) for schema in (SLOW, QUICK)]
    return [(a.data, [e.formatted for e in a.errors or []]) for a in answers]


def written(answer: list[Any]) -> str:
    """Return an answer as text, the order of its fields included; what is no JSON as Python writes it."""
    return json.dumps(answer, default=repr)


@pytest.mark.parametrize(
    "query",
    [
        f"{{ leaf {ALL} }}",
        f"{{ leaves {ALL} }}",
        "{ leaf { ...F text ...F } } fragment F on Leafy { count text }",
        "{ leaf { text @skip(if: true) count @include(if: true) } }",
        get_introspection_query(),
    ],
)
def test_both_ways_answer_alike(query: str) -> None:
    slow, quick = both(query)

    assert written(quick) == written(slow)


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.text(max_size=3),
    st.booleans(),
    st.just([1]),
    st.just(object),
)


@given(st.sampled_from([*GOOD]), VALUES)
def test_both_ways_answer_alike_where_a_value_does_not_fit(name: str, value: Any) -> None:
    SOURCE[:] = [Leafy(**{**GOOD, name: value}), Leafy(**GOOD)]

    slow, quick = both(f"{{ leaf {ALL} leaves {ALL} }}")

    assert written(quick) == written(slow)


def test_both_ways_answer_alike_where_an_attribute_is_missing() -> None:
    SOURCE[:] = [object()]

    slow, quick = both("{ leaf { text } }")

    assert quick == slow
    assert quick[1]


PARTS_ASKED = """leaf { text ...F } maybeLeaf { ...F } leaves { count text } maybeLeaves { text } holes { ...F }
    branch { branch { leaf { text } } }"""
NESTED = f"""{{ branch {{ {PARTS_ASKED} branches {{ {PARTS_ASKED} }} }} }}
    fragment F on Leafy {{ text count @skip(if: false) }}"""
WHOLE = NESTED.replace("holes { ...F }", "")
LEAVES = st.builds(lambda **bad: Leafy(**{**GOOD, **bad}), text=st.sampled_from(["a", "b", None, object]))
FRUIT = st.one_of(st.none(), LEAVES, st.just(object()), st.just(ValueError("grown wrong")))


def branches(depth: int) -> Any:
    """Return branches of which some hold what does not fit: a null, another thing, an error, a tuple for a list."""
    below = branches(depth - 1) if depth else st.none()
    many = st.one_of(
        st.lists(LEAVES, max_size=2), st.lists(FRUIT, max_size=2), st.tuples(LEAVES), st.none(), st.just(7)
    )
    return st.builds(
        Branch,
        leaf=st.one_of(LEAVES, FRUIT),
        maybe_leaf=FRUIT,
        leaves=many,
        maybe_leaves=many,
        holes=many,
        branch=below,
        branches=st.lists(below, max_size=2) if depth else st.just([]),
    )


def tree(**parts: Any) -> Branch:
    """Return a branch that has nothing but these."""
    bare: dict[str, Any] = {"maybe_leaf": None, "maybe_leaves": [], "holes": [], "branch": None, "branches": []}
    return Branch(**{**bare, **parts})


@pytest.mark.parametrize("query", [NESTED, WHOLE])
@given(branches(2))
def test_both_ways_go_into_objects_alike(query: str, branch: Branch) -> None:
    SOURCE[:] = [branch]

    slow, quick = both(query)

    assert written(quick) == written(slow)


@given(st.lists(LEAVES, max_size=4), st.sampled_from([*GOOD]), VALUES)
def test_both_ways_read_lists_alike(leaves: list[Leafy], name: str, value: Any) -> None:
    bad = Leafy(**{**GOOD, name: value})
    SOURCE[:] = [tree(leaf=bad, leaves=[*leaves, bad], maybe_leaves=leaves)]
    asked = "text maybe count share yes colour day thing again: text"

    slow, quick = both(f"{{ branch {{ leaf {{ {asked} }} leaves {{ {asked} }} maybeLeaves {{ {asked} }} }} }}")

    assert written(quick) == written(slow)


def test_what_is_plain_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    gone_into, own = [], Executor.execute_fields

    def counted(self: Executor, kind: Any, *rest: Any) -> Any:
        gone_into.append(kind.name)
        return own(self, kind, *rest)

    monkeypatch.setattr(Executor, "execute_fields", counted)
    SOURCE[:] = [tree(leaf=Leafy(**GOOD), leaves=[Leafy(**GOOD)] * 3)]

    _, (data, errors) = both("{ branch { leaves { text } maybeLeaf { text } branches { leaf { count } } } }")

    assert (data, errors) == ({"branch": {"leaves": [{"text": "a"}] * 3, "maybeLeaf": None, "branches": []}}, [])
    assert gone_into == ["Query", "Branch"]


def test_objects_are_gone_into_in_the_order_asked() -> None:
    leaf = Leafy(**GOOD)
    fruit: dict[str, Any] = {"leaf": leaf, "leaves": [leaf, leaf], "maybe_leaves": [], "holes": [None, leaf]}
    twig = Branch(**fruit, maybe_leaf=None, branch=None, branches=[])
    SOURCE[:] = [Branch(**fruit, maybe_leaf=leaf, branch=twig, branches=[twig])]

    slow, quick = both(NESTED)

    assert written(quick) == written(slow)
    data, errors = quick
    assert errors == []
    assert list(data["branch"]) == ["leaf", "maybeLeaf", "leaves", "maybeLeaves", "holes", "branch", "branches"]
    assert data["branch"]["branches"][0]["holes"] == [None, {"text": "a", "count": 1}]
    assert data["branch"]["branches"][0]["maybeLeaf"] is None
