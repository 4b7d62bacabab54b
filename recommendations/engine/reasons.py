"""
Why a title is in a slate: what each piece of evidence added to its score, largest first.

A reason is never made up to please. Each names evidence that stands in the score, weighs what that evidence added, and
would lower the title's score if it were taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.config import EngineConfig
from recommendations.engine.scoring import Opinions, brought
from recommendations.engine.slates import Slate
from recommendations.engine.snapshot import FriendAct, Snapshot, Viewer

Floats = NDArray[np.float64]
BECAUSE, LIKENESS, FEATURE, RISING, POPULAR = "because_you_watched", "similar_to", "taste", "trending", "popular"
NEW, PLATFORM, FRIENDS = "new", "platform", "friends"


@dataclass(frozen=True)
class Evidence:
    """
    One reason: its kind, what it added to the score, and what it names.

    rows      titles, as rows of the snapshot
    feature   a column of snapshot.strengths, -1 for none
    friends   viewer ids
    platform  a column of snapshot.available, -1 for none
    """

    kind: str
    weight: float
    rows: tuple[int, ...] = ()
    feature: int = -1
    friends: tuple[str, ...] = ()
    platform: int = -1


def explain(
    snapshot: Snapshot, viewer: Viewer, place: int, opinions: Opinions, slate: Slate, config: EngineConfig
) -> list[list[Evidence]]:
    """
    Return the reasons of each title of a slate, at most ranking.reasons each and at least one, largest first.

    place   the viewer's row in the opinions.
    """
    shares = _shares(place, opinions, slate)
    found: list[list[Evidence]] = [[] for _ in range(len(slate))]
    _because(found, snapshot, place, opinions, slate, shares["collaborative"], config)
    _taste(found, snapshot, viewer, slate, shares["content_based"] * config.candidates.profile_share, config)
    _likeness(found, snapshot, place, opinions, slate, shares["content_based"] * (1 - config.candidates.profile_share))
    _friends(found, viewer, slate, config)
    _of_titles(found, snapshot, viewer, slate, shares)
    return [_best(evidence, config) for evidence in found]


def _of_titles(
    found: list[list[Evidence]], snapshot: Snapshot, viewer: Viewer, slate: Slate, shares: dict[str, Floats]
) -> None:
    """Name what speaks for a title whoever the viewer is: that it rises, is popular, is new, can be watched."""
    popular = shares["popular"] + np.maximum(slate.popularity, 0.0)
    columns = (slate.rows, snapshot.trend[slate.rows], shares["trending"], popular, slate.recency, slate.availability)
    # Plain numbers from here on: a numpy scalar costs ten times as much to touch.
    for i, (row, trend, share, popularity, recency, availability) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        reasons = found[i]
        if share > 0:
            reasons.append(Evidence(RISING if trend > 0 else POPULAR, share))
        if popularity > 0:
            reasons.append(Evidence(POPULAR, popularity))
        if recency > 0:
            reasons.append(Evidence(NEW, recency))
        if availability > 0:
            reasons.append(Evidence(PLATFORM, availability, platform=_platform_of(snapshot, viewer, row)))


def _shares(place: int, opinions: Opinions, slate: Slate) -> dict[str, Floats]:
    """Return how much of each title's base score each algorithm brought, (k,) each."""
    if slate.algorithm == "hybrid":
        shares = {
            name: opinions.weights[name][place] * opinions.of(name)[place, slate.rows].astype(np.float64)
            for name in ("collaborative", "content_based", "trending")
        }
        shares["popular"] = np.maximum(slate.base - sum(shares.values()), 0.0)
        return shares
    none = np.zeros(len(slate))
    names = ("collaborative", "content_based", "trending", "popular")
    return {name: slate.base if name == slate.algorithm else none for name in names}


def _because(
    found: list[list[Evidence]],
    snapshot: Snapshot,
    place: int,
    opinions: Opinions,
    slate: Slate,
    share: Floats,
    config: EngineConfig,
) -> None:
    """Name the watched titles whose weights brought the collaborative share, in proportion."""
    held = slice(opinions.queries.indptr[place], opinions.queries.indptr[place + 1])
    history, weights = opinions.queries.indices[held], opinions.queries.data[held]
    known = np.flatnonzero(share > 0)
    if len(history) == 0 or len(known) == 0:
        return
    added = brought(snapshot, history, weights, slate.rows[known])
    total = added.sum(axis=0)
    k = min(config.ranking.reason_titles, len(history))
    top = np.argsort(-added, axis=0, kind="stable")[:k]
    for column, i in enumerate(known):
        named = [int(h) for h in top[:, column] if added[h, column] > 0]
        if named and total[column] > 0:
            part = min(float(added[named, column].sum() / total[column]), 1.0)
            rows = tuple(int(snapshot.items[history[h]]) for h in named)
            _add(found[i], Evidence(BECAUSE, float(share[i]) * part, rows=rows))


