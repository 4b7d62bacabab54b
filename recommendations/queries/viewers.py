"""Viewers as scoring sees them: what they did, like, have, and what friends did."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from recommendations.engine.arrays import rows_in
from recommendations.engine.config import EngineConfig
from recommendations.engine.profiles import affinities, combine, invert
from recommendations.engine.snapshot import FriendAct, Snapshot, Viewer
from recommendations.queries.answers import load_answers
from recommendations.queries.copying import read_records
from recommendations.queries.events import SECONDS_PER_DAY, EventArrays, dealt_with, load_events

# Entries of a taste as they would be: (type, value) -> (affinity, whether the viewer states it).
Stated = dict[tuple[str, str], tuple[float, bool]]
Likes = Callable[[EventArrays], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class Tastes:
    """One viewer's taste: columns of the snapshot's features, affinity in [-1, 1], and which of them are stated."""

    columns: NDArray[np.int64]
    affinity: NDArray[np.float64]
    is_stated: NDArray[np.bool_]


def tastes(
    *, user_ids: Sequence[str], snapshot: Snapshot, config: EngineConfig, instead: Stated | None = None
) -> dict[str, Tastes]:
    """
    Return each viewer's taste as of the viewer's own latest act.

    Rows are kept as of different moments; all are brought to one. What a viewer stated stands as it is.

    instead   entries as they would be, in place of those that are kept
    """
    instead = instead or {}
    rows = read_records(select=_TASTES, columns=_TASTE_COLUMNS, params=[list(user_ids)])
    keys, columns = _keys_of(snapshot)
    place = rows_in(keys, rows["feature"].astype(np.int64))
    wanted = place >= 0
    if instead:
        replaced = [snapshot.feature_column[key] for key in instead if key in snapshot.feature_column]
        wanted &= ~np.isin(columns[place], replaced)
    rows, column = rows[wanted], columns[place[wanted]]
    ends = np.searchsorted(rows["viewer"], np.arange(len(user_ids) + 1), side="right").tolist()
    known = {
        user: _as_of_latest(rows[start:end], column[start:end], config)
        for user, start, end in zip(user_ids, ends, ends[1:], strict=False)
        if end > start
    }
    if instead:
        known = {user: _with(known.get(user), instead, snapshot) for user in user_ids}
    return known


# What a viewer did not state is NaN: rows of fixed width have no NULL.
_TASTES = """
    SELECT u.place, hashtextextended(t.feature_type || ':' || t.feature_value, 0), t.affinity_score, t.confidence,
        extract(epoch FROM t.last_updated)::float8, t.decay_rate, coalesce(t.stated_affinity, 'NaN')
    FROM unnest(%s::text[]) WITH ORDINALITY AS u(user_id, place) JOIN user_taste_profiles t USING (user_id)
    ORDER BY u.place, t.feature_type, t.feature_value
"""
_TASTE_COLUMNS = [("viewer", "int8"), ("feature", "int8")] + [
    (name, "float8") for name in ("affinity", "confidence", "seconds", "rate", "stated")
]
_keys: dict[str, tuple[Any, NDArray[np.int64], NDArray[np.int64]]] = {}


def _keys_of(snapshot: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Return the snapshot's features by the number that PostgreSQL gives their names, ascending, and their columns.

    Numbers are read in one go where names are read one by one. Two names of 30,000 have the same number of 64 bits
    once in ten thousand million catalogues.
    """
    held = _keys.get("held")
    if held is None or held[0] is not snapshot.features:
        kinds, values = zip(*snapshot.features, strict=True) if snapshot.features else ((), ())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT hashtextextended(kind || ':' || value, 0)"
                " FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS f(kind, value, place) ORDER BY place",
                [list(kinds), list(values)],
            )
            keys = np.array([key for (key,) in cursor.fetchall()], dtype=np.int64)
        order = np.argsort(keys)
        held = _keys["held"] = (snapshot.features, keys[order], order)
    return held[1], held[2]


def _as_of_latest(rows: NDArray[np.void], columns: NDArray[np.int64], config: EngineConfig) -> Tastes:
    affinity, confidence, seconds, rate, stated = (
        rows[name].astype(np.float64) for name in ("affinity", "confidence", "seconds", "rate", "stated")
    )
    day = np.where(confidence > 0, seconds / SECONDS_PER_DAY, -np.inf)
    sums = invert(affinity, confidence, day, config.profiles.prior)
    # A statement is no act: it makes nothing older.
    latest = day[confidence > 0].max(initial=-np.inf)
    nothing = invert(np.zeros(len(day)), np.zeros(len(day)), np.full(len(day), latest), config.profiles.prior)
    learned, _ = affinities(combine(sums, nothing, rate), config.profiles.prior)
    is_stated = ~np.isnan(stated)
    return Tastes(columns, np.where(is_stated, stated, learned), is_stated)


