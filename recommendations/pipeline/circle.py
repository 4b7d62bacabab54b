"""
What friends may no longer see of each other goes from everything that was made of it, at once.

That it is gone is for good measure: whoever reads checks consent and friendship again. Registered with social.services,
which calls this inside the transaction that ends a friendship or a consent.
"""

import datetime as dt
from collections.abc import Sequence

import orjson
from django.db import connection

from recommendations.pipeline import habits

# Held by whoever changes who sees whom and by whoever stores what is made of it, so that neither overlooks the other.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('bingeboard.circle', 0))"


def hold() -> None:
    """Wait until nobody else changes, or stores, what friends see; until the transaction ends nobody else does."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def hidden(*, user_id: str, others: Sequence[str], now: dt.datetime) -> None:
    """
    Drop what a viewer and each of these others were shown of each other: trends among friends, candidates, reasons.

    Their lists are made anew by who asks next. Nothing is dropped of what third viewers were shown.
    """
    everyone = sorted({user_id, *others})
    habits.lock(user_ids=everyone)
    hold()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM trending_cache WHERE trend_type = 'friend_network' AND segment->>'user' = ANY(%s)", [everyone]
        )
        for readers, named in ((list(others), [user_id]), ([user_id], list(others))):
            shown = {"readers": readers, "named": named}
            shown["candidates"] = [_document({"reasons": [{"friends": [name]}]}) for name in named]
            shown["items"] = [_document([{"reasons": [{"friends": [name]}]}]) for name in named]
            cursor.execute(_FORGET_CANDIDATES, shown)
            cursor.execute(_FORGET_REASONS, shown)
        cursor.execute(
            "UPDATE viewer_states SET behavior_version = behavior_version + 1 WHERE user_id = ANY(%s)", [everyone]
        )


def told(*, user_id: str, now: dt.datetime) -> None:
    """Have a viewer's next list know what a friend told them."""
    habits.touch(user_id=user_id, now=now)


def _document(value: object) -> str:
    return orjson.dumps(value).decode()


_FORGET_CANDIDATES = """
DELETE FROM recommendation_candidates
WHERE user_id = ANY(%(readers)s) AND explanation @> ANY(%(candidates)s::jsonb[])
"""
# A kept list stays as it was served, but for the reasons that name who is hidden.
_FORGET_REASONS = """
UPDATE served_lists SET items = (
    SELECT jsonb_agg(jsonb_set(item, '{reasons}', coalesce((
        SELECT jsonb_agg(reason ORDER BY nth)
        FROM jsonb_array_elements(item->'reasons') WITH ORDINALITY AS r(reason, nth)
        WHERE NOT coalesce(reason->'friends', '[]') ?| %(named)s), '[]')) ORDER BY place)
    FROM jsonb_array_elements(items) WITH ORDINALITY AS i(item, place))
WHERE user_id = ANY(%(readers)s) AND items @> ANY(%(items)s::jsonb[])
"""
