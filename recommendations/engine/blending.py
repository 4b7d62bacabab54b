"""
How much each part counts in the blend, learned by how much is known of a viewer.

Where there is no feedback, from a time split of the history: small models are fitted without what viewers did last,
viewers are forgotten down to a few known titles, and shares are compared by NDCG over what was held out, pair by pair.
What viewers answer to the lists that come of it is learned from in `answering`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from recommendations.engine import collaborative, followers, sequence
from recommendations.engine.calibration import Order, hold_out, ndcg
from recommendations.engine.config import EngineConfig
from recommendations.engine.likes import Likes, most_liked, only_titles, queries
from recommendations.engine.scoring import Opinions, blend_weights, opinions
from recommendations.engine.snapshot import Blend, Snapshot, Viewer

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# What is tried beside the usual: no part is silenced, nor made to drown the others, by what one catalogue's past says.
FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0)
# Which parts a time split can tell about: it knows no trends, and the whole is a matter of proportions.
SPLIT = ("content_based", "popular")
# One after the other, and the first once more.
ROUNDS = (*SPLIT, SPLIT[0])


@dataclass(frozen=True)
class Learned:
    """
    What was learned.

    blend     the factors
    asked     how many were asked at each knot: viewers, or positive answers; where too few, nothing was learned
    gains     what was won at each knot: in NDCG, or in nats a shown title; 0 where nothing is surely better
    """

    blend: Blend
    asked: list[int]
    gains: list[float]


@dataclass(frozen=True)
class Catalogue:
    """What titles are like, over all titles: traits as of traits.traits, strengths and likeness as in Snapshot."""

    traits: sparse.csr_matrix
    strengths: sparse.csr_matrix
    likeness: sparse.csr_matrix


def knots(config: EngineConfig) -> tuple[int, int, int]:
    """Return the numbers of known titles for which shares are learned."""
    return config.blending.few, config.blending.some, config.blending.many


def from_history(likes: Likes, *, catalogue: Catalogue, order: Order, config: EngineConfig) -> Learned:
    """
    Return the shares that are surely better than the usual ones for what viewers did last, knot by knot.

    order   how much order in time means in these data

    The profile's own part in what titles are like is left out of it: profiles know what is held out here.
    """
    usual = Blend(knots(config), {name: [1.0] * len(knots(config)) for name in SPLIT})
    titles = most_liked(likes, catalogue.strengths.shape[0], config.calibration.titles)
    small = only_titles(likes, titles)
    known, wanted, asked = hold_out(small, config)
    if len(asked) < config.blending.min_viewers:
        return Learned(usual, [0] * len(knots(config)), [0.0] * len(knots(config)))
    world = _world(known, wanted.shape, titles, catalogue, order, config)
    n_asked, gains = [], []
    factors = {name: list(values) for name, values in usual.factors.items()}
    for place, (knot, reach) in enumerate(zip(knots(config), _reaches(config), strict=True)):
        found = _at(world, known, wanted, asked, knot, reach, config)
        n_asked.append(found.viewers)
        gains.append(found.gain)
        for name, factor in found.factors.items():
            factors[name][place] = factor
    return Learned(Blend(knots(config), factors), n_asked, gains)


@dataclass(frozen=True)
class _Found:
    """What is best at one knot."""

    factors: Mapping[str, float]
    viewers: int = 0
    gain: float = 0.0


def _reaches(config: EngineConfig) -> list[tuple[int, int | None]]:
    """Return how many titles must be known of who is asked at a knot, and down to how many they are forgotten."""
    few, some, _ = knots(config)
    # Of the many nothing is forgotten: what they have is what there is.
    return [(few, few), (some, some), (100, None)]


def _at(
    world: Snapshot,
    known: Likes,
    wanted: sparse.csr_matrix,
    asked: NDArray[np.int64],
    knot: int,
    reach: tuple[int, int | None],
    config: EngineConfig,
) -> _Found:
    least, kept = reach
    usual = dict.fromkeys(SPLIT, 1.0)
    all_of = list(known.of(asked))
    enough = [place for place, held in enumerate(all_of) if np.count_nonzero(held.liked > 0) >= least]
    if len(enough) < config.blending.min_viewers:
        return _Found(usual)
    viewers = [_forgotten(all_of[place], kept) for place in enough]
    thought = opinions(world, viewers, config)
    want = wanted[asked[enough]].toarray() > 0
    seen = np.zeros(want.shape, dtype=bool)
    for row, place in enumerate(enough):
        seen[row, all_of[place].row] = True
    quality = partial(_quality, world, viewers, thought, seen, want, knot, config)
    return _best(quality, usual, len(enough), config.blending.surely)


def _best(
    quality: Callable[[Mapping[str, float]], Floats], usual: Mapping[str, float], n: int, surely: float
) -> _Found:
    before = quality(usual)
    best, best_quality = dict(usual), before
    for name in ROUNDS:
        for factor in FACTORS:
            tried = quality({**best, name: factor})
            if tried.mean() > best_quality.mean():
                best, best_quality = {**best, name: factor}, tried
    won = best_quality - before
    if won.mean() <= surely * won.std() / np.sqrt(n):
        return _Found(usual, n)
    return _Found(best, n, float(won.mean()))


def _quality(
    world: Snapshot,
    viewers: list[Viewer],
    thought: Opinions,
    seen: Bools,
    want: Bools,
    knot: int,
    config: EngineConfig,
    factors: Mapping[str, float],
) -> Floats:
    """Return the NDCG of each viewer's list with these factors."""
    weights = blend_weights(viewers, Blend((knot,), {name: [factor] for name, factor in factors.items()}), config)
    scores = (
        weights["collaborative"][:, None] * thought.collaborative
        + weights["content_based"][:, None] * thought.content_based
        + weights["trending"][:, None] * thought.trending
        + weights["popular"][:, None] * thought.popular
    )
    return ndcg(np.where(seen, -np.inf, scores).astype(np.float32), want, config.calibration.ranked)


