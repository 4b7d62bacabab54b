"""
Which ratings are held out: four ways to cut what viewers did into what may be known and what is to be foretold.

Pure: arrays in, a mask out. Nothing here looks at how well a title was liked, so no split can favour an algorithm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
# Definitions, the same for every run: who has rated less has no fifth to hold out, and nothing to learn from.
SHORTEST = 5
SHORTEST_FOR_LAST = 2


def per_user(viewer: Rows, seconds: NDArray[np.float64], *, holdout: float, rng: np.random.Generator) -> Mask:
    """
    Hold out each viewer's last share in time, one rating at least, of those with five or more.

    Everybody's past is known, somebody else's later ratings, too: it tells how well a taste is continued.
    """
    place, count = _places(viewer, seconds)
    return _mask(place >= count - _held(count, holdout))


def temporal(viewer: Rows, seconds: NDArray[np.float64], *, holdout: float, rng: np.random.Generator) -> Mask:
    """
    Hold out what came after a moment that is the same for all, as it is in operation.

    The moment is that of the last rating before the share begins; what happened at that very moment is known. Viewers
    who come later are new to the engine.
    """
    if len(seconds) == 0:
        return np.zeros(0, dtype=np.bool_)
    ordered = np.sort(seconds)
    last_known = ordered[max(len(ordered) - int(np.floor(len(ordered) * holdout)) - 1, 0)]
    return _mask(seconds > last_known)


def leave_last(viewer: Rows, seconds: NDArray[np.float64], *, holdout: float, rng: np.random.Generator) -> Mask:
    """Hold out each viewer's last rating, of those with two or more; the share does not matter."""
    place, count = _places(viewer, seconds)
    return _mask((place == count - 1) & (count >= SHORTEST_FOR_LAST))


def at_random(viewer: Rows, seconds: NDArray[np.float64], *, holdout: float, rng: np.random.Generator) -> Mask:
    """
    Hold out a share of each viewer's ratings by chance, one at least, of those with five or more.

    The future is known in part: results are better than they would be in operation.
    """
    place, count = _places(viewer, rng.permutation(len(viewer)).astype(np.float64))
    return _mask(place >= count - _held(count, holdout))


Split = Callable[..., Mask]
SPLITS: dict[str, Split] = {
    "per-user": per_user,
    "temporal": temporal,
    "leave-last": leave_last,
    "random": at_random,
}


def split(name: str, *, viewer: Rows, seconds: NDArray[np.float64], holdout: float, seed: int) -> Mask:
    """
    Return which ratings are held out, (n_ratings,).

    viewer    (n_ratings,) whose, as rows from 0
    seconds   (n_ratings,) when; ratings of one moment are in the order of the file
    holdout   the share that is held out, between 0 and 1
    seed      for what is drawn by chance

    Raises ValueError for a name that is none, or a share outside its range.
    """
    if name not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {name!r}")
    if not 0 < holdout < 1:
        raise ValueError(f"holdout must be between 0 and 1, got {holdout}")
    return SPLITS[name](viewer, seconds, holdout=holdout, rng=np.random.default_rng(seed))


def _mask(found: NDArray[np.bool_]) -> Mask:
    return found


def _places(viewer: Rows, key: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """Return each rating's place from 0 among its viewer's in the order of key, and how many they are."""
    order = np.lexsort((key, viewer))
    count = np.bincount(viewer)
    start = np.cumsum(count) - count
    place = np.empty(len(viewer), dtype=np.int64)
    place[order] = np.arange(len(viewer)) - start[viewer[order]]
    return place, count[viewer]


def _held(count: Rows, holdout: float) -> Rows:
    held = np.maximum(1, np.floor(count * holdout).astype(np.int64))
    return np.where(count >= SHORTEST, held, 0)
