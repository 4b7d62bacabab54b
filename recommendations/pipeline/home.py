"""One ranking of a viewer -> the rows of a home page, kept as one list."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bingeboard.errors import NotFound
from experiments.queries import assignments_for
from recommendations.engine import reasons
from recommendations.engine.arrays import rows_in
from recommendations.engine.candidates import Proposal
from recommendations.engine.config import EngineConfig
from recommendations.engine.rows import Offer, arrange
from recommendations.engine.snapshot import Snapshot, Viewer
from recommendations.models import ServedList
from recommendations.pipeline import candidates, folding, moments, ranking, served
from recommendations.pipeline.moments import Moment
from recommendations.pipeline.served import Entry
from recommendations.pipeline.wording import Names
from recommendations.queries import home
from recommendations.queries.filters import ListFilter, allowed_rows, still_active

logger = logging.getLogger(__name__)
CONTINUE, TOP, RISING, FRIENDS = "continue_watching", "top_picks", "rising", "friends"
MINE, LISTED, NEW, BECAUSE, GENRE = "your_platforms", "your_list", "new_releases", "because:", "genre:"
TITLES = {
    CONTINUE: "Continue watching",
    TOP: "Top picks for you",
    RISING: "More watched than usual",
    FRIENDS: "What your friends watch",
    MINE: "On your services",
    LISTED: "From your list",
    NEW: "New for you",
}
UNKNOWN_TOP = "Popular with viewers"


@dataclass(frozen=True)
class Home:
    """A home page: the list it is kept as, and of its rows (key, title, how many places of the list), in order."""

    served: ServedList
    rows: Sequence[tuple[str, str, int]]


# Where a title stands in a proposal, from 0. Most of them come to no row, and are never put together.
_Place = tuple[Proposal, int]


@dataclass(frozen=True)
class _Ranked:
    """All that the rows of a viewer's page are cut from, best first each, by title id."""

    viewer: Viewer
    known: Snapshot
    pool: dict[int, _Place]
    rising: dict[int, _Place]
    friends: dict[int, _Place]
    begun: dict[int, _Place]


def make_home(
    *,
    user_id: str,
    rows: int,
    per_row: int,
    filter: ListFilter | None = None,
    moment: Moment | None = None,
    now: dt.datetime,
) -> Home:
    """
    Make a viewer's home page of this moment, keep it as one list, and return it.

    All rows are cut from one ranking, top to bottom, and no title stands in two. Nothing of it is left to chance: the
    page is the same until something changes. What was begun and not finished comes first, which no other list shows;
    rows about a title or genre need home.least titles; a viewer of whom nothing is known gets what is popular, what
    rises and what is new.
    """
    chosen = filter or ListFilter()
    folding.settle(user_ids=[user_id])
    assigned = assignments_for(user_id=user_id, now=now)
    config = ranking.configured(assigned)
    try:
        known = candidates.snapshot(now=now)
    except NotFound as unfitted:
        logger.warning("an empty page was served: %s", unfitted.message)
        return Home(served.keep([], user_id=user_id, assigned=assigned, filter=chosen, moment=moment, now=now), [])
    ranked = _ranked(user_id, chosen, moment, config, known, per_row, now)
    wanted = home.listed(user_id=user_id)
    offers = _offers(ranked, wanted, config, rows, now)
    page = arrange(offers, rows=rows, per_row=per_row)
    entries = [_entry(ranked, key, show_id) for key, show_ids in page for show_id in show_ids]
    titles = _titles(ranked, [key for key, _ in page])
    named = [(key, titles[key], len(show_ids)) for key, show_ids in page]
    kept = served.keep(
        entries,
        user_id=user_id,
        assigned=assigned,
        filter=chosen,
        moment=moment,
        now=now,
        version=known.version,
        page={"home": [list(row) for row in named]},
        config=config,
    )
    return Home(kept, named)


def _ranked(
    user_id: str,
    chosen: ListFilter,
    moment: Moment | None,
    config: EngineConfig,
    known: Snapshot,
    per_row: int,
    now: dt.datetime,
) -> _Ranked:
    """Score everything once and cut from it the pool, what rises and what friends did; what was begun beside."""
    allowed = allowed_rows(chosen=chosen, user_id=user_id, known=known, today=now.date())
    narrows = allowed is not None
    active = still_active(known=known)
    allowed = active if allowed is None else allowed & active
    started = home.begun(user_id=user_id, since=now - dt.timedelta(days=config.home.begun))
    effects = None
    if moment is not None:
        effects = [moments.effect_of(moment=moment, user_id=user_id, known=known, now=now, config=config)]
    viewer = candidates.viewers_of(user_ids=[user_id], known=known, now=now, config=config)[0]
    sizes = {"hybrid": config.home.pool, "trending": 2 * per_row, "social": 2 * per_row}
    proposals = candidates.proposals_for(
        viewers=[viewer], known=known, now=now, algorithms=list(sizes), sizes=sizes, config=config,
        diversity=chosen.diversity, allowed=allowed, include_seen=chosen.include_seen, moments=effects,
        fill=narrows,
    )  # fmt: skip
    found = {p.slate.algorithm: _places(p, known) for p in proposals}
    begun = {}
    if started:
        begun = _begun(viewer, started, allowed, config, known, now)
    return _Ranked(viewer, known, found["hybrid"], _rising(found["trending"], known), found["social"], begun)


