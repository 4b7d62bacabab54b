"""
Who watched this also watched that: a closed-form item-item model.

EASE^R (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019): with X the viewers x titles matrix and
P = (X'X + lambda I)^-1, the weights are B_ij = -P_ij / P_jj off the diagonal and 0 on it. A viewer's scores are q B for
any history q, so a new act needs no new fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]


def liking(signed: Floats, evidence: Floats, knots: tuple[Floats, Floats]) -> Floats:
    """
    Return how much each (viewer, title) counts as liked, 0 or more.

    signed, evidence   (n,) the sums S and W of the acts on the title; their quotient is what was said on average,
                       W how surely. Less than one unit of evidence counts in proportion.
    knots              (said, liked): a piecewise-linear curve; below its first knot the answer is 0.
    """
    said = np.divide(signed, evidence, out=np.zeros_like(signed), where=evidence > 0)
    return np.interp(said, *knots, left=0.0) * np.minimum(evidence, 1.0)


def fit(interactions: sparse.csr_matrix, ridge: float, *, popularity_exponent: float = 0.0) -> Weights:
    """
    Return the item-item weights B, (n_titles, n_titles) float32 with a zero diagonal.

    interactions          (n_viewers, n_titles), 0 or more; rows may be empty.
    ridge                 lambda, positive: larger trusts co-occurrence less.
    popularity_exponent   columns are divided by (their squared norm)^exponent: 0 leaves them, more lifts rare titles.

    Works in the smaller of the two dimensions: with fewer viewers than titles by the identity
    (X'X + lI)^-1 = (I - X'(XX' + lI)^-1 X) / l, which gives the same numbers.

    Raises ValueError unless ridge is positive.
    """
    if ridge <= 0:
        raise ValueError(f"ridge must be positive, got {ridge}")
    n_viewers, n_titles = interactions.shape
    if n_titles == 0:
        return np.zeros((0, 0), np.float32)
    precision = _dual(interactions, ridge) if n_viewers < n_titles else _primal(interactions, ridge)
    diagonal = precision.diagonal().copy()
    precision /= -diagonal[None, :]
    np.fill_diagonal(precision, 0.0)
    if popularity_exponent:
        norms = np.asarray(interactions.multiply(interactions).sum(axis=0)).ravel()
        precision *= ((norms + 1.0) ** -popularity_exponent)[None, :].astype(precision.dtype)
    return np.ascontiguousarray(precision, dtype=np.float32)


def _primal(interactions: sparse.csr_matrix, ridge: float) -> Floats:
    gram = np.asarray((interactions.T @ interactions).todense(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    factor, info = linalg.lapack.dpotrf(gram, lower=1, overwrite_a=1)
    inverse, info = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise ValueError(f"the gram matrix could not be inverted (LAPACK {info}); is an interaction not finite?")
    lower = np.tril(inverse)
    whole: Floats = lower + np.tril(inverse, -1).T
    return whole


def _dual(interactions: sparse.csr_matrix, ridge: float) -> NDArray[np.float32]:
    kernel = np.asarray((interactions @ interactions.T).todense(), dtype=np.float64)
    kernel[np.diag_indices_from(kernel)] += ridge
    solved = linalg.solve(kernel, np.asarray(interactions.todense(), dtype=np.float64), assume_a="pos")
    # Half the memory and time; the weights are kept in single precision anyway.
    explained = np.asarray(interactions.T @ solved.astype(np.float32), dtype=np.float32)
    explained *= -1.0
    explained[np.diag_indices_from(explained)] += 1.0
    explained /= ridge
    return explained


def history_weights(liked: Floats, day: Floats, *, threshold: float, exponent: float) -> Floats:
    """
    Return how much each title of one viewer's history counts when scoring: (1 + steps back)^-exponent.

    liked      (n,) as of `liking`; what lies below the threshold counts 0 and takes no step.
    day        (n,) when it was last acted on; ties keep their order, the last of them being the latest.

    A viewer with nothing above the threshold is scored by what there is.
    """
    counted = liked >= threshold if np.any(liked >= threshold) else liked > 0
    order = np.argsort(day, kind="stable")[::-1]
    steps = np.zeros(len(liked))
    steps[order] = np.maximum(np.cumsum(counted[order]) - 1, 0)
    return np.where(counted, liked * (1.0 + steps) ** -exponent, 0.0)
