"""What comes next: by hand, against a slow twin, and indifferent to what says nothing."""

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine import followers
from recommendations.engine.config import DEFAULT
from recommendations.engine.followers import expected, fit
from recommendations.engine.likes import Likes

SIMPLE = DEFAULT.with_overrides(
    {"followers.exponent": 1.0, "followers.backward": 0.5, "followers.prior": 2.0}
).followers


def liked(*histories: list[int], day: list[list[float]] | None = None) -> Likes:
    """Return what each viewer liked, one a day in the order given."""
    days = day or [list(range(len(history))) for history in histories]
    return Likes(
        user=np.repeat(np.arange(len(histories)), [len(h) for h in histories]),
        row=np.concatenate([np.array(h, dtype=np.int64) for h in histories]),
        liked=np.ones(sum(len(h) for h in histories)),
        day=np.concatenate([np.array(d, dtype=float) for d in days]),
    )


def test_by_hand() -> None:
    """One viewer liked 0, then 1, then 2; 1 follows 0 at once (1/2), 2 a step later (1/3); backwards counts half."""
    found = fit(liked([0, 1, 2]), n_titles=3, threshold=0.8, config=SIMPLE)

    after = np.array([[0, 1 / 2, 1 / 3], [1 / 4, 0, 1 / 2], [1 / 6, 1 / 4, 0]])
    rate = after.sum(axis=0) / 3
    np.testing.assert_allclose(found.rate, rate, rtol=1e-6)
    np.testing.assert_allclose(found.lift, (after - rate) / (1 + 2), rtol=1e-5)


def test_as_a_slow_twin_has_it() -> None:
    rng = np.random.default_rng(7)
    histories = [rng.choice(12, rng.integers(1, 9), replace=False).tolist() for _ in range(40)]
    days = [np.sort(rng.integers(0, 5, len(h))).astype(float).tolist() for h in histories]

    found = fit(liked(*histories, day=days), n_titles=12, threshold=0.8, config=SIMPLE)

    after, viewers = np.zeros((12, 12)), np.zeros(12)
    for history, day in zip(histories, days, strict=True):
        if len(history) < 2:
            continue
        place = [np.mean([p for p, other in enumerate(sorted(day)) if other == d]) for d in day]
        for a, i in enumerate(history):
            viewers[i] += 1
            for b, j in enumerate(history):
                if i != j:
                    way = 1.0 if place[b] > place[a] else 0.5 if place[b] < place[a] else 0.75
                    after[i, j] += way / (1 + abs(place[b] - place[a]))
    rate = after.sum(axis=0) / viewers.sum()
    np.testing.assert_allclose(found.rate, rate[found.titles], rtol=1e-5)
    twin = (after - viewers[:, None] * rate) / (viewers[:, None] + 2)
    np.testing.assert_allclose(found.lift, twin[np.ix_(found.titles, found.titles)], rtol=1e-4, atol=1e-7)


def test_counting_in_pieces_is_counting_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    likes = liked(*(rng.choice(30, 10, replace=False).tolist() for _ in range(50)))
    whole = fit(likes, n_titles=30, threshold=0.8, config=SIMPLE)

    monkeypatch.setattr(followers, "PAIRS", 150)
    pieces = fit(likes, n_titles=30, threshold=0.8, config=SIMPLE)

    np.testing.assert_allclose(pieces.lift, whole.lift, rtol=1e-6)


def test_what_was_done_at_one_moment_has_no_order() -> None:
    one = fit(liked([0, 1, 2], [2, 1, 0], day=[[0] * 3, [0] * 3]), n_titles=3, threshold=0.8, config=SIMPLE)
    other = fit(liked([2, 0, 1], [1, 0, 2], day=[[0] * 3, [0] * 3]), n_titles=3, threshold=0.8, config=SIMPLE)

    np.testing.assert_allclose(one.lift, other.lift)
    np.testing.assert_allclose(one.lift, one.lift.T, rtol=1e-6)


def test_what_was_hardly_liked_is_not_counted() -> None:
    likes = liked([0, 1, 2], [0, 1, 2])
    likes.liked[likes.row == 1] = 0.5

    assert fit(likes, n_titles=3, threshold=0.8, config=SIMPLE).titles.tolist() == [0, 2]


def test_nobody_and_nothing() -> None:
    none = fit(
        Likes(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0)),
        n_titles=5,
        threshold=0.8,
        config=SIMPLE,
    )
    alone = fit(liked([0], [1]), n_titles=2, threshold=0.8, config=SIMPLE)

    assert len(none.titles) == 0
    assert not alone.lift.any()
    assert not expected(none, sparse.csr_matrix((2, 5), dtype=np.float32)).any()
    assert not expected(alone, sparse.csr_matrix((2, 2), dtype=np.float32)).any()


def test_a_history_expects_the_mean_of_what_its_titles_expect() -> None:
    found = fit(liked([0, 1, 2, 3], [1, 0, 3], [2, 3]), n_titles=5, threshold=0.8, config=SIMPLE)
    history = np.array([[2.0, 0, 1.0, 0, 0], [0, 0, 0, 0, 4.0], [0, 0, 0, 0, 0]], np.float32)

    said = expected(found, sparse.csr_matrix(history))

    np.testing.assert_allclose(said[0, :4], found.rate + (2 * found.lift[0] + found.lift[2]) / 3, rtol=1e-5)
    # What is not counted follows nothing, and nothing follows it.
    assert said[0, 4] == 0
    assert not said[1:].any()
