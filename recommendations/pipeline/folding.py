"""
New acts -> the rows derived from them, once each: tastes, habits, use of services.

A few acts are folded in as they come, in the transaction that takes them in. Of many, only the acts are written then;
whoever reads next, viewer or worker, folds them in first. Measured on batches of 100: the acts cost 6 ms, the hundreds
of rows that they move three times that, and a stream of batches moves the same rows again and again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from bingeboard.errors import NotFound
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.weighting import EVENT_TYPES, event_codes, evidence_weights
from recommendations.pipeline import habits, profiles

ANEW = -1


def settle(*, user_ids: Sequence[str], config: EngineConfig = DEFAULT) -> int:
    """
    Fold in all acts of these viewers that were acknowledged and still wait; returns how many viewers had some.

    Each viewer in a transaction of its own. Two at once, or one that is killed half-way, count nothing twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM viewer_states WHERE user_id = ANY(%s) AND unprofiled ORDER BY user_id",
            [list(user_ids)],
        )
        behind = [user_id for (user_id,) in cursor.fetchall()]
    for user_id in behind:
        with transaction.atomic():
            fold(hold(user_id), config=config)
    return len(behind)


@dataclass(frozen=True)
class Held:
    """A viewer whose row is locked until the transaction ends; see ViewerState."""

    user_id: str
    profiled_through: int
    unprofiled: bool
    personalisation: bool


def hold(user_id: str) -> Held:
    """
    Lock a viewer's row, making it where there is none, and return what it says; nobody else's act comes between.

    Raises NotFound where there is no such viewer.
    """
    query = (
        "SELECT s.profiled_through, s.unprofiled, u.personalisation"
        " FROM viewer_states s JOIN users u ON u.id = s.user_id WHERE s.user_id = %s FOR UPDATE OF s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [user_id])
        found = cursor.fetchone()
        if found is None:
            habits.lock(user_ids=[user_id])
            cursor.execute(query, [user_id])
            found = cursor.fetchone()
    if found is None:
        raise NotFound(f"there is no viewer {user_id[:64]!r}")
    return Held(user_id, *found)


def fold(held: Held, *, config: EngineConfig = DEFAULT) -> None:
    """Fold in what came after the acts that the profile holds; the caller holds the viewer."""
    if held.profiled_through == ANEW:
        profiles.rebuild_held(user_ids=[held.user_id], config=config)
        return
    if held.personalisation:
        with connection.cursor() as cursor:
            cursor.execute(_FOLD, _parameters(held, config))
        habits.refresh(user_ids=[held.user_id], config=config)
    habits.mark_folded(user_ids=[held.user_id])


def _parameters(held: Held, config: EngineConfig) -> dict[str, Any]:
    return {
        "user": held.user_id,
        "through": held.profiled_through,
        "kinds": list(EVENT_TYPES),
        "weights": evidence_weights(event_codes(EVENT_TYPES), config.events).tolist(),
        "rate": config.profiles.decay_rate,
        "prior": config.profiles.prior,
    }


# Sums as engine.profiles has them, worked out where the rows are. What an act adds is brought to the newest new act
# first, and to each feature's own newest act, new or old, when it is added to what was there.
_FOLD = """
WITH acts AS (
    SELECT e.content_id, e.created_at, e.received_at, extract(epoch FROM e.created_at)::float8 / 604800 AS week,
           k.weight, 2 * e.engagement_score - 1 AS said
    FROM user_behavior_events e
    JOIN unnest(%(kinds)s::text[], %(weights)s::float8[]) AS k(event_type, weight) USING (event_type)
    WHERE e.user_id = %(user)s AND e.id > %(through)s AND e.content_id IS NOT NULL AND k.weight > 0
      AND NOT EXISTS (
        SELECT 1 FROM taste_exclusions x WHERE x.user_id = e.user_id
        AND (x.session_id IS NULL OR x.session_id = e.session_id)
        AND (x.content_id IS NULL OR x.content_id = e.content_id))
-- Worked out once: for a viewer with many new acts, of whom the planner has no statistics yet, each of them would look
-- through all the others.
), newest AS MATERIALIZED (
    SELECT max(week) AS week FROM acts
), forgotten AS MATERIALIZED (
    SELECT feature_type, feature_value, forgotten_at FROM user_taste_profiles
    WHERE user_id = %(user)s AND forgotten_at IS NOT NULL
), titles AS MATERIALIZED (
    -- Acts on one title come in rows; apart are only those between which something was forgotten.
    SELECT a.content_id, n.week AS newest, max(a.created_at) AS seen, max(a.week) AS week, min(a.received_at) AS came,
           sum(a.weight * exp(-%(rate)s * (n.week - a.week))) AS w,
           sum(a.weight * a.said * exp(-%(rate)s * (n.week - a.week))) AS s
    FROM acts a CROSS JOIN newest n
    GROUP BY a.content_id, n.week, (SELECT max(g.forgotten_at) FROM forgotten g WHERE g.forgotten_at < a.received_at)
), sums AS (
    SELECT f.feature_type, f.feature_value, max(t.seen) AS seen,
           sum(f.strength * t.w) * exp(%(rate)s * (t.newest - max(t.week))) AS w,
           sum(f.strength * t.s) * exp(%(rate)s * (t.newest - max(t.week))) AS s
    FROM titles t JOIN content_features f ON f.content_id = t.content_id AND f.strength > 0
    -- A request that was overtaken by a forgetting came in before it.
    WHERE NOT EXISTS (
        SELECT 1 FROM forgotten g WHERE g.feature_type = f.feature_type AND g.feature_value = f.feature_value
        AND g.forgotten_at >= t.came)
    GROUP BY f.feature_type, f.feature_value, t.newest
), held AS (
    SELECT n.feature_type, n.feature_value, coalesce(p.decay_rate, %(rate)s) AS rate,
           greatest(n.seen, CASE WHEN p.confidence > 0 THEN p.last_updated END) AS seen,
           n.seen AS new_seen, n.w AS new_w, n.s AS new_s,
           p.last_updated AS old_seen,
           %(prior)s * p.confidence / (1 - p.confidence) AS old_w,
           p.affinity_score * (%(prior)s * p.confidence / (1 - p.confidence) + %(prior)s) AS old_s
    FROM sums n LEFT JOIN user_taste_profiles p
        ON p.user_id = %(user)s AND p.feature_type = n.feature_type AND p.feature_value = n.feature_value
), together AS (
    SELECT feature_type, feature_value, rate, seen,
           new_w * exp(-rate * extract(epoch FROM seen - new_seen)::float8 / 604800)
               + coalesce(old_w * exp(-rate * extract(epoch FROM seen - old_seen)::float8 / 604800), 0) AS w,
           new_s * exp(-rate * extract(epoch FROM seen - new_seen)::float8 / 604800)
               + coalesce(old_s * exp(-rate * extract(epoch FROM seen - old_seen)::float8 / 604800), 0) AS s
    FROM held
)
INSERT INTO user_taste_profiles
    (user_id, feature_type, feature_value, affinity_score, confidence, last_updated, decay_rate)
SELECT %(user)s, feature_type, feature_value, greatest(-1, least(1, s / (w + %(prior)s))), w / (w + %(prior)s), seen,
       rate
FROM together ORDER BY feature_type, feature_value
ON CONFLICT (user_id, feature_type, feature_value) DO UPDATE
SET affinity_score = excluded.affinity_score, confidence = excluded.confidence, last_updated = excluded.last_updated
"""
