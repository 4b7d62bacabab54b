"""
Re-rank a list for variety and for balance.

Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998), in its additive form: each next title is the one with
the highest relevance less `strength` times its likeness to the most similar title already taken. Calibration (the aim
is Steck's, RecSys 2018): less, too, for genres of which the list holds a greater share than the viewer's history. What
was subtracted is the title's diversity penalty, so the sum of the score's parts still holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


# The share of the first few titles says little: it counts n / (n + this).
FEW = 5.0


@dataclass(frozen=True)
class Balance:
    """
    What a list is held against.

    genres     (n, n_genres) of the titles in question; a row sums to 1, or to 0 where nothing is known
    wanted     (n_genres,) shares in the viewer's history, summing to 1; a history that says nothing wants no balance
    strength   what a title loses that is of one genre, of which a list of nothing else is too much
    places     how far the balance is kept up; beyond, what was too much by then stays so
    """

    genres: Floats
    wanted: Floats
    strength: float
    places: int


def diversify(
    relevance: Floats, likeness: Floats, *, strength: float, k: int, balance: Balance | None = None
) -> tuple[NDArray[np.int64], Floats]:
    """
    Return (rows in the new order, the penalty of each of them), k of them or all there are.

    relevance   (n,) finite.
    likeness    (n, n) in [0, 1], symmetric; the diagonal is not read.
    strength    0 leaves the order of relevance; the penalty of a title for its likeness is at most this much.

    relevance - penalty never rises along the list: likeness to what was taken only grows, and a genre that was too much
    is not forgiven. Equal values keep row order.

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
    too_much = _TooMuch(balance, n)
    for place in range(len(taken)):
        penalty = strength * nearest + too_much.penalty
        row = int(np.argmax(left - penalty))
        taken[place], penalties[place] = row, penalty[row]
        left[row] = -np.inf
        np.maximum(nearest, likeness[row], out=nearest)
        too_much.take(row, place + 1)
    return taken, penalties


class _TooMuch:
    """What each title loses for its genres, (n,), as the list grows."""

    def __init__(self, balance: Balance | None, n: int) -> None:
        self.balance = balance if balance is not None and balance.wanted.any() else None
        self.penalty = np.zeros(n)
        self.sum = np.zeros(0 if balance is None else len(balance.wanted))

    def take(self, row: int, n_taken: int) -> None:
        b = self.balance
        if b is None or n_taken > b.places:
            return
        self.sum += b.genres[row]
        excess = np.maximum(self.sum / n_taken - b.wanted, 0.0)
        np.maximum(self.penalty, b.genres @ (b.strength * n_taken / (n_taken + FEW) * excess), out=self.penalty)
