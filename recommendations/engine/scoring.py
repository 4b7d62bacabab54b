"""Every algorithm's opinion of every title, for a block of viewers: dense scores in [0, 1], and their blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.centroids import centroids
from recommendations.engine.collaborative import history_weights
from recommendations.engine.config import EngineConfig
from recommendations.engine.snapshot import Snapshot, Viewer

Scores = NDArray[np.float32]
ALGORITHMS = ("collaborative", "content_based", "trending", "social")


@dataclass(frozen=True)
class Opinions:
    """
    What each algorithm thinks, (n_viewers, n_titles) float32 in [0, 1] each; 0 is no opinion.

    queries     csr (n_viewers, n_items): how the history was weighted
    centres     each viewer's centroids, (c, d)
    blend       the hybrid; weights[algorithm] is (n_viewers,), the share each has in it, popularity included
    """

    collaborative: Scores
    content_based: Scores
    trending: Scores
    social: Scores
    blend: Scores
    weights: dict[str, NDArray[np.float32]]
    queries: sparse.csr_matrix
    centres: list[NDArray[np.float32]]

    def of(self, algorithm: str) -> Scores:
        """Return one algorithm's scores; ValueError for a name that is none."""
        if algorithm == "hybrid":
            return self.blend
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be hybrid or one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
        scores: Scores = getattr(self, algorithm)
        return scores


def opinions(snapshot: Snapshot, viewers: Sequence[Viewer], config: EngineConfig) -> Opinions:
    """Return what each algorithm and their blend think of each title for each viewer."""
    queries = history_queries(snapshot, viewers, config)
    collaborative = collaborative_scores(snapshot, queries)
    content, centres = content_scores(snapshot, viewers, config)
    trending = np.broadcast_to(trending_scores(snapshot, config), content.shape)
    social = social_scores(snapshot, viewers)
    weights = blend_weights(viewers, config)
    popular = snapshot.popularity.astype(np.float32)[None, :]
    blend = (
        weights["collaborative"][:, None] * collaborative
        + weights["content_based"][:, None] * content
        + weights["trending"][:, None] * trending
        + weights["popular"][:, None] * popular
    )
    return Opinions(collaborative, content, trending, social, blend, weights, queries, centres)


def history_queries(snapshot: Snapshot, viewers: Sequence[Viewer], config: EngineConfig) -> sparse.csr_matrix:
    """Return the histories as the item-item model reads them: csr (n_viewers, n_items) float32."""
    c = config.collaborative
    data, columns, ends = [], [], [0]
    for viewer in viewers:
        item = snapshot.item_of_row[viewer.history]
        weights = history_weights(viewer.liked, viewer.day, threshold=c.like_threshold, exponent=c.recency_exponent)
        use = (item >= 0) & (weights > 0)
        data.append(weights[use])
        columns.append(item[use])
        ends.append(ends[-1] + int(use.sum()))
    shape = (len(viewers), len(snapshot.items))
    return sparse.csr_matrix(
        (np.concatenate(data or [np.zeros(0)]).astype(np.float32), np.concatenate(columns or [np.zeros(0, int)]), ends),
        shape=shape,
    )


def collaborative_scores(snapshot: Snapshot, queries: sparse.csr_matrix) -> Scores:
    """Return q B spread over all titles, each viewer's best being 1; titles the model does not know get 0."""
    scores = np.zeros((queries.shape[0], len(snapshot)), np.float32)
    if len(snapshot.items):
        for row in range(queries.shape[0]):
            held = slice(queries.indptr[row], queries.indptr[row + 1])
            # Gathering rows beats a sparse product: the matrix is mapped from disk, and only these rows are touched.
            scores[row, snapshot.items] = queries.data[held] @ snapshot.item_item[queries.indices[held]]
    return to_unit(scores)


