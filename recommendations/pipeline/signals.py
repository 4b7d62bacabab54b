"""Events -> social_signals: what friends did, for friends who agreed to share; for acts that came in by import."""

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import connection

from recommendations.engine.config import DEFAULT, EngineConfig
from social.services import Act, record_signals

# Which acts friends may hear of, and as what.
TOLD_TO_FRIENDS = {"like": "liked", "complete": "watched", "share": "shared"}
ACTS_AT_ONCE = 20_000
# Beyond this many half-lives a signal counts for less than a hundredth.
HALF_LIVES = 7


def rebuild(
    *,
    now: dt.datetime,
    as_of: dt.datetime,
    user_ids: Sequence[str] | None = None,
    config: EngineConfig = DEFAULT,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Tell friends of every recent act that they have not heard of; returns the number of signals written."""
    since = as_of - dt.timedelta(days=HALF_LIVES * config.social.half_life)
    written = 0
    acts = _acts(since, user_ids)
    for start in range(0, len(acts), ACTS_AT_ONCE):
        written += record_signals(acts=acts[start : start + ACTS_AT_ONCE])
        if progress is not None:
            progress(len(acts[start : start + ACTS_AT_ONCE]))
    return written


def _acts(since: dt.datetime, user_ids: Sequence[str] | None) -> list[Act]:
    chosen = "" if user_ids is None else "AND e.user_id = ANY(%(users)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.user_id, e.content_id, e.event_type, max(e.created_at)
            FROM user_behavior_events e JOIN users u ON u.id = e.user_id
            WHERE u.share_with_friends AND e.content_id IS NOT NULL AND e.created_at >= %(since)s
              AND e.event_type = ANY(%(kinds)s) {chosen}
              AND EXISTS (SELECT 1 FROM friendships f
                          WHERE f.status = 'accepted' AND (f.user_id = e.user_id OR f.friend_id = e.user_id))
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,  # noqa: S608 - the only thing put in is one of two constants
            {"since": since, "kinds": list(TOLD_TO_FRIENDS), "users": list(user_ids or ())},
        )
        return [
            Act(user_id=user, show_id=show, kind=TOLD_TO_FRIENDS[kind], happened_at=at, strength=None)
            for user, show, kind, at in cursor.fetchall()
        ]


def latest_told(*, user_id: str, told: Sequence[tuple[int, str]]) -> list[Act]:
    """Return the newest act that is left of each (title, event type); what has none left is left out."""
    shows, kinds = [show for show, _ in told], [kind for _, kind in told]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_id, event_type, max(created_at) FROM user_behavior_events WHERE user_id = %s"
            " AND (content_id, event_type) IN (SELECT * FROM unnest(%s::bigint[], %s::text[]))"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            [user_id, shows, kinds],
        )
        return [Act(user_id, show, TOLD_TO_FRIENDS[kind], at) for show, kind, at in cursor.fetchall()]
