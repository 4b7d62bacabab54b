"""Feedback in: once each, attributed, and turned into the act it amounts to; and taken back without a trace."""

import datetime as dt
import random
import uuid
from typing import Any

import pytest
from django.db import connection

from bingeboard.errors import Invalid
from bingeboard.users.models import User
from recommendations.models import RecommendationFeedback, UserBehaviorEvent, UserTasteProfile, ViewerState
from recommendations.pipeline.events import record_events
from recommendations.pipeline.feedback import NewFeedback, record_feedback, undo_feedback
from recommendations.pipeline.ranking import serve
from social.models import Friendship, SocialSignal

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


def test_the_position_is_the_served_one_where_it_is_left_out(served, now) -> None:
    shows = [item["show"] for item in served.items]
    items = [
        NewFeedback("click", shows[2], request_id=served.request_id),
        NewFeedback("click", shows[3], request_id=served.request_id, position=9),
        NewFeedback("click", shows[3]),
    ]

    ids = record_feedback(user_id="space-0", items=items, now=now).ids

    assert [RecommendationFeedback.objects.get(pk=key).position for key in ids] == [3, 9, None]


def test_what_is_said_twice_in_one_call_is_said_once_as_it_was_first(served, now) -> None:
    show = served.items[0]["show"]
    items = [NewFeedback("click", show, value=value) for value in (1.0, 2.0)]

    receipt = record_feedback(user_id="space-0", items=items, now=now)

    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert receipt.ids[0] == receipt.ids[1]
    assert RecommendationFeedback.objects.get().feedback_value == 1.0


def test_feedback_is_as_old_as_it_says(served, now) -> None:
    earlier = now - dt.timedelta(hours=3)
    show = served.items[0]["show"]

    record_feedback(user_id="space-0", items=[NewFeedback("like", show, occurred_at=earlier)], now=now)

    kept = RecommendationFeedback.objects.get()
    assert (kept.created_at, kept.received_at) == (earlier, now)
    assert UserBehaviorEvent.objects.get(user_id="space-0", content_id=show).created_at == earlier


KINDS = ("impression", "click", "like", "dislike", "not_interested", "watch_started", "watch_completed")


@pytest.fixture
def friends(served, event, now) -> None:
    """space-0 and space-1 share; space-0 liked a title a while ago, and space-1 was told."""
    User.objects.filter(pk__in=["space-0", "space-1"]).update(share_with_friends=True)
    Friendship.objects.create(user_id="space-0", friend_id="space-1", status="accepted")
    liked = event("like", served.items[0]["show"], occurred_at=now - dt.timedelta(days=2))
    record_events(user_id="space-0", events=[liked], now=now)


