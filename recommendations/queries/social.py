"""What friends did, weighed for each viewer: by kind, by how close the two are, and by age."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from django.db import connection

from recommendations.engine.config import EngineConfig
from recommendations.queries.events import behavioural_present, to_day
from social.influence import faded, tie_strength
from social.queries import visible_signals

# Beyond this many half-lives an act counts for less than a hundredth.
HALF_LIVES = 7


def friend_acts(
    *, user_ids: Sequence[str], now: dt.datetime, config: EngineConfig
) -> dict[str, list[tuple[str, int, str, float]]]:
    """Return for each viewer the (friend, show id, kind, strength) of what they may see friends did, strongest last."""
    as_of = behavioural_present(now=now, config=config)
    since = as_of - dt.timedelta(days=HALF_LIVES * config.social.half_life)
    signals = visible_signals(user_ids=user_ids, since=since)
    if not signals:
        return {}
    liked = _liked({s.user_id for s in signals} | {s.friend_id for s in signals})
    kinds = np.array([getattr(config.social, s.kind) for s in signals])
    ages = to_day(as_of) - np.array([to_day(s.created_at) for s in signals])
    strengths = faded(kinds, ages, half_life=config.social.half_life)
    ties: dict[tuple[str, str], float] = {}
    found: dict[str, list[tuple[str, int, str, float]]] = {}
    for signal, strength in zip(signals, strengths.tolist(), strict=True):
        pair = (signal.user_id, signal.friend_id)
        if pair not in ties:
            ties[pair] = tie_strength(
                liked.get(pair[0], set()), liked.get(pair[1], set()), floor=config.social.tie_floor
            )
        found.setdefault(signal.user_id, []).append(
            (signal.friend_id, signal.show_id, signal.kind, min(strength * ties[pair], 1.0))
        )
    return found


def _liked(user_ids: set[str]) -> dict[str, set[int]]:
    """Return which titles each of these viewers liked or finished with pleasure, of who allows personalisation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.user_id, array_agg(DISTINCT e.content_id) FROM user_behavior_events e"
            " JOIN users u ON u.id = e.user_id AND u.personalisation WHERE e.user_id = ANY(%s)"
            " AND e.content_id IS NOT NULL AND e.event_type IN ('like', 'complete', 'share')"
            " AND e.engagement_score > 0.7 GROUP BY e.user_id",
            [sorted(user_ids)],
        )
        return {user_id: set(shows) for user_id, shows in cursor.fetchall()}