def _begun(
    viewer: Viewer,
    started: Sequence[int],
    allowed: NDArray[np.bool_],
    config: EngineConfig,
    known: Snapshot,
    now: dt.datetime,
) -> dict[int, _Place]:
    """Return what was begun, the latest first."""
    only = np.zeros((1, len(known)), dtype=bool)
    rows = rows_in(known.show_ids, np.array(started, dtype=np.int64))
    only[0, rows[rows >= 0]] = True
    only &= allowed
    proposals = candidates.proposals_for(
        viewers=[viewer], known=known, now=now, algorithms=["hybrid"], sizes={"hybrid": len(started)}, config=config,
        diversity=0.0, allowed=only, fill=True,
    )  # fmt: skip
    scored = _places(proposals[0], known)
    return {show_id: scored[show_id] for show_id in started if show_id in scored}


def _places(proposal: Proposal, known: Snapshot) -> dict[int, _Place]:
    return {show_id: (proposal, place) for place, show_id in enumerate(known.show_ids[proposal.slate.rows].tolist())}


def _rising(places: dict[int, _Place], known: Snapshot) -> dict[int, _Place]:
    """Return those that rise; behind them trends name what is merely popular."""
    rises = known.trend[rows_in(known.show_ids, np.array(list(places), dtype=np.int64))] > 0
    return {show_id: place for (show_id, place), up in zip(places.items(), rises.tolist(), strict=True) if up}


def _offers(ranked: _Ranked, wanted: Sequence[int], config: EngineConfig, rows: int, now: dt.datetime) -> list[Offer]:
    """Return what each row could hold, in the order rows stand."""
    pool, least = ranked.pool, config.home.least
    because = [Offer(f"{BECAUSE}{show}", titles, least) for show, titles in _because(ranked, config).items()]
    genres = [Offer(f"{GENRE}{genre}", titles, least) for genre, titles in _genres(ranked, rows).items()]
    fresh = _fresh(ranked, config, now)
    return [
        Offer(CONTINUE, list(ranked.begun)),
        Offer(TOP, list(pool)),
        *because[:1],
        Offer(LISTED, [show_id for show_id in wanted if show_id in pool]),
        Offer(FRIENDS, list(ranked.friends)),
        Offer(RISING, list(ranked.rising)),
        Offer(MINE, [show for show, (found, at) in pool.items() if found.slate.availability[at] > 0], least),
        *because[1 : config.home.because],
        Offer(NEW, fresh, least),
        *genres,
    ]


def _because(ranked: _Ranked, config: EngineConfig) -> dict[int, list[int]]:
    """Return by watched title, the latest liked first, what it brought into the pool."""
    brought: dict[int, list[int]] = {}
    for show_id, (proposal, place) in ranked.pool.items():
        named = {
            row
            for evidence in proposal.reasons[place]
            if evidence.kind in (reasons.BECAUSE, reasons.LIKENESS)
            for row in evidence.rows
        }
        for row in named:
            brought.setdefault(int(ranked.known.show_ids[row]), []).append(show_id)
    viewer = ranked.viewer
    liked = np.flatnonzero(viewer.liked >= config.collaborative.like_threshold)
    latest = liked[np.argsort(-viewer.day[liked], kind="stable")]
    history = ranked.known.show_ids[viewer.history[latest]].tolist()
    return {show: brought[show] for show in dict.fromkeys(history) if show in brought}


def _genres(ranked: _Ranked, rows: int) -> dict[str, list[int]]:
    """Return the pool by genre, the genres that stand in it most and highest first."""
    known, pool = ranked.known, ranked.pool
    at = rows_in(known.show_ids, np.array(list(pool), dtype=np.int64))
    genres = [(column, value) for column, (kind, value) in enumerate(known.features) if kind == "genre"]
    having = (known.strengths[at][:, [column for column, _ in genres]] > 0).toarray() if genres else np.zeros((0, 0))
    weight = 1.0 / (10.0 + np.arange(len(at)))
    counted = Counter({value: float(weight[having[:, i]].sum()) for i, (_, value) in enumerate(genres)})
    shows = np.array(list(pool), dtype=np.int64)
    place = {value: i for i, (_, value) in enumerate(genres)}
    return {value: shows[having[:, place[value]]].tolist() for value, _ in counted.most_common(2 * rows)}


def _fresh(ranked: _Ranked, config: EngineConfig, now: dt.datetime) -> list[int]:
    known = ranked.known
    at = rows_in(known.show_ids, np.array(list(ranked.pool), dtype=np.int64))
    age = now.timestamp() / 86_400 - known.release_day[at]
    return [show_id for show_id, days in zip(ranked.pool, age.tolist(), strict=True) if days <= config.home.new]


def _entry(ranked: _Ranked, key: str, show_id: int) -> Entry:
    """Return a place of a row: the score and the reasons of the list that the row was cut from."""
    source = {CONTINUE: ranked.begun, FRIENDS: ranked.friends, RISING: ranked.rising}.get(key, ranked.pool)
    proposal, place = source[show_id]
    entry = served.entry_of(proposal, place, ranked.known, algorithm=proposal.slate.algorithm)
    # What was begun is there for that one reason.
    return replace(entry, reasons=[{"kind": reasons.BEGUN, "weight": 1.0}]) if key == CONTINUE else entry


def _titles(ranked: _Ranked, keys: Iterable[str]) -> dict[str, str]:
    """Return what stands above each row."""
    keys = list(keys)
    watched = [int(key.removeprefix(BECAUSE)) for key in keys if key.startswith(BECAUSE)]
    names = Names.of([{"shows": watched}]).titles
    titles = dict(TITLES)
    if not len(ranked.viewer.history):
        titles[TOP] = UNKNOWN_TOP
    for key in keys:
        if key.startswith(BECAUSE):
            titles[key] = f"Because you watched {names.get(int(key.removeprefix(BECAUSE)), 'something like it')}"
        elif key.startswith(GENRE):
            titles[key] = f"{key.removeprefix(GENRE)} for you"
    return titles
