"""What operations cost: by hand, the same spread or written out, named for every way in, and never dear to find out."""

from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.graphql import costs, limits, prices
from bingeboard.graphql.costs import MOST, SIZING, known_field
from bingeboard.graphql.limits import _cost
from bingeboard.graphql.plans import plan_of
from bingeboard.graphql.prices import PRICES, SIZES
from bingeboard.schema import schema
from tests.door import Door

SCHEMA = schema._schema
SHOWS = PRICES["Query.shows"].points


def cost(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> int | None:
    return _cost(plan_of(parse(query)), name, variables or {}, SCHEMA)


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ("{ __typename }", 1),
        ("{ show(id: 1) { id title } }", PRICES["Query.show"].points),
        # Ten services, by their usual number.
        ("{ platforms { name } }", PRICES["Query.platforms"].points + 10),
        # A list without a price: three services each.
        ("{ show(id: 1) { platforms { name } } }", PRICES["Query.show"].points + 3),
        # Seven edges, each with its node.
        ("{ shows(first: 7) { edges { node { title } } } }", SHOWS + 7 * 2),
        # Twenty where nothing is said.
        ("{ shows { edges { cursor } } }", SHOWS + 20),
        ("{ shows(first: null) { edges { cursor } } }", SHOWS + 20),
        ("{ shows(first: 7) { pageInfo { hasNextPage } } }", SHOWS + 1),
        ("{ trending(first: 4) { show { title } } }", PRICES["Query.trending"].points + 4 * 2),
        (
            "{ shows(first: 3) { edges { node { similar(first: 5) { show { id } } } } } }",
            SHOWS + 3 * (2 + PRICES["Show.similar"].points + 5 * 2),
        ),
        (
            "{ home(rows: 3, perRow: 4) { rows { key items { show { id } } } } }",
            PRICES["Query.home"].points + 3 * (1 + 4 * 2),
        ),
        ("{ a: shows(first: 7) { edges { cursor } } b: shows(first: 7) { edges { cursor } } }", 2 * (SHOWS + 7)),
        ("{ shows(first: 1000000) { edges { cursor } } }", SHOWS + 100),
        ("{ shows(first: -5) { edges { cursor } } }", SHOWS),
        (f"{{ shows(first: {'9' * 5000}) {{ edges {{ cursor }} }} }}", SHOWS + 100),
        ("{ nothing(first: 9) { of { this } } }", 1),
        ("{ ...F } fragment F on Query { ...F platforms { name } }", PRICES["Query.platforms"].points + 10),
    ],
)
def test_a_document_costs_what_it_costs_by_hand(query: str, points: int) -> None:
    assert cost(query) == points


def test_variables_and_their_defaults_size_lists() -> None:
    query = "query($n: Int = 9) { shows(first: $n) { edges { cursor } } }"

    assert cost(query) == SHOWS + 9
    assert cost(query, {"n": 2}) == SHOWS + 2
    assert cost(query, {"n": None}) == SHOWS + 20
    assert cost(query, {"n": 10**30}) == SHOWS + 100
    assert cost("query($n: Int) { shows(first: $n) { edges { cursor } } }") == SHOWS + 20


def test_a_batch_costs_by_its_length_however_it_is_sent() -> None:
    track = PRICES["Mutation.trackEvents"]
    by_variable = "mutation($e: [EventInput!]!) { trackEvents(events: $e) { accepted } }"

    assert cost(by_variable, {"e": [{}] * 40}) == track.points + 40 * track.each
    assert cost(by_variable, {"e": {}}) == track.points + track.each
    assert cost("mutation { trackEvents(events: [{}, {}, {}]) { accepted } }") == track.points + 3 * track.each
    assert cost("mutation { trackEvents(events: {}) { accepted } }") == track.points + track.each
    # Outcomes and problems come by the item.
    answered = by_variable.replace("accepted", "outcomes { code } userErrors { code }")
    assert cost(answered, {"e": [{}] * 40}) == track.points + 40 * (track.each + 2)


def test_only_the_operation_that_runs_is_paid() -> None:
    two = "query A { platforms { name } } query B { show(id: 1) { id } }"

    assert cost(two, name="B") == PRICES["Query.show"].points
    assert cost(two) is None
    assert cost(two, name="C") is None


