"""What viewers like, how they watch and what they gave of themselves: what groups of viewers are made from."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.clusters import Habits
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.profiles import affinities, combine, invert
from recommendations.queries.copying import read_records
from recommendations.queries.events import SECONDS_PER_DAY

# Whose doings may shape what is shown.
ALLOWED = "u.personalisation AND u.is_active"


def taste_strengths(*, config: EngineConfig = DEFAULT) -> tuple[list[str], sparse.csr_matrix]:
    """
    Return what viewers like: (viewer ids ascending, csr (n_viewers, n_features) of affinity times confidence).

    As of each viewer's own latest act, so that standing still changes nothing; rows are kept as of different
    moments. What a viewer stated is certain. Only those who allow personalisation have a row.
    """
    users = ids_allowed("SELECT DISTINCT t.user_id AS id FROM user_taste_profiles t")
    features = _features()
    columns = [(name, "float8") for name in ("affinity", "confidence", "seconds", "rate", "stated")]
    found = read_records(
        select="SELECT v.row::int4 - 1, f.row::int4 - 1, t.affinity_score, t.confidence,"
        " extract(epoch FROM t.last_updated)::float8, t.decay_rate, coalesce(t.stated_affinity, 'NaN')"
        " FROM user_taste_profiles t JOIN unnest(%s::text[]) WITH ORDINALITY v(id, row) ON v.id = t.user_id"
        " JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY f(kind, value, row)"
        " ON f.kind = t.feature_type AND f.value = t.feature_value",
        columns=[("user", "int4"), ("feature", "int4"), *columns],
        params=[users, [kind for kind, _ in features], [value for _, value in features]],
    )
    user, feature = found["user"].astype(np.int64), found["feature"].astype(np.int64)
    affinity, confidence, seconds, rate, stated = (found[name].astype(np.float64) for name, _ in columns)
    # A statement is no act: it makes nothing older.
    day = np.where(confidence > 0, seconds / SECONDS_PER_DAY, -np.inf)
    learned = _as_of_latest(user, affinity, confidence, day, rate, config.profiles.prior)
    value = np.where(np.isnan(stated), learned, stated)
    return users, sparse.coo_matrix((value, (user, feature)), shape=(len(users), len(features))).tocsr()


def furthest_plays() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return how far each viewer got in each title whose end is known: (its minutes, NaN where not known; progress 0-1).

    Only those who allow personalisation count.
    """
    found = read_records(
        select="""
            SELECT coalesce(min(s.runtime_minutes)::float8, 'NaN'), max(CASE e.event_type WHEN 'complete' THEN 1.0
                ELSE (e.context->>'progress_percent')::float8 / 100 END)
            FROM user_behavior_events e JOIN shows s ON s.id = e.content_id JOIN users u ON u.id = e.user_id
            WHERE u.personalisation AND u.is_active AND (e.event_type = 'complete' OR e.event_type = 'abandon'
                AND jsonb_typeof(e.context->'progress_percent') = 'number')
            GROUP BY e.user_id, e.content_id
        """,
        columns=[("minutes", "float8"), ("progress", "float8")],
    )
    return found["minutes"].astype(np.float64), np.clip(found["progress"].astype(np.float64), 0.0, 1.0)


