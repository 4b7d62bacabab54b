"""
Is what was derived what a recomputation gives? Every viewer's tastes, habits and use of services, compared.

The recomputation runs for real and is rolled back, so what is audited is what a rebuild would write. What has left the
events is allowed for by the checkpoints.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.pipeline import folding, habits, profiles

VIEWERS_AT_ONCE = 100
# Sums of the same acts in another order differ in their last digits.
TOLERANCE = 1e-9
TIME_TOLERANCE = dt.timedelta(milliseconds=1)
# table -> (its key within a viewer, what is derived)
DERIVED = {
    "user_taste_profiles": (("feature_type", "feature_value"), ("affinity_score", "confidence", "last_updated")),
    "user_context": (("context_type", "context_value"), ("frequency", "last_seen")),
    "platform_user_preferences": (("platform_name",), ("usage_frequency", "preference_score")),
}
# What must hold in every row, asked of the table itself: name -> a count of rows where it does not.
RULES = {
    "a score is the sum of its parts": """
        SELECT count(*) FROM recommendation_candidates WHERE abs(final_score - (base_score + popularity_boost
            + recency_boost - diversity_penalty + availability_boost + social_boost)) > 1e-6""",
    "an event id counts once a viewer": """
        SELECT count(*) FROM (
            SELECT 1 FROM user_behavior_events GROUP BY user_id, event_id HAVING count(*) > 1) AS d""",
    "feedback counts once a viewer, list, title and kind": """
        SELECT count(*) FROM (SELECT 1 FROM recommendation_feedback
            GROUP BY user_id, request_id, content_id, feedback_type HAVING count(*) > 1) AS d""",
    "candidates that know all a viewer did hold nothing dealt with": """
        SELECT count(*) FROM recommendation_candidates c
        JOIN viewer_states s ON s.user_id = c.user_id AND s.candidates_version >= s.behavior_version
        WHERE c.expires_at > now() AND EXISTS (
            SELECT 1 FROM user_behavior_events e WHERE e.user_id = c.user_id AND e.content_id = c.content_id
            AND e.event_type IN ('play', 'complete', 'abandon', 'like', 'dislike'))""",
}


@dataclass(frozen=True)
class Difference:
    """A row that is not what a recomputation gives; None for a row that one of the two lacks."""

    table: str
    user_id: str
    key: tuple[Any, ...]
    stored: tuple[Any, ...] | None
    recomputed: tuple[Any, ...] | None


@dataclass
class Findings:
    """What was looked at, rows a table; what differs; and how many viewers had acts that waited to be folded in."""

    rows: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    broken_rules: dict[str, int] = field(default_factory=dict)
    viewers: int = 0
    waiting: int = 0

    @property
    def is_clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.differences and not self.broken_rules


def audit(
    *,
    user_ids: Sequence[str] | None = None,
    config: EngineConfig = DEFAULT,
    progress: Callable[[int], None] | None = None,
) -> Findings:
    """
    Compare what is derived of these viewers (None: of all) with a recomputation; changes nothing.

    Acts that still wait to be folded in are no difference: they are folded in first, as whoever reads does.
    """
    findings = Findings()
    for chunk in _chunks(_viewers(user_ids)):
        with transaction.atomic():
            habits.lock(user_ids=chunk)
            findings.waiting += folding.settle(user_ids=chunk, config=config)
            stored = {table: _rows(table, chunk) for table in DERIVED}
            profiles.rebuild_held(user_ids=chunk, config=config)
            for table, before in stored.items():
                findings.rows[table] += len(before)
                findings.differences += _differences(table, before, _rows(table, chunk))
            transaction.set_rollback(True)
        findings.viewers += len(chunk)
        if progress is not None:
            progress(len(chunk))
    if user_ids is None:
        findings.broken_rules = {name: broken for name, query in RULES.items() if (broken := _count(query))}
    return findings


def _differences(table: str, stored: dict[Any, Any], recomputed: dict[Any, Any]) -> Iterator[Difference]:
    for key in sorted(stored.keys() | recomputed.keys()):
        before, after = stored.get(key), recomputed.get(key)
        if before is None or after is None or not all(map(_same, before, after)):
            yield Difference(table, key[0], key[1:], before, after)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) <= TOLERANCE
    if isinstance(left, dt.datetime) and isinstance(right, dt.datetime):
        return abs(left - right) <= TIME_TOLERANCE
    return bool(left == right)


def _rows(table: str, user_ids: Sequence[str]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    keys, values = DERIVED[table]
    query = f"SELECT user_id, {', '.join((*keys, *values))} FROM {table} WHERE user_id = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [list(user_ids)])
        width = 1 + len(keys)
        return {row[:width]: row[width:] for row in cursor.fetchall()}


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def _viewers(user_ids: Sequence[str] | None) -> list[str]:
    with connection.cursor() as cursor:
        if user_ids is None:
            cursor.execute("SELECT id FROM users ORDER BY id")
        else:
            cursor.execute("SELECT id FROM users WHERE id = ANY(%s) ORDER BY id", [list(user_ids)])
        return [row[0] for row in cursor.fetchall()]


def _chunks(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), VIEWERS_AT_ONCE):
        yield items[start : start + VIEWERS_AT_ONCE]