def content_scores(
    snapshot: Snapshot, viewers: Sequence[Viewer], config: EngineConfig
) -> tuple[Scores, list[NDArray[np.float32]]]:
    """Return profile and centroids against each title, mixed, and the centroids of each viewer."""
    profiles = sparse.csr_matrix(
        (
            np.concatenate([v.affinity for v in viewers] or [np.zeros(0)]).astype(np.float32),
            np.concatenate([v.columns for v in viewers] or [np.zeros(0, int)]),
            np.cumsum([0, *(len(v.columns) for v in viewers)]),
        ),
        shape=(len(viewers), len(snapshot.features)),
    )
    named = np.asarray((profiles @ snapshot.strengths.T).todense(), dtype=np.float32)
    c = config.candidates
    centres = [
        centroids(snapshot.vectors[v.history], v.liked, k=c.centroids, rounds=c.centroid_rounds) for v in viewers
    ]
    near = np.zeros_like(named)
    counts = np.array([len(x) for x in centres])
    if counts.any():
        closeness = np.concatenate(centres) @ snapshot.vectors.T
        starts = (np.cumsum(counts) - counts)[counts > 0]
        near[counts > 0] = np.maximum.reduceat(closeness, starts, axis=0)
    share = np.float32(c.profile_share)
    return to_unit(share * to_unit(named) + (1 - share) * to_unit(near, from_mean=True)), centres


def trending_scores(snapshot: Snapshot, config: EngineConfig) -> Scores:
    """Return (n_titles,): what rises first, by how surprisingly; then what is merely watched, below the floor."""
    floor = config.candidates.trend_floor
    rising = np.where(snapshot.trend > 0, floor + (1 - floor) * snapshot.trend, floor * snapshot.popularity)
    return rising.astype(np.float32)


def social_scores(snapshot: Snapshot, viewers: Sequence[Viewer]) -> Scores:
    """Return 1 - prod(1 - s) over what friends did with each title: several weak hints add up, and never pass 1."""
    scores = np.zeros((len(viewers), len(snapshot)), np.float32)
    for place, viewer in enumerate(viewers):
        missed: dict[int, float] = {}
        for act in viewer.friends:
            missed[act.row] = missed.get(act.row, 1.0) * (1.0 - act.strength)
        for row, chance in missed.items():
            scores[place, row] = 1.0 - chance
    return scores


def blend_weights(viewers: Sequence[Viewer], config: EngineConfig) -> dict[str, NDArray[np.float32]]:
    """
    Return each algorithm's share in the blend, (n_viewers,) each, summing to 1 a viewer.

    Friends are not in it: what they did is a boost of its own, so that it can be seen.
    Taste counts known / (known + maturity); what remains goes to popularity, the best guess about a stranger.
    """
    r = config.ranking
    known = np.array([np.count_nonzero(v.liked > 0) for v in viewers], dtype=np.float32)
    taste = known / (known + np.float32(r.maturity))
    weights: dict[str, NDArray[np.floating]] = {
        "collaborative": r.collaborative_weight * taste,
        "content_based": r.content_weight * taste,
        "trending": np.full(len(viewers), r.trending_weight, np.float32),
        "popular": r.popular_weight * (1 - taste),
    }
    total = np.maximum(np.sum(list(weights.values()), axis=0), np.float32(1e-9))
    return {name: (weight / total).astype(np.float32) for name, weight in weights.items()}


def to_unit(scores: Scores, *, from_mean: bool = False) -> Scores:
    """
    Return scores in [0, 1]: each row's best is 1, what is at or below the base is 0.

    The base is 0, or the row's mean where all values lie in a narrow band, as cosines do. A row without anything above
    its base is all zeros.
    """
    base = scores.mean(axis=1, keepdims=True) if from_mean else np.float32(0)
    lifted = np.maximum(scores - base, 0)
    best = lifted.max(axis=1, keepdims=True, initial=0)
    unit: Scores = np.divide(lifted, best, out=np.zeros_like(lifted), where=best > 0)
    return unit
