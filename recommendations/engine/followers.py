"""
What viewers go on to like after a title: the best guess about somebody of whom only a few titles are known.

For each two titles, how often the second was liked after the first, the sooner the more, in relation to how often the
first was: an estimate of what comes next, drawn to what comes next after any title as if so many viewers had said so
(Laplace's rule with the general rate as prior). Of strangers nothing comes before; for them what is best known remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.config import Followers as Constants
from recommendations.engine.likes import Likes, most_liked, only_titles, steps

Floats32 = NDArray[np.float32]
# Pairs that are counted at once: what they take is 64 MB.
PAIRS = 4_000_000


@dataclass(frozen=True)
class Followers:
    """
    What comes next.

    titles   (c,) rows of the catalogue that are counted, ascending
    rate     (c,) how often each comes after any other, on average
    lift     (c, c) float32: how much more often title j comes after title i than after any
    """

    titles: NDArray[np.int64]
    rate: Floats32
    lift: Floats32


NOBODY = Followers(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 0), np.float32))


def fit(likes: Likes, *, n_titles: int, threshold: float, config: Constants) -> Followers:
    """
    Return what comes after what, of the most liked titles.

    threshold   what is liked less is not counted

    What was liked k steps later counts (1 + k)^-exponent, what was liked before it a share of that; what was done at
    one moment is in the middle between the two. Of very many viewers some are read.
    """
    clearly = likes.where(likes.liked >= threshold)
    titles = most_liked(clearly, n_titles, config.titles)
    known = only_titles(clearly, titles)
    n = len(titles)
    if n == 0:
        return NOBODY
    counted, viewers = np.zeros(n * n), np.zeros(n)
    waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    several = np.flatnonzero(np.diff(known.ends()) >= 2)
    for held in known.of(several[:: max(1, -(-len(several) // config.viewers))]):
        latest = np.argsort(held.day, kind="stable")[-config.history :]
        waiting.append(_pairs(held.row[latest], held.day[latest], n, config))
        viewers[held.row[latest]] += 1
        if sum(len(key) for key, _ in waiting) > PAIRS:
            counted += _counted(waiting, n)
            waiting = []
    counted += _counted(waiting, n)
    after = counted.reshape(n, n)
    rate = after.sum(axis=0) / max(viewers.sum(), 1.0)
    after -= viewers[:, None] * rate[None, :]
    after /= viewers[:, None] + config.prior
    return Followers(titles, rate.astype(np.float32), after.astype(np.float32))


def _pairs(
    row: NDArray[np.int64], day: NDArray[np.float64], n: int, config: Constants
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each two titles of a history as one number, and how much the second counts as coming after the first."""
    later = steps(day)[None, :] - steps(day)[:, None]
    forward = np.where(later > 0, 1.0, np.where(later < 0, config.backward, (1 + config.backward) / 2))
    weight = forward * (1.0 + np.abs(later)) ** -config.exponent
    np.fill_diagonal(weight, 0.0)
    return (row[:, None] * n + row[None, :]).ravel(), weight.ravel()


def _counted(waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]], n: int) -> NDArray[np.float64]:
    if not waiting:
        return np.zeros(n * n)
    keys, weights = zip(*waiting, strict=True)
    counted: NDArray[np.float64] = np.bincount(
        np.concatenate(keys), weights=np.concatenate(weights), minlength=n * n
    ).astype(np.float64, copy=False)
    return counted


def expected(followers: Followers, histories: sparse.csr_matrix) -> Floats32:
    """
    Return how likely each title is to be liked next, (n_viewers, n_titles); rows of who liked nothing counted are 0.

    histories   csr (n_viewers, n_titles): how much each title counts; only proportions matter
    """
    found = np.zeros(histories.shape, np.float32)
    counted = sparse.csr_matrix(histories[:, followers.titles], dtype=np.float32)
    known = np.flatnonzero(np.diff(counted.indptr) > 0)
    if len(known):
        total = np.asarray(histories[known].sum(axis=1), dtype=np.float32)
        share = np.asarray(counted[known] @ followers.lift) / total
        found[np.ix_(known, followers.titles)] = followers.rate[None, :] + share
    return found
