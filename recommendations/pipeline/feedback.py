"""
What became of a recommendation: feedback in, once each, and the act it amounts to; and taken back without a trace.

Feedback is kept beside the list it answers, and turned into an event with an id of its own making, so that the viewer's
profile, habits and friends learn of it in the same transaction, a second delivery finds the first, and taking feedback
back finds the event.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import FeedbackType, ServedList
from recommendations.pipeline import events, habits, profiles
from recommendations.pipeline.problems import Problem
from recommendations.pipeline.signals import TOLD_TO_FRIENDS, latest_told
from recommendations.pipeline.validation import Refused, checked_context, checked_time
from social.services import restate_signals

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
# What makes an answer the same answer: request, title and kind.
Key = tuple[uuid.UUID | None, int, str]


@dataclass(frozen=True)
class NewFeedback:
    """
    One answer to a recommendation as a client tells it.

    position      None: where the title stood in the list it answers
    occurred_at   None: now
    """

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
class UndoReceipt:
    """
    What became of the answers named.

    ids          those taken back, in order
    duplicates   how many were named again
    problems     those that are not there, or not the viewer's
    """

    ids: list[int]
    duplicates: int
    problems: list[Problem]


@dataclass(frozen=True)
class _Checked:
    index: int
    item: NewFeedback
    occurred_at: dt.datetime
    content_type: str
    position: int | None

    @property
    def key(self) -> Key:
        return self.item.request_id, self.item.show_id, self.item.feedback_type


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
        # What is said twice in one call is said once: the first time.
        once: dict[Key, _Checked] = {}
        for row in checked:
            once.setdefault(row.key, row)
        new = _insert(user_id, list(once.values()), now) if once else {}
        acts = [_act(once[key]) for key in new if once[key].item.feedback_type in ACTS]
        if acts:
            events.record_events(user_id=user_id, events=acts, now=now, config=config)
        if new:
            habits.touch(user_id=user_id, now=now)
        kept = new if len(new) == len(once) else new | _kept(user_id, [key for key in once if key not in new])
    ids: list[int | None] = [None] * len(items)
    for row in checked:
        ids[row.index] = kept[row.key]
    return FeedbackReceipt(ids=ids, accepted=len(new), duplicates=len(checked) - len(new), problems=problems)


def undo_feedback(
    *, user_id: str, feedback_ids: Sequence[int], now: dt.datetime, config: EngineConfig = DEFAULT
) -> UndoReceipt:
    """
    Take back what a viewer answered: all is as if it had never been said, and it may be said again.

    With the answer goes the event it made, what that event taught the profile and habits, and what friends heard of it.
    An answer of somebody else's is as little there as one that never was.

    Raises Invalid for more answers than config.intake.batch.
    """
    if len(feedback_ids) > config.intake.batch:
        raise Invalid(f"at most {config.intake.batch} items a call, got {len(feedback_ids)}", field="feedbackIds")
    with transaction.atomic():
        habits.lock(user_ids=[user_id])
        gone = _delete(user_id, feedback_ids)
        made = [_event_id(*key) for key in gone.values() if key[2] in ACTS]
        if made:
            told = _delete_events(user_id, made)
            profiles.rebuild(now=now, user_ids=[user_id], config=config)
            if told:
                taken_back = [(show, TOLD_TO_FRIENDS[act]) for show, act in told]
                standing = latest_told(user_id=user_id, told=told)
                restate_signals(user_id=user_id, taken_back=taken_back, standing=standing)
        if gone:
            habits.touch(user_id=user_id, now=now)
    named = list(dict.fromkeys(feedback_ids))
    return UndoReceipt(
        ids=[key for key in named if key in gone],
        duplicates=sum(key in gone for key in feedback_ids) - len(gone),
        problems=[
            Problem(index, "feedbackIds", "NOT_FOUND", "there is no such feedback of yours")
            for index, key in enumerate(feedback_ids)
            if key not in gone
        ],
    )


def _check_all(
    user_id: str, items: Sequence[NewFeedback], now: dt.datetime, config: EngineConfig
) -> tuple[list[_Checked], list[Problem]]:
    kinds = _content_types([item.show_id for item in items])
    requests = {item.request_id for item in items if item.request_id is not None}
    served = {
        kept.request_id: {entry["show"]: entry["position"] for entry in kept.items}
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
    served: dict[uuid.UUID, dict[int, int]],
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
    position = item.position
    if position is None and item.request_id is not None:
        position = served[item.request_id][item.show_id]
    occurred_at = checked_time(item.occurred_at, now, config.intake)
    return _Checked(index, item, occurred_at, kinds[item.show_id], position)


def _content_types(show_ids: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, content_type FROM shows WHERE id = ANY(%s)", [[i for i in show_ids if 0 < i < 2**63]]
        )
        return dict(cursor.fetchall())


def _insert(user_id: str, rows: Sequence[_Checked], now: dt.datetime) -> dict[Key, int]:
    """Keep answers in one statement, each beside the candidate it answers; returns the new ones' rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO recommendation_feedback (user_id, request_id, content_id, feedback_type, position,
                feedback_value, context, created_at, received_at, recommendation_id)
            SELECT %(user)s, new.request_id, new.show_id, new.kind, new.position, new.value, new.context, new.at,
                %(now)s, c.id
            FROM unnest(%(requests)s::uuid[], %(shows)s::bigint[], %(kinds)s::text[], %(positions)s::int[],
                    %(values)s::float8[], %(contexts)s::jsonb[], %(times)s::timestamptz[])
                    WITH ORDINALITY AS new(request_id, show_id, kind, position, value, context, at, place)
                LEFT JOIN served_lists s ON s.request_id = new.request_id AND s.user_id = %(user)s
                LEFT JOIN recommendation_candidates c ON c.user_id = s.user_id AND c.algorithm_type = s.algorithm
                    AND c.content_id = new.show_id
            ORDER BY new.place
            ON CONFLICT (user_id, request_id, content_id, feedback_type) DO NOTHING
            RETURNING request_id, content_id, feedback_type, id
            """,
            {
                "user": user_id,
                "now": now,
                "requests": [row.item.request_id for row in rows],
                "shows": [row.item.show_id for row in rows],
                "kinds": [row.item.feedback_type for row in rows],
                "positions": [row.position for row in rows],
                "values": [row.item.value for row in rows],
                "contexts": [None if row.item.context is None else Jsonb(row.item.context) for row in rows],
                "times": [row.occurred_at for row in rows],
            },
        )
        return {(request, show, kind): key for request, show, kind, key in cursor.fetchall()}


def _kept(user_id: str, keys: Sequence[Key]) -> dict[Key, int]:
    """Return the rows of answers that were there before."""
    requests, shows, kinds = (list(column) for column in zip(*keys, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, content_id, feedback_type, id FROM recommendation_feedback WHERE user_id = %s"
            " AND (request_id = ANY(%s::uuid[]) OR request_id IS NULL) AND content_id = ANY(%s)"
            " AND feedback_type = ANY(%s)",
            [user_id, requests, shows, kinds],
        )
        return {(request, show, kind): key for request, show, kind, key in cursor.fetchall()}


def _delete(user_id: str, feedback_ids: Sequence[int]) -> dict[int, Key]:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM recommendation_feedback WHERE user_id = %s AND id = ANY(%s)"
            " RETURNING id, request_id, content_id, feedback_type",
            [user_id, list(feedback_ids)],
        )
        return {key: (request, show, kind) for key, request, show, kind in cursor.fetchall()}


def _delete_events(user_id: str, event_ids: Sequence[uuid.UUID]) -> list[tuple[int, str]]:
    """Delete events; returns the (title, act) of each that friends may have heard of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM user_behavior_events WHERE user_id = %s AND event_id = ANY(%s)"
            " RETURNING content_id, event_type",
            [user_id, list(event_ids)],
        )
        return sorted({(show, act) for show, act in cursor.fetchall() if act in TOLD_TO_FRIENDS})


def _event_id(request_id: uuid.UUID | None, show_id: int, feedback_type: str) -> uuid.UUID:
    return uuid.uuid5(EVENT_NAMESPACE, f"{request_id}:{show_id}:{feedback_type}")


def _act(row: _Checked) -> events.NewEvent:
    item = row.item
    return events.NewEvent(
        event_id=_event_id(*row.key),
        session_id=f"feedback-{item.request_id or 'direct'}",
        event_type=ACTS[item.feedback_type],
        show_id=item.show_id,
        content_type=row.content_type,
        context={"source": "feedback", "feedback_type": item.feedback_type},
        occurred_at=row.occurred_at,
    )
