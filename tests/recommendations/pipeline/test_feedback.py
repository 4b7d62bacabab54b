"""Feedback in: once each, attributed, and turned into the act it amounts to."""

import uuid

import pytest

from recommendations.models import RecommendationFeedback, UserBehaviorEvent, UserTasteProfile
from recommendations.pipeline.feedback import NewFeedback, record_feedback
from recommendations.pipeline.ranking import serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def served(world, now):
    return serve(user_id="space-0", algorithm="hybrid", now=now)


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        ("impression", None),
        ("click", "click"),
        ("like", "like"),
        ("dislike", "dislike"),
        ("not_interested", "dislike"),
        ("watch_started", "play"),
        ("watch_completed", "complete"),
    ],
)
def test_every_kind_is_kept_and_becomes_its_act(served, now, kind, act) -> None:
    show = served.items[0]["show"]

    receipt = record_feedback(
        user_id="space-0", items=[NewFeedback(kind, show, request_id=served.request_id, position=1)], now=now
    )

    assert (receipt.accepted, receipt.duplicates, receipt.problems) == (1, 0, [])
    kept = RecommendationFeedback.objects.get(pk=receipt.ids[0])
    assert (kept.feedback_type, kept.content_id, kept.position) == (kind, show, 1)
    assert kept.recommendation is not None
    acts = UserBehaviorEvent.objects.filter(user_id="space-0", content_id=show)
    assert [event.event_type for event in acts] == ([act] if act else [])


def test_feedback_sent_twice_counts_once(served, now) -> None:
    item = NewFeedback("like", served.items[0]["show"], request_id=served.request_id)
    first = record_feedback(user_id="space-0", items=[item], now=now)
    taste = list(UserTasteProfile.objects.filter(user_id="space-0").order_by("pk").values_list("affinity_score"))

    again = record_feedback(user_id="space-0", items=[item, item], now=now)

    assert (again.accepted, again.duplicates) == (0, 2)
    assert again.ids == [first.ids[0]] * 2
    assert (
        list(UserTasteProfile.objects.filter(user_id="space-0").order_by("pk").values_list("affinity_score")) == taste
    )
    assert UserBehaviorEvent.objects.filter(user_id="space-0", event_type="like", content_id=item.show_id).count() == 1


def test_bad_items_are_refused_alone(served, now) -> None:
    show = served.items[0]["show"]
    items = [
        NewFeedback("applause", show),
        NewFeedback("like", 999),
        NewFeedback("like", show, request_id=uuid.uuid4()),
        NewFeedback("like", 1, request_id=served.request_id),
        NewFeedback("like", show, position=0),
        NewFeedback("like", show, value=float("nan")),
        NewFeedback("like", show, context={"a": "\x00"}),
        NewFeedback("click", show, request_id=served.request_id),
    ]

    receipt = record_feedback(user_id="space-0", items=items, now=now)

    assert [(p.index, p.field, p.code) for p in receipt.problems] == [
        (0, "feedbackType", "BAD_INPUT"),
        (1, "showId", "NOT_FOUND"),
        (2, "requestId", "NOT_FOUND"),
        (3, "showId", "NOT_IN_LIST"),
        (4, "position", "BAD_INPUT"),
        (5, "value", "BAD_INPUT"),
        (6, "context", "BAD_INPUT"),
    ]
    assert receipt.ids[:7] == [None] * 7
    assert receipt.ids[7] is not None
    assert RecommendationFeedback.objects.count() == 1


def test_somebody_elses_list_can_not_be_answered(served, now) -> None:
    item = NewFeedback("like", served.items[0]["show"], request_id=served.request_id)

    receipt = record_feedback(user_id="cosy-0", items=[item], now=now)

    assert receipt.problems[0].code == "NOT_FOUND"
    assert not RecommendationFeedback.objects.exists()