def _as_of_latest(
    user: NDArray[np.int64],
    affinity: NDArray[np.float64],
    confidence: NDArray[np.float64],
    day: NDArray[np.float64],
    rate: NDArray[np.float64],
    prior: float,
) -> NDArray[np.float64]:
    """Return affinity times confidence, each row's faded to its viewer's latest day."""
    latest = np.full(int(user.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, user, day)
    nothing = invert(np.zeros(len(day)), np.zeros(len(day)), latest[user], prior)
    learned, sure = affinities(combine(invert(affinity, confidence, day, prior), nothing, rate), prior)
    return learned * sure


def _features() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT feature_type, feature_value FROM user_taste_profiles ORDER BY 1, 2")
        return cursor.fetchall()


def ids_allowed(select: str, params: Sequence[Any] = ()) -> list[str]:
    """Return the ids that a SELECT (a constant) gives, of viewers whose doings may shape what is shown, ascending."""
    query = f"SELECT u.id FROM ({select}) x JOIN users u ON u.id = x.id AND {ALLOWED} ORDER BY 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [row[0] for row in cursor.fetchall()]


# Acts by the viewer's clock; a timezone that PostgreSQL does not know is read as UTC.
_LOCAL_ACTS = """
    WITH viewers AS MATERIALIZED (
        SELECT u.id, v.row::int4 - 1 AS viewer, coalesce(z.name, 'UTC') AS zone
        FROM unnest(%s::text[]) WITH ORDINALITY v(id, row) JOIN users u ON u.id = v.id
        LEFT JOIN pg_timezone_names z ON z.name = u.timezone
    ), acts AS MATERIALIZED (
        -- Read once and kept as small numbers: the counts below look at each twenty times.
        SELECT v.viewer, e.session_id, e.event_type, e.content_type, e.created_at,
               extract(hour FROM e.created_at AT TIME ZONE v.zone)::int4 / 6 AS quarter,
               extract(isodow FROM e.created_at AT TIME ZONE v.zone)::int4 AS weekday
        FROM user_behavior_events e JOIN viewers v ON v.id = e.user_id WHERE e.created_at <= %s
    ), sessions AS (
        SELECT viewer, extract(epoch FROM max(created_at) - min(created_at)) / 60 AS minutes
        FROM acts GROUP BY viewer, session_id
    ), lengths AS (
        SELECT viewer, avg(minutes) AS minutes FROM sessions WHERE minutes <= %s GROUP BY viewer
    )
"""
_QUARTERS = [f"count(*) FILTER (WHERE quarter = {quarter})" for quarter in range(4)]
_DAYS = [f"count(*) FILTER (WHERE weekday = {day})" for day in range(1, 8)]
_KINDS = [
    "count(*) FILTER (WHERE event_type = 'complete')",
    "count(*) FILTER (WHERE event_type = 'abandon')",
    "count(*) FILTER (WHERE content_type = 'movie')",
    "count(*) FILTER (WHERE content_type IN ('tv', 'episode'))",
]
_COUNTS = [*_QUARTERS, *_DAYS, *_KINDS]
_WEEKS = "greatest(extract(epoch FROM max(created_at) - min(created_at)) / 604800, 1)"
_HABITS = f"""{_LOCAL_ACTS}
    SELECT viewer, {", ".join(_COUNTS)}, (count(*) / {_WEEKS})::float8, coalesce(min(minutes), 'NaN')::float8
    FROM acts LEFT JOIN lengths USING (viewer) GROUP BY viewer
"""  # noqa: S608 - put together from constants


def habits(*, as_of: dt.datetime, config: EngineConfig = DEFAULT) -> tuple[list[str], Habits]:
    """
    Return (viewer ids ascending, their habits) of those with enough acts up to a moment.

    Sessions longer than clusters.longest_session are no sessions and say nothing about length.
    """
    c = config.clusters
    users = ids_allowed(
        "SELECT e.user_id AS id FROM user_behavior_events e WHERE e.created_at <= %s GROUP BY 1 HAVING count(*) >= %s",
        [as_of, c.min_events],
    )
    names = [f"count{place}" for place in range(len(_COUNTS))]
    found = read_records(
        select=_HABITS,
        columns=[("viewer", "int4"), *((n, "int8") for n in names), ("per_week", "float8"), ("minutes", "float8")],
        params=[users, as_of, c.longest_session],
    )
    counts = np.zeros((len(users), len(names)))
    per_week, minutes = np.zeros(len(users)), np.full(len(users), np.nan)
    viewer = found["viewer"].astype(np.int64)
    counts[viewer] = np.stack([found[name] for name in names], axis=1)
    per_week[viewer], minutes[viewer] = found["per_week"], found["minutes"]
    finished, left, films, series = counts[:, 11:].T
    return users, Habits(
        hours=counts[:, :4],
        weekdays=counts[:, 4:11],
        devices=_devices(users, as_of, c.devices),
        finished=finished,
        left=left,
        films=films,
        series=series,
        per_week=per_week,
        session_minutes=minutes,
    )


def _devices(users: list[str], as_of: dt.datetime, kept: int) -> NDArray[np.float64]:
    """Return how often each viewer used each of the devices that most viewers use, (n_viewers, up to kept)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.row::int4 - 1, left(lower(e.context->>'device'), 64), count(*)
            FROM user_behavior_events e JOIN unnest(%s::text[]) WITH ORDINALITY v(id, row) ON v.id = e.user_id
            WHERE e.created_at <= %s AND jsonb_typeof(e.context->'device') = 'string' AND e.context->>'device' <> ''
            GROUP BY 1, 2
            """,
            [users, as_of],
        )
        rows = cursor.fetchall()
    viewers: dict[str, int] = {}
    for _, device, _ in rows:
        viewers[device] = viewers.get(device, 0) + 1
    column = {name: place for place, name in enumerate(sorted(viewers, key=lambda n: (-viewers[n], n))[:kept])}
    counts = np.zeros((len(users), len(column)))
    for viewer, device, n in rows:
        if device in column:
            counts[viewer, column[device]] = n
    return counts


def given_demographics() -> list[tuple[str, int | None, str, str]]:
    """Return (viewer, birth year, country, gender) of those who gave any, and nothing that was not given."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT u.id, u.birth_year, u.country, u.gender FROM users u WHERE {ALLOWED}"  # noqa: S608
            " AND (u.birth_year IS NOT NULL OR u.country <> '' OR u.gender <> '') ORDER BY u.id"
        )
        return cursor.fetchall()


def stored_groups(*, kind: str) -> dict[str, str]:
    """Return each viewer's group of a kind, as it is stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, cluster_id FROM user_clusters WHERE cluster_type = %s ORDER BY 1", [kind])
        return dict(cursor.fetchall())
