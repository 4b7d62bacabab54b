"""What a document may be made of: counted as written, pairs counted where fragments are spread."""

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.errors import Invalid
from bingeboard.graphql import shape, validation
from bingeboard.graphql.shape import pairs, refuse_pairs, refuse_shape
from tests.door import Door


def _pairs(query: str) -> int:
    document = parse(query)
    fragments = {d.name.value: d for d in document.definitions[1:]}  # type: ignore[attr-defined]
    return pairs([document.definitions[0].selection_set], fragments)  # type: ignore[attr-defined]


def test_pairs_are_counted_by_hand() -> None:
    assert _pairs("{ a b c }") == 0
    assert _pairs("{ a a b: a }") == 1
    # Two of a, and below them, taken together, three of x.
    assert _pairs("{ a { x y } a { x x } }") == 1 + 3
    assert _pairs("{ a ...F ... { a } } fragment F on T { a }") == 3
    # Spread twice in one place, a fragment is there once.
    assert _pairs("{ ...F ...F } fragment F on T { a }") == 0


@given(st.lists(st.sampled_from("ab"), max_size=30))
def test_pairs_are_what_looking_at_every_two_gives(names: list[str]) -> None:
    slow = sum(a == b for place, a in enumerate(names) for b in names[:place])

    assert _pairs("{ z " + " ".join(names) + " }") == slow


def test_counting_pairs_ends_where_fragments_go_in_circles() -> None:
    circles = "fragment F on T { a { ...F } b { ...F } c { ...F } a { ...F } }"

    assert 0 < _pairs("{ ...F } " + circles) < 10_000


@pytest.mark.parametrize(
    ("one", "most"),
    [
        ("... { a }", shape.MOST_OF[shape.InlineFragmentNode][0]),
        ("...F", shape.MOST_OF[shape.FragmentSpreadNode][0]),
        ("a @b", shape.MOST_OF[shape.DirectiveNode][0]),
    ],
)
def test_as_many_as_said_pass_and_one_more_does_not(one: str, most: int) -> None:
    refuse_shape(parse("{ " + f"{one} " * most + "}"))

    with pytest.raises(Exception, match=f"{most} .* holds {most + 1}"):
        refuse_shape(parse("{ " + f"{one} " * (most + 1) + "}"))


def test_so_many_things_may_be_asked_at_once() -> None:
    refuse_pairs(parse("{ ...F ...F } fragment F on Query { " + "a " * shape.MOST_ROOT_FIELDS + "}"))

    with pytest.raises(Exception, match=f"asks {shape.MOST_ROOT_FIELDS + 1}"):
        refuse_pairs(parse("{ ...F b } fragment F on Query { " + "a " * shape.MOST_ROOT_FIELDS + "}"))


def test_definitions_are_counted() -> None:
    refuse_shape(parse("{ a }" + "fragment F on T { a }" * (shape.MOST_DEFINITIONS - 1)))

    with pytest.raises(Exception, match=f"holds {shape.MOST_DEFINITIONS + 1}"):
        refuse_shape(parse("{ a }" + "fragment F on T { a }" * shape.MOST_DEFINITIONS))


def test_ten_fragments_of_one_thing_may_all_ask_for_its_id_and_name() -> None:
    spread = "".join(f"...F{n} " for n in range(10))
    fragments = "".join(f"fragment F{n} on Show {{ __typename id title similar {{ score }} }} " for n in range(10))

    refuse_pairs(parse(f"{{ shows {{ edges {{ node {{ {spread} }} }} }} }} {fragments}"))


def test_numbers_have_so_many_digits() -> None:
    refuse_shape(parse("{ a(x: " + "9" * shape.LONGEST_NUMBER + ") }"))

    with pytest.raises(Invalid, match="digits"):
        refuse_shape(parse("{ a(x: 0." + "9" * shape.LONGEST_NUMBER + ") }"))


def test_a_handful_of_errors_is_told_and_no_more(door: Door) -> None:
    few = door.ask("{ a b c }")["errors"]
    many = door.ask("{ shows { " + " ".join(f"a{n}" for n in range(100)) + " } }")["errors"]

    assert len(few) == 3
    assert len(many) == validation.MOST_ERRORS + 1
    assert "aborted" in many[-1]["message"]
