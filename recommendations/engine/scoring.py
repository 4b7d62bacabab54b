"""Every algorithm's opinion of every title, for a block of viewers: dense scores in [0, 1], and their blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.config import EngineConfig
from recommendations.engine.followers import expected
from recommendations.engine.likes import history_weights
from recommendations.engine.snapshot import Blend, Snapshot, Viewer

Scores = NDArray[np.float32]
ALGORITHMS = ("collaborative", "content_based", "trending", "social")


@dataclass(frozen=True)
class Opinions:
    """
    What each algorithm thinks, (n_viewers, n_titles) float32 in [0, 1] each; 0 is no opinion.

    popular     what is popular, for each viewer; no algorithm of its own
    histories   csr (n_viewers, n_titles): how much each title of the history counts
    queries     the same over the titles of the item-item model, csr (n_viewers, n_items)
    blend       the hybrid; weights[algorithm] is (n_viewers,), the share each has in it, popularity included
    """

    collaborative: Scores
    content_based: Scores
    trending: Scores
    social: Scores
    popular: Scores
    blend: Scores
    weights: dict[str, NDArray[np.float32]]
    histories: sparse.csr_matrix
    queries: sparse.csr_matrix

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
    histories = weighted_histories(snapshot, viewers, config)
    queries = of_items(snapshot, histories)
    collaborative = collaborative_scores(snapshot, viewers, queries)
    content = content_scores(snapshot, viewers, histories, config)
    trending = np.broadcast_to(trending_scores(snapshot, config), content.shape)
    social = social_scores(snapshot, viewers)
    weights = blend_weights(viewers, snapshot.blend, config)
    popular = popular_scores(snapshot, viewers, histories)
    blend = (
        weights["collaborative"][:, None] * collaborative
        + weights["content_based"][:, None] * content
        + weights["trending"][:, None] * trending
        + weights["popular"][:, None] * popular
    )
    return Opinions(collaborative, content, trending, social, popular, blend, weights, histories, queries)


def weighted_histories(snapshot: Snapshot, viewers: Sequence[Viewer], config: EngineConfig) -> sparse.csr_matrix:
    """Return how much each title of each history counts: csr (n_viewers, n_titles) float32."""
    c = config.collaborative
    exponent = c.recency_exponent * snapshot.fade
    weights = [history_weights(v.liked, v.day, threshold=c.like_threshold, exponent=exponent) for v in viewers]
    data = np.concatenate([np.zeros(0), *weights]).astype(np.float32)
    columns = np.concatenate([np.zeros(0, np.int64), *(v.history for v in viewers)])
    ends = np.cumsum([0, *(len(v.history) for v in viewers)])
    found = sparse.csr_matrix((data, columns, ends), shape=(len(viewers), len(snapshot)))
    found.eliminate_zeros()
    return found


def of_items(snapshot: Snapshot, histories: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the histories as far as the item-item model knows their titles: csr (n_viewers, n_items)."""
    item = snapshot.item_of_row[histories.indices]
    known = item >= 0
    ends = np.concatenate([[0], np.cumsum(known)])[histories.indptr]
    shape = (histories.shape[0], len(snapshot.items))
    return sparse.csr_matrix((histories.data[known], item[known], ends), shape=shape)


def collaborative_scores(snapshot: Snapshot, viewers: Sequence[Viewer], queries: sparse.csr_matrix) -> Scores:
    """
    Return what each history says of all titles, in [0, 1]; what a viewer does not know yet sets the scale.

    Titles outside the model are scored by what they are like; those of which nothing is known get 0.
    """
    scores = np.zeros((queries.shape[0], len(snapshot)), np.float32)
    scores[:, snapshot.items] = queries @ snapshot.item_item
    if len(snapshot.outside):
        scores[:, snapshot.outside] = (snapshot.outside_traits @ (queries @ snapshot.bridge).T).T
    best = np.empty((len(viewers), 1), np.float32)
    for place, viewer in enumerate(viewers):
        known = scores[place, viewer.history]
        scores[place, viewer.history] = 0.0
        best[place] = scores[place].max(initial=0.0)
        scores[place, viewer.history] = known
    np.divide(scores, best, out=scores, where=best > 0)
    return np.clip(scores, 0.0, 1.0, out=scores)


