"""Shares learned from a time split of the history: right where the answer is known, the usual where there is none."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.arrays import unit_rows
from recommendations.engine.blending import FACTORS, Catalogue, _best, from_history, knots
from recommendations.engine.calibration import Order
from recommendations.engine.config import DEFAULT
from recommendations.engine.likes import Likes
from recommendations.engine.scoring import blend_weights
from recommendations.engine.snapshot import BLENDED, Blend, Viewer

N_TITLES, N_KINDS = 300, 30
ORDER = Order(0.0, 0.0)
# So that ten titles are many here, and small lists can be asked about all three.
SMALL = DEFAULT.with_overrides({"collaborative.ridge": 50.0})


def catalogue() -> Catalogue:
    """Every title is of one kind, and that is all that is known of it; the model is told nothing of kinds."""
    kind = np.arange(N_TITLES) % N_KINDS
    like = sparse.csr_matrix((np.ones(N_TITLES, np.float32), (np.arange(N_TITLES), kind)), shape=(N_TITLES, N_KINDS))
    return Catalogue(sparse.csr_matrix((N_TITLES, 0), dtype=np.float32), like, unit_rows(like))


def fans(n_viewers: int, *, by: str) -> Likes:
    """Everybody likes 40 titles: of two kinds by choice, or those that everybody likes; one a day."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(n_viewers):
        if by == "kind":
            kinds = rng.choice(N_KINDS, 4, replace=False)
            pool = np.flatnonzero(np.isin(np.arange(N_TITLES) % N_KINDS, kinds))
            rows.append(rng.permutation(pool)[:40])
        else:
            fame = 1.0 / (1 + np.arange(N_TITLES))
            rows.append(rng.choice(N_TITLES, 40, replace=False, p=fame / fame.sum()))
    day = np.tile(np.arange(40.0), n_viewers)
    return Likes(np.repeat(np.arange(n_viewers), 40), np.concatenate(rows), np.ones(40 * n_viewers), day)


def test_where_kind_decides_likeness_counts_for_more() -> None:
    learned = from_history(fans(80, by="kind"), catalogue=catalogue(), order=ORDER, config=SMALL)

    assert learned.blend.factors["content_based"][0] > 1
    assert learned.gains[0] > 0
    assert learned.asked == [80, 80, 0]


def test_where_fame_decides_it_counts_for_more() -> None:
    learned = from_history(fans(300, by="fame"), catalogue=catalogue(), order=ORDER, config=SMALL)

    few = {name: factors[0] for name, factors in learned.blend.factors.items()}
    assert few["popular"] > few["content_based"]
    assert learned.gains[0] > 0
    assert {f for factors in learned.blend.factors.values() for f in factors} <= set(FACTORS)


def test_of_whom_too_little_is_known_nothing_is_learned() -> None:
    learned = from_history(fans(300, by="fame"), catalogue=catalogue(), order=ORDER, config=SMALL)

    # Nobody has a hundred titles.
    assert [factors[2] for factors in learned.blend.factors.values()] == [1.0, 1.0]
    assert learned.asked[2] == 0
    assert learned.gains[2] == 0.0


def test_too_few_viewers_and_no_times_leave_the_usual() -> None:
    held = fans(300, by="fame")
    at_once = dataclasses.replace(held, day=np.zeros(len(held)))
    nobody = Likes(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

    for likes in (fans(20, by="fame"), at_once, nobody):
        learned = from_history(likes, catalogue=catalogue(), order=ORDER, config=SMALL)
        assert learned.asked == [0, 0, 0]
        assert {f for factors in learned.blend.factors.values() for f in factors} == {1.0}


def test_what_is_not_surely_better_is_left() -> None:
    """With likeness doubled every other viewer gains .3 and the rest lose .2: .05 on average, give or take .25."""

    def quality(n: int):
        def of(factors):
            gain = np.where(np.arange(n) % 2, 0.3, -0.2) if factors["content_based"] == 2.0 else np.zeros(n)
            return 0.5 + gain

        return of

    usual = {"content_based": 1.0, "popular": 1.0}

    few, many = (_best(quality(n), usual, n, surely=2.0) for n in (64, 400))

    assert (few.factors, few.gain, few.viewers) == (usual, 0.0, 64)
    assert many.factors == {"content_based": 2.0, "popular": 1.0}
    assert many.gain == pytest.approx(0.05)


def test_factors_between_knots_by_hand() -> None:
    blend = Blend((3, 31), {"popular": [2.0, 1.0]})

    # ln 4, ln 8, ln 32: ln 8 is a third of the way from the first knot to the second.
    assert blend.at("popular", np.array([0.0, 3.0, 7.0, 31.0, 500.0])).tolist() == pytest.approx(
        [2.0, 2.0, 2.0 - 1 / 3, 1.0, 1.0]
    )
    assert blend.at("trending", np.array([0.0, 9.0])).tolist() == [1.0, 1.0]


def test_factors_move_the_shares_and_these_still_sum_to_one() -> None:
    nothing = np.zeros(0, np.int64)
    known = Viewer("v", np.arange(3), np.ones(3), np.zeros(3), nothing, np.zeros(0), nothing, nothing)
    usual = blend_weights([known], Blend(), DEFAULT)

    moved = blend_weights([known], Blend((3,), {"content_based": [2.0]}), DEFAULT)

    assert sum(float(share[0]) for share in moved.values()) == pytest.approx(1.0)
    odds = {name: float(moved[name][0] / usual[name][0]) for name in BLENDED}
    assert odds["content_based"] / odds["collaborative"] == pytest.approx(2.0, rel=1e-5)
    assert odds["popular"] == pytest.approx(odds["collaborative"], rel=1e-5)


def test_the_knots_stand_for_the_bands() -> None:
    few, some, many = knots(DEFAULT)

    assert 1 <= few < 10 <= some < 100 <= many