def everything() -> dict[str, list[tuple]]:
    """Return the rows of all tables, but what viewer_states counts and remembers."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != "viewer_states":
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                found[table] = cursor.fetchall()
    return found


def assert_same(before: dict[str, list[tuple]], after: dict[str, list[tuple]]) -> None:
    assert before.keys() == after.keys()
    for table, rows in before.items():
        assert len(after[table]) == len(rows), table
        for one, other in zip(rows, after[table], strict=True):
            for x, y in zip(one, other, strict=True):
                assert y == pytest.approx(x, abs=1e-9) if isinstance(x, float) else x == y, (table, one, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 1], ids=["a title liked before", "a title never touched"])
def test_what_is_taken_back_leaves_no_trace(friends, served, now, kind, place) -> None:
    before = everything()
    item = NewFeedback(kind, served.items[place]["show"], request_id=served.request_id)
    ids = record_feedback(user_id="space-0", items=[item], now=now).ids
    assert everything()["recommendation_feedback"] != before["recommendation_feedback"]

    receipt = undo_feedback(user_id="space-0", feedback_ids=ids, now=now)

    assert (receipt.ids, receipt.duplicates, receipt.problems) == (ids, 0, [])
    assert_same(before, everything())


@pytest.mark.parametrize("seed", range(5))
def test_any_of_many_may_be_taken_back_in_any_order(friends, served, now, seed) -> None:
    """What is left is what would be there had the others never been said; sequences of ids apart, which go on."""
    dice = random.Random(seed)
    said = [
        NewFeedback(kind, item["show"], request_id=served.request_id, occurred_at=now - dt.timedelta(hours=n))
        for n, (kind, item) in enumerate(dice.sample([(k, i) for k in KINDS for i in served.items[:4]], 12))
    ]
    kept, undone = said[:5], said[5:]
    record_feedback(user_id="space-0", items=kept, now=now)
    before = everything()
    ids = record_feedback(user_id="space-0", items=undone, now=now).ids
    dice.shuffle(ids)

    for part in (ids[:3], ids[3:]):
        undo_feedback(user_id="space-0", feedback_ids=part, now=now)

    assert_same(before, everything())


def test_what_friends_heard_is_taken_back_and_what_they_knew_is_as_old_as_it_was(friends, served, now) -> None:
    liked, other = (served.items[place]["show"] for place in (0, 1))
    items = [NewFeedback("like", show, request_id=served.request_id) for show in (liked, other)]
    ids = record_feedback(user_id="space-0", items=items, now=now).ids
    assert SocialSignal.objects.filter(created_at=now).count() == 2

    undo_feedback(user_id="space-0", feedback_ids=ids, now=now)

    signal = SocialSignal.objects.get()
    assert (signal.user_id, signal.friend_id, signal.content_id) == ("space-1", "space-0", liked)
    assert signal.created_at == now - dt.timedelta(days=2)


def test_what_was_taken_back_may_be_said_again_and_counts_anew(served, now) -> None:
    item = NewFeedback("like", served.items[0]["show"], request_id=served.request_id)

    def taste() -> list[tuple[Any, ...]]:
        return list(UserTasteProfile.objects.filter(user_id="space-0").order_by("pk").values_list("affinity_score"))

    untouched = taste()
    first = record_feedback(user_id="space-0", items=[item], now=now)
    moved = taste()
    undo_feedback(user_id="space-0", feedback_ids=first.ids, now=now)
    assert taste() == [pytest.approx(row, abs=1e-9) for row in untouched]

    again = record_feedback(user_id="space-0", items=[item], now=now)

    assert (again.accepted, again.duplicates) == (1, 0)
    assert taste() == [pytest.approx(row, abs=1e-9) for row in moved]
    assert UserBehaviorEvent.objects.filter(user_id="space-0", content_id=item.show_id).count() == 1


def test_somebody_elses_feedback_is_as_little_there_as_none(served, now) -> None:
    item = NewFeedback("like", served.items[0]["show"], request_id=served.request_id)
    theirs = record_feedback(user_id="space-0", items=[item], now=now).ids[0]
    before, version = everything(), ViewerState.objects.get(pk="cosy-0").behavior_version

    receipt = undo_feedback(user_id="cosy-0", feedback_ids=[theirs, 10**17], now=now)

    assert receipt.ids == []
    assert [(p.index, p.field, p.code) for p in receipt.problems] == [
        (0, "feedbackIds", "NOT_FOUND"),
        (1, "feedbackIds", "NOT_FOUND"),
    ]
    assert len({p.message for p in receipt.problems}) == 1
    assert_same(before, everything())
    assert ViewerState.objects.get(pk="cosy-0").behavior_version == version


def test_what_is_named_twice_is_taken_back_once(served, now) -> None:
    item = NewFeedback("click", served.items[0]["show"], request_id=served.request_id)
    key = record_feedback(user_id="space-0", items=[item], now=now).ids[0]

    receipt = undo_feedback(user_id="space-0", feedback_ids=[key, key], now=now)

    assert (receipt.ids, receipt.duplicates, receipt.problems) == ([key], 1, [])


def test_undo_takes_a_bounded_number(db, user, now) -> None:
    with pytest.raises(Invalid, match="at most 500 items a call, got 501"):
        undo_feedback(user_id="ada", feedback_ids=list(range(501)), now=now)
