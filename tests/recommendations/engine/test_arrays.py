"""Ids to rows, and the best k."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.arrays import Vocabulary, rows_in, top_rows


def test_a_vocabulary_goes_both_ways() -> None:
    words = Vocabulary(["b", "a"])

    assert words.rows(["a", "b", "a"]).tolist() == [1, 0, 1]
    assert words.known_rows(["a", "z"]).tolist() == [1, -1]
    assert words[0] == "b"
    assert "z" not in words
    with pytest.raises(KeyError):
        words.rows(["z"])


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="1 ids stand twice"):
        Vocabulary([1, 1])


def test_rows_in_marks_what_is_not_there() -> None:
    assert rows_in(np.array([2, 5, 9]), np.array([9, 1, 5, 10])).tolist() == [2, -1, 1, -1]
    assert rows_in(np.zeros(0, np.int64), np.array([1])).tolist() == [-1]


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, -np.inf, np.nan]), max_size=60), st.integers(1, 8))
def test_top_rows_agrees_with_sorting(scores: list[float], k: int) -> None:
    usable = [row for row, score in enumerate(scores) if np.isfinite(score)]
    expected = sorted(usable, key=lambda row: (-scores[row], row))[:k]

    assert top_rows(np.array(scores), k).tolist() == expected