def brought(
    snapshot: Snapshot, history: NDArray[np.integer], weights: NDArray[np.float32], rows: NDArray[np.int64]
) -> Scores:
    """Return what each title of a history adds to the raw collaborative scores of rows, (h, k); history in items."""
    added = np.zeros((len(history), len(rows)), np.float32)
    item, outside = snapshot.item_of_row[rows], snapshot.outside_of_row[rows]
    inside = np.flatnonzero(item >= 0)
    added[:, inside] = snapshot.item_item[np.ix_(history, item[inside])]
    beyond = np.flatnonzero(outside >= 0)
    if len(beyond):
        added[:, beyond] = (snapshot.outside_traits[outside[beyond]] @ snapshot.bridge[history].T).T
    added *= weights[:, None]
    return added


def content_scores(
    snapshot: Snapshot, viewers: Sequence[Viewer], histories: sparse.csr_matrix, config: EngineConfig
) -> Scores:
    """Return the profile against each title, and each title's likeness to what was liked, mixed."""
    profiles = np.zeros((len(snapshot.features), len(viewers)), np.float32)
    for place, viewer in enumerate(viewers):
        profiles[viewer.columns, place] = viewer.affinity
    share = np.float32(config.candidates.profile_share)
    named = to_unit((snapshot.strengths @ profiles).T)
    alike = to_unit(_unknown((snapshot.likeness @ (histories @ snapshot.likeness).toarray().T).T, viewers))
    return to_unit(share * named + (1 - share) * alike)


def _unknown(scores: Scores, viewers: Sequence[Viewer]) -> Scores:
    """Return the scores of what is not in the history, 0 for what is: a title is no evidence for itself."""
    for place, viewer in enumerate(viewers):
        scores[place, viewer.history] = 0.0
    return scores


def trending_scores(snapshot: Snapshot, config: EngineConfig) -> Scores:
    """Return (n_titles,): what rises first, by how surprisingly; then what is merely watched, below the floor."""
    floor = config.candidates.trend_floor
    rising = np.where(snapshot.trend > 0, floor + (1 - floor) * snapshot.trend, floor * snapshot.popularity)
    return rising.astype(np.float32)


def popular_scores(snapshot: Snapshot, viewers: Sequence[Viewer], histories: sparse.csr_matrix) -> Scores:
    """Return what comes next after what each viewer liked, or what is best known where nothing tells, in [0, 1]."""
    scores = to_unit(_unknown(expected(snapshot.followers, histories), viewers))
    strangers = ~scores.any(axis=1)
    scores[strangers] = snapshot.fame.astype(np.float32)[None, :]
    return scores


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


def blend_weights(viewers: Sequence[Viewer], blend: Blend, config: EngineConfig) -> dict[str, NDArray[np.float32]]:
    """
    Return each part's share in the blend, (n_viewers,) each, summing to 1 a viewer.

    Friends are not in it: what they did is a boost of its own, so that it can be seen.
    Taste counts known / (known + maturity); what remains goes to popularity, the best guess about a stranger. Each is
    then multiplied by what was learned of it for viewers of whom so much is known.
    """
    known = np.array([np.count_nonzero(v.liked > 0) for v in viewers], dtype=np.float64)
    weights = unlearned_weights(known, config)
    weights = {name: weight * blend.at(name, known) for name, weight in weights.items()}
    total = np.maximum(np.sum(list(weights.values()), axis=0), 1e-9)
    return {name: (weight / total).astype(np.float32) for name, weight in weights.items()}


def unlearned_weights(known: NDArray[np.float64], config: EngineConfig) -> dict[str, NDArray[np.float64]]:
    """Return each part's weight for viewers of whom so many titles are known, (n,) each, as the config has it."""
    r = config.ranking
    taste = known / (known + r.maturity)
    return {
        "collaborative": r.collaborative_weight * taste,
        "content_based": r.content_weight * taste,
        "trending": np.full(len(known), r.trending_weight),
        "popular": r.popular_weight * (1 - taste),
    }


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
