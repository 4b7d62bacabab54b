"""
Re-rank a list for variety.

Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998), in its additive form: each next title is the one with
the highest relevance less `strength` times its likeness to the most similar title already taken. What was subtracted is
the title's diversity penalty, so the sum of the score's parts still holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def diversify(relevance: Floats, likeness: Floats, *, strength: float, k: int) -> tuple[NDArray[np.int64], Floats]:
    """
    Return (rows in the new order, the penalty of each of them), k of them or all there are.

    relevance   (n,) finite.
    likeness    (n, n) in [0, 1], symmetric; the diagonal is not read.
    strength    0 leaves the order of relevance; the penalty of a title is at most this much.

    relevance - penalty never rises along the list: likeness to what was taken only grows. Equal values keep row order.

    Raises ValueError for a negative strength or shapes that do not fit.
    """
    n = len(relevance)
    if likeness.shape != (n, n):
        raise ValueError(f"likeness must be ({n}, {n}), got {likeness.shape}")
    if strength < 0:
        raise ValueError(f"strength must be 0 or more, got {strength}")
    taken = np.empty(min(k, n), dtype=np.int64)
    penalties = np.zeros(len(taken))
    nearest = np.zeros(n)
    left = relevance.astype(np.float64).copy()
    for place in range(len(taken)):
        row = int(np.argmax(left - strength * nearest))
        taken[place], penalties[place] = row, strength * nearest[row]
        left[row] = -np.inf
        np.maximum(nearest, likeness[row], out=nearest)
    return taken, penalties
