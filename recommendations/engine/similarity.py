"""How alike titles are: every title's nearest titles, by shared features, by vectors and by shared viewers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Scores = NDArray[np.float32]
Advance = Callable[[int], None]
# Scores are compared and kept to a millionth: what BLAS does differently from run to run stays below.
DECIMALS = 6


@dataclass(frozen=True)
class Neighbours:
    """
    Pairs of rows and how alike they are, ordered by row, best first; equal scores keep column order.

    rows, columns   (n_pairs,) int32, never equal
    scores          (n_pairs,) float32
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    scores: Scores

    def __len__(self) -> int:
        return len(self.rows)


def nearest_by_jaccard(
    strengths: sparse.csr_matrix,
    k: int,
    *,
    min_score: float,
    block_rows: int,
    advance: Advance | None = None,
) -> Neighbours:
    """
    Return every title's k nearest titles by weighted Jaccard similarity of their features.

    J(a, b) = sum_f min(x_af, x_bf) / sum_f max(x_af, x_bf)   (Ruzicka's index; Ioffe, ICDM 2010). Chosen over the
    cosine because it also counts what only one of the two has: a western is not as close to a western musical as
    to a western. A title without features is 0 from everything.

    strengths    (n_titles, n_features), >= 0
    k            neighbours a title, 1 or more
    min_score    pairs below are left out
    block_rows   titles compared at once: memory is block_rows * n_titles * 4 bytes, twice

    Raises ValueError for k or block_rows below 1, or a negative strength.
    """
    if strengths.nnz and strengths.data.min() < 0:
        raise ValueError(f"strengths must be 0 or more, got {strengths.data.min()}")
    x = strengths.astype(np.float32).tocsr()
    totals = np.asarray(x.sum(axis=1), dtype=np.float32).ravel()
    by_column = x.tocsc()
    # A feature of one title is in no pair's minimum.
    shared = np.flatnonzero(np.diff(by_column.indptr) > 1)

    def block(start: int, stop: int) -> Scores:
        both = _sum_of_minima(by_column, shared, start, stop)
        either = totals[start:stop, None] + totals[None, :] - both
        scores: Scores = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
        return scores

    return _nearest(block, x.shape[0], k, min_score=min_score, block_rows=block_rows, advance=advance)


def _sum_of_minima(by_column: sparse.csc_matrix, shared: NDArray[np.int64], start: int, stop: int) -> Scores:
    """Return sum_f min(x_af, x_bf) for the rows a in [start, stop) and all rows b."""
    total = np.zeros((stop - start, by_column.shape[0]), dtype=np.float32)
    pointers, rows, values = by_column.indptr, by_column.indices, by_column.data
    for column in shared[_touched(by_column, shared, start, stop)]:
        first, last = pointers[column], pointers[column + 1]
        members, strength = rows[first:last], values[first:last]
        low, high = np.searchsorted(members, (start, stop))
        here = members[low:high] - start
        total[here[:, None], members[None, :]] += np.minimum(strength[low:high, None], strength[None, :])
    return total


def _touched(by_column: sparse.csc_matrix, shared: NDArray[np.int64], start: int, stop: int) -> NDArray[np.bool_]:
    """Return which of the shared columns have an entry in the rows [start, stop)."""
    inside = (by_column.indices >= start) & (by_column.indices < stop)
    before = np.concatenate(([0], np.cumsum(inside)))
    return before[by_column.indptr[shared + 1]] > before[by_column.indptr[shared]]


def nearest_by_cosine(
    vectors: NDArray[np.float32],
    k: int,
    *,
    min_score: float,
    block_rows: int,
    advance: Advance | None = None,
) -> Neighbours:
    """
    Return every title's k nearest titles by cosine similarity of their vectors.

    cos(a, b) = x_a . x_b / (|x_a| |x_b|).  Source: Salton & McGill, Introduction to Modern Information Retrieval
    (1983).  A row of zeros has no direction and is 0 from everything.

    vectors      (n_titles, d), finite, any scale
    k            neighbours a title, 1 or more
    min_score    pairs below are left out
    block_rows   titles compared at once: memory is block_rows * n_titles * 4 bytes

    Raises ValueError for k or block_rows below 1, or vectors that are not a finite table.
    """
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError(f"vectors must be a finite (n, d) table, got shape {vectors.shape}")
    unit = unit_rows(vectors)

    def block(start: int, stop: int) -> Scores:
        scores: Scores = unit[start:stop] @ unit.T
        return scores

    return _nearest(block, len(unit), k, min_score=min_score, block_rows=block_rows, advance=advance)


