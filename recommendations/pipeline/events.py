"""
Accept what viewers do: events in, once each, and everything that follows from them at once.

In one transaction: the events, what friends may see of them, the mark that the viewer's candidates are out of date, and
the viewer's tastes and habits, or the mark that these acts are still to be folded in (see pipeline.folding). After the
acknowledgement the next query knows.
"""

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.weighting import CODE, engagement_scores, event_codes
from recommendations.pipeline import attention, folding, habits
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
    context: dict[str, Any]
    occurred_at: dt.datetime
    progress: float
    rating: float


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
    outcomes: dict[int, Outcome] = {}
    rows: dict[int, _Row] = {}
    for index, event in enumerate(events):
        try:
            rows[index] = _checked(event, now, config)
        except Refused as refusal:
            outcomes[index] = Outcome(event.event_id, REJECTED, refusal.code, refusal.field, refusal.message)
    if rows:
        outcomes |= store(user_id=user_id, rows=rows, now=now, config=config)
    return [outcomes[index] for index in range(len(events))]


def store(
    *, user_id: str, rows: Mapping[int, _Row], now: dt.datetime, config: EngineConfig = DEFAULT
) -> dict[int, Outcome]:
    """Write checked events and what follows from the new ones, at once; returns what became of each, by its index."""
    with transaction.atomic():
        held = folding.hold(user_id)
        outcomes = _insert(user_id, rows, now, config)
        accepted = [rows[index] for index, outcome in outcomes.items() if outcome.status == ACCEPTED]
        if accepted:
            waits = held.unprofiled or len(accepted) > config.intake.folded_at_once
            habits.touch(user_id=user_id, now=max(row.occurred_at for row in accepted), unprofiled=waits)
            record_signals(acts=_told(user_id, accepted))
            if not waits:
                folding.fold(held, config=config)
    return outcomes


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


# One statement, whatever the number of events. They travel as one JSON text: as arrays, a column each, they cost the
# client eight times as much to write down.
_INSERT = """
WITH sent AS (
    SELECT s.*, s.content_id IS NULL OR EXISTS (SELECT 1 FROM shows WHERE id = s.content_id) AS known
    FROM json_to_recordset(%s) AS s(i int, event_id uuid, session_id text, event_type text, content_id bigint,
        content_type text, platform_source text, context jsonb, engagement float8, at timestamptz)
), added AS (
    INSERT INTO user_behavior_events (event_id, user_id, session_id, event_type, content_id, content_type,
        platform_source, context, engagement_score, created_at, received_at)
    SELECT event_id, %s, session_id, event_type, content_id, content_type, platform_source, context, engagement, at, %s
    FROM sent WHERE known ORDER BY i
    ON CONFLICT (user_id, event_id) DO NOTHING
    RETURNING event_id
)
SELECT s.i, s.known, a.event_id IS NOT NULL FROM sent s LEFT JOIN added a USING (event_id) ORDER BY s.i
"""


def _insert(user_id: str, rows: Mapping[int, _Row], now: dt.datetime, config: EngineConfig) -> dict[int, Outcome]:
    sent = [
        {
            "i": index,
            "event_id": row.event.event_id,
            "session_id": row.event.session_id,
            "event_type": row.event.event_type,
            "content_id": row.event.show_id,
            "content_type": row.event.content_type,
            "platform_source": row.event.platform_source,
            "context": None if row.event.context is None else row.context,
            "engagement": engagement,
            "at": row.occurred_at,
        }
        for (index, row), engagement in zip(rows.items(), _engagements(list(rows.values()), config), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [orjson.dumps(sent).decode(), user_id, now])
        found = cursor.fetchall()
    outcomes, claimed = {}, set()
    for index, known, added in found:
        event = rows[index].event
        if not known:
            outcomes[index] = Outcome(
                event.event_id, REJECTED, "NOT_FOUND", "showId", f"there is no show {event.show_id}"
            )
        elif added and event.event_id not in claimed:
            claimed.add(event.event_id)
            outcomes[index] = Outcome(event.event_id, ACCEPTED)
        else:
            outcomes[index] = Outcome(event.event_id, DUPLICATE)
    return outcomes


def _checked(event: NewEvent, now: dt.datetime, config: EngineConfig) -> _Row:
    if event.event_type not in CODE:
        raise Refused("eventType", "BAD_INPUT", f"{event.event_type!r} is no event type")
    if event.content_type not in CONTENT_TYPES:
        raise Refused("contentType", "BAD_INPUT", f"{event.content_type!r} is no content type")
    if event.show_id is not None and not 0 < event.show_id < 2**63:
        raise Refused("showId", "NOT_FOUND", f"there is no show {event.show_id}")
    checked_text("sessionId", event.session_id, config.intake.session_letters, required=True)
    if event.platform_source is not None:
        checked_text("platformSource", event.platform_source, config.intake.platform_letters)
    context = checked_context(event.context, config.intake)
    occurred_at = checked_time(event.occurred_at, now, config.intake)
    progress = number_in(context, "progress_percent", 0, 100)
    rating = number_in(context, "rating", config.events.rating_low, config.events.rating_high)
    return _Row(
        event,
        context,
        occurred_at,
        progress=math.nan if progress is None else progress / 100,
        rating=math.nan if rating is None else rating,
    )


def _engagements(rows: Sequence[_Row], config: EngineConfig) -> list[float]:
    codes = event_codes([row.event.event_type for row in rows])
    progress = np.array([row.progress for row in rows])
    if np.any((codes == CODE["abandon"]) & ~np.isnan(progress)):
        progress = attention.progress_among_others(
            show_ids=[row.event.show_id for row in rows], progress=progress, config=config
        )
    scores: list[float] = engagement_scores(
        codes,
        progress,
        np.array([row.rating for row in rows]),
        config.events,
    ).tolist()
    return scores
