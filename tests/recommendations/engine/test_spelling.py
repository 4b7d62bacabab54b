"""Slips of the keys, counted as by hand."""

from functools import cache

import numpy as np
import pytest

from recommendations.engine.spelling import bare, slips


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Matrix, The", "matrix"),
        ("The Matrix", "matrix"),
        ("Amélie", "amelie"),
        ("Wall·E", "walle"),
        ("Spider-Man: Far  from Home", "spider man far from home"),
        ("The", "the"),
        ("...", "..."),
        ("A", "a"),
    ],
)
def test_names_are_compared_without_what_people_leave_out(name, expected) -> None:
    assert bare(name) == expected


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("cube", "cube", 0), ("cbe", "cube", 1), ("cbue", "cube", 1), ("cubes", "cube", 1), ("cute", "cube", 1),
        ("", "cube", 4), ("cube", "", 4), ("ca", "abc", 3),
    ],
)  # fmt: skip
def test_slips_by_hand(word, other, expected) -> None:
    assert slips(word, [other]).tolist() == [expected]


def test_no_others_no_slips() -> None:
    assert slips("cube", []).tolist() == []


def slow(word: str, other: str) -> int:
    """As the definition says it, letter by letter."""

    @cache
    def apart(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        best = min(apart(i - 1, j) + 1, apart(i, j - 1) + 1, apart(i - 1, j - 1) + (word[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and word[i - 1] == other[j - 2] and word[i - 2] == other[j - 1]:
            best = min(best, apart(i - 2, j - 2) + 1)
        return best

    return apart(len(word), len(other))


def test_slips_agree_with_their_slow_twin(rng) -> None:
    words = ["".join(rng.choice(list("abc"), size=rng.integers(0, 7))) for _ in range(60)]

    for word in words:
        assert slips(word, words).tolist() == [slow(word, other) for other in words]
        assert np.array_equal(slips(word, words), [int(slips(other, [word])[0]) for other in words])
