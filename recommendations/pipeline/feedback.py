"""
What became of a recommendation: feedback in, once each, and the act it amounts to.

Feedback is kept beside the list it answers, and turned into an event with an id of its own making, so that the viewer's
profile, habits and friends learn of it in the same transaction, and a second delivery finds the first.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import FeedbackType, ServedList
from recommendations.pipeline import events, habits
from recommendations.pipeline.problems import Problem
from recommendations.pipeline.validation import Refused, checked_context, checked_time

# What each kind amounts to as an act; an impression is no act of the viewer's.
ACTS = {
    "click": "click",
    "like": "like",
    "dislike": "dislike",
    "not_interested": "dislike",
    "watch_started": "play",
    "watch_completed": "complete",
}
EVENT_NAMESPACE = uuid.UUID("6a0f6f0e-6f0c-5d4e-9b61-5d3f0c1b7a11")


@dataclass(frozen=True)
class NewFeedback:
    """One answer to a recommendation as a client tells it; occurred_at None means now."""

    feedback_type: str
    show_id: int
    request_id: uuid.UUID | None = None
    position: int | None = None
    value: float | None = None
    context: Any = None
    occurred_at: dt.datetime | None = None


@dataclass(frozen=True)
class FeedbackReceipt:
    """
    What became of the items sent.

    ids        one an item, in order: the row that holds it, also where it was there before; None where refused
    problems   what was wrong with the refused ones
    """

    ids: list[int | None]
    accepted: int
    duplicates: int
    problems: list[Problem]


@dataclass(frozen=True)
class _Checked:
    index: int
    item: NewFeedback
    occurred_at: dt.datetime
    content_type: str


def record_feedback(
    *, user_id: str, items: Sequence[NewFeedback], now: dt.datetime, config: EngineConfig = DEFAULT
) -> FeedbackReceipt:
    """
    Take in a viewer's answers, one per request, title and kind; a bad one is refused alone.

    Raises Invalid for more items than config.intake.batch.
    """
    if len(items) > config.intake.batch:
        raise Invalid(f"at most {config.intake.batch} items a call, got {len(items)}", field="feedback")
    checked, problems = _check_all(user_id, items, now, config)
    with transaction.atomic():
        habits.lock(user_ids=[user_id])
        written = {row.index: _write(user_id, row, now) for row in checked}
        new = [row for row in checked if written[row.index][1]]
        acts = [_act(row) for row in new if row.item.feedback_type in ACTS]
        if acts:
            events.record_events(user_id=user_id, events=acts, now=now, config=config)
        if new:
            habits.touch(user_id=user_id, now=now)
    ids = [written[index][0] if index in written else None for index in range(len(items))]
    return FeedbackReceipt(ids=ids, accepted=len(new), duplicates=len(checked) - len(new), problems=problems)


def _check_all(
    user_id: str, items: Sequence[NewFeedback], now: dt.datetime, config: EngineConfig
) -> tuple[list[_Checked], list[Problem]]:
    kinds = _content_types([item.show_id for item in items])
    requests = {item.request_id for item in items if item.request_id is not None}
    served = {
        kept.request_id: {entry["show"] for entry in kept.items}
        for kept in ServedList.objects.filter(user_id=user_id, request_id__in=requests)
    }
    checked, problems = [], []
    for index, item in enumerate(items):
        try:
            checked.append(_check(index, item, kinds, served, now, config))
        except Refused as refusal:
            problems.append(Problem(index, refusal.field, refusal.code, refusal.message))
    return checked, problems


def _check(
    index: int,
    item: NewFeedback,
    kinds: dict[int, str],
    served: dict[uuid.UUID, set[int]],
    now: dt.datetime,
    config: EngineConfig,
) -> _Checked:
    if item.feedback_type not in FeedbackType.values:
        raise Refused("feedbackType", "BAD_INPUT", f"{item.feedback_type!r} is no feedback type")
    if item.show_id not in kinds:
        raise Refused("showId", "NOT_FOUND", f"there is no show {item.show_id}")
    if item.request_id is not None and item.request_id not in served:
        raise Refused("requestId", "NOT_FOUND", "there is no such list, or it is past its retention")
    if item.request_id is not None and item.show_id not in served[item.request_id]:
        raise Refused("showId", "NOT_IN_LIST", "this title did not stand in that list")
    if item.position is not None and not 1 <= item.position <= 10_000:
        raise Refused("position", "BAD_INPUT", f"positions count from 1, got {item.position}")
    if item.value is not None and not -1e6 <= item.value <= 1e6:
        raise Refused("value", "BAD_INPUT", "a finite number")
    checked_context(item.context, config.intake)
    return _Checked(index, item, checked_time(item.occurred_at, now, config.intake), kinds[item.show_id])


def _content_types(show_ids: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, content_type FROM shows WHERE id = ANY(%s)", [[i for i in show_ids if 0 < i < 2**63]]
        )
        return dict(cursor.fetchall())


def _write(user_id: str, row: _Checked, now: dt.datetime) -> tuple[int, bool]:
    """Keep one answer; returns (its row's id, whether it is new)."""
    key = [user_id, row.item.request_id, row.item.show_id, row.item.feedback_type]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO recommendation_feedback (user_id, request_id, content_id, feedback_type, position,
                feedback_value, context, created_at, received_at, recommendation_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, (
                SELECT c.id FROM recommendation_candidates c JOIN served_lists s
                    ON s.request_id = %s AND s.user_id = c.user_id AND s.algorithm = c.algorithm_type
                WHERE c.user_id = %s AND c.content_id = %s))
            ON CONFLICT (user_id, request_id, content_id, feedback_type) DO NOTHING RETURNING id
            """,
            [
                *key,
                row.item.position,
                row.item.value,
                None if row.item.context is None else orjson.dumps(row.item.context).decode(),
                row.occurred_at,
                now,
                row.item.request_id,
                user_id,
                row.item.show_id,
            ],
        )
        found = cursor.fetchone()
        if found is not None:
            return found[0], True
        cursor.execute(
            "SELECT id FROM recommendation_feedback WHERE user_id = %s AND request_id IS NOT DISTINCT FROM %s"
            " AND content_id = %s AND feedback_type = %s",
            key,
        )
        return cursor.fetchone()[0], False


def _act(row: _Checked) -> events.NewEvent:
    item = row.item
    key = f"{item.request_id}:{item.show_id}:{item.feedback_type}"
    return events.NewEvent(
        event_id=uuid.uuid5(EVENT_NAMESPACE, key),
        session_id=f"feedback-{item.request_id or 'direct'}",
        event_type=ACTS[item.feedback_type],
        show_id=item.show_id,
        content_type=row.content_type,
        context={"source": "feedback", "feedback_type": item.feedback_type},
        occurred_at=row.occurred_at,
    )
