"""
Acts past their time -> sums in viewer_checkpoints; what else has had its time leaves too, in small batches.

What is derived does not change when an act leaves: profile, habits, use of services and the titles dealt with are the
checkpoint and the acts that are still there, together. A batch is one viewer's, in one transaction; killed anywhere,
nothing is lost and nothing counted twice.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction

from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.weighting import event_codes, evidence_weights, signals
from recommendations.models import ViewerCheckpoint
from recommendations.pipeline import folding, habits, profiles
from recommendations.queries.events import DEALT_WITH, SECONDS_PER_DAY

Progress = Callable[[int], None]


def retire_events(
    *, now: dt.datetime, config: EngineConfig = DEFAULT, most: int = 100_000, progress: Progress | None = None
) -> int:
    """
    Let acts leave that happened, and came in, longer than intake.retention ago; returns how many left, at most `most`.

    Both times count, so that an imported archive stays as long as what is new.
    """
    before = now - dt.timedelta(days=config.intake.retention)
    total = 0
    while total < most:
        viewers = _viewers_with_old_acts(before, config.intake.retired_at_once)
        if not viewers:
            break
        for user_id in viewers:
            gone = _retire(user_id, before, now, config)
            total += gone
            if progress is not None:
                progress(gone)
    return total


def _viewers_with_old_acts(before: dt.datetime, acts: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT user_id FROM (SELECT user_id FROM user_behavior_events"
            " WHERE created_at < %s AND received_at < %s ORDER BY created_at LIMIT %s) AS oldest ORDER BY 1",
            [before, before, acts],
        )
        return [user_id for (user_id,) in cursor.fetchall()]


@dataclass(frozen=True)
class _Act:
    id: int
    session_id: str
    event_type: str
    show_id: int | None
    engagement: float
    at: dt.datetime
    excluded: bool


def _retire(user_id: str, before: dt.datetime, now: dt.datetime, config: EngineConfig) -> int:
    with transaction.atomic():
        held = folding.hold(user_id)
        if held.unprofiled:
            # What was never counted can not leave.
            folding.fold(held, config=config)
        acts = _oldest(user_id, before, config.intake.retired_at_once)
        if not acts:
            return 0
        ids = [act.id for act in acts]
        kept = ViewerCheckpoint.objects.filter(pk=user_id).first() or ViewerCheckpoint(user_id=user_id, through=before)
        if held.personalisation:
            rows = profiles.derived(user_ids=[user_id], config=config, only=ids)
            kept.taste = profiles.checkpointed(rows)
            kept.contexts = _contexts(kept.contexts, habits.contexts_of(event_ids=ids))
            kept.platforms = _platforms(kept.platforms, habits.uses_of(event_ids=ids), config)
            closed, kept.sessions = _sessions(kept.sessions, acts, _still_there(user_id, ids))
            kept.contexts = _contexts(kept.contexts, closed)
        kept.titles = _titles(kept.titles, acts, config)
        # Oldest first, so the last is the newest.
        kept.through = max(kept.through, acts[-1].at) if kept.events else acts[-1].at
        kept.events += len(acts)
        kept.updated_at = now
        kept.save()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM user_behavior_events WHERE id = ANY(%s)", [ids])
    return len(acts)


def _oldest(user_id: str, before: dt.datetime, most: int) -> list[_Act]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.id, e.session_id, e.event_type, e.content_id, e.engagement_score, e.created_at, EXISTS (
                SELECT 1 FROM taste_exclusions x WHERE x.user_id = e.user_id
                AND (x.session_id IS NULL OR x.session_id = e.session_id)
                AND (x.content_id IS NULL OR x.content_id = e.content_id))
            FROM user_behavior_events e
            WHERE e.user_id = %s AND e.created_at < %s AND e.received_at < %s ORDER BY e.created_at, e.id LIMIT %s
            """,
            [user_id, before, before, most],
        )
        return [_Act(*row) for row in cursor.fetchall()]