def unit_rows(vectors: NDArray) -> NDArray[np.float32]:
    """Return the rows scaled to length 1, as float32; a row of zeros stays zeros."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    return scaled.astype(np.float32)


def nearest_by_viewers(
    engagement: sparse.csr_matrix,
    k: int,
    *,
    shrinkage: float,
    min_viewers: int,
    min_score: float,
    block_rows: int,
    advance: Advance | None = None,
) -> Neighbours:
    """
    Return every title's k nearest titles by who watched both: the cosine, shrunk where few did.

    s(a, b) = cos(x_a, x_b) * n_ab / (n_ab + shrinkage), n_ab the viewers with both.  Shrinkage after Koren &
    Bell, Advances in Collaborative Filtering (2011).  A title nobody watched is 0 from everything.

    engagement    (n_viewers, n_titles), no explicit zeros
    k             neighbours a title, 1 or more
    shrinkage     viewers; at as many shared viewers the cosine counts half
    min_viewers   fewer shared viewers are 0
    min_score     pairs below are left out
    block_rows    titles compared at once: memory is block_rows * n_titles * 8 bytes

    Raises ValueError for k or block_rows below 1 or a negative shrinkage.
    """
    if shrinkage < 0:
        raise ValueError(f"shrinkage is 0 viewers or more, got {shrinkage}")
    by_viewer = engagement.astype(np.float64).tocsr()
    lengths = np.sqrt(np.asarray(by_viewer.multiply(by_viewer).sum(axis=0)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    by_viewer = (by_viewer @ sparse.diags_array(scale)).tocsr()
    by_title = by_viewer.T.tocsr()
    has_viewer, has_title = _ones(by_viewer), _ones(by_title)

    def block(start: int, stop: int) -> Scores:
        cosines = (by_title[start:stop] @ by_viewer).toarray()
        both = (has_title[start:stop] @ has_viewer).toarray()
        trust = np.where(both >= min_viewers, both / np.maximum(both + shrinkage, 1.0), 0.0)
        scores: Scores = (cosines * trust).astype(np.float32)
        return scores

    return _nearest(block, engagement.shape[1], k, min_score=min_score, block_rows=block_rows, advance=advance)


def _ones(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return which entries there are."""
    return sparse.csr_matrix((np.ones(matrix.nnz, dtype=np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def _nearest(
    block: Callable[[int, int], Scores],
    n_titles: int,
    k: int,
    *,
    min_score: float,
    block_rows: int,
    advance: Advance | None,
) -> Neighbours:
    """Return the best k of every row of a table that is only ever made block by block."""
    if k < 1 or block_rows < 1:
        raise ValueError(f"k and block_rows must be 1 or more, got {k} and {block_rows}")
    found = []
    for start in range(0, n_titles, block_rows):
        stop = min(start + block_rows, n_titles)
        scores = np.round(block(start, stop), DECIMALS)
        scores[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        found += [(start + row, *best) for row, best in enumerate(_best(scores, k, min_score))]
        if advance is not None:
            advance(stop - start)
    return _joined(found)


def _best(scores: Scores, k: int, min_score: float) -> Iterator[tuple[NDArray[np.int64], Scores]]:
    """Yield each row's best k columns with their scores; of equal ones at the edge the first columns stay."""
    lowest = max(min_score, float(np.finfo(np.float32).tiny))
    for row in scores:
        columns = np.flatnonzero(row >= lowest)
        values = row[columns]
        if len(columns) > k:
            # Only among those in question: partitioning whole rows is ten times slower where most are equal.
            inside = values >= np.partition(values, len(values) - k)[len(values) - k]
            columns, values = columns[inside], values[inside]
        order = np.argsort(-values, kind="stable")[:k]
        yield columns[order], values[order]


def _joined(found: list[tuple[int, NDArray[np.int64], Scores]]) -> Neighbours:
    if not found:
        return Neighbours(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    counts = [len(columns) for _, columns, _ in found]
    rows = np.repeat(np.array([row for row, _, _ in found], dtype=np.int32), counts)
    columns = np.concatenate([columns for _, columns, _ in found]).astype(np.int32)
    return Neighbours(rows, columns, np.concatenate([scores for _, _, scores in found]).astype(np.float32))
