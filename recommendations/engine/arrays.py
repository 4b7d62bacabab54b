"""Vocabulary (id <-> row) and the few array shapes all stages share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Key = TypeVar("Key", bound=Hashable)


class Vocabulary(Generic[Key]):
    """
    Distinct ids in a fixed order; a row is an id's place in it.

    Raises ValueError where an id stands twice.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = list(keys)
        self._row = {key: row for row, key in enumerate(self._keys)}
        if len(self._row) != len(self._keys):
            raise ValueError(f"{len(self._keys) - len(self._row)} ids stand twice in the vocabulary")

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __getitem__(self, row: int) -> Key:
        return self._keys[row]

    def __contains__(self, key: object) -> bool:
        return key in self._row

    def row(self, key: Key) -> int:
        """Return the row of one id; KeyError where it is not there."""
        return self._row[key]

    def rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """Return the rows of ids, in their order; KeyError at the first that is not there."""
        return np.fromiter((self._row[key] for key in keys), dtype=np.int64, count=len(keys))

    def known_rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """Return the rows of ids, -1 where one is not there."""
        return np.fromiter((self._row.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))


def rows_in(sorted_ids: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each id stands in an ascending array of ids, -1 where it does not."""
    if len(sorted_ids) == 0:
        return np.full(len(ids), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(sorted_ids, ids), len(sorted_ids) - 1)
    return np.where(sorted_ids[places] == ids, places, -1).astype(np.int64)


def top_rows(scores: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """
    Return the rows of the k highest finite scores, best first; equal scores keep row order.

    scores   (n,); -inf and NaN are never returned, so the answer may be shorter than k.
    """
    usable = np.flatnonzero(np.isfinite(scores))
    if len(usable) > 4 * k > 0:
        kth = np.partition(scores[usable], len(usable) - k)[len(usable) - k]
        usable = usable[scores[usable] >= kth]
    order = np.argsort(-scores[usable], kind="stable")
    return usable[order[:k]].astype(np.int64)


def take_rows(matrix: sparse.csr_matrix, rows: NDArray[np.integer]) -> sparse.csr_matrix:
    """Return these rows of a csr matrix; ten times as fast for a few rows as indexing it."""
    starts, lengths = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    at = np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])
    return sparse.csr_matrix((matrix.data[at], matrix.indices[at], ends), shape=(len(rows), matrix.shape[1]))


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return csr float32 with each row scaled to length 1, in the same structure; rows of zeros stay."""
    n_rows = matrix.shape[0]
    row = np.repeat(np.arange(n_rows), np.diff(matrix.indptr))
    lengths = np.sqrt(np.bincount(row, weights=matrix.data.astype(np.float64) ** 2, minlength=n_rows))[row]
    data = np.divide(matrix.data, lengths, out=np.zeros(len(row)), where=lengths > 0)
    return sparse.csr_matrix((data.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def solve_positive(matrix: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """
    Return X of A X = B for a symmetric positive definite A, in place of B where memory allows; A is used up.

    Raises ValueError where A is not positive definite.
    """
    try:
        factor = linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError as error:
        raise ValueError(f"the matrix is not positive definite ({error}); is the ridge too small?") from None
    solved: NDArray[np.float32] = linalg.cho_solve(factor, right, overwrite_b=True, check_finite=False)
    return np.ascontiguousarray(solved)
