"""
Who watched this also watched that: a closed-form item-item model.

EASE^R (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019): with X the viewers x titles matrix and
P = (X'X + lambda I)^-1, the weights are B_ij = -P_ij / P_jj off the diagonal and 0 on it. A viewer's scores are q B for
any history q, so a new act needs no new fit.

What titles are like stands under X as further rows, as if each trait were a viewer who likes what has it (Ning and
Karypis, Sparse Linear Methods with Side Information, RecSys 2012). A title that is not in the model, with traits t,
then has the column P S' t, S being those rows: what the model would give it, were it added without a single viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from recommendations.engine.arrays import solve_positive

Weights = NDArray[np.float32]
# Rows that are mirrored at once: what is written then still lies in the cache.
BLOCK = 512


@dataclass(frozen=True)
class ItemModel:
    """
    What a history says about titles.

    weights   (m, m) float32, zero diagonal: q @ weights scores the m titles of the model
    bridge    (m, n_traits) float32: q @ bridge @ t scores a title with traits t that is not among them
    """

    weights: Weights
    bridge: Weights


def fit(interactions: sparse.csr_matrix, ridge: float, *, traits: sparse.csr_matrix | None = None) -> ItemModel:
    """
    Return the item-item weights B and the bridge to titles outside.

    interactions   (n_viewers, n_titles), 0 or more; rows may be empty
    ridge          lambda, positive: larger trusts co-occurrence less
    traits         (n_titles, n_traits), already at the strength at which they shall count

    Works in the smaller of the two dimensions: with fewer rows than titles by the identity
    (X'X + lI)^-1 = (I - X'(XX' + lI)^-1 X) / l, which gives the same numbers. In single precision, as the weights are
    kept; the ridge keeps the matrix far from singular.

    Raises ValueError unless ridge is positive, or where a value is not finite.
    """
    if ridge <= 0:
        raise ValueError(f"ridge must be positive, got {ridge}")
    n_titles = interactions.shape[1]
    like = sparse.csr_matrix(np.zeros((n_titles, 0), np.float32)) if traits is None else traits
    if n_titles == 0:
        return ItemModel(np.zeros((0, 0), np.float32), np.zeros((0, like.shape[1]), np.float32))
    stacked = sparse.csr_matrix(sparse.vstack([interactions, like.T]), dtype=np.float32)
    stacked = sparse.csr_matrix(stacked[np.diff(stacked.indptr) > 0])
    if not np.isfinite(stacked.data).all():
        raise ValueError("an interaction or a trait is not finite")
    # Solving with k rows costs 2 k n^2, inverting n^3 at half the speed.
    precision = _dual(stacked, ridge) if stacked.shape[0] < n_titles / 2 else _primal(stacked, ridge)
    bridge = np.ascontiguousarray((like.T @ precision).T) if traits is not None else np.zeros((n_titles, 0), np.float32)
    precision /= -precision.diagonal().copy()[None, :]
    np.fill_diagonal(precision, 0.0)
    return ItemModel(precision, bridge)


def blend(
    model: ItemModel, second: Weights, titles: NDArray[np.int64], share: float, queries: sparse.csr_matrix
) -> ItemModel:
    """
    Return the model with a second one's weights added, each in units of how far its scores spread. Changes `model`.

    second    (k, k), over the titles (k,) of the model
    share     what the second counts, the first being 1
    queries   (n, m) some histories; the unit is the median of the standard deviation of their scores

    So a score is still linear in the history, and what each title of it brought can be told.
    """
    unit = spread(queries @ model.weights)
    model.weights[...] /= unit
    model.bridge[...] /= unit
    other = spread(queries[:, titles] @ second) if share > 0 else 0.0
    if other > 0:
        for place in range(len(titles)):
            model.weights[titles[place], titles] += second[place] * np.float32(share / other)
    return model


def spread(scores: Weights) -> np.float32:
    """Return the median of the rows' standard deviations, 1 where nothing spreads."""
    found = np.float32(np.median(scores.std(axis=1))) if scores.size else np.float32(0)
    return found if found > 0 else np.float32(1)


def _primal(stacked: sparse.csr_matrix, ridge: float) -> Weights:
    gram = np.asfortranarray((stacked.T @ stacked).toarray())
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    factor, failed = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    if failed:
        raise ValueError(f"the gram matrix could not be inverted (LAPACK {failed}); is the ridge too small?")
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    # The transpose of what Fortran left below the diagonal: rows in our order, filled above it.
    found: Weights = inverse.T
    for start in range(0, len(found), BLOCK):
        stop = min(start + BLOCK, len(found))
        square = found[start:stop, start:stop]
        square[...] = np.triu(square) + np.triu(square, 1).T
        found[stop:, start:stop] = found[start:stop, stop:].T
    return found


def _dual(stacked: sparse.csr_matrix, ridge: float) -> Weights:
    kernel = (stacked @ stacked.T).toarray()
    kernel[np.diag_indices_from(kernel)] += np.float32(ridge)
    explained = np.asarray(stacked.T @ solve_positive(kernel, stacked.toarray()), dtype=np.float32)
    explained *= np.float32(-1.0)
    explained[np.diag_indices_from(explained)] += np.float32(1.0)
    explained /= np.float32(ridge)
    return explained
