"""
Accept what viewers do: events in, once each, and everything that follows from them at once.

In one transaction: the events, the viewer's taste profile and habits, what friends may see of it, and the mark that the
viewer's candidates are out of date. After the acknowledgement the next query knows.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.weighting import EVENT_TYPES, engagement_scores, event_codes
from recommendations.pipeline import habits, profiles
from recommendations.pipeline.signals import TOLD_TO_FRIENDS
from recommendations.pipeline.validation import (
    CONTENT_TYPES,
    Refused,
    checked_context,
    checked_text,
    checked_time,
    number_in,
)
from social.services import Act, record_signals

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"


@dataclass(frozen=True)
class NewEvent:
    """One act as a client tells it; occurred_at None means now."""

    event_id: uuid.UUID
    session_id: str
    event_type: str
    show_id: int | None
    content_type: str
    platform_source: str | None = None
    context: Any = None
    occurred_at: dt.datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one event; code, field and message are set where it was rejected."""

    event_id: uuid.UUID
    status: str
    code: str | None = None
    field: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class _Row:
    event: NewEvent
    occurred_at: dt.datetime
    engagement: float


def record_events(
    *, user_id: str, events: Sequence[NewEvent], now: dt.datetime, config: EngineConfig = DEFAULT
) -> list[Outcome]:
    """
    Take in a viewer's acts, each once, and return what became of each, in order.

    A bad event is rejected alone. One seen before, in this batch or ever, is a duplicate and changes nothing.

    Raises Invalid for more events than config.intake.batch.
    """
    if len(events) > config.intake.batch:
        raise Invalid(f"at most {config.intake.batch} events a call, got {len(events)}", field="events")
    outcomes: list[Outcome | None] = [None] * len(events)
    rows: dict[uuid.UUID, tuple[int, _Row]] = {}
    known = _known_shows({e.show_id for e in events if e.show_id is not None})
    for index, event in enumerate(events):
        try:
            row = _checked(event, known, now, config)
        except Refused as refusal:
            outcomes[index] = Outcome(event.event_id, REJECTED, refusal.code, refusal.field, refusal.message)
            continue
        if event.event_id in rows:
            outcomes[index] = Outcome(event.event_id, DUPLICATE)
        else:
            rows[event.event_id] = (index, row)
    new = store(user_id=user_id, rows=[row for _, row in rows.values()], now=now, config=config) if rows else set()
    for event_id, (index, _) in rows.items():
        outcomes[index] = Outcome(event_id, ACCEPTED if event_id in new else DUPLICATE)
    return [outcome for outcome in outcomes if outcome is not None]


def store(*, user_id: str, rows: Sequence[_Row], now: dt.datetime, config: EngineConfig) -> set[uuid.UUID]:
    """Write checked events and what follows from the new ones; returns the ids that were new."""
    with transaction.atomic():
        habits.lock(user_ids=[user_id])
        new = _insert(user_id, rows, now)
        accepted = [row for row in rows if row.event.event_id in new]
        if accepted:
            latest = max(row.occurred_at for row in accepted)
            habits.touch(user_id=user_id, now=latest)
            profiles.add_acts(user_id=user_id, acts=[_act(row) for row in accepted], config=config)
            habits.refresh(user_ids=[user_id], config=config)
            record_signals(acts=_told(user_id, accepted))
    return new


def _act(row: _Row) -> profiles.ProfileAct:
    return profiles.ProfileAct(
        show_id=row.event.show_id,
        event_type=row.event.event_type,
        engagement=row.engagement,
        occurred_at=row.occurred_at,
    )


def _told(user_id: str, rows: Sequence[_Row]) -> list[Act]:
    return [
        Act(
            user_id=user_id,
            show_id=row.event.show_id,
            kind=TOLD_TO_FRIENDS[row.event.event_type],
            happened_at=row.occurred_at,
            strength=None,
        )
        for row in rows
        if row.event.show_id is not None and row.event.event_type in TOLD_TO_FRIENDS
    ]


def _insert(user_id: str, rows: Sequence[_Row], now: dt.datetime) -> set[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO user_behavior_events (event_id, user_id, session_id, event_type, content_id, content_type,
                platform_source, context, engagement_score, created_at, received_at)
            SELECT event_id, %s, session_id, event_type, content_id, content_type, platform_source, context,
                engagement, created_at, %s
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[],
                %s::float8[], %s::timestamptz[])
                AS new(event_id, session_id, event_type, content_id, content_type, platform_source, context,
                    engagement, created_at)
            ON CONFLICT (user_id, event_id) DO NOTHING
            RETURNING event_id
            """,
            [
                user_id,
                now,
                [r.event.event_id for r in rows],
                [r.event.session_id for r in rows],
                [r.event.event_type for r in rows],
                [r.event.show_id for r in rows],
                [r.event.content_type for r in rows],
                [r.event.platform_source for r in rows],
                [None if r.event.context is None else Jsonb(r.event.context) for r in rows],
                [r.engagement for r in rows],
                [r.occurred_at for r in rows],
            ],
        )
        return {row[0] for row in cursor.fetchall()}


def _known_shows(show_ids: set[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shows WHERE id = ANY(%s)", [[i for i in show_ids if 0 < i < 2**63]])
        return {row[0] for row in cursor.fetchall()}


def _checked(event: NewEvent, known: set[int], now: dt.datetime, config: EngineConfig) -> _Row:
    if event.event_type not in EVENT_TYPES:
        raise Refused("eventType", "BAD_INPUT", f"{event.event_type!r} is no event type")
    if event.content_type not in CONTENT_TYPES:
        raise Refused("contentType", "BAD_INPUT", f"{event.content_type!r} is no content type")
    if event.show_id is not None and event.show_id not in known:
        raise Refused("showId", "NOT_FOUND", f"there is no show {event.show_id}")
    checked_text("sessionId", event.session_id, config.intake.session_letters, required=True)
    if event.platform_source is not None:
        checked_text("platformSource", event.platform_source, 64)
    context = checked_context(event.context, config.intake)
    occurred_at = checked_time(event.occurred_at, now, config.intake)
    return _Row(event, occurred_at, _engagement(event.event_type, context, config))


def _engagement(event_type: str, context: dict[str, Any], config: EngineConfig) -> float:
    progress = number_in(context, "progress_percent", 0, 100)
    rating = number_in(context, "rating", config.events.rating_low, config.events.rating_high)
    scores = engagement_scores(
        event_codes([event_type]),
        np.array([np.nan if progress is None else progress / 100]),
        np.array([np.nan if rating is None else rating]),
        config.events,
    )
    return float(scores[0])
