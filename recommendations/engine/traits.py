"""What titles are like, as the item-item model reads it: so that it reaches titles nobody has watched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.arrays import unit_rows
from recommendations.engine.config import Traits
from recommendations.engine.features import FEATURE_TYPES

YEARS_A_PERIOD = 5


def traits(
    strengths: sparse.csr_matrix, types: NDArray[np.int8], year: NDArray[np.float64], config: Traits
) -> sparse.csr_matrix:
    """
    Return what each title is like, csr (n_titles, n_traits) float32; of a title of which more is known there is more.

    strengths   (n_titles, n_features) as in features.FeatureMatrix, whose types are (n_features,)
    year        (n_titles,) of release, NaN where not known; its five-year period is a trait of its own

    The traits are the features that most titles share, ties in column order: one that a handful has tells about nobody
    else. Each counts by its type.
    """
    titles = np.bincount(strengths.indices, minlength=strengths.shape[1])
    of_type = np.array([getattr(config, name) for name in FEATURE_TYPES])[types]
    shared = np.flatnonzero((titles >= config.min_titles) & (of_type > 0))
    kept = np.sort(shared[np.argsort(-titles[shared], kind="stable")[: config.kept]])
    weighted = strengths[:, kept].multiply(of_type[kept][None, :])
    found = sparse.csr_matrix(sparse.hstack([weighted, _periods(year, config.period)]))
    return found.astype(np.float32)


def likeness(strengths: sparse.csr_matrix, types: NDArray[np.int8], config: Traits) -> sparse.csr_matrix:
    """
    Return csr (n_titles, n_features) float32 with rows of length 1 or nothing: their products are how alike titles are.

    The structure is that of strengths, (n_titles, n_features); each feature counts by its type, (n_features,).
    """
    of_type = np.array([getattr(config, name) for name in FEATURE_TYPES])[types]
    weighed = (strengths.data * of_type[strengths.indices], strengths.indices, strengths.indptr)
    return unit_rows(sparse.csr_matrix(weighed, shape=strengths.shape))


def _periods(year: NDArray[np.float64], weight: float) -> sparse.csr_matrix:
    known = np.flatnonzero(~np.isnan(year)) if weight > 0 else np.zeros(0, np.int64)
    periods, column = np.unique(year[known] // YEARS_A_PERIOD, return_inverse=True)
    return sparse.csr_matrix((np.full(len(known), weight), (known, column)), shape=(len(year), len(periods)))
