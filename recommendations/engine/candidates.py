"""A block of viewers -> their slates by every algorithm, with reasons: what is proposed to whom, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommendations.engine.config import EngineConfig
from recommendations.engine.moments import Effect
from recommendations.engine.reasons import Evidence, explain
from recommendations.engine.rests import Cause, Rests, rests
from recommendations.engine.scoring import ALGORITHMS, Opinions, opinions
from recommendations.engine.slates import Slate, boosts_for, boosts_of_titles, slate, stated_effect
from recommendations.engine.snapshot import Snapshot, Viewer

HYBRID = "hybrid"
ALL_ALGORITHMS = (*ALGORITHMS, HYBRID)


class Part(NamedTuple):
    """What one algorithm thought of a title: its score in [0, 1], its share in the blend, its rank in its own list."""

    algorithm: str
    score: float
    weight: float
    rank: int | None


@dataclass(frozen=True)
class _Thought:
    """What was thought of one viewer: their row (`place`) of a block's opinions, what was free, what rests, what
    the moment adds, and the slates that were made of it.
    """

    snapshot: Snapshot
    viewer: Viewer
    place: int
    opinions: Opinions
    free: NDArray[np.bool_]
    resting: Rests | None
    config: EngineConfig
    moment: Effect | None
    slates: list[Slate]

    @cached_property
    def reasons(self) -> dict[str, list[list[Evidence]]]:
        """Return what brought each title, slate by slate."""
        names = [slate.algorithm for slate in self.slates]
        told = explain(self.snapshot, self.viewer, self.place, self.opinions, self.slates, self.config, self.moment)
        return dict(zip(names, told, strict=True))


@dataclass(frozen=True)
class Proposal:
    """
    One viewer's slate by one algorithm; reasons, parts and why it rests stand in the order of its rows.

    Those are worked out when they are first read: of most proposals only some are ever put into words.
    """

    user_id: str
    slate: Slate
    thought: _Thought

    @property
    def reasons(self) -> list[list[Evidence]]:
        """Return what brought each title, as reasons.explain has it."""
        return self.thought.reasons[self.slate.algorithm]

    @cached_property
    def parts(self) -> list[list[Part]]:
        """Return which algorithms are in each title's base score."""
        return _parts(self.thought.opinions, self.thought.place, self.slate, self.thought.free)

    @cached_property
    def rests(self) -> list[Cause | None]:
        """Return why each title rests, None for those that do not."""
        resting = self.thought.resting
        return [None if resting is None else resting.cause(row) for row in self.slate.rows.tolist()]


def propose(
    snapshot: Snapshot,
    viewers: Sequence[Viewer],
    *,
    algorithms: Sequence[str],
    today: float,
    config: EngineConfig,
    diversity: float | None = None,
    allowed: NDArray[np.bool_] | None = None,
    sizes: Mapping[str, int] | None = None,
    moments: Sequence[Effect] | None = None,
    fill: bool = False,
) -> list[Proposal]:
    """
    Return a proposal for each viewer and algorithm, viewers first.

    today       days since 1970-01-01
    diversity   the dial in [0, 1]; the config's own where left out
    allowed     (n_titles,) what a filter lets through; what a viewer has dealt with never is, unless `allowed` is
                (n_viewers, n_titles) and says so for each viewer
    sizes       titles a slate; the config's own where left out
    moments     what each viewer's moment adds to the base scores; nothing where left out
    fill        of the blend, also what nothing speaks for; see slates.slate
    """
    dial = config.ranking.diversity if diversity is None else diversity
    sizes = sizes or {name: getattr(config.candidates, name) for name in ALL_ALGORITHMS}
    of_titles = boosts_of_titles(snapshot, today, config)
    found = []
    for start in range(0, len(viewers), config.candidates.viewers_at_once):
        block = viewers[start : start + config.candidates.viewers_at_once]
        thought = opinions(snapshot, block, config)
        found += _block(
            snapshot, block, thought, algorithms, today, of_titles, dial, sizes, allowed, start, config, moments, fill
        )
    return found


