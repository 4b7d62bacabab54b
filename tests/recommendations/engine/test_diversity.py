"""Variety: by hand, against a slow twin, and what must hold of the sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.diversity import Balance, diversify


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


GENRES = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])


def test_a_genre_that_is_too_much_waits() -> None:
    """After one title of the first genre it has all of the list, and half was wanted: 1/6 of strength times 1/2."""
    relevance = np.array([0.9, 0.8, 0.7, 0.75, 0.1])
    balance = Balance(GENRES, np.array([0.5, 0.5]), strength=1.2, places=10)

    order, penalties = diversify(relevance, np.eye(5), strength=0.0, k=3, balance=balance)

    assert order.tolist() == [0, 3, 1]
    # .8 less 1.2 / 6 / 2 is less than .75, and what was too much once is not forgiven.
    np.testing.assert_allclose(penalties, [0, 0, 0.1])


def test_who_wants_one_genre_gets_it_and_who_wants_nothing_is_not_balanced() -> None:
    relevance = np.array([0.9, 0.8, 0.7, 0.75, 0.1])
    for wanted in (np.array([1.0, 0.0]), np.zeros(2)):
        balance = Balance(GENRES[:, :2], wanted, strength=5.0, places=10)

        order, penalties = diversify(relevance, np.eye(5), strength=0.0, k=2, balance=balance)

        assert order.tolist() == [0, 1]
        assert penalties.tolist() == [0, 0]


def test_beyond_its_places_the_balance_stays_as_it_is() -> None:
    relevance = np.array([0.9, 0.8, 0.7, 0.75, 0.1])
    one, all_of_them = (
        diversify(relevance, np.eye(5), strength=0.0, k=5, balance=Balance(GENRES, np.array([0.0, 1.0]), 1.2, places))
        for places in (1, 10)
    )

    assert one[1].max() == pytest.approx(0.2)
    assert all_of_them[1].max() > 0.2


@given(st.integers(1, 12), st.integers(0, 10**6), st.floats(0, 2), st.floats(0, 3))
def test_balanced_it_agrees_with_its_slow_twin_and_never_rises(
    n: int, seed: int, strength: float, calibration: float
) -> None:
    chance = np.random.default_rng(seed)
    relevance = chance.random(n)
    likeness = np.triu(chance.random((n, n)), 1)
    likeness = likeness + likeness.T
    genres = chance.random((n, 3))
    genres /= genres.sum(axis=1, keepdims=True)
    wanted = chance.dirichlet(np.ones(3))

    order, penalties = diversify(
        relevance, likeness, strength=strength, k=n, balance=Balance(genres, wanted, calibration, n)
    )

    taken: list[int] = []
    held = [0.0] * n
    for place in range(n):
        near = [max([likeness[i, j] for j in taken], default=0.0) for i in range(n)]
        penalty = [strength * near[i] + held[i] for i in range(n)]
        best = max((i for i in range(n) if i not in taken), key=lambda i: relevance[i] - penalty[i])
        assert relevance[order[place]] - penalties[place] == pytest.approx(relevance[best] - penalty[best])
        taken.append(int(order[place]))
        share = [sum(genres[i][g] for i in taken) / len(taken) for g in range(3)]
        weight = calibration * len(taken) / (len(taken) + 5)
        for i in range(n):
            now = sum(genres[i][g] * max(share[g] - wanted[g], 0) for g in range(3)) * weight
            held[i] = max(held[i], now)
    assert np.all(np.diff(relevance[order] - penalties) <= 1e-9)
