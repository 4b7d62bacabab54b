"""What moved, and how scores and posters are drawn."""

import re

import numpy as np
import pytest

from bingeboard.demo import loader
from bingeboard.pages.cards import Move, cards_of, moves_between
from bingeboard.pages.posters import MOTIFS, TELLING, poster


def _item(name: str, **parts: float) -> dict:
    breakdown = dict.fromkeys(("baseScore", "popularityBoost", "recencyBoost", "availabilityBoost", "socialBoost"), 0.0)
    breakdown |= {"diversityPenalty": 0.0, "finalScore": sum(parts.values()), **parts}
    show = {
        "id": name,
        "title": name,
        "contentType": "MOVIE",
        "releaseYear": 2000,
        "runtimeMinutes": 130,
        "features": [],
    }
    return {"show": show, "position": 1, "reasons": [], "breakdown": breakdown | {"algorithms": []}}


def _moves(before: str, after: str) -> tuple[dict[str, Move], str]:
    return moves_between(list(before), cards_of([_item(name) for name in after], row="a"))


def test_closing_a_gap_is_no_move() -> None:
    moves, told = _moves("abcd", "bcde")

    assert moves == {"e": Move("new")}
    assert told == "1 title left the list, 1 title came in"


def test_moves_count_places_among_those_that_stayed() -> None:
    moves, told = _moves("abcd", "dabc")

    assert moves == {"d": Move("up", 3), "a": Move("down", 1), "b": Move("down", 1), "c": Move("down", 1)}
    assert told == "4 titles moved"


def test_nothing_to_compare_and_nothing_moved() -> None:
    assert _moves("", "ab") == ({}, "")
    assert _moves("ab", "ab") == ({}, "nothing moved")
    assert _moves("ab", "")[1] == "2 titles left the list"


def test_bars_are_measured_on_the_longest_of_the_row() -> None:
    long, short = cards_of([_item("a", baseScore=1.5, socialBoost=0.5), _item("b", baseScore=1.0)], row="a")

    assert [(part.key, part.start, part.length) for part in long.parts] == [
        ("taste", 0.0, 75.0),
        ("friends", 75.0, 25.0),
    ]
    assert [(part.key, part.start, part.length) for part in short.parts] == [("taste", 0.0, 50.0)]
    assert long.facts == "2000 · 2 h 10 min"


def test_a_row_without_any_score_has_empty_bars() -> None:
    assert cards_of([_item("a", baseScore=0.0)], row="a")[0].parts == []
    assert cards_of([_item("a", baseScore=-1.0)], row="a")[0].parts == []


def test_every_genre_of_the_catalogue_has_a_poster_of_its_own_colours() -> None:
    genres = {genre for record in loader.records() for genre in record["genres"]}

    assert genres <= set(TELLING) == set(MOTIFS)


def test_a_title_always_gets_the_same_poster_and_another_another() -> None:
    first, again, other = (poster(title=t, genres=["Drama"], key="k") for t in ("Solaris", "Solaris", "Stalker"))

    assert first == again
    assert first.art != other.art


def test_posters_hold_numbers_alone_and_every_title_fits() -> None:
    for record in loader.records():
        drawn = poster(title=record["title"], genres=record["genres"], key="a1")
        assert not re.search(r"<script|nan|style=|on\w+=", drawn.art), record["title"]
        # A letter of the display type is about half as wide as it is high.
        assert max(len(line) for _, line in drawn.lines) * drawn.size * 0.5 < 184, record["title"]
        assert min(y for y, _ in drawn.lines) > 100, record["title"]
        assert np.isfinite([y for y, _ in drawn.lines]).all()


def test_a_title_is_text_and_never_markup() -> None:
    drawn = poster(title="<script>alert(1)</script>", genres=["<b>"], key="k")

    assert "script" not in drawn.art
    with pytest.raises(ValueError, match="key must be letters and digits"):
        poster(title="x", genres=[], key='"><script>')
