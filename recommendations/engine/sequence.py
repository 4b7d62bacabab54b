"""
What comes after what: a ridge regression from what a viewer liked so far to what they liked next.

After Choi et al., Session-aware Linear Item-Item Models (WWW 2021), whose SLIT this is: each viewer's history is cut
in several places; with P the (cuts, titles) matrix of what came before, the latest counting most, and F of what came
after, the soonest counting most, the weights are W = (P'P + lambda I)^-1 P'F. A viewer's scores are q W for any q.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.arrays import solve_positive
from recommendations.engine.config import Sequence
from recommendations.engine.likes import Likes, steps

Weights = NDArray[np.float32]
# A history this short has no before and after worth the name.
SHORTEST = 4


def cuts(
    likes: Likes, *, n_titles: int, exponent: float, config: Sequence
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """
    Return (P, F), csr (n_cuts, n_titles) float32 each: what came before each cut, and what came after.

    exponent   what came k steps before the cut counts (1 + k)^-exponent.

    What was done at one moment shares its mean step. A viewer who did all at once, as in data without true times, has
    no cuts. Of very many viewers some are read.
    """
    before, after = _Entries(), _Entries()
    viewers = np.flatnonzero(np.diff(likes.ends()) >= SHORTEST)
    # Drawn evenly: ids say nothing about when viewers came.
    every = max(1, -(-len(viewers) // config.viewers))
    for held in likes.of(viewers[::every]):
        order = np.argsort(held.day, kind="stable")
        row, liked, day = held.row[order], held.liked[order], held.day[order]
        if day[0] == day[-1]:
            continue
        for place in _places(len(day), config):
            past, future = slice(0, place), slice(place, place + config.horizon)
            before.add(row[past], liked[past] * (1.0 + steps(-day[past])) ** -exponent)
            after.add(row[future], liked[future] * (1.0 + steps(day[future])) ** -config.future_exponent)
    return before.matrix(n_titles), after.matrix(n_titles)


def fit(before: sparse.csr_matrix, after: sparse.csr_matrix, ridge: float) -> Weights:
    """
    Return W, (n_titles, n_titles) float32 with a zero diagonal: row i is what comes after title i.

    Raises ValueError unless ridge is positive.
    """
    if ridge <= 0:
        raise ValueError(f"ridge must be positive, got {ridge}")
    if before.shape[0] == 0 or before.shape[1] == 0:
        return np.zeros((before.shape[1], before.shape[1]), np.float32)
    gram = np.asarray((before.T @ before).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    crossed = np.asarray((before.T @ after).toarray(), dtype=np.float32)
    found = solve_positive(gram, crossed)
    np.fill_diagonal(found, 0.0)
    return found


def _places(n: int, config: Sequence) -> NDArray[np.int64]:
    """Return where a history of n titles is cut: how many come before each cut, none twice."""
    places = (np.linspace(config.first_cut, config.last_cut, config.cuts) * n).astype(np.int64)
    return np.unique(places[(places > 0) & (places < n)])


class _Entries:
    """Rows of a sparse matrix, gathered one after the other."""

    def __init__(self) -> None:
        self.columns: list[NDArray[np.int64]] = []
        self.values: list[NDArray[np.float64]] = []

    def add(self, columns: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        self.columns.append(columns)
        self.values.append(values)

    def matrix(self, n_titles: int) -> sparse.csr_matrix:
        ends = np.cumsum([0, *(len(row) for row in self.columns)])
        values = np.concatenate([np.zeros(0), *self.values]).astype(np.float32)
        columns = np.concatenate([np.zeros(0, np.int64), *self.columns])
        return sparse.csr_matrix((values, columns, ends), shape=(len(self.columns), n_titles))
