"""What one document may ask: measured once per fragment, the same spread or written out, refused before it runs."""

from typing import Any

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.errors import Invalid
from bingeboard.graphql import limits
from bingeboard.graphql.limits import Measure, check_variables, flaw_of, measure
from tests.door import Door


def _fields(inner: list[str]) -> str:
    return "{ " + " ".join(f"f{number} {block}" for number, block in enumerate(inner)) + " }"


def test_a_document_is_measured_by_hand() -> None:
    assert measure(parse("{ a b { c d { e } } }")) == Measure(depth=3, fields=5)
    assert measure(parse("{ a ... on T { b { c } } }")) == Measure(depth=2, fields=3)
    # Two spreads of F (c, d) and F itself, which validation walks once more.
    assert measure(parse("{ a { ...F } b { ...F } } fragment F on T { c { d } }")) == Measure(depth=3, fields=8)


@given(st.recursive(st.just(""), lambda inner: st.lists(inner, min_size=1, max_size=3).map(_fields), max_leaves=12))
def test_a_fragment_weighs_what_it_weighs_written_out(inside: str) -> None:
    written_out = measure(parse(f"{{ x {inside or '{ y }'} }}"))
    spread = measure(parse(f"{{ x {{ ...F }} }} fragment F on T {inside or '{ y }'}"))
    alone = measure(parse(inside or "{ y }"))

    assert spread.depth == written_out.depth
    assert spread.fields == written_out.fields + alone.fields


def test_fragments_that_spread_fragments_are_measured_once_each() -> None:
    doubling = "".join(f"fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))

    size = measure(parse(f"{{ ...F0 }} {doubling} fragment F60 on T {{ a }}"))

    assert size.fields > 2**60


@pytest.mark.parametrize(
    "query",
    [
        "{ a " * 16 + "}" * 16,
        "{ a " * 3000 + "}" * 3000,
        "{ " + "platforms { name } " * 251 + "}",
        "{ " + " ".join(f"x{n}: platforms {{ name }}" for n in range(251)) + "}",
        "{ ...F0 }" + "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
        + "fragment F30 on Query { platforms { name } }",
        "{ ...F0 }" + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(1500))
        + "fragment F1500 on Query { platforms { name } }",
        "{ platforms { name } } #" + "x" * 100_000,
        "{ show(id: " + "[" * 3000 + "]" * 3000 + ") { title } }",
        "{ platforms" + " @include(if: true)" * 2000 + " { name } }",
    ],
    ids=["deep", "too deep to parse", "repeated", "aliased", "doubling", "chain", "long", "deep value", "tokens"],
)  # fmt: skip
def test_a_document_that_asks_too_much_is_refused(door: Door, query: str) -> None:
    errors = door.ask(query)["errors"]

    assert errors[0]["extensions"]["code"] == "TOO_COMPLEX"


def test_the_introspection_that_tools_send_is_let_through(door: Door) -> None:
    from graphql import get_introspection_query

    assert door.data(get_introspection_query(descriptions=True, input_value_deprecation=True))["__schema"]


def test_rows_beyond_what_one_request_may_gather_are_refused(catalogue: Any, door: Door) -> None:
    titles = "shows(first: 100) { edges { node { similar(first: 100) { show { title } } } } }"
    often = " ".join(f"again{n}: trending(first: 50) {{ rank }}" for n in range(220))

    assert door.data(f"{{ {titles} }}")
    assert door.ask(f"{{ {often} {titles} }}")["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


@pytest.mark.parametrize("value", [list(range(501)), [[]] * 501, {"a": list(range(501))}])
def test_a_list_that_is_too_long_is_refused_naming_it(value: Any) -> None:
    with pytest.raises(Invalid, match=r"500 items, \$x has one of 501"):
        check_variables(parse("query($x: ID) { a }"), {"x": value})


def test_a_list_written_out_is_as_long_as_one_in_variables(db: None, door: Door) -> None:
    genres = ",".join(['"a"'] * 501)

    assert "501" in door.error(f"{{ shows(filter: {{genres: [{genres}]}}) {{ edges {{ cursor }} }} }}")["message"]


def test_variables_nested_without_end_are_refused() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]

    with pytest.raises(Invalid, match="nested"):
        check_variables(parse("query($x: JSON) { a }"), {"x": value})


def test_text_is_checked_but_in_items_that_are_answered_one_by_one() -> None:
    document = parse("query($a: String, $b: [EventInput!]!, $c: FeedbackInput) { a }")

    check_variables(document, {"b": [{"sessionId": "\0"}], "c": {"x": float("inf")}})
    for bad in ("\0", float("inf"), float("nan"), {"k": "\ud800"}, {"\0": 1}, [["\0"]]):
        with pytest.raises(Invalid, match=r"\$a"):
            check_variables(document, {"a": bad})


@given(st.text())
def test_text_without_a_flaw_can_be_stored(text: str) -> None:
    is_storable = "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        is_storable = False

    assert (flaw_of(text) is None) == is_storable


def test_limits_are_numbers_that_fit_one_another() -> None:
    assert limits.MOST_FIELDS < limits.MOST_TOKENS < limits.LONGEST_DOCUMENT