def _with(known: Tastes | None, instead: Stated, snapshot: Snapshot) -> Tastes:
    new = [(snapshot.feature_column[key], *entry) for key, entry in instead.items() if key in snapshot.feature_column]
    columns, affinity, is_stated = (np.array(c) for c in zip(*new, strict=True)) if new else (np.zeros(0),) * 3
    parts = [Tastes(columns.astype(np.int64), affinity.astype(np.float64), is_stated.astype(bool))]
    parts = parts if known is None else [known, *parts]
    order = np.argsort(np.concatenate([part.columns for part in parts]), kind="stable")
    return Tastes(
        *(
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("columns", "affinity", "is_stated")
        )
    )


def subscriptions(*, user_ids: Sequence[str], snapshot: Snapshot) -> dict[str, NDArray[np.int64]]:
    """Return which columns of snapshot.available each viewer subscribes to."""
    column = {slug: place for place, slug in enumerate(snapshot.platforms)}
    found: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, platform_name FROM platform_user_preferences WHERE user_id = ANY(%s) AND has_subscription"
            " ORDER BY user_id, platform_name",
            [list(user_ids)],
        )
        for user, slug in cursor.fetchall():
            if slug in column:
                found.setdefault(user, []).append(column[slug])
    return {user: np.array(columns, dtype=np.int64) for user, columns in found.items()}


def load_viewers(
    *,
    user_ids: Sequence[str],
    snapshot: Snapshot,
    likes: Likes,
    friend_acts: dict[str, list[tuple[str, int, str, float]]],
    now: dt.datetime,
    config: EngineConfig,
    instead: Stated | None = None,
) -> list[Viewer]:
    """
    Return these viewers, in their order, ready to be scored.

    likes         turns events into (viewer, row, liked, day) entries; see pipeline.collaborative
    friend_acts   viewer -> (friend, show id, kind, strength) of what friends did
    instead       entries of their tastes as they would be
    """
    events = load_events(user_ids=user_ids, departed=True, config=config)
    user, row, liked, day = likes(events)
    ends = np.searchsorted(user, np.arange(len(events.users) + 1))
    taste = tastes(user_ids=user_ids, snapshot=snapshot, config=config, instead=instead)
    has = subscriptions(user_ids=user_ids, snapshot=snapshot)
    done = dealt_with(user_ids=user_ids)
    answers = load_answers(user_ids=user_ids, snapshot=snapshot, events=events, now=now, config=config)
    nothing = np.zeros(0, np.int64)
    unknown = Tastes(nothing, np.zeros(0), np.zeros(0, bool))
    viewers = []
    for user_id in user_ids:
        held = slice(0, 0)
        if user_id in events.users:
            place = events.users.row(user_id)
            held = slice(ends[place], ends[place + 1])
        latest = np.argsort(day[held], kind="stable")[-config.collaborative.history :]
        liking = taste.get(user_id, unknown)
        rows = rows_in(snapshot.show_ids, np.array(sorted(done[user_id]), dtype=np.int64))
        viewers.append(
            Viewer(
                user_id=user_id,
                history=row[held][latest],
                liked=liked[held][latest],
                day=day[held][latest],
                columns=liking.columns,
                affinity=liking.affinity,
                is_stated=liking.is_stated,
                dealt_with=rows[rows >= 0],
                subscribed=has.get(user_id, nothing),
                friends=_friends(friend_acts.get(user_id, []), snapshot),
                answers=answers.get(user_id),
            )
        )
    return viewers


def _friends(acts: list[tuple[str, int, str, float]], snapshot: Snapshot) -> list[FriendAct]:
    rows = rows_in(snapshot.show_ids, np.array([show for _, show, _, _ in acts], dtype=np.int64))
    return [
        FriendAct(friend, int(row), kind, strength)
        for (friend, _, kind, strength), row in zip(acts, rows, strict=True)
        if row >= 0
    ]


def trend_by_show(*, now: dt.datetime) -> dict[int, float]:
    """Return how surprisingly well titles do in the last week, or month where the week has nothing to say."""
    found: dict[int, float] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_id, trend_score FROM trending_cache WHERE trend_type = 'global' AND segment = '{}'"
            " AND time_window IN ('week', 'month') AND expires_at > %s ORDER BY time_window = 'week', content_id",
            [now],
        )
        # The week comes last and wins.
        for show_id, score in cursor.fetchall():
            found[show_id] = score
    return found
