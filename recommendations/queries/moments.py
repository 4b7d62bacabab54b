"""What viewers watched with pleasure, and in which circumstances: acts -> arrays."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from recommendations.engine.arrays import rows_in
from recommendations.engine.config import EngineConfig
from recommendations.engine.moments import Acts, Circumstance
from recommendations.engine.snapshot import Snapshot
from recommendations.engine.weighting import event_codes, evidence_weights, signals

TIMES_OF_DAY = ("night", "morning", "afternoon", "evening")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ACTS = """
    SELECT e.user_id, e.content_id, e.event_type, e.engagement_score,
           extract(hour FROM e.created_at AT TIME ZONE u.timezone)::int / 6,
           extract(isodow FROM e.created_at AT TIME ZONE u.timezone)::int,
           left(lower(e.context->>'device'), 64), left(lower(e.context->>'mood'), 64)
    FROM {acts} e JOIN users u ON u.id = e.user_id AND u.personalisation
    WHERE e.content_id IS NOT NULL AND e.engagement_score > 0.5 AND e.session_id <> 'import' {chosen}
        AND NOT EXISTS (
            SELECT 1 FROM taste_exclusions x WHERE x.user_id = e.user_id
            AND (x.session_id IS NULL OR x.session_id = e.session_id)
            AND (x.content_id IS NULL OR x.content_id = e.content_id))
    ORDER BY e.user_id, e.created_at, e.id
"""


def acts_of(*, user_ids: Sequence[str], known: Snapshot, config: EngineConfig) -> dict[str, Acts]:
    """Return what each of these viewers watched with pleasure, and when and on what."""
    query = _ACTS.format(acts="user_behavior_events", chosen="AND e.user_id = ANY(%s)")
    with connection.cursor() as cursor:
        cursor.execute(query, [list(user_ids)])
        rows = cursor.fetchall()
    return {user_id: _acts([row for row in rows if row[0] == user_id], known, config) for user_id in user_ids}


def latest_acts(*, known: Snapshot, config: EngineConfig) -> Acts:
    """Return what everybody watched with pleasure of late: of the latest context.acts acts those that say so."""
    latest = "(SELECT * FROM user_behavior_events ORDER BY id DESC LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(_ACTS.format(acts=latest, chosen=""), [config.context.acts])
        return _acts(cursor.fetchall(), known, config)


def runtimes(*, known: Snapshot) -> np.ndarray:
    """Return how long each title of the snapshot is in minutes, (n_titles,) float64, NaN where that is not known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, runtime_minutes::float8 FROM shows WHERE runtime_minutes > 0")
        rows = cursor.fetchall()
    found = np.full(len(known), np.nan)
    if rows:
        ids, minutes = zip(*rows, strict=True)
        at = rows_in(known.show_ids, np.array(ids, dtype=np.int64))
        found[at[at >= 0]] = np.array(minutes)[at >= 0]
    return found


def habit(*, user_id: str, kind: str) -> str | None:
    """Return what a viewer's circumstances of a kind mostly are; None where none is more than half of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT context_value FROM (SELECT context_value, frequency, sum(frequency) OVER () AS total"
            " FROM user_context WHERE user_id = %s AND context_type = %s) AS c WHERE 2 * frequency > total",
            [user_id, kind],
        )
        found = cursor.fetchone()
    return None if found is None else str(found[0])


def at_home(*, user_id: str, now: dt.datetime, timezone: str | None) -> dt.datetime:
    """Return the moment by a viewer's clock; where no time zone is given, that of the viewer's account."""
    if timezone is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT timezone FROM users WHERE id = %s", [user_id])
            found = cursor.fetchone()
        timezone = found[0] if found else None
    try:
        return now.astimezone(zoneinfo.ZoneInfo(timezone or "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return now.astimezone(dt.UTC)


def day_kind(isodow: int) -> str:
    """Return whether a day, 1 for Monday to 7, is of the weekend: people watch otherwise then, and not each day so."""
    return "weekend" if isodow >= 6 else "weekday"


def _acts(rows: list[tuple[Any, ...]], known: Snapshot, config: EngineConfig) -> Acts:
    _, shows, kinds, engaged, hours, days, devices, moods = zip(*rows, strict=True) if rows else ((),) * 8
    at = rows_in(known.show_ids, np.array(shows, dtype=np.int64))
    weight = evidence_weights(event_codes(kinds), config.events) * signals(np.array(engaged, dtype=np.float64))
    use = (at >= 0) & (weight > 0)
    columns = {
        "time_of_day": np.array([TIMES_OF_DAY[hour] for hour in hours], dtype=object),
        "day_of_week": np.array([day_kind(day) for day in days], dtype=object),
        "device": np.array(devices, dtype=object),
        "mood": np.array(moods, dtype=object),
    }
    during: dict[Circumstance, np.ndarray] = {}
    for kind, values in columns.items():
        for value in sorted({value for value in values[use].tolist() if value}):
            during[kind, value] = values[use] == value
    return Acts(at[use], weight[use], during)