PLACES = st.sampled_from(["", "(first: 3)", "(first: $n)", "(first: 50)"])


def _show(inner: list[str]) -> str:
    return "{ id platforms { name } " + " ".join(inner) + " }"


# What can be selected on a title, nested.
TITLES = st.recursive(
    st.just("{ id }"),
    lambda inner: st.lists(
        st.tuples(st.integers(0, 99), PLACES, inner).map(lambda t: f"s{t[0]}: similar{t[1]} {{ score show {t[2]} }}"),
        max_size=3,
    ).map(_show),
    max_leaves=8,
)


@given(TITLES, PLACES, PLACES, st.integers(0, 120))
def test_a_fragment_costs_what_it_costs_written_out(inside: str, one: str, other: str, n: int) -> None:
    document = "query($n: Int = 4) {{ a: shows{one} {{ edges {{ node {x} }} }} b: trending{other} {{ show {x} }} }}"
    written_out = document.format(one=one, other=other, x=inside)
    spread = document.format(one=one, other=other, x="{ ...F }") + f" fragment F on Show {inside}"
    inline = document.format(one=one, other=other, x=f"{{ ... on Show {inside} }}")
    # The page is a fragment as well, with its lists sized from outside.
    pages = (
        f"query($n: Int = 4) {{ a: shows{one} {{ ...P }} b: trending{other} {{ show {inside} }} }}"
        f" fragment P on ShowConnection {{ edges {{ ...E }} }} fragment E on ShowEdge {{ node {inside} }}"
    )

    costs = [cost(form, {"n": n}) for form in (written_out, spread, inline, pages)]

    # Beyond what may be asked for at all nobody counts; fragments count there once more for being defined.
    known = {c for c in costs if c is not None}
    assert len(known) <= 1, (costs, written_out)


def test_the_page_of_a_fragment_is_sized_where_it_is_spread() -> None:
    page = "fragment P on ShowConnection { edges { cursor } }"

    assert cost(f"{{ a: shows(first: 2) {{ ...P }} b: shows(first: 30) {{ ...P }} }} {page}") == 2 * SHOWS + 32
    rows = "fragment R on HomePage { rows { ...I } } fragment I on HomeRow { items { position } }"
    assert cost(f"{{ home(rows: 2, perRow: 3) {{ ...R }} }} {rows}") == PRICES["Query.home"].points + 2 * (1 + 3)


def test_fragments_that_spread_fragments_are_not_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    doubling = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))

    # With a field at the end it is refused for its size; with none, nothing is multiplied, and it ends.
    assert cost(f"{{ ...F0 }} {doubling} fragment F60 on Query {{ __typename }}") is None
    assert cost(f"{{ ...F0 }} {doubling}") == 1
    monkeypatch.setattr(limits, "MOST_FIELDS", 2**70)
    bomb = f"{{ ...F0 }} {doubling} fragment F60 on Query {{ platforms {{ name }} }}"
    assert cost(bomb) == min(MOST, 2**60 * (PRICES["Query.platforms"].points + 10))


