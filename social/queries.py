"""Reads: who is friends with whom, and what a viewer may see of what friends did."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from bingeboard.users.models import User


@dataclass(frozen=True)
class VisibleSignal:
    """What `friend_id` did, as `user_id` may see it."""

    user_id: str
    friend_id: str
    show_id: int
    kind: str
    strength: float
    created_at: dt.datetime


# Both ways round: one row holds the pair, whoever asked.
_PAIRS = """
    SELECT f.user_id AS me, f.friend_id AS other FROM friendships f WHERE f.status = 'accepted'
    UNION ALL
    SELECT f.friend_id, f.user_id FROM friendships f WHERE f.status = 'accepted'
"""


def friends_of(*, user_id: str) -> list[str]:
    """Return the ids of a viewer's accepted friends, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT other FROM ({_PAIRS}) p WHERE me = %s ORDER BY 1", [user_id])  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def friends_page(*, user_id: str, first: int, after: tuple[str, str] | None) -> list[User]:
    """Return a viewer's accepted friends by name, those that are active; after a (username, id) where a page ended."""
    beyond = "" if after is None else "AND (u.username, u.id) > (%s, %s)"
    query = f"""
        SELECT u.id, u.username FROM ({_PAIRS}) p JOIN users u ON u.id = p.other AND u.is_active
        WHERE p.me = %s {beyond} ORDER BY u.username, u.id LIMIT %s
    """  # noqa: S608 - put together from constants
    return list(User.objects.raw(query, [user_id, *(after or ()), first]))


def friend_network(*, user_ids: Sequence[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield each viewer who shares, with those accepted friends who share too; viewers without one are left out."""
    chosen = "" if user_ids is None else "AND me = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT me, array_agg(other ORDER BY other) FROM ({_PAIRS}) p
            JOIN users a ON a.id = p.me AND a.share_with_friends AND a.is_active
            JOIN users b ON b.id = p.other AND b.share_with_friends AND b.is_active
            WHERE true {chosen} GROUP BY me ORDER BY me
            """,  # noqa: S608 - put together from constants
            [] if user_ids is None else [list(user_ids)],
        )
        yield from cursor.fetchall()


def visible_signals(*, user_ids: Sequence[str], since: dt.datetime) -> list[VisibleSignal]:
    """
    Return what these viewers may see of what friends did since a moment, newest first.

    Asked at read: a friendship that ended or a consent that was taken back hides everything at once.
    """
    with connection.cursor() as cursor:
        # Least and greatest are how the unique index knows a pair: a look-up a signal, however many friends there are.
        cursor.execute(
            """
            SELECT s.user_id, s.friend_id, s.content_id, s.signal_type, s.signal_strength, s.created_at
            FROM social_signals s
            JOIN friendships f ON f.status = 'accepted'
                AND least(f.user_id, f.friend_id) = least(s.user_id, s.friend_id)
                AND greatest(f.user_id, f.friend_id) = greatest(s.user_id, s.friend_id)
            JOIN users a ON a.id = s.user_id AND a.share_with_friends AND a.is_active
            JOIN users b ON b.id = s.friend_id AND b.share_with_friends AND b.is_active
            WHERE s.user_id = ANY(%s) AND s.created_at >= %s
            ORDER BY s.user_id, s.created_at DESC, s.friend_id, s.content_id, s.signal_type
            """,
            [list(user_ids), since],
        )
        return [VisibleSignal(*row) for row in cursor.fetchall()]
