"""
How good a list is: by what the viewer liked afterwards, and by what it shows.

All ranks are of the full ranking: nothing is sampled, which would put algorithms in another order (Krichene & Rendle,
On Sampled Metrics for Item Recommendation, KDD 2020). Every metric is one value a viewer, (n_viewers,) float64, NaN
where it says nothing of that viewer; coverage and the Gini index are of all lists together.

Lists are (n_viewers, k) rows of titles, best first; where a list is shorter, it ends with NOTHING. Titles and viewers
are rows of sparse matrices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Hits = NDArray[np.bool_]
NOTHING = -1
# Steck's alpha: how much of the history is mixed into the list, so that what is missing does not make it infinite.
CALIBRATION_ALPHA = 0.01


def hits(lists: Rows, *, wanted: sparse.csr_matrix, known: sparse.csr_matrix) -> Hits:
    """
    Return which places hold a title that is wanted, (n_viewers, k); one known already is a wasted place, never a hit.

    wanted, known   (n_viewers, n_titles), an entry for each such title
    """
    return _among(lists, wanted) & ~_among(lists, known)


def wasted(lists: Rows, *, known: sparse.csr_matrix) -> int:
    """Return how many places hold a title that the viewer knows already."""
    return int(np.count_nonzero(_among(lists, known)))


def ndcg(found: Hits, n_wanted: Rows, *, at: int) -> Floats:
    """
    Return the discounted gain of the first places as a share of the best that is possible.

    sum over hits of 1 / log2(rank + 1), over the same for min(at, n_wanted) hits in front.  Source: Jarvelin &
    Kekalainen, Cumulated Gain-Based Evaluation of IR Techniques, TOIS 20 (2002). NaN where nothing is wanted.
    """
    discount = 1.0 / np.log2(np.arange(at) + 2.0)
    best = np.r_[np.nan, np.cumsum(discount)][np.minimum(n_wanted, at)]
    first = found[:, :at]
    gained: Floats = first @ discount[: first.shape[1]] / best
    return gained


def recall(found: Hits, n_wanted: Rows, *, at: int) -> Floats:
    """Return the hits in the first places as a share of min(n_wanted, at); NaN where nothing is wanted."""
    possible = np.where(n_wanted > 0, np.minimum(n_wanted, at), np.nan)
    share: Floats = np.count_nonzero(found[:, :at], axis=1) / possible
    return share


def reciprocal_rank(found: Hits, n_wanted: Rows) -> Floats:
    """Return 1 / the rank of the first hit in the whole list, 0 without one; NaN where nothing is wanted."""
    if found.shape[1] == 0:
        return np.where(n_wanted > 0, 0.0, np.nan)
    rank = np.argmax(found, axis=1) + 1.0
    return np.where(n_wanted > 0, np.where(found.any(axis=1), 1.0 / rank, 0.0), np.nan)


def hit_rate(found: Hits, n_wanted: Rows, *, at: int) -> Floats:
    """Return 1 where the first places hold a hit, else 0; NaN where nothing is wanted."""
    return np.where(n_wanted > 0, found[:, :at].any(axis=1).astype(np.float64), np.nan)


def self_information(lists: Rows, knowing: Floats, n_viewers: int, *, at: int) -> Floats:
    """
    Return the mean surprise of the first places, in bits: -log2 of the share of viewers who know a title.

    knowing     (n_titles,) viewers who know each; what nobody knows counts as known to one
    n_viewers   who could know it

    Source: Zhou et al., Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS 107 (2010).
    NaN for an empty list.
    """
    bits = np.log2(max(n_viewers, 1)) - np.log2(np.maximum(knowing, 1.0))
    return _mean_of_first(lists, bits, at)


def popularity_percentile(lists: Rows, knowing: Floats, *, at: int) -> Floats:
    """
    Return the mean popularity of the first places: the share of known titles that fewer viewers know, in [0, 1].

    Equals share their mean place; a title that nobody knows is at 0. NaN for an empty list.
    """
    known = np.sort(knowing[knowing > 0])
    below, through = (np.searchsorted(known, knowing, side=side) for side in ("left", "right"))
    percentile = np.where(knowing > 0, (below + through) / (2.0 * max(len(known), 1)), 0.0)
    return _mean_of_first(lists, percentile, at)


def genre_spread(lists: Rows, genres: sparse.csr_matrix, *, at: int) -> Floats:
    """
    Return how different the first places are: 1 - the mean Jaccard likeness of the genres of each two.

    genres   (n_titles, n_genres), an entry for each genre that a title has; titles without any are passed over

    NaN with fewer than two titles that have genres.
    """
    first = lists[:, :at]
    has = np.asarray(genres.getnnz(axis=1))
    spread = np.full(len(first), np.nan)
    for place, row in enumerate(first):
        told = row[row != NOTHING]
        told = told[has[told] > 0]
        if len(told) < 2:
            continue
        table = np.asarray(genres[told].toarray() != 0, dtype=np.float64)
        both = table @ table.T
        either = has[told][:, None] + has[told][None, :] - both
        upper = np.triu_indices(len(told), 1)
        spread[place] = 1.0 - np.mean(both[upper] / either[upper])
    return spread


def miscalibration(lists: Rows, history: sparse.csr_matrix, genres: sparse.csr_matrix, *, at: int) -> Floats:
    """
    Return how far the genres of the first places are from those of the viewer's history, in nats; 0 is the same mix.

    KL(p || (1 - a) q + a p), a title's weight shared by its genres; p of the history, q of the list.  Source: Steck,
    Calibrated Recommendations, RecSys 2018.

    history   (n_viewers, n_titles), an entry for each title that the viewer liked

    NaN where history or list has no title with genres.
    """
    shares = sparse.diags_array(1.0 / np.maximum(np.asarray(genres.getnnz(axis=1)), 1)) @ _ones(genres)
    liked = _distribution(_ones(history) @ shares)
    listed = _distribution(as_matrix(lists[:, :at], genres.shape[0]) @ shares)
    mixed = (1 - CALIBRATION_ALPHA) * listed + CALIBRATION_ALPHA * liked
    ratio = np.divide(liked, mixed, out=np.ones_like(liked), where=(liked > 0) & (mixed > 0))
    found: Floats = np.sum(liked * np.log(ratio), axis=1)
    found[np.isnan(liked).any(axis=1) | np.isnan(listed).any(axis=1)] = np.nan
    return found


def coverage(exposure: Floats, n_known: int) -> Floats:
    """
    Return how many titles are shown to somebody, as a share of those that somebody knows.

    exposure   (..., n_titles) how often each is shown
    """
    share: Floats = np.count_nonzero(exposure, axis=-1) / max(n_known, 1)
    return share


def gini(exposure: Floats, n_titles: int) -> Floats:
    """
    Return how unevenly titles are shown: 0 where all are shown equally often, towards 1 where few are shown always.

    G = sum (2 i - n - 1) x_i / (n sum x), x ascending, i from 1. NaN where nothing is shown.

    exposure   (..., m) how often each of some titles is shown
    n_titles   how many there are, m or more; those beyond are never shown
    """
    ordered = np.sort(np.asarray(exposure, dtype=np.float64), axis=-1)
    m = ordered.shape[-1]
    total = ordered.sum(axis=-1)
    weighted = ordered @ (2.0 * np.arange(n_titles - m + 1, n_titles + 1) - n_titles - 1)
    uneven: Floats = np.divide(weighted, n_titles * total, out=np.full(np.shape(total), np.nan), where=total > 0)
    return uneven


def as_matrix(lists: Rows, n_titles: int) -> sparse.csr_matrix:
    """Return lists as csr (n_viewers, n_titles) of ones."""
    viewer, place = np.nonzero(lists != NOTHING)
    ones = np.ones(len(viewer))
    return sparse.csr_matrix((ones, (viewer, lists[viewer, place])), shape=(len(lists), n_titles))


def _among(lists: Rows, titles: sparse.csr_matrix) -> Hits:
    """Return which places hold one of the viewer's titles."""
    n = max(titles.shape[1], 1)
    entries = titles.tocoo()
    there = np.sort(entries.row.astype(np.int64) * n + entries.col)
    asked = np.arange(len(lists), dtype=np.int64)[:, None] * n + lists
    found: Hits = np.isin(asked, there) & (lists != NOTHING)
    return found


def _mean_of_first(lists: Rows, values: Floats, at: int) -> Floats:
    first = lists[:, :at]
    there = first != NOTHING
    total = np.where(there, values[first], 0.0).sum(axis=1)
    count = np.count_nonzero(there, axis=1)
    mean: Floats = np.divide(total, count, out=np.full(len(first), np.nan), where=count > 0)
    return mean


def _ones(table: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(table.data)), table.indices, table.indptr), shape=table.shape)


def _distribution(weights: sparse.csr_matrix) -> Floats:
    dense = np.asarray(weights.toarray(), dtype=np.float64)
    total = dense.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(dense, total, out=np.full_like(dense, np.nan), where=total > 0)
    return shares