def _still_there(user_id: str, leaving: Sequence[int]) -> set[str]:
    """Return the sittings of which acts stay behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT session_id FROM user_behavior_events WHERE user_id = %s AND id <> ALL(%s)",
            [user_id, list(leaving)],
        )
        return {session_id for (session_id,) in cursor.fetchall()}


def _sessions(
    known: Sequence[Sequence[str]], acts: Sequence[_Act], still_there: set[str]
) -> tuple[list[tuple[str, str, int, dt.datetime]], list[list[str]]]:
    """Return what the sittings that are over now add to user_context, and those of which only a part has left."""
    spans = {name: (dt.datetime.fromisoformat(a), dt.datetime.fromisoformat(b)) for name, a, b in known}
    for act in acts:
        if act.session_id != habits.NO_SESSION:
            first, last = spans.get(act.session_id, (act.at, act.at))
            spans[act.session_id] = (min(first, act.at), max(last, act.at))
    over = [span for name, span in spans.items() if name not in still_there]
    parted = [[name, a.isoformat(), b.isoformat()] for name, (a, b) in sorted(spans.items()) if name in still_there]
    return [("session_length", habits.session_length(a, b), 1, b) for a, b in over], parted


def _contexts(known: Iterable[Sequence[Any]], new: Iterable[tuple[str, str, int, dt.datetime]]) -> list[list[Any]]:
    sums = {(kind, value): (n, dt.datetime.fromisoformat(seen)) for kind, value, n, seen in known}
    for kind, value, n, seen in new:
        before, latest = sums.get((kind, value), (0, seen))
        sums[(kind, value)] = (before + n, max(latest, seen))
    return [[*key, n, seen.isoformat()] for key, (n, seen) in sorted(sums.items())]


def _platforms(
    known: Iterable[Sequence[Any]], new: Iterable[tuple[str, dt.datetime]], config: EngineConfig
) -> list[list[Any]]:
    """Return the faded use of each service, each as of when it was last used."""
    sums = {slug: (use, dt.datetime.fromisoformat(at)) for slug, use, at in known}
    for slug, at in new:
        use, as_of = sums.get(slug, (0.0, at))
        latest = max(as_of, at)
        sums[slug] = (use * _fade(latest - as_of, config) + _fade(latest - at, config), latest)
    return [[slug, use, at.isoformat()] for slug, (use, at) in sorted(sums.items())]


def _fade(age: dt.timedelta, config: EngineConfig) -> float:
    return float(2.0 ** (-age.total_seconds() / SECONDS_PER_DAY / config.platforms.half_life))


def _titles(known: Iterable[Sequence[Any]], acts: Sequence[_Act], config: EngineConfig) -> list[list[Any]]:
    """Return what is known of each title: evidence, signed evidence, the latest day, and whether it is dealt with."""
    sums = {show_id: (evidence, signed, day, dealt) for show_id, evidence, signed, day, dealt in known}
    weights = evidence_weights(event_codes([act.event_type for act in acts]), config.events)
    said = signals(np.array([act.engagement for act in acts]))
    for act, weight, signal in zip(acts, weights.tolist(), said.tolist(), strict=True):
        if act.show_id is None:
            continue
        evidence, signed, day, dealt = sums.get(act.show_id, (0.0, 0.0, 0.0, 0))
        if not act.excluded:
            day = max(day, act.at.timestamp() / SECONDS_PER_DAY) if weight > 0 else day
            evidence, signed = evidence + weight, signed + weight * signal
        sums[act.show_id] = (evidence, signed, day, int(dealt or act.event_type in DEALT_WITH))
    return [[show_id, *values] for show_id, values in sorted(sums.items()) if values[0] > 0 or values[3]]


def purge_feedback(*, now: dt.datetime, config: EngineConfig = DEFAULT) -> int:
    """
    Let feedback leave: impressions after serving.impressions_kept, the rest after intake.retention; returns how many.

    What was dismissed stays dismissed: the act that the feedback amounted to remembers it.
    """
    impressions = now - dt.timedelta(days=config.serving.impressions_kept)
    rest = now - dt.timedelta(days=config.intake.retention)
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                DELETE FROM recommendation_feedback WHERE id IN (
                    SELECT id FROM recommendation_feedback
                    WHERE (feedback_type = 'impression' AND received_at < %s) OR received_at < %s
                    ORDER BY received_at LIMIT %s)
                """,
                [impressions, rest, config.intake.retired_at_once],
            )
            total += cursor.rowcount
            if cursor.rowcount < config.intake.retired_at_once:
                return total
