"""How things stand, at a glance and cheaply: estimates of big tables, and what an index answers at once."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

# Up to here events are counted; beyond, "more than" is enough to know.
EVENTS_COUNTED = 100_000


@dataclass(frozen=True)
class Figures:
    """
    How things stand.

    events, candidates         the planner's estimates
    newest and oldest_candidates   when the newest and the oldest of those that are kept were made; None: there are none
    stale, given_up            viewers whose candidates do not know all they did; of those, the ones that kept failing
    """

    titles: int
    unrecommended: int
    viewers: int
    events: int
    events_today: int
    candidates: int
    newest_candidates: dt.datetime | None
    oldest_candidates: dt.datetime | None
    stale: int
    given_up: int
    trends_at: dt.datetime | None
    running_experiments: int


@dataclass(frozen=True)
class LiveModel:
    """A model in use."""

    id: int
    kind: str
    version: str
    promoted_at: dt.datetime | None
    events: int


def figures(*, today: dt.datetime, max_attempts: int) -> Figures:
    """
    Return how things stand, in one query.

    today          when the day began
    max_attempts   failures after which a viewer is given up
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM shows),
                (SELECT count(*) FROM shows WHERE NOT is_active),
                (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'users'::regclass),
                (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'user_behavior_events'::regclass),
                (SELECT count(*) FROM (SELECT FROM user_behavior_events WHERE created_at >= %s LIMIT %s) AS today),
                (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'recommendation_candidates'::regclass),
                (SELECT generated_at FROM recommendation_candidates ORDER BY expires_at DESC LIMIT 1),
                (SELECT generated_at FROM recommendation_candidates ORDER BY expires_at LIMIT 1),
                (SELECT count(*) FROM viewer_states WHERE behavior_version > candidates_version),
                (SELECT count(*) FROM viewer_states WHERE behavior_version > candidates_version AND attempts >= %s),
                (SELECT calculated_at FROM trending_cache ORDER BY expires_at DESC LIMIT 1),
                (SELECT count(*) FROM experiments WHERE is_active)
            """,
            [today, EVENTS_COUNTED + 1, max_attempts],
        )
        return Figures(*cursor.fetchone())


def live_models() -> list[LiveModel]:
    """Return the models in use, by kind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, version, promoted_at, coalesce((data_window->>'events')::bigint, 0)"
            " FROM model_artifacts WHERE state = 'live' ORDER BY kind"
        )
        return [LiveModel(*row) for row in cursor.fetchall()]


def trending_now(*, now: dt.datetime, first: int) -> list[tuple[int, str, str, float, int]]:
    """Return what trends most with everyone: (show id, title, window, score, viewers)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.content_id, s.title, t.time_window, t.trend_score, t.viewers
            FROM trending_cache t JOIN shows s ON s.id = t.content_id
            WHERE t.trend_type = 'global' AND t.time_window = 'week' AND t.expires_at > %s
            ORDER BY t.trend_score DESC, t.content_id LIMIT %s
            """,
            [now, first],
        )
        return cursor.fetchall()


def nearest_titles(*, show_id: int, first: int) -> dict[str, list[tuple[int, str, float]]]:
    """Return a title's nearest by kind of likeness: (show id, title, score), nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT near.similarity_type, near.content_id_b, s.title, near.similarity_score
            FROM (
                SELECT *, row_number() OVER (
                    PARTITION BY similarity_type ORDER BY similarity_score DESC, content_id_b) AS place
                FROM content_similarity WHERE content_id_a = %s
            ) AS near JOIN shows s ON s.id = near.content_id_b
            WHERE near.place <= %s ORDER BY near.similarity_type, near.place
            """,
            [show_id, first],
        )
        nearest: dict[str, list[tuple[int, str, float]]] = {}
        for kind, *found in cursor.fetchall():
            nearest.setdefault(kind, []).append(tuple(found))
        return nearest
