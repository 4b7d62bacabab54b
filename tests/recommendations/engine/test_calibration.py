"""The data are asked how much order in time means in them, and answer rightly where the answer is known."""

import numpy as np
import pytest

from recommendations.engine.calibration import Order, calibrate, ndcg
from recommendations.engine.config import DEFAULT
from recommendations.engine.likes import Likes

USUAL = Order(DEFAULT.collaborative.recency_exponent, DEFAULT.sequence.share)


def walkers(n_viewers: int, *, ordered: bool) -> Likes:
    """Everybody strolls along 400 titles, 1 to 12 at a time, 20 times; the days are those of the walk, or none."""
    rng = np.random.default_rng(2)
    place = rng.integers(0, 400, (n_viewers, 1)) + rng.integers(1, 13, (n_viewers, 20)).cumsum(axis=1)
    row = place % 400
    day = np.tile(np.arange(20.0), (n_viewers, 1))
    if not ordered:
        day = rng.permuted(day, axis=1)
    return Likes(np.repeat(np.arange(n_viewers), 20), row.ravel(), np.ones(row.size), day.ravel())


def test_where_people_go_step_by_step_order_counts_for_more() -> None:
    found = calibrate(walkers(300, ordered=True), n_titles=400, config=DEFAULT)

    assert found.viewers == 300
    assert found.gain > 0
    assert found.exponent > USUAL.exponent
    assert 0 < found.quality[1] < found.quality[0] < 1


def test_where_there_is_no_order_histories_do_not_fade_faster() -> None:
    found = calibrate(walkers(300, ordered=False), n_titles=400, config=DEFAULT)

    assert found.exponent <= USUAL.exponent


def test_too_few_viewers_and_no_times_leave_the_usual() -> None:
    held = walkers(300, ordered=True)
    at_once = Likes(held.user, held.row, held.liked, np.zeros(len(held)))
    nobody = Likes(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

    assert calibrate(walkers(20, ordered=True), n_titles=400, config=DEFAULT) == USUAL
    assert calibrate(at_once, n_titles=400, config=DEFAULT) == USUAL
    assert calibrate(nobody, n_titles=0, config=DEFAULT) == USUAL


def test_ndcg_by_hand() -> None:
    """Wanted are the first and third of three: 1 + 1/2 of an ideal 1 + 1/log2(3)."""
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], np.float32)
    wanted = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0]], bool)

    found = ndcg(scores, wanted, 10)

    assert found.tolist() == pytest.approx([1.5 / (1 + 1 / np.log2(3)), 1.0, 0.0])
