"""When, where and on what a viewer watches: events -> user_context and platform_user_preferences."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from recommendations.engine.config import DEFAULT, EngineConfig

# A sitting's length from its first act to its last, in minutes: below these it is short, or medium.
SHORT, MEDIUM = 30, 120
# What was imported is no sitting: a whole history shares one session there.
NO_SESSION = "import"
_SESSION_BUCKETS = f"CASE WHEN minutes < {SHORT} THEN 'short' WHEN minutes < {MEDIUM} THEN 'medium' ELSE 'long' END"
# What acts amount to, counted; {which} says whose and which acts.
_COUNTED = f"""
WITH acts AS (
    SELECT e.user_id, e.session_id, e.created_at, e.context, e.created_at AT TIME ZONE u.timezone AS local
    FROM user_behavior_events e JOIN users u ON u.id = e.user_id
    WHERE u.personalisation AND {{which}}
), ends AS (
    SELECT user_id, session_id, created_at FROM acts
    UNION ALL
    -- Sittings of which a part has left.
    SELECT c.user_id, x->>0, ends.at::timestamptz
    FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.sessions) AS x
    CROSS JOIN LATERAL (VALUES (x->>1), (x->>2)) AS ends(at)
    JOIN users u ON u.id = c.user_id AND u.personalisation
    WHERE c.user_id = ANY(%(users)s)
), sessions AS (
    SELECT user_id, max(created_at) AS seen, extract(epoch FROM max(created_at) - min(created_at)) / 60 AS minutes
    FROM ends WHERE session_id <> '{NO_SESSION}' GROUP BY user_id, session_id
), counted AS (
    SELECT user_id, 'time_of_day' AS kind,
           (ARRAY['night','morning','afternoon','evening'])[1 + extract(hour FROM local)::int / 6] AS value,
           count(*) AS n, max(created_at) AS seen
    FROM acts GROUP BY 1, 2, 3
    UNION ALL
    SELECT user_id, 'day_of_week', (ARRAY['monday','tuesday','wednesday','thursday','friday','saturday','sunday'])
           [extract(isodow FROM local)::int], count(*), max(created_at)
    FROM acts GROUP BY 1, 2, 3
    UNION ALL
    SELECT user_id, 'device', left(lower(context->>'device'), 64), count(*), max(created_at)
    FROM acts WHERE jsonb_typeof(context->'device') = 'string' AND context->>'device' <> '' GROUP BY 1, 2, 3
    UNION ALL
    SELECT user_id, 'mood', left(lower(context->>'mood'), 64), count(*), max(created_at)
    FROM acts WHERE jsonb_typeof(context->'mood') = 'string' AND context->>'mood' <> '' GROUP BY 1, 2, 3
    UNION ALL
    SELECT user_id, 'session_length', {_SESSION_BUCKETS}, count(*), max(seen) FROM sessions GROUP BY 1, 2, 3
)
"""  # noqa: S608 - put together from constants
_CONTEXT = f"""{_COUNTED.format(which="e.user_id = ANY(%(users)s)")}, found AS (
    SELECT user_id, kind, value, sum(n)::int AS n, max(seen) AS seen FROM (
        SELECT * FROM counted
        UNION ALL
        SELECT c.user_id, x->>0, x->>1, (x->>2)::bigint, (x->>3)::timestamptz
        FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.contexts) AS x
        JOIN users u ON u.id = c.user_id AND u.personalisation
        WHERE c.user_id = ANY(%(users)s)) AS parts
    GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM user_context c WHERE c.user_id = ANY(%(users)s) AND NOT EXISTS (
        SELECT 1 FROM found f
        WHERE f.user_id = c.user_id AND f.kind = c.context_type AND f.value = c.context_value)
)
INSERT INTO user_context (user_id, context_type, context_value, frequency, last_seen)
SELECT user_id, kind, value, n, seen FROM found ORDER BY 1, 2, 3
ON CONFLICT (user_id, context_type, context_value) DO UPDATE
SET frequency = excluded.frequency, last_seen = excluded.last_seen
WHERE (user_context.frequency, user_context.last_seen) IS DISTINCT FROM (excluded.frequency, excluded.last_seen)
"""  # noqa: S608 - put together from constants

# Use fades with a half-life counted back from the viewer's own latest act, so that standing still changes nothing.
_PLATFORM_USE = """
WITH acts AS (
    SELECT e.user_id, lower(e.platform_source) AS platform, 1::float8 AS use, e.created_at AS at, e.created_at AS seen
    FROM user_behavior_events e JOIN users u ON u.id = e.user_id
    WHERE u.personalisation AND e.user_id = ANY(%(users)s)
      AND e.event_type IN ('play', 'complete') AND e.platform_source <> ''
    UNION ALL
    SELECT c.user_id, x->>0, (x->>1)::float8, (x->>2)::timestamptz, (x->>2)::timestamptz
    FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.platforms) AS x
    JOIN users u ON u.id = c.user_id AND u.personalisation
    WHERE c.user_id = ANY(%(users)s)
), dated AS (
    SELECT *, max(at) OVER (PARTITION BY user_id) AS latest FROM acts
), used AS (
    SELECT user_id, platform, max(seen) AS seen,
           sum(use * power(2, -extract(epoch FROM latest - at)::float8 / 86400 / %(half_life)s)) AS use
    FROM dated GROUP BY 1, 2
), shares AS (
    SELECT user_id, platform, seen, use / sum(use) OVER (PARTITION BY user_id) AS share FROM used
), gone AS (
    DELETE FROM platform_user_preferences p WHERE p.user_id = ANY(%(users)s) AND NOT p.is_stated AND NOT EXISTS (
        SELECT 1 FROM shares s WHERE s.user_id = p.user_id AND s.platform = p.platform_name)
), idle AS (
    UPDATE platform_user_preferences p SET usage_frequency = 0
    WHERE p.user_id = ANY(%(users)s) AND p.is_stated AND p.usage_frequency <> 0 AND NOT EXISTS (
        SELECT 1 FROM shares s WHERE s.user_id = p.user_id AND s.platform = p.platform_name)
)
INSERT INTO platform_user_preferences
    (user_id, platform_name, has_subscription, usage_frequency, preference_score, is_stated, last_updated)