def _forgotten(held: Likes, kept: int | None) -> Viewer:
    """Return one viewer of whom only the latest titles are known."""
    order = np.argsort(held.day, kind="stable")[-kept:] if kept is not None else np.arange(len(held))
    nothing = np.zeros(0, np.int64)
    return Viewer(
        user_id="",
        history=held.row[order],
        liked=held.liked[order],
        day=held.day[order],
        columns=nothing,
        affinity=np.zeros(0),
        dealt_with=held.row,
        subscribed=nothing,
    )


def _world(
    known: Likes,
    shape: tuple[int, int],
    titles: NDArray[np.int64],
    catalogue: Catalogue,
    order: Order,
    config: EngineConfig,
) -> Snapshot:
    """Return the most liked titles as they would be known had nobody done yet what is held out."""
    n_viewers, n_titles = shape
    titles = titles[:n_titles]
    weighed = sparse.csr_matrix(catalogue.traits[titles] * np.float32(config.collaborative.trait_weight))
    liked = known.matrix(n_viewers, n_titles)
    model = collaborative.fit(liked, config.collaborative.ridge, traits=weighed)
    after = sequence.fit(
        *sequence.cuts(
            known, n_titles=n_titles, exponent=config.collaborative.recency_exponent, config=config.sequence
        ),
        config.sequence.ridge,
    )
    histories = queries(
        known, n_titles=n_titles, threshold=config.collaborative.like_threshold, exponent=order.exponent
    )
    model = collaborative.blend(model, after, np.arange(n_titles), order.share, histories)
    threshold = config.collaborative.like_threshold
    likers = np.asarray((liked > 0).sum(axis=0)).ravel().astype(np.float64)
    usual = config.collaborative.recency_exponent
    return Snapshot(
        show_ids=titles,
        active=np.ones(n_titles, bool),
        items=np.arange(n_titles),
        item_item=model.weights,
        strengths=catalogue.strengths[titles],
        likeness=catalogue.likeness[titles],
        features=[("", "")] * catalogue.strengths.shape[1],
        vectors=np.zeros((n_titles, 0), np.float32),
        popularity=(stats.rankdata(likers) - 1) / max(n_titles - 1, 1),
        fame=np.log1p(likers) / max(np.log1p(likers.max(initial=0.0)), 1e-12),
        trend=np.zeros(n_titles),
        release_day=np.full(n_titles, np.nan),
        available=sparse.csr_matrix(np.zeros((n_titles, 0), bool)),
        platforms=[],
        fade=order.exponent / usual if usual > 0 else 1.0,
        followers=followers.fit(known, n_titles=n_titles, threshold=threshold, config=config.followers),
    )
