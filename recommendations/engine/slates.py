"""
Scores -> slates: a viewer's best titles by one algorithm, every part of the score, in order.

    final = base + popularity_boost + recency_boost - diversity_penalty + availability_boost + social_boost
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.arrays import top_rows
from recommendations.engine.config import EngineConfig
from recommendations.engine.diversity import Balance, diversify
from recommendations.engine.rests import Rests
from recommendations.engine.snapshot import Snapshot, Viewer
from recommendations.engine.weighting import half_life_decay

Floats = NDArray[np.float64]
# How many candidates compete for each place before the boosts: a boost may lift what base alone ranked lower.
WIDER = 2


@dataclass(frozen=True)
class Slate:
    """
    Titles in order with the parts of their scores; all (k,), rows of the snapshot.

    rest     how much of the diversity penalty is a rest
    stated   how much of the base is what the viewer stated about the title's features, 0 or less against it
    moment   how much of the base is what the moment asks for, 0 or less against it
    """

    algorithm: str
    rows: NDArray[np.int64]
    base: Floats
    popularity: Floats
    recency: Floats
    availability: Floats
    social: Floats
    diversity: Floats
    rest: Floats
    stated: Floats
    moment: Floats

    @property
    def final(self) -> Floats:
        """Return the sum of the parts."""
        return self.base + self.popularity + self.recency - self.diversity + self.availability + self.social

    def __len__(self) -> int:
        return len(self.rows)


def slate(
    snapshot: Snapshot,
    *,
    algorithm: str,
    scores: NDArray[np.floating],
    boosts: Boosts,
    allowed: NDArray[np.bool_],
    k: int,
    diversity: float,
    config: EngineConfig,
    rests: Rests | None = None,
    stated: Floats | None = None,
    moment: Floats | None = None,
    fill: bool = False,
    wanted: Floats | None = None,
) -> Slate:
    """
    Return a viewer's best k titles by one algorithm.

    scores      (n_titles,) base scores in [0, 1]; what is 0 is not proposed
    boosts      see `boosts_for`; what friends think is left out where the base is just that
    allowed     (n_titles,) what may be proposed at all
    diversity   the dial in [0, 1]; see ranking.diversity_strength and calibration_strength
    rests       what comes after the others for a while
    stated      (n_titles,) added to the base, which stays in [-1, 1]; see `stated_effect`
    moment      (n_titles,) added to that, likewise; see engine.moments
    fill        propose also what nothing speaks for, after the rest: who narrows a list wants it full
    wanted      (n_genres,) shares of genres that the list is held against; see `Snapshot.genres`
    """
    said = scores if stated is None else np.clip(scores + stated, -1.0, 1.0)
    base = said if moment is None else np.clip(said + moment, -1.0, 1.0)
    friends = boosts.none if algorithm == "social" else boosts.social
    relevance = base + (boosts.whole if friends is boosts.social else boosts.without_friends)
    if rests is not None:
        relevance -= rests.penalty
    relevance[~(allowed & (fill | (said > 0)))] = -np.inf
    strength = diversity * config.ranking.diversity_strength
    pool = top_rows(relevance, WIDER * k if strength > 0 else k)
    penalty: Floats = np.zeros(len(pool))
    if strength > 0:
        near = snapshot.vectors[pool]
        balance = None
        if wanted is not None:
            of_pool = snapshot.genres[pool]
            balance = Balance(
                of_pool, wanted, diversity * config.ranking.calibration_strength, config.ranking.calibrated_places
            )
        likeness = np.clip(near @ near.T, 0.0, 1.0)
        order, taken_off = diversify(relevance[pool], likeness, strength=strength, k=k, balance=balance)
        pool, penalty = pool[order], taken_off.astype(np.float64)
    rest = boosts.none[pool] if rests is None else rests.penalty[pool]
    return Slate(
        algorithm=algorithm,
        rows=pool,
        base=base[pool].astype(np.float64),
        popularity=boosts.popularity[pool],
        recency=boosts.recency[pool],
        availability=boosts.availability[pool],
        social=friends[pool],
        diversity=penalty + rest,
        rest=rest,
        stated=(said[pool] - scores[pool]).astype(np.float64),
        moment=(base[pool] - said[pool]).astype(np.float64),
    )


def stated_effect(snapshot: Snapshot, viewer: Viewer, config: EngineConfig) -> Floats | None:
    """
    Return what a viewer's own words about features add to each title, (n_titles,); None where they said nothing.

    ranking.stated_weight for a title with one wholly liked feature, minus that for a wholly disliked one. Several add
    up to no more than that. What is muted adds nothing.
    """
    if viewer.is_stated is None or not np.any(viewer.affinity[viewer.is_stated]):
        return None
    columns, affinity = viewer.columns[viewer.is_stated], viewer.affinity[viewer.is_stated]
    having = snapshot.strengths[:, columns] > 0
    effect: Floats = config.ranking.stated_weight * np.clip(having @ affinity, -1.0, 1.0)
    return effect


@dataclass(frozen=True)
class Boosts:
    """What is added to every algorithm's base score, (n_titles,) each; `none` is zeros, two are sums of the others."""

    popularity: Floats
    recency: Floats
    availability: Floats
    social: Floats
    none: Floats
    without_friends: Floats
    whole: Floats


def boosts_of_titles(snapshot: Snapshot, today: float, config: EngineConfig) -> tuple[Floats, Floats]:
    """Return the boosts that are the same for every viewer: (popularity, recency). `today` in days since 1970."""
    r = config.ranking
    age = np.maximum(today - snapshot.release_day, 0.0)
    recency = r.recency_boost * np.nan_to_num(half_life_decay(age, r.recency_half_life), nan=0.0)
    return r.popularity_boost * (2.0 * snapshot.popularity - 1.0), recency


def boosts_for(
    snapshot: Snapshot,
    viewer: Viewer,
    social: NDArray[np.floating],
    of_titles: tuple[Floats, Floats],
    config: EngineConfig,
) -> Boosts:
    """Return one viewer's boosts; `social` is (n_titles,) in [0, 1], what friends think."""
    none = np.zeros(len(snapshot))
    availability = none
    if len(viewer.subscribed):
        reachable = np.asarray(snapshot.available[:, viewer.subscribed].sum(axis=1)).ravel() > 0
        availability = np.where(reachable, config.ranking.availability_boost, 0.0)
    friends = config.ranking.social_boost * np.asarray(social, dtype=np.float64) if viewer.friends else none
    popularity, recency = of_titles
    without_friends = popularity + recency + availability
    whole = without_friends + friends if viewer.friends else without_friends
    return Boosts(popularity, recency, availability, friends, none, without_friends, whole)