def _taste(
    found: list[list[Evidence]],
    snapshot: Snapshot,
    viewer: Viewer,
    slate: Slate,
    share: Floats,
    config: EngineConfig,
) -> None:
    """Name the liked features that a title has, each by its part of the profile's product with the title."""
    if len(viewer.columns) == 0 or not np.any(share > 0):
        return
    profile = np.zeros(len(snapshot.features), np.float32)
    profile[viewer.columns] = viewer.affinity
    of_slate = snapshot.strengths[slate.rows]
    added = of_slate.data * profile[of_slate.indices]
    title = np.repeat(np.arange(len(slate)), np.diff(of_slate.indptr))
    total = np.bincount(title, weights=added, minlength=len(slate))
    liked = np.flatnonzero((added > 0) & (total[title] > 0) & (share[title] > 0))
    order = liked[np.lexsort((of_slate.indices[liked], -added[liked], title[liked]))]
    place = np.arange(len(order)) - np.searchsorted(title[order], title[order])
    for at in order[place < config.ranking.reason_titles]:
        i = int(title[at])
        part = min(float(added[at] / total[i]), 1.0)
        _add(found[i], Evidence(FEATURE, float(share[i]) * part, feature=int(of_slate.indices[at])))


def _likeness(
    found: list[list[Evidence]], snapshot: Snapshot, place: int, opinions: Opinions, slate: Slate, share: Floats
) -> None:
    """Name the liked title that adds most to the proposed one's likeness, for what it adds."""
    held = slice(opinions.histories.indptr[place], opinions.histories.indptr[place + 1])
    rows, weights = opinions.histories.indices[held], opinions.histories.data[held]
    if len(rows) == 0 or not np.any(share > 0):
        return
    added = (snapshot.likeness[slate.rows] @ snapshot.likeness[rows].T).toarray() * weights[None, :]
    # A title that comes back is no evidence for itself.
    added[slate.rows[:, None] == rows[None, :]] = 0.0
    total, most = added.sum(axis=1), np.argmax(added, axis=1)
    for i in np.flatnonzero((total > 0) & (share > 0)):
        part = float(added[i, most[i]] / total[i])
        _add(found[i], Evidence(LIKENESS, float(share[i]) * part, rows=(int(rows[most[i]]),)))


def _friends(found: list[list[Evidence]], viewer: Viewer, slate: Slate, config: EngineConfig) -> None:
    acts: dict[int, list[FriendAct]] = {}
    for act in viewer.friends:
        acts.setdefault(act.row, []).append(act)
    for i, row in enumerate(slate.rows):
        if int(row) in acts:
            weight = slate.base[i] if slate.algorithm == "social" else slate.social[i]
            strongest = sorted(acts[int(row)], key=lambda act: (-act.strength, act.friend_id))
            names = tuple(dict.fromkeys(act.friend_id for act in strongest))
            _add(found[i], Evidence(FRIENDS, float(weight), friends=names[: config.ranking.reasons]))


def _platform_of(snapshot: Snapshot, viewer: Viewer, row: int) -> int:
    # Read straight from the arrays: indexing a sparse matrix costs a hundred times as much.
    held = snapshot.available.indices[snapshot.available.indptr[row] : snapshot.available.indptr[row + 1]].tolist()
    column: int = next(column for column in viewer.subscribed.tolist() if column in held)
    return column


def _add(reasons: list[Evidence], evidence: Evidence) -> None:
    if evidence.weight > 0:
        reasons.append(evidence)


def _best(reasons: Sequence[Evidence], config: EngineConfig) -> list[Evidence]:
    """Return the heaviest reasons, popularity named once; 'popular' where nothing else was found."""
    popular = [reason for reason in reasons if reason.kind == POPULAR]
    if len(popular) > 1:
        together = Evidence(POPULAR, sum(reason.weight for reason in popular))
        reasons = [*(reason for reason in reasons if reason.kind != POPULAR), together]
    ordered = sorted(reasons, key=lambda reason: (-reason.weight, reason.kind, reason.rows, reason.feature))
    return ordered[: config.ranking.reasons] or [Evidence(POPULAR, 0.0)]
