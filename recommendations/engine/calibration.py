"""
How much order in time means in these data: the fade of histories and the share of what comes after what.

Where people watch one thing after another a history should fade fast; where times are made up, by the order of a file
say, fading costs accuracy. So the data are asked: each viewer's latest fifth is held out, small models are fitted on
the rest, and settings are compared by NDCG (Jarvelin & Kekalainen, ACM TOIS 20, 2002) over viewers, pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine import collaborative, sequence
from recommendations.engine.config import EngineConfig
from recommendations.engine.likes import Likes, most_liked, only_titles, queries

# What is tried beside the usual: no fade to one over the steps, no order to mostly order.
EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
SHARES = (0.0, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Order:
    """
    What order in time means here.

    exponent   histories fade as (1 + steps)^-exponent
    share      what comes after what, beside who-watched-also-watched
    viewers    how many were asked; 0 where they were too few, and the usual was taken
    gain       NDCG won over the usual
    quality    NDCG of this setting over what was held out, mean and standard error; NaN where nobody was asked
    """

    exponent: float
    share: float
    viewers: int = 0
    gain: float = 0.0
    quality: tuple[float, float] = (math.nan, math.nan)


def calibrate(likes: Likes, *, n_titles: int, config: EngineConfig) -> Order:
    """Return the setting that is surely better than the usual one, or the usual one."""
    c = config.calibration
    usual = Order(config.collaborative.recency_exponent, config.sequence.share)
    small = only_titles(likes, most_liked(likes, n_titles, c.titles))
    known, wanted, asked = hold_out(small, config)
    if len(asked) < c.min_viewers:
        return usual
    quality = _qualities(known, wanted, asked, usual, config)
    # One after the other: the fade first, then the share, and the fade once more.
    exponent = max(EXPONENTS, key=lambda exponent: quality(exponent, usual.share).mean())
    share = max(SHARES, key=lambda share: quality(exponent, share).mean())
    exponent = max(EXPONENTS, key=lambda exponent: quality(exponent, share).mean())
    won = quality(exponent, share) - quality(usual.exponent, usual.share)
    if won.mean() <= c.surely * won.std() / np.sqrt(len(won)):
        return Order(usual.exponent, usual.share, len(asked), 0.0, _summary(quality(usual.exponent, usual.share)))
    return Order(exponent, share, len(asked), float(won.mean()), _summary(quality(exponent, share)))


def _summary(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard error."""
    return float(values.mean()), float(values.std() / np.sqrt(len(values)))


def hold_out(likes: Likes, config: EngineConfig) -> tuple[Likes, sparse.csr_matrix, NDArray[np.int64]]:
    """
    Return (what stays known, what is wanted, who is asked): each asked viewer's latest fifth is held out.

    Whoever did the fifth and more at one moment has no latest, and is not asked. likes.row must be places in 0 to the
    number of titles.
    """
    c = config.calibration
    clear = likes.liked >= config.collaborative.like_threshold
    held = np.zeros(len(likes), dtype=bool)
    ends, asked = likes.ends(), []
    viewers = np.flatnonzero(np.diff(ends) >= c.shortest)
    for viewer in viewers[:: max(1, -(-len(viewers) // c.viewers))]:
        mine = np.arange(ends[viewer], ends[viewer + 1])
        day = likes.day[mine]
        cut = np.sort(day)[-max(1, int(len(mine) * c.held_out))]
        late = day >= cut
        if late.mean() <= 2 * c.held_out and clear[mine[late]].any() and clear[mine[~late]].any():
            held[mine[late]] = True
            asked.append(viewer)
    n_titles = int(likes.row.max()) + 1 if len(likes) else 0
    shape = (len(ends) - 1, n_titles)
    wanted = sparse.csr_matrix(
        (np.ones(int((held & clear).sum()), np.float32), (likes.user[held & clear], likes.row[held & clear])),
        shape=shape,
    )
    return likes.where(~held), wanted, np.array(asked, dtype=np.int64)


def _qualities(
    known: Likes, wanted: sparse.csr_matrix, asked: NDArray[np.int64], usual: Order, config: EngineConfig
) -> Callable[[float, float], NDArray[np.float64]]:
    """Return the function from a fade and a share to the NDCG, (n_asked,), over what was held out."""
    n_viewers, n_titles = wanted.shape
    liked = known.matrix(n_viewers, n_titles)
    also = collaborative.fit(liked, config.collaborative.ridge).weights
    after = sequence.fit(
        *sequence.cuts(known, n_titles=n_titles, exponent=usual.exponent, config=config.sequence), config.sequence.ridge
    )
    seen, want = liked[asked].toarray() > 0, wanted[asked].toarray() > 0
    theirs = known.where(np.isin(known.user, asked))

    @lru_cache
    def scores(exponent: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        q = queries(theirs, n_titles=n_titles, threshold=config.collaborative.like_threshold, exponent=exponent)
        return _in_units(q[asked] @ also), _in_units(q[asked] @ after)

    @lru_cache
    def quality(exponent: float, share: float) -> NDArray[np.float64]:
        first, second = scores(exponent)
        return ndcg(np.where(seen, -np.inf, first + np.float32(share) * second), want, config.calibration.ranked)

    return quality


def _in_units(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return scores / collaborative.spread(scores)


def ndcg(scores: NDArray[np.float32], wanted: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """
    Return each row's NDCG of its k best, in [0, 1]; a row that wants nothing is 0.

    scores, wanted   (n, n_titles); equal scores rank in no particular order.
    """
    k = min(k, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(wanted, np.take_along_axis(top, order, axis=1), axis=1)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(wanted.sum(axis=1), k)]
    gained = hits @ discount
    quality: NDArray[np.float64] = np.divide(gained, ideal, out=np.zeros_like(gained), where=ideal > 0)
    return quality