SELECT user_id, platform, true, least(share, 1), least(0.5 + share / 2, 1), false, seen FROM shares ORDER BY 1, 2
ON CONFLICT (user_id, platform_name) DO UPDATE
SET usage_frequency = excluded.usage_frequency,
    preference_score = CASE WHEN platform_user_preferences.is_stated
                            THEN platform_user_preferences.preference_score ELSE excluded.preference_score END,
    last_updated = greatest(platform_user_preferences.last_updated, excluded.last_updated)
WHERE platform_user_preferences.usage_frequency IS DISTINCT FROM excluded.usage_frequency
   OR platform_user_preferences.last_updated < excluded.last_updated
"""
_CONTEXTS_OF = f"""{_COUNTED.format(which="e.id = ANY(%(ids)s)")}
SELECT kind, value, n, seen FROM counted WHERE kind <> 'session_length' ORDER BY 1, 2
"""  # noqa: S608 - put together from constants
_USE_OF = """
SELECT lower(e.platform_source), e.created_at FROM user_behavior_events e
WHERE e.id = ANY(%s) AND e.event_type IN ('play', 'complete') AND e.platform_source <> '' ORDER BY e.created_at, e.id
"""


def contexts_of(*, event_ids: Sequence[int]) -> list[tuple[str, str, int, dt.datetime]]:
    """Return what these acts of a viewer add to user_context, sittings aside: (type, value, count, last seen)."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTEXTS_OF, {"ids": list(event_ids), "users": []})
        return cursor.fetchall()


def session_length(first: dt.datetime, last: dt.datetime) -> str:
    """Return what user_context calls the length of a sitting."""
    minutes = (last - first).total_seconds() / 60
    return "short" if minutes < SHORT else "medium" if minutes < MEDIUM else "long"


def uses_of(*, event_ids: Sequence[int]) -> list[tuple[str, dt.datetime]]:
    """Return on which service, and when, these acts used one, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_USE_OF, [list(event_ids)])
        return cursor.fetchall()


def refresh(*, user_ids: Sequence[str], config: EngineConfig = DEFAULT) -> None:
    """
    Count anew in which circumstances and on which services these viewers watch.

    Somebody who plays on a service is taken to have it until they say otherwise; what a viewer says is never
    overwritten, only the use beside it.
    """
    users = list(user_ids)
    with connection.cursor() as cursor:
        cursor.execute(_CONTEXT, {"users": users})
        cursor.execute(_PLATFORM_USE, {"users": users, "half_life": config.platforms.half_life})


def touch(*, user_id: str, now: dt.datetime, unprofiled: bool = False) -> None:
    """
    Mark that something shaping a viewer's lists has changed; locks the viewer's row until the transaction ends.

    unprofiled   acts came in that the profile does not hold yet
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO viewer_states AS s (user_id, behavior_version, last_event_at, unprofiled) VALUES (%s, 1, %s, %s)
            ON CONFLICT (user_id) DO UPDATE SET behavior_version = s.behavior_version + 1,
                last_event_at = greatest(s.last_event_at, excluded.last_event_at),
                unprofiled = s.unprofiled OR excluded.unprofiled
            """,
            [user_id, now, unprofiled],
        )


def lock(*, user_ids: Sequence[str]) -> None:
    """Hold the viewers' rows, in key order, until the transaction ends: what changes them waits its turn."""
    users = list(user_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO viewer_states (user_id) SELECT id FROM users WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
            " ON CONFLICT DO NOTHING",
            [users],
        )
        cursor.execute("SELECT 1 FROM viewer_states WHERE user_id = ANY(%s) ORDER BY user_id FOR UPDATE", [users])


def mark_folded(*, user_ids: Sequence[str]) -> None:
    """Note that the derived rows of these viewers hold all acts there are; the caller holds the viewers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE viewer_states s SET unprofiled = false, profiled_through = coalesce("
            " (SELECT max(e.id) FROM user_behavior_events e WHERE e.user_id = s.user_id), 0)"
            " WHERE s.user_id = ANY(%s)",
            [list(user_ids)],
        )
