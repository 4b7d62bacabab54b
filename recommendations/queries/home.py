"""What rows of a home page are about: what was begun, what was put on the list, what was liked last."""

import datetime as dt

from django.db import connection


def begun(*, user_id: str, since: dt.datetime) -> list[int]:
    """Return the titles a viewer has begun since a moment and neither finished, left nor judged, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.content_id FROM user_behavior_events e JOIN shows s ON s.id = e.content_id AND s.is_active
            WHERE e.user_id = %(user)s AND NOT EXISTS (
                SELECT 1 FROM taste_exclusions x WHERE x.user_id = e.user_id
                AND (x.session_id IS NULL OR x.session_id = e.session_id)
                AND (x.content_id IS NULL OR x.content_id = e.content_id))
            GROUP BY e.content_id
            HAVING max(e.created_at) FILTER (WHERE e.event_type IN ('play', 'pause')) >= %(since)s
                AND coalesce(max(e.created_at) FILTER (WHERE e.event_type IN ('play', 'pause')) > max(e.created_at)
                    FILTER (WHERE e.event_type IN ('complete', 'abandon', 'dislike')), true)
                AND NOT EXISTS (
                    SELECT 1 FROM recommendation_feedback f WHERE f.user_id = %(user)s AND f.content_id = e.content_id
                    AND f.feedback_type IN ('not_interested', 'dislike'))
            ORDER BY max(e.created_at) FILTER (WHERE e.event_type IN ('play', 'pause')) DESC, e.content_id
            """,
            {"user": user_id, "since": since},
        )
        return [row[0] for row in cursor.fetchall()]


def listed(*, user_id: str) -> list[int]:
    """
    Return the titles a viewer means to watch, the latest first.

    That is their watchlist, and what they put on a list by an act and have not taken off since.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT content_id FROM (
                SELECT show_id AS content_id, added_at AS at FROM watchlists WHERE user_id = %(user)s
                UNION ALL
                SELECT content_id, max(created_at) FILTER (WHERE event_type = 'add_to_list')
                FROM user_behavior_events WHERE user_id = %(user)s AND content_id IS NOT NULL
                    AND event_type IN ('add_to_list', 'remove_from_list')
                GROUP BY content_id
                HAVING coalesce(max(created_at) FILTER (WHERE event_type = 'add_to_list') > max(created_at)
                    FILTER (WHERE event_type = 'remove_from_list'),
                    bool_or(event_type = 'add_to_list'))
            ) AS wanted GROUP BY content_id ORDER BY max(at) DESC, content_id
            """,
            {"user": user_id},
        )
        return [row[0] for row in cursor.fetchall()]