@pytest.mark.parametrize("inside", ["", "{ edges }"])
def test_fragments_that_are_dear_to_add_up_are_given_up(
    door: Door, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page has another size, so that no sum is the same as one before."""
    # What may stand in one document is bounded already; this bound holds for itself.
    monkeypatch.setattr(costs, "MOST_STEPS", 1_000)
    pages = " ".join(f"p{n}: shows(first: {n + 1}) {{ ...F0 }}" for n in range(30))
    spreads = 1 if inside else 3
    n_fragments = 40
    chain = "".join(f"fragment F{n} on ShowConnection {{ {f'...F{n + 1} ' * spreads} }}" for n in range(n_fragments))
    document = f"{{ {pages} }} {chain} fragment F{n_fragments} on ShowConnection {inside or '{ ...F0 }'}"

    answer = door.ask(document)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TOO_COMPLEX"]
    assert "takes too long to add up" in answer["errors"][0]["message"]
    assert answer["extensions"]["cost"]["requested"] is None


def test_a_document_asked_again_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    document = parse("query($n: Int) { shows(first: $n) { edges { cursor } } }")
    first = [_cost(plan_of(document), None, {"n": n}, SCHEMA) for n in (3, 4)]

    monkeypatch.setattr(limits, "cost_of", None)

    assert [_cost(plan_of(document), None, {"n": n}, SCHEMA) for n in (3, 4)] == first == [SHOWS + 3, SHOWS + 4]


def test_documents_that_are_asked_no_more_are_forgotten() -> None:
    from bingeboard.graphql.plans import KEPT, _Plans

    plans, documents = _Plans(), [parse("{ me { id } }") for _ in range(KEPT + 1)]
    first = [plans.of(document) for document in documents]

    assert plans.of(documents[-1]) is first[-1]
    assert plans.of(documents[0]) is not first[0]


def test_the_introspection_that_tools_send_is_cheap_and_a_spiral_of_it_is_not() -> None:
    spiral = "fields { type { " * 5 + "name" + " } }" * 5

    assert (cost(get_introspection_query(input_value_deprecation=True)) or 0) < 5_000
    assert (cost(f"{{ __schema {{ types {{ {spiral} }} }} }}") or 0) > 1_000_000


def test_every_field_that_is_named_exists_as_what_it_is_named() -> None:
    for key, price in PRICES.items():
        kind, name = key.split(".")
        field = _type(kind).fields[name]
        assert {price.batch} - {""} <= set(field.args), key
        if price.batch:
            assert isinstance(get_nullable_type(field.args[price.batch].type), GraphQLList), key
        for inside, argument in price.lists.items():
            assert argument in field.args, key
            assert _is_list(inside), inside
            assert _reaches(get_named_type(field.type), inside.split(".")[0]), inside
    assert [key for key in SIZES if not _is_list(key)] == []


def _type(name: str) -> GraphQLObjectType | GraphQLInterfaceType:
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
    return found


def _is_list(key: str) -> bool:
    kind, name = key.split(".")
    return isinstance(get_nullable_type(_type(kind).fields[name].type), GraphQLList)


def _reaches(start: Any, name: str) -> bool:
    return start.name == name or any(get_named_type(f.type).name == name for f in start.fields.values())


def test_every_way_in_has_a_price() -> None:
    roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    fields = [f"{root.name}.{name}" for root in roots if root for name in root.fields]

    assert [key for key in fields if key not in PRICES] == []


def test_every_list_of_things_has_a_size_or_an_argument() -> None:
    """Problems of a payload and lists inside connections aside, the usual size is for what nobody thought of."""
    sized = {inside for price in PRICES.values() for inside in price.lists}
    missing = []
    for kind in SCHEMA.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            key = f"{kind.name}.{name}"
            is_things = _is_list(key) and not is_leaf_type(get_named_type(field.type))
            if is_things and name not in ("edges", "userErrors") and "first" not in field.args:
                missing += [key] if key not in sized and key not in SIZES else []

    assert missing == []


def test_every_price_and_size_is_in_its_range_with_a_reason() -> None:
    for price in PRICES.values():
        assert prices.LOWEST <= price.points <= prices.HIGHEST
        assert prices.LOWEST <= price.each <= prices.HIGHEST
        assert price.why
        assert bool(price.batch) == bool(price.each)
    for size in (*SIZES.values(), prices.USUAL_SIZE):
        assert prices.SMALLEST <= size.items <= prices.LARGEST
        assert size.why
    assert {"first", "rows", "perRow", "events"} <= SIZING


def test_a_field_nobody_priced_costs_by_its_kind() -> None:
    recommendation = SCHEMA.type_map["Recommendation"]
    leaf = known_field(SCHEMA, recommendation, "score")
    thing = known_field(SCHEMA, recommendation, "show")

    assert leaf is not None
    assert thing is not None
    assert (leaf.points, thing.points) == (0, 1)
    assert known_field(SCHEMA, recommendation, "nothing") is None


def test_ready_made_operations_cost_far_less_than_the_limit() -> None:
    from django.conf import settings

    from bingeboard.pages.operations import FOLDER

    documents = [parse(path.read_text()) for path in FOLDER.glob("*.graphql")]
    costs = [_cost(plan_of(document), None, {}, SCHEMA) for document in documents]

    assert documents
    assert max(c or MOST for c in costs) < settings.COST_LIMIT / 10
