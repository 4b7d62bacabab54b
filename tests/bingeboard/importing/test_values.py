"""Each value of an import is right, or rejected with a reason that names it."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingeboard.importing.values import UNDATED, Rejected, day, moment, number, shown, text, whole, words

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("given", "found"),
    [(7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), ("7.0", 7), ("+7", 7), ("007", 7), (None, None), ("", None)],
)
def test_a_whole_number_may_be_written_in_any_plain_way(given, found):
    assert whole("year", given, low=1, high=10) == found


@pytest.mark.parametrize(
    "given", [0, 11, 7.5, "7.5", True, "seven", "0x7", "٧", "1_0", [7], math.nan, math.inf, "9" * 30, " "]
)
def test_what_is_no_whole_number_in_range_is_rejected_naming_it(given):
    with pytest.raises(Rejected, match=r"year must be a whole number in 1 to 10, got "):
        whole("year", given, low=1, high=10)


@pytest.mark.parametrize(
    ("given", "found"), [(0.5, 0.5), ("0.5", 0.5), (".5", 0.5), ("5e-1", 0.5), (1, 1.0), ("", None)]
)
def test_a_number_may_be_written_in_any_plain_way(given, found):
    assert number("rating", given, low=0, high=5) == found


@pytest.mark.parametrize(
    "given", [math.nan, "nan", "inf", "-inf", math.inf, "1e999", False, "4,5", "٣", "x", -0.1, 5.1]
)
def test_what_is_no_number_in_range_is_rejected_naming_it(given):
    with pytest.raises(Rejected, match=r"rating must be a number in 0 to 5, got "):
        number("rating", given, low=0, high=5)


def test_a_number_without_a_range_says_only_number():
    with pytest.raises(Rejected, match=r"popularity must be a number, got 'high'"):
        number("popularity", "high")


def test_text_is_trimmed_and_blank_is_not_known():
    assert text("title", "  Heat \n", most=10) == "Heat"
    assert text("title", " \t", most=10) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (5, "title must be text, got 5"),
        ("a\0b", "title holds a NUL character"),
        ("x" * 11, "title may have 10 letters, got 11"),
    ],
)
def test_text_that_cannot_be_kept_is_rejected(given, reason):
    with pytest.raises(Rejected) as rejection:
        text("title", given, most=10)

    assert str(rejection.value) == reason


def test_words_are_each_kept_once_in_order_without_blanks():
    assert words("genres", [" Drama", "Comedy", "", "Drama"], most=5, letters=10) == ["Drama", "Comedy"]
    assert words("genres", [" "], most=5, letters=10) is None
    assert words("genres", None, most=5, letters=10) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("Drama", "genres must be a list of texts, got 'Drama'"),
        (["Drama", 7], "genres[1] must be text, got 7"),
        (["a"] * 6, "genres may have 5 entries, got 6"),
        (["a" * 11], "genres[0] may have 10 letters, got 11"),
        (["a\0"], "genres[0] holds a NUL character"),
    ],
)
def test_lists_that_cannot_be_kept_are_rejected(given, reason):
    with pytest.raises(Rejected) as rejection:
        words("genres", given, most=5, letters=10)

    assert str(rejection.value) == reason


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("0", dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ("964982703", dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)),
        ("964982703.0", dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)),
        ("2000-07-30T18:45:03Z", dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)),
        ("2000-07-30 20:45:03+02:00", dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)),
        ("2000-07-30 18:45:03", dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)),
        ("2000-07-30", dt.datetime(2000, 7, 30, tzinfo=dt.UTC)),
        ("", UNDATED),
    ],
)
def test_a_moment_is_seconds_or_iso_and_utc_where_it_does_not_say(given, found):
    assert moment("timestamp", given, now=NOW) == found


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("yesterday", "must be seconds since 1970 or a time like"),
        ("1e400", "must be seconds since 1970 or a time like"),
        ("-1", "is before 1970"),
        ("1969-12-31", "is before 1970"),
        ("964982703000", "must be seconds since 1970 or a time like|is in the future"),
        ("2026-06-01T12:00:01Z", "is in the future: 2026-06-01 12:00 UTC"),
    ],
)
def test_a_moment_that_cannot_be_is_rejected(given, reason):
    with pytest.raises(Rejected, match=reason):
        moment("timestamp", given, now=NOW)


@pytest.mark.parametrize("given", ["1995", "22.11.1995", "1995-13-01", "1995-02-30", 19951122])
def test_a_day_that_is_no_date_is_rejected(given):
    with pytest.raises(Rejected, match="release_date must be"):
        day("release_date", given)


@given(st.text() | st.floats() | st.lists(st.integers(), max_size=30))
def test_what_is_shown_of_a_value_is_one_short_line(value):
    assert "\n" not in shown(value)
    assert len(shown(value)) <= 61


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_rejected(value):
    try:
        found = moment("timestamp", value, now=NOW)
    except Rejected:
        return
    assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) <= found <= NOW