def relevances(
    snapshot: Snapshot, viewers: Sequence[Viewer], *, today: float, config: EngineConfig
) -> NDArray[np.float64]:
    """
    Return what the blend's lists are ordered by before anything is chosen, (n_viewers, n_titles): base and boosts.

    What rests is lower by that; variety is not looked at, since it is a matter of lists. `today` in days since 1970.
    """
    thought = opinions(snapshot, viewers, config)
    of_titles = boosts_of_titles(snapshot, today, config)
    found = np.empty((len(viewers), len(snapshot)))
    for place, viewer in enumerate(viewers):
        stated = stated_effect(snapshot, viewer, config)
        base = thought.blend[place] if stated is None else np.clip(thought.blend[place] + stated, -1.0, 1.0)
        found[place] = base + boosts_for(snapshot, viewer, thought.social[place], of_titles, config).whole
        if viewer.answers is not None:
            found[place] -= rests(snapshot, viewer.answers, today, config).penalty
    return found


def _block(
    snapshot: Snapshot,
    block: Sequence[Viewer],
    thought: Opinions,
    algorithms: Sequence[str],
    today: float,
    of_titles: tuple[NDArray[np.float64], NDArray[np.float64]],
    dial: float,
    sizes: Mapping[str, int],
    allowed: NDArray[np.bool_] | None,
    start: int,
    config: EngineConfig,
    moments: Sequence[Effect] | None,
    fill: bool,
) -> list[Proposal]:
    found = []
    wanted = _shares_of_genres(snapshot, thought)
    # The products from here on are small: a second BLAS thread would spend its time waiting for the first.
    with threadpool_limits(limits=1, user_api="blas"):
        for place, viewer in enumerate(block):
            free = _free(snapshot, viewer, allowed, start + place)
            boosts = boosts_for(snapshot, viewer, thought.social[place], of_titles, config)
            stated = stated_effect(snapshot, viewer, config)
            moment = None if moments is None else moments[start + place]
            resting = None if viewer.answers is None else rests(snapshot, viewer.answers, today, config)
            of_viewer = _Thought(snapshot, viewer, place, thought, free, resting, config, moment, [])
            for algorithm in algorithms:
                chosen = slate(
                    snapshot,
                    algorithm=algorithm,
                    scores=thought.of(algorithm)[place],
                    boosts=boosts,
                    allowed=free,
                    k=sizes[algorithm],
                    diversity=dial if algorithm == HYBRID else 0.0,
                    config=config,
                    rests=resting,
                    stated=stated if algorithm in (HYBRID, "content_based") else None,
                    moment=None if moment is None else moment.total,
                    fill=fill and algorithm == HYBRID,
                    wanted=wanted[place],
                )
                of_viewer.slates.append(chosen)
                found.append(Proposal(viewer.user_id, chosen, of_viewer))
    return found


def _shares_of_genres(snapshot: Snapshot, thought: Opinions) -> NDArray[np.float64]:
    """Return the share of each genre in what viewers liked, (n_viewers, n_genres); 0 where they liked nothing."""
    sums = thought.histories @ snapshot.genres
    shares: NDArray[np.float64] = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12)
    return shares


def _parts(thought: Opinions, place: int, chosen: Slate, free: NDArray[np.bool_]) -> list[list[Part]]:
    """Return which algorithms are in each title's base score."""
    if chosen.algorithm != HYBRID:
        return [[Part(chosen.algorithm, base, 1.0, i)] for i, base in enumerate(chosen.base.tolist(), start=1)]
    parts: list[list[Part]] = [[] for _ in range(len(chosen))]
    for name in ALGORITHMS:
        scores = thought.of(name)[place]
        of_slate = scores[chosen.rows]
        if not of_slate.any():
            continue
        weight = float(thought.weights[name][place]) if name in thought.weights else 0.0
        ranks = _ranks(scores, free, of_slate)
        for part, score, rank in zip(parts, of_slate.tolist(), ranks.tolist(), strict=True):
            if score > 0:
                part.append(Part(name, score, weight, rank))
    return parts


def _free(snapshot: Snapshot, viewer: Viewer, allowed: NDArray[np.bool_] | None, place: int) -> NDArray[np.bool_]:
    if allowed is not None and allowed.ndim == 2:
        mask: NDArray[np.bool_] = allowed[place] & snapshot.active
        return mask
    free = snapshot.active.copy() if allowed is None else allowed & snapshot.active
    free[viewer.dealt_with] = False
    return free


def _ranks(scores: NDArray[np.floating], free: NDArray[np.bool_], asked: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the rank from 1 that each score asked about has by one algorithm alone: one more than those above it."""
    # Only what is above the lowest is sorted: in the blend that is rarely much.
    others = np.sort(scores[free & (scores > asked.min())])
    return (len(others) - np.searchsorted(others, asked, side="right") + 1).astype(np.int64)
