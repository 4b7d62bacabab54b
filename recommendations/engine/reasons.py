"""
Why a title is in a slate: what each piece of evidence added to its score, largest first.

A reason is never made up to please. Each names evidence that stands in the score, weighs what that evidence added, and
would lower the title's score if it were taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.arrays import take_rows
from recommendations.engine.config import EngineConfig
from recommendations.engine.followers import lifted
from recommendations.engine.moments import Effect
from recommendations.engine.scoring import Opinions, brought
from recommendations.engine.slates import Slate
from recommendations.engine.snapshot import FriendAct, Snapshot, Viewer

Floats = NDArray[np.float64]
BECAUSE, LIKENESS, FEATURE, RISING, POPULAR = "because_you_watched", "similar_to", "taste", "trending", "popular"
NEW, PLATFORM, FRIENDS, MOMENT, ASKED, BEGUN = "new", "platform", "friends", "moment", "asked", "begun"


class Evidence(NamedTuple):
    """
    One reason: its kind, what it added to the score, and what it names.

    rows      titles, as rows of the snapshot
    feature   a column of snapshot.strengths, -1 for none
    friends   viewer ids
    platform  a column of snapshot.available, -1 for none
    during    a circumstance of the moment, such as ("time_of_day", "evening"); () for none
    """

    kind: str
    weight: float
    rows: tuple[int, ...] = ()
    feature: int = -1
    friends: tuple[str, ...] = ()
    platform: int = -1
    during: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """
    One kind of evidence for all titles: what it added to each, (n,), and how to put the i-th in words.

    said   the viewer's own words, which are named however little they add: they were heard
    """

    kind: str
    weight: Floats
    name: Callable[[int, float], Evidence]
    said: bool = False


@dataclass(frozen=True)
class _Titles:
    """
    All titles of one viewer's slates, one slate after the other: arrays of (n,), as Slate has them.

    blended, by_friends   which of them stand in a slate of the blend, or of what friends did
    """

    algorithms: tuple[tuple[str, slice], ...]
    blended: NDArray[np.bool_]
    by_friends: NDArray[np.bool_]
    rows: NDArray[np.int64]
    base: Floats
    popularity: Floats
    recency: Floats
    availability: Floats
    social: Floats
    stated: Floats
    moment: Floats

    @classmethod
    def of(cls, slates: Sequence[Slate]) -> _Titles:
        """Return the titles of these slates."""
        ends = np.cumsum([0, *(len(slate) for slate in slates)]).tolist()
        joined = {
            name: np.concatenate([getattr(slate, name) for slate in slates])
            for name in ("rows", "base", "popularity", "recency", "availability", "social", "stated", "moment")
        }
        held = [(slate.algorithm, slice(*ends[place : place + 2])) for place, slate in enumerate(slates)]
        masks = {"hybrid": np.zeros(ends[-1], bool), "social": np.zeros(ends[-1], bool)}
        for algorithm, inside in held:
            if algorithm in masks:
                masks[algorithm][inside] = True
        return cls(tuple(held), masks["hybrid"], masks["social"], **joined)

    def __len__(self) -> int:
        return len(self.rows)


def explain(
    snapshot: Snapshot,
    viewer: Viewer,
    place: int,
    opinions: Opinions,
    slates: Sequence[Slate],
    config: EngineConfig,
    moment: Effect | None = None,
) -> list[list[list[Evidence]]]:
    """
    Return, slate by slate, the reasons of each title, ranking.reasons each at most and one at least, largest first.

    What adds less than ranking.least_reason is left out, unless it is all there is or the viewer said it.

    place    the viewer's row in the opinions
    slates   the viewer's, one an algorithm; together they cost little more than one of them
    moment   what the moment added, where it was asked

    Everything is weighed for all titles at once, and only what is kept is named: naming is what costs.
    """
    titles = _Titles.of(slates)
    shares = _shares(place, opinions, titles)
    profile_share = config.candidates.profile_share
    sources = [
        *_because(snapshot, place, opinions, titles, shares, config),
        *_taste(snapshot, viewer, titles, shares["content_based"] * profile_share, config),
        *_stated(snapshot, viewer, titles),
        *_likeness(snapshot, place, opinions, titles, shares["content_based"] * (1 - profile_share)),
        *_friends(viewer, titles, config),
        *_moment(titles, moment),
        *_of_titles(snapshot, viewer, titles, shares),
    ]
    # Equal weights keep the order of kinds.
    sources.sort(key=lambda source: source.kind)
    weights = np.stack([source.weight for source in sources])
    order = np.argsort(-weights, axis=0, kind="stable")[: config.ranking.reasons]
    kept = np.take_along_axis(weights, order, axis=0)
    said = np.array([source.said for source in sources])[order]
    # The first is named however little it adds.
    kept[1:][(kept[1:] < config.ranking.least_reason) & ~said[1:]] = 0.0
    base = titles.base.tolist()
    named = [
        [sources[s].name(i, weight) for s, weight in zip(of_title, heavy, strict=True) if weight > 0]
        or [Evidence(POPULAR if base[i] > 0 else ASKED, 0.0)]
        for i, (of_title, heavy) in enumerate(zip(order.T.tolist(), kept.T.tolist(), strict=True))
    ]
    return [named[inside] for _, inside in titles.algorithms]


def _of_titles(snapshot: Snapshot, viewer: Viewer, slate: _Titles, shares: dict[str, Floats]) -> list[Source]:
    """Name what speaks for a title whoever the viewer is: that it rises, is popular, is new, can be watched."""
    rises = snapshot.trend[slate.rows] > 0
    popular = shares["popular"] + np.maximum(slate.popularity, 0.0) + np.where(rises, 0.0, shares["trending"])
    rows = slate.rows.tolist()

    def on_platform(i: int, weight: float) -> Evidence:
        return Evidence(PLATFORM, weight, platform=_platform_of(snapshot, viewer, rows[i]))

    return [
        Source(NEW, slate.recency, lambda i, weight: Evidence(NEW, weight)),
        Source(PLATFORM, slate.availability, on_platform),
        Source(POPULAR, popular, lambda i, weight: Evidence(POPULAR, weight)),
        Source(RISING, np.where(rises, shares["trending"], 0.0), lambda i, weight: Evidence(RISING, weight)),
    ]


def _shares(place: int, opinions: Opinions, slate: _Titles) -> dict[str, Floats]:
    """Return how much of each title's base score each algorithm brought, (n,) each."""
    names = ("collaborative", "content_based", "trending", "popular")
    shares = {name: np.zeros(len(slate)) for name in names}
    own = slate.base - slate.stated - slate.moment
    for algorithm, inside in slate.algorithms:
        if algorithm in shares:
            shares[algorithm][inside] = own[inside]
        elif algorithm == "hybrid":
            rows = slate.rows[inside]
            for name in names[:-1]:
                shares[name][inside] = opinions.weights[name][place] * opinions.of(name)[place, rows].astype(np.float64)
            rest = own[inside] - sum(shares[name][inside] for name in names[:-1])
            shares["popular"][inside] = np.maximum(rest, 0.0)
    return shares


