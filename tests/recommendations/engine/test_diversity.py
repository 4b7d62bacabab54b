"""Variety: by hand, against a slow twin, and what must hold of the sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.diversity import diversify


def slow_twin(relevance: np.ndarray, likeness: np.ndarray, strength: float, k: int) -> list[int]:
    taken: list[int] = []
    while len(taken) < min(k, len(relevance)):
        values = {
            row: relevance[row] - strength * max((likeness[row, other] for other in taken), default=0.0)
            for row in range(len(relevance))
            if row not in taken
        }
        taken.append(max(values, key=lambda row: (values[row], -row)))
    return taken


def test_a_twin_waits_for_something_else() -> None:
    relevance = np.array([1.0, 0.9, 0.8])
    likeness = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])

    rows, penalties = diversify(relevance, likeness, strength=0.5, k=3)

    assert rows.tolist() == [0, 2, 1]
    assert penalties.tolist() == [0.0, 0.0, 0.5]


def test_strength_0_keeps_the_order_and_ties_keep_row_order() -> None:
    rows, penalties = diversify(np.array([0.5, 0.7, 0.5]), np.ones((3, 3)), strength=0.0, k=3)

    assert rows.tolist() == [1, 0, 2]
    assert penalties.tolist() == [0.0, 0.0, 0.0]


@given(st.integers(1, 12), st.integers(0, 10_000), st.floats(0, 1))
def test_agrees_with_its_slow_twin_and_never_rises(n: int, seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    relevance, half = rng.random(n), rng.random((n, n))
    likeness = (half + half.T) / 2

    rows, penalties = diversify(relevance, likeness, strength=strength, k=n)

    assert rows.tolist() == slow_twin(relevance, likeness, strength, n)
    final = relevance[rows] - penalties
    assert (np.diff(final) <= 1e-12).all()
    assert (penalties >= 0).all()
    assert (penalties <= strength + 1e-12).all()


def test_edges() -> None:
    rows, penalties = diversify(np.zeros(0), np.zeros((0, 0)), strength=1.0, k=5)
    assert len(rows) == len(penalties) == 0
    with pytest.raises(ValueError, match=r"must be \(2, 2\)"):
        diversify(np.zeros(2), np.zeros((3, 3)), strength=1.0, k=1)
    with pytest.raises(ValueError, match="got -1"):
        diversify(np.zeros(1), np.zeros((1, 1)), strength=-1.0, k=1)
