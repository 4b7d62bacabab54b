"""Batches of events and feedback: each item is answered for itself, in the order sent, whatever the others are."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from bingeboard.errors import Invalid
from bingeboard.graphql.limits import LONGEST_LIST
from bingeboard.graphql.nodes import global_id, number_of
from bingeboard.graphql.problems import UserError, user_error
from recommendations.graphql.enums import EventStatus
from recommendations.graphql.inputs import EventInput, FeedbackInput
from recommendations.graphql.types import EventOutcome, SendFeedbackPayload, TrackEventsPayload
from recommendations.pipeline.events import REJECTED, Outcome, record_events
from recommendations.pipeline.feedback import record_feedback, undo_feedback
from recommendations.pipeline.problems import Problem

# What feedback's ids are the ids of.
FEEDBACK = "Feedback"
Sent = TypeVar("Sent")
Taken = TypeVar("Taken")


def track(*, user_id: str, inputs: Sequence[EventInput], now: dt.datetime) -> TrackEventsPayload:
    """Record events and return what became of each."""
    readable, bad = _read(inputs, EventInput.event)
    recorded = record_events(user_id=user_id, events=list(readable.values()), now=now)
    outcomes = dict(zip(readable, recorded, strict=True))
    for item in bad:
        outcomes[item.index] = Outcome(inputs[item.index].event_id, REJECTED, item.code, item.field, item.message)
    in_order = [outcomes[index] for index in range(len(inputs))]
    counts = Counter(outcome.status for outcome in in_order)
    return TrackEventsPayload(
        accepted=counts["accepted"],
        duplicates=counts["duplicate"],
        rejected=counts["rejected"],
        outcomes=[EventOutcome(event_id=o.event_id, status=EventStatus(o.status), code=o.code) for o in in_order],
        user_errors=[
            UserError(index=index, field=o.field, code=o.code, message=o.message or "")
            for index, o in enumerate(in_order)
            if o.code is not None
        ],
    )


def give_feedback(*, user_id: str, inputs: Sequence[FeedbackInput], now: dt.datetime) -> SendFeedbackPayload:
    """Record feedback and return which of it counts."""
    readable, bad = _read(inputs, FeedbackInput.feedback)
    receipt = record_feedback(user_id=user_id, items=list(readable.values()), now=now)
    places = list(readable)
    refused = [Problem(places[p.index], p.field, p.code, p.message) for p in receipt.problems]
    return SendFeedbackPayload(
        accepted=receipt.accepted,
        duplicates=receipt.duplicates,
        feedback_ids=[global_id(FEEDBACK, key) for key in receipt.ids if key is not None],
        user_errors=[user_error(item) for item in sorted((*bad, *refused), key=lambda item: item.index)],
    )


def take_back(*, user_id: str, feedback_ids: Sequence[str], now: dt.datetime) -> SendFeedbackPayload:
    """Take feedback back and return which of it there was."""
    readable, bad = _read(feedback_ids, lambda sent: number_of(sent, FEEDBACK, field="feedbackIds"))
    receipt = undo_feedback(user_id=user_id, feedback_ids=list(readable.values()), now=now)
    places = list(readable)
    refused = [Problem(places[p.index], p.field, p.code, p.message) for p in receipt.problems]
    return SendFeedbackPayload(
        accepted=len(receipt.ids),
        duplicates=receipt.duplicates,
        feedback_ids=[global_id(FEEDBACK, key) for key in receipt.ids],
        user_errors=[user_error(item) for item in sorted((*bad, *refused), key=lambda item: item.index)],
    )


def _read(inputs: Sequence[Sent], read: Callable[[Sent], Taken]) -> tuple[dict[int, Taken], list[Problem]]:
    """Return the items that could be read, by place, and those whose ids are none."""
    if len(inputs) > LONGEST_LIST:
        raise Invalid(f"at most {LONGEST_LIST} items a call, got {len(inputs)}")
    readable: dict[int, Taken] = {}
    bad = []
    for index, sent in enumerate(inputs):
        try:
            readable[index] = read(sent)
        except Invalid as error:
            bad.append(Problem(index, error.field or "", error.code, error.message))
    return readable, bad