def _because(
    snapshot: Snapshot,
    place: int,
    opinions: Opinions,
    slate: _Titles,
    shares: dict[str, Floats],
    config: EngineConfig,
) -> list[Source]:
    """
    Name the watched titles that brought a title: what those who liked them liked as well, or went on to like.

    What they brought to the popular share is taken out of it: it is not popularity.
    """
    held = slice(opinions.queries.indptr[place], opinions.queries.indptr[place + 1])
    history, weights = opinions.queries.indices[held], opinions.queries.data[held]
    if len(history) == 0 or not (shares["collaborative"].any() or shares["popular"].any()):
        return []
    added = brought(snapshot, history, weights, slate.rows).astype(np.float64)
    total = added.sum(axis=0)
    added *= np.divide(shares["collaborative"], total, out=np.zeros(len(slate)), where=total > 0)
    if slate.blended.any() and opinions.popular_unit[place] > 0:
        whole = float(opinions.histories[place].sum())
        next_one = lifted(snapshot.followers, snapshot.items[history], weights, whole, slate.rows)
        next_one = next_one * (opinions.weights["popular"][place] / opinions.popular_unit[place])
        next_one *= slate.blended & (shares["popular"] > 0)
        shares["popular"] = np.maximum(shares["popular"] - next_one.sum(axis=0), 0.0)
        added += next_one
    whole_share = np.maximum(added.sum(axis=0), 0.0)
    titles = snapshot.items[history].tolist()
    most, columns = [], np.arange(len(slate))
    part = np.zeros(len(slate))
    for _ in range(min(config.ranking.reason_titles, len(history))):
        best = np.argmax(added, axis=0)
        gain = added[best, columns]
        part += np.maximum(gain, 0.0)
        most.append(np.where(gain > 0, best, -1).tolist())
        added[best, columns] = -np.inf

    def named(i: int, weight: float) -> Evidence:
        return Evidence(BECAUSE, weight, rows=tuple(titles[places[i]] for places in most if places[i] >= 0))

    return [Source(BECAUSE, np.minimum(part, whole_share), named)]


