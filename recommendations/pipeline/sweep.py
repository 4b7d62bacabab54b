"""
What is due: stale viewers are found in the database and refreshed; what has expired leaves in small batches.

Messages are nudges. A viewer whose behaviour is newer than their candidates is due, whether or not anybody said so, and
a claim is a lease, so what a killed worker held is due again when it runs out.
"""

import datetime as dt
import logging

from django.db import connection

from bingeboard.errors import NotFound
from bingeboard.users.models import User
from recommendations.pipeline import candidates

logger = logging.getLogger(__name__)
VIEWERS_AT_ONCE = 50
LEASE = dt.timedelta(seconds=60)
MAX_ATTEMPTS = 5
BATCH = 2000


def refresh_stale(*, now: dt.datetime, limit: int = 1000) -> int:
    """Refresh up to `limit` viewers that are due; returns how many. One that fails five times waits for a person."""
    done = 0
    while done < limit:
        claimed = claim(now=now, count=min(VIEWERS_AT_ONCE, limit - done))
        if not claimed:
            break
        try:
            _refresh(claimed, now)
        except NotFound:
            # No model has been fitted: there is nothing to refresh anybody with.
            _release(claimed)
            break
        done += len(claimed)
    return done


def refresh_one(*, user_id: str, now: dt.datetime) -> int:
    """Refresh a viewer if they are due and nobody else is at it; returns 1 if so, else 0."""
    claimed = claim(now=now, count=1, user_id=user_id)
    try:
        _refresh(claimed, now)
    except NotFound:
        _release(claimed)
        return 0
    return len(claimed)


def _refresh(claimed: list[str], now: dt.datetime) -> None:
    """Refresh viewers together, or, where that fails, one by one: whoever can not be refreshed holds up nobody else."""
    if not claimed:
        return
    try:
        candidates.rebuild(now=now, user_ids=claimed)
    except NotFound:
        raise
    except Exception as error:
        if len(claimed) > 1:
            for user_id in claimed:
                _refresh([user_id], now)
            return
        if not User.objects.filter(pk=claimed[0]).exists():
            # Erased meanwhile: nothing is due, and the error would keep their name.
            return
        # Logs outlive viewers: who it was stands in viewer_states.
        logger.exception("refreshing a viewer failed; viewer_states.last_error says whose lists")
        _note(claimed, error)


def claim(*, now: dt.datetime, count: int, user_id: str | None = None) -> list[str]:
    """
    Lease up to `count` viewers that are due and that nobody else holds; returns their ids.

    user_id   only this one
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE viewer_states SET lease_until = %(until)s, attempts = attempts + 1
            WHERE user_id IN (
                SELECT s.user_id FROM viewer_states s JOIN users u ON u.id = s.user_id AND u.is_active
                WHERE s.behavior_version > s.candidates_version AND s.attempts < %(most)s
                  AND (s.lease_until IS NULL OR s.lease_until < %(now)s)
                  AND (%(only)s::text IS NULL OR s.user_id = %(only)s)
                ORDER BY s.refreshed_at NULLS FIRST, s.user_id LIMIT %(count)s FOR UPDATE OF s SKIP LOCKED)
            RETURNING user_id
            """,
            {"until": now + LEASE, "most": MAX_ATTEMPTS, "now": now, "only": user_id, "count": count},
        )
        return sorted(row[0] for row in cursor.fetchall())


def _release(user_ids: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE viewer_states SET lease_until = NULL, attempts = 0 WHERE user_id = ANY(%s)", [user_ids])


def _note(user_ids: list[str], error: Exception) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE viewer_states SET lease_until = NULL, last_error = %s WHERE user_id = ANY(%s)",
            [f"{type(error).__name__}: {error}"[:2000], user_ids],
        )


def purge(*, now: dt.datetime) -> int:
    """
    Delete expired candidates, trends and served lists in small batches; returns how many rows went.

    Of served lists 43,000 go in a second, a thousand times what a machine serves. To drop one partition of thirty takes
    3 ms, but through those a list is found by its request id in 1.2 ms instead of .5: they are found more often than
    they go.
    """
    gone = candidates.purge(now=now)
    for table, key in (("served_lists", "request_id"), ("trending_cache", "id")):
        gone += _purge(table, key, now)
    return gone


def _purge(table: str, key: str, now: dt.datetime) -> int:
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE {key} IN"  # noqa: S608 - constants of this module
                f" (SELECT {key} FROM {table} WHERE expires_at < %s ORDER BY expires_at LIMIT %s)",
                [now, BATCH],
            )
            total += cursor.rowcount
            if cursor.rowcount < BATCH:
                return total
