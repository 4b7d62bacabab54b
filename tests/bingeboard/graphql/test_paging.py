"""Pages: sizes within bounds, cursors that come back and fit their own list only."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.errors import Invalid
from bingeboard.graphql.paging import cursor_of, page_info, page_size, place_of

NUMBER = (int, float, type(None))


@pytest.mark.parametrize(("first", "size"), [(None, 20), (1, 1), (100, 100)])
def test_a_page_has_the_size_asked_for(first: int | None, size: int) -> None:
    assert page_size(first, 20) == size


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_a_size_out_of_bounds_is_refused_naming_it(first: int) -> None:
    with pytest.raises(Invalid, match=rf"1 to 100, got {first}"):
        page_size(first, 20)


@given(st.floats(-1e18, 1e18) | st.none(), st.integers(0, 2**62))
def test_a_cursor_comes_back_exactly(popularity: float | None, key: int) -> None:
    assert place_of(cursor_of(popularity, key), NUMBER, int) == (popularity, key)


@given(st.text(max_size=80))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no cursor"):
        place_of(text, NUMBER, int)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"[1]", b"[1,2,3]", b'["a",2]', b"[1,true]", b"[1,2.5]", b"[NaN,1]", b"[Infinity,1]", b"[1, 2]", b"{}", b"1"),
        b"[1," + b"9" * 30 + b"]",
        b"[" * 300,
    ],
)
def test_a_cursor_of_another_list_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid, match="no cursor"):
        place_of(base64.urlsafe_b64encode(raw).decode(), NUMBER, int)


def test_text_in_a_cursor_holds_no_nul() -> None:
    with pytest.raises(Invalid):
        place_of(cursor_of("a\0", 1), str, int)


def test_page_info_names_the_ends_of_the_page() -> None:
    info = page_info(["a", "b"], has_next=True, after="x")
    empty = page_info([], has_next=False, after=None)

    assert (info.start_cursor, info.end_cursor, info.has_next_page, info.has_previous_page) == ("a", "b", True, True)
    assert (empty.start_cursor, empty.end_cursor, empty.has_next_page, empty.has_previous_page) == (
        None,
        None,
        False,
        False,
    )
