"""The sums behind a profile: exact, in any order, and invertible."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.engine.profiles import Sums, affinities, combine, fold, invert

acts = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.01, 3), st.floats(-1, 1), st.floats(0, 4000)), min_size=1, max_size=40
)


def folded(rows: list[tuple[int, float, float, float]], rate: float = 0.1) -> Sums:
    keys, weight, said, day = (np.array(column) for column in zip(*rows, strict=True))
    return fold(keys.astype(np.int64), weight, weight * said, day, n_keys=4, rate=rate)


def slow_twin(rows: list[tuple[int, float, float, float]], rate: float = 0.1) -> Sums:
    evidence, signed, latest = [], [], []
    for key in range(4):
        mine = [row for row in rows if row[0] == key]
        last = max((day for *_, day in mine), default=-math.inf)
        evidence.append(sum(w * math.exp(-rate * (last - day) / 7) for _, w, _, day in mine))
        signed.append(sum(w * s * math.exp(-rate * (last - day) / 7) for _, w, s, day in mine))
        latest.append(last)
    return Sums(np.array(evidence), np.array(signed), np.array(latest))


def assert_same(left: Sums, right: Sums) -> None:
    np.testing.assert_allclose(left.evidence, right.evidence, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(left.signed, right.signed, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(left.day, right.day)


def test_one_like_moves_an_affinity_half_way() -> None:
    sums = folded([(0, 3.0, 1.0, 100.0)])

    affinity, confidence = affinities(sums, 3.0)

    assert affinity[0] == pytest.approx(0.5)
    assert confidence[0] == pytest.approx(0.5)
    assert affinity[1] == confidence[1] == 0.0


def test_an_old_act_counts_less_than_a_new_one() -> None:
    """Worked by hand: seven weeks at 0.1 a week leave e^-0.7 of the older like against the newer dislike."""
    sums = folded([(0, 3.0, 1.0, 0.0), (0, 3.0, -1.0, 49.0)])

    assert sums.evidence[0] == pytest.approx(3 * math.exp(-0.7) + 3)
    assert sums.signed[0] == pytest.approx(3 * math.exp(-0.7) - 3)


@given(acts)
def test_fold_agrees_with_its_slow_twin(rows: list[tuple[int, float, float, float]]) -> None:
    assert_same(folded(rows), slow_twin(rows))


@given(acts, st.randoms())
@settings(max_examples=60)
def test_any_order_and_any_batches_give_the_same_sums(rows, random) -> None:
    shuffled = rows[:]
    random.shuffle(shuffled)
    cuts = sorted({0, len(rows), *(random.randint(0, len(rows)) for _ in range(3))})
    total = Sums(np.zeros(4), np.zeros(4), np.full(4, -np.inf))

    for start, end in pairwise(cuts):
        if end > start:
            total = combine(total, folded(shuffled[start:end]), 0.1)

    assert_same(total, folded(rows))


@given(acts)
def test_an_act_can_be_taken_out_again(rows: list[tuple[int, float, float, float]]) -> None:
    latest = max(day for *_, day in rows)
    extra = (rows[0][0], 1.5, 0.5, latest)
    before = folded([*rows, (rows[0][0], 1e-9, 0.0, latest)])

    with_it = combine(before, folded([extra]), 0.1)
    key, weight, said, day = extra
    taken = fold(np.array([key]), np.array([-weight]), np.array([-weight * said]), np.array([day]), n_keys=4, rate=0.1)

    assert_same(combine(with_it, taken, 0.1), before)


@given(acts)
def test_the_stored_columns_hold_the_sums(rows: list[tuple[int, float, float, float]]) -> None:
    sums = folded(rows)
    affinity, confidence = affinities(sums, 3.0)

    back = invert(affinity, confidence, sums.day, 3.0)

    np.testing.assert_allclose(back.evidence, sums.evidence, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(back.signed, sums.signed, rtol=1e-9, atol=1e-12)


def test_combining_with_nothing_changes_nothing() -> None:
    nothing = Sums(np.zeros(4), np.zeros(4), np.full(4, -np.inf))
    something = folded([(1, 2.0, 0.5, 10.0)])

    assert_same(combine(nothing, something, 0.1), something)
    assert_same(combine(something, nothing, 0.1), something)


def test_what_can_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        fold(np.array([0]), np.zeros(2), np.zeros(1), np.zeros(1), n_keys=1, rate=0.1)
    with pytest.raises(ValueError, match=r"got -0\.1"):
        fold(np.array([0]), np.zeros(1), np.zeros(1), np.zeros(1), n_keys=1, rate=-0.1)
    with pytest.raises(ValueError, match="prior is positive"):
        affinities(folded([(0, 1.0, 1.0, 0.0)]), 0.0)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        invert(np.zeros(1), np.ones(1), np.zeros(1), 3.0)
