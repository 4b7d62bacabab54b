"""Lists and what was wanted -> every metric's value for every viewer, and their means with intervals by maturity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.evaluation import metrics
from recommendations.evaluation.comparison import Estimate, means, of_all

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

NDCG = "NDCG@10"
SPREAD = "GenreSpread@10"
# By what viewers liked afterwards; all that is one value a viewer; and what is of all lists together.
ACCURACY = (NDCG, "NDCG@20", "Recall@20", "MRR", "HitRate@10")
PER_VIEWER = (*ACCURACY, "Novelty@20", SPREAD, "Miscalibration@20", "Popularity@20")
TOGETHER = ("Coverage@20", "Gini@20")
METRICS = (*PER_VIEWER, *TOGETHER)
MEANING = {
    NDCG: "how far in front the hits stand, of the best that is possible: 1 is perfect",
    "NDCG@20": "the same over twenty places",
    "Recall@20": "hits among twenty, of those that could stand there",
    "MRR": "1 / the rank of the first hit among a hundred",
    "HitRate@10": "viewers with a hit among ten",
    "Novelty@20": "surprise in bits: -log2 of the share of viewers who know a title; higher is bolder",
    SPREAD: "1 - mean Jaccard likeness of the genres of each two titles; higher is more varied",
    "Miscalibration@20": "Kullback-Leibler divergence of the list's genres from the history's; 0 is the same mix",
    "Popularity@20": "mean popularity percentile of what is shown; lower is bolder",
    "Coverage@20": "titles shown to somebody, of those that somebody knows; higher is wider",
    "Gini@20": "how unevenly titles are shown: 0 equally, 1 always the same few",
}
OVERALL = "all"
# How many titles the engine knows of a viewer: (name, at least, at most).
MATURITY = (("0", 0, 0), ("1-9", 1, 9), ("10-99", 10, 99), ("100+", 100, math.inf))


@dataclass(frozen=True)
class Truth:
    """
    What lists are held against; viewers are those who are judged, titles all that are known by a key.

    wanted     csr (n_viewers, n_titles): held out and liked
    known      csr like it: rated in the training part; liked those of them that were liked
    knowing    (n_titles,) viewers of the training part who know each title
    n_knowers  how many viewers the training part has
    genres     csr (n_titles, n_genres)
    """

    wanted: sparse.csr_matrix
    known: sparse.csr_matrix
    liked: sparse.csr_matrix
    knowing: Floats
    n_knowers: int
    genres: sparse.csr_matrix

    @property
    def n_wanted(self) -> Rows:
        """Return how many titles each viewer wanted."""
        return np.asarray(self.wanted.getnnz(axis=1), dtype=np.int64)

    @property
    def n_known(self) -> Rows:
        """Return how many titles the engine knows of each viewer."""
        return np.asarray(self.known.getnnz(axis=1), dtype=np.int64)

    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Return which viewers are in each group of maturity, and all of them; groups without any are left out."""
        n_known = self.n_known
        found = {name: (n_known >= low) & (n_known <= high) for name, low, high in MATURITY}
        everybody = np.ones(len(n_known), dtype=np.bool_)
        return {OVERALL: everybody} | {name: there for name, there in found.items() if there.any()}


@dataclass(frozen=True)
class Judged:
    """
    What became of one way to make lists.

    values      metric -> (n_viewers,)
    estimates   group -> metric -> mean with its interval
    wasted      places that held what the viewer knew already
    empty       viewers whose list was empty
    """

    values: Mapping[str, Floats]
    estimates: Mapping[str, Mapping[str, Estimate]]
    wasted: int
    empty: int


def judge(lists: Rows, truth: Truth, *, seed: int) -> Judged:
    """
    Return what lists are worth.

    lists   (n_viewers, k) rows of titles, best first; see `metrics`
    """
    values = dict(zip(PER_VIEWER, per_viewer(lists, truth), strict=True))
    table = np.stack([values[name] for name in PER_VIEWER])
    shown = metrics.as_matrix(lists[:, :20], len(truth.knowing))
    estimates = {}
    for name, there in truth.groups().items():
        found = dict(zip(PER_VIEWER, means(table[:, there], seed=seed), strict=True))
        estimates[name] = found | _together(shown[there], truth, seed)
    empty = int(np.count_nonzero((lists == metrics.NOTHING).all(axis=1)))
    return Judged(values, estimates, metrics.wasted(lists, known=truth.known), empty)


def per_viewer(lists: Rows, truth: Truth) -> tuple[Floats, ...]:
    """Return the values of PER_VIEWER in their order, (n_viewers,) each."""
    found = metrics.hits(lists, wanted=truth.wanted, known=truth.known)
    n_wanted = truth.n_wanted
    return (
        metrics.ndcg(found, n_wanted, at=10),
        metrics.ndcg(found, n_wanted, at=20),
        metrics.recall(found, n_wanted, at=20),
        metrics.reciprocal_rank(found, n_wanted),
        metrics.hit_rate(found, n_wanted, at=10),
        metrics.self_information(lists, truth.knowing, truth.n_knowers, at=20),
        metrics.genre_spread(lists, truth.genres, at=10),
        metrics.miscalibration(lists, truth.liked, truth.genres, at=20),
        metrics.popularity_percentile(lists, truth.knowing, at=20),
    )


def most_popular(knowing: Floats, known: sparse.csr_matrix, *, k: int) -> Rows:
    """
    Return the plainest lists there are, (n_viewers, k): what most viewers know, less what each knows already.

    Equals stand in the order of their rows; what nobody knows is not shown.
    """
    order = np.lexsort((np.arange(len(knowing)), -knowing))[: int(np.count_nonzero(knowing))]
    lists = np.full((known.shape[0], k), metrics.NOTHING, dtype=np.int64)
    for viewer in range(known.shape[0]):
        seen = known.indices[known.indptr[viewer] : known.indptr[viewer + 1]]
        # So many in front hold k that are new, however many of them are known.
        front = order[: k + len(seen)]
        new = front[~np.isin(front, seen)][:k]
        lists[viewer, : len(new)] = new
    return lists


def _together(shown: sparse.csr_matrix, truth: Truth, seed: int) -> dict[str, Estimate]:
    # Titles that are shown to nobody are zeros in every draw: they are counted, not carried along.
    some = shown[:, np.flatnonzero(shown.getnnz(axis=0))]
    n_known, n_titles = int(np.count_nonzero(truth.knowing)), len(truth.knowing)
    return {
        "Coverage@20": of_all(some, lambda x: metrics.coverage(x, n_known), seed=seed),
        "Gini@20": of_all(some, lambda x: metrics.gini(x, n_titles), seed=seed),
    }