def _taste(snapshot: Snapshot, viewer: Viewer, slate: _Titles, share: Floats, config: EngineConfig) -> list[Source]:
    """Name the liked features that a title has, each by its part of the profile's product with the title."""
    if len(viewer.columns) == 0 or not share.any():
        return []
    profile = np.zeros(len(snapshot.features), np.float32)
    profile[viewer.columns] = viewer.affinity
    of_slate = take_rows(snapshot.strengths, slate.rows)
    added = of_slate.data * profile[of_slate.indices]
    title = np.repeat(np.arange(len(slate)), np.diff(of_slate.indptr))
    total = np.bincount(title, weights=added, minlength=len(slate))
    liked = np.flatnonzero((added > 0) & (total[title] > 0))
    order = liked[np.lexsort((of_slate.indices[liked], -added[liked], title[liked]))]
    nth = np.arange(len(order)) - np.searchsorted(title[order], title[order])
    sources = []
    for n in range(config.ranking.reason_titles):
        at = order[nth == n]
        weight, feature = np.zeros(len(slate)), np.full(len(slate), -1)
        weight[title[at]] = share[title[at]] * np.minimum(added[at] / total[title[at]], 1.0)
        feature[title[at]] = of_slate.indices[at]
        sources.append(Source(FEATURE, weight, _feature_namer(feature.tolist())))
    return sources


def _stated(snapshot: Snapshot, viewer: Viewer, slate: _Titles) -> list[Source]:
    """Name the feature of a title that the viewer says they like most, for what their words added."""
    if viewer.is_stated is None or not np.any(slate.stated > 0):
        return []
    columns, affinity = viewer.columns[viewer.is_stated], viewer.affinity[viewer.is_stated]
    having = take_rows(snapshot.strengths, slate.rows)[:, columns] > 0
    most = np.argmax(having.toarray() * affinity, axis=1)
    return [Source(FEATURE, np.maximum(slate.stated, 0.0), _feature_namer(columns[most].tolist()), said=True)]


def _feature_namer(feature: list[int]) -> Callable[[int, float], Evidence]:
    return lambda i, weight: Evidence(FEATURE, weight, feature=feature[i])


def _likeness(snapshot: Snapshot, place: int, opinions: Opinions, slate: _Titles, share: Floats) -> list[Source]:
    """Name the liked title that adds most to the proposed one's likeness, for what it adds."""
    held = slice(opinions.histories.indptr[place], opinions.histories.indptr[place + 1])
    rows, weights = opinions.histories.indices[held], opinions.histories.data[held]
    if len(rows) == 0 or not share.any():
        return []
    alike = take_rows(snapshot.likeness, slate.rows) @ take_rows(snapshot.likeness, rows).T
    added = alike.toarray() * weights[None, :]
    # A title that comes back is no evidence for itself.
    added[slate.rows[:, None] == rows[None, :]] = 0.0
    total, most = added.sum(axis=1), np.argmax(added, axis=1)
    gain = added[np.arange(len(slate)), most]
    titles = rows[most].tolist()
    return [
        Source(
            LIKENESS,
            share * np.divide(gain, total, out=np.zeros(len(slate)), where=total > 0),
            lambda i, weight: Evidence(LIKENESS, weight, rows=(titles[i],)),
        )
    ]


def _friends(viewer: Viewer, slate: _Titles, config: EngineConfig) -> list[Source]:
    """Name the friends who did something with a title, the strongest act first."""
    if not viewer.friends:
        return []
    acts: dict[int, list[FriendAct]] = {}
    for act in viewer.friends:
        acts.setdefault(act.row, []).append(act)
    rows = slate.rows.tolist()
    told = np.array([row in acts for row in rows], dtype=bool)

    def named(i: int, weight: float) -> Evidence:
        strongest = sorted(acts[rows[i]], key=lambda act: (-act.strength, act.friend_id))
        names = tuple(dict.fromkeys(act.friend_id for act in strongest))
        return Evidence(FRIENDS, weight, friends=names[: config.ranking.reasons])

    weight = np.where(slate.by_friends, slate.base, slate.social)
    return [Source(FRIENDS, np.where(told, weight, 0.0), named)]


def _moment(slate: _Titles, moment: Effect | None) -> list[Source]:
    """Name the circumstance that adds most to each title, for what the moment adds."""
    if moment is None or not np.any(slate.moment > 0):
        return []
    most = np.argmax(moment.parts[:, slate.rows], axis=0).tolist()

    def named(i: int, weight: float) -> Evidence:
        return Evidence(MOMENT, weight, during=moment.circumstances[most[i]])

    return [Source(MOMENT, np.maximum(slate.moment, 0.0), named)]


def _platform_of(snapshot: Snapshot, viewer: Viewer, row: int) -> int:
    # Read straight from the arrays: indexing a sparse matrix costs a hundred times as much.
    held = snapshot.available.indices[snapshot.available.indptr[row] : snapshot.available.indptr[row + 1]].tolist()
    column: int = next(column for column in viewer.subscribed.tolist() if column in held)
    return column
