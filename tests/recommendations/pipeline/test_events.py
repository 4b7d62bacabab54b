"""Events in: each once, bad ones refused alone, and everything that follows at once."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.errors import Invalid, NotFound
from bingeboard.users.models import User
from recommendations.models import UserBehaviorEvent, UserContext, UserTasteProfile, ViewerState
from recommendations.pipeline import profiles
from recommendations.pipeline.events import ACCEPTED, DUPLICATE, REJECTED, record_events

pytestmark = pytest.mark.django_db


def taste(user_id: str) -> dict[tuple[str, str], tuple[float, float, dt.datetime]]:
    rows = UserTasteProfile.objects.filter(user_id=user_id)
    return {(r.feature_type, r.feature_value): (r.affinity_score, r.confidence, r.last_updated) for r in rows}


def assert_close(left: dict, right: dict) -> None:
    assert left.keys() == right.keys()
    for key, (affinity, confidence, seen) in left.items():
        assert affinity == pytest.approx(right[key][0], abs=1e-9), key
        assert confidence == pytest.approx(right[key][1], abs=1e-9), key
        assert abs(seen - right[key][2]) < dt.timedelta(milliseconds=1), key


def test_an_accepted_event_is_there_with_its_engagement_and_times(world, event, now) -> None:
    late = event("abandon", 2, context={"progress_percent": 50}, occurred_at=now - dt.timedelta(hours=3))

    outcomes = record_events(user_id="space-0", events=[late], now=now)

    assert [outcome.status for outcome in outcomes] == [ACCEPTED]
    kept = UserBehaviorEvent.objects.get(event_id=late.event_id)
    assert kept.engagement_score == pytest.approx(0.15 + 0.70 * 0.5)
    assert (kept.created_at, kept.received_at) == (late.occurred_at, now)


def test_an_event_sent_twice_counts_once(world, event, now) -> None:
    like = event("like", 106)
    record_events(user_id="space-0", events=[like], now=now)
    before = taste("space-0")

    again = record_events(user_id="space-0", events=[like, like], now=now)

    assert [outcome.status for outcome in again] == [DUPLICATE, DUPLICATE]
    assert taste("space-0") == before
    assert UserBehaviorEvent.objects.filter(event_id=like.event_id).count() == 1


def test_one_viewer_can_not_suppress_anothers_event(world, event, now) -> None:
    shared = event("like", 5)
    record_events(user_id="space-0", events=[shared], now=now)

    outcomes = record_events(user_id="cosy-0", events=[shared], now=now)

    assert [outcome.status for outcome in outcomes] == [ACCEPTED]


def test_bad_events_are_refused_alone_each_with_code_and_field(world, event, now) -> None:
    bad = [
        (event("binge"), "BAD_INPUT", "eventType"),
        (event("like", 999), "NOT_FOUND", "showId"),
        (event(content_type="poem"), "BAD_INPUT", "contentType"),
        (event(session_id=" "), "BAD_INPUT", "sessionId"),
        (event(session_id="a\x00b"), "BAD_INPUT", "sessionId"),
        (event(platform_source="\ud800"), "BAD_INPUT", "platformSource"),
        (event(context=[1]), "BAD_INPUT", "context"),
        (event(context={"a": "x" * 5000}), "TOO_LARGE", "context"),
        (event(context={"a": {"b": {"c": {"d": 1}}}}), "TOO_DEEP", "context"),
        (event(context={"a": float("inf")}), "BAD_INPUT", "context"),
        (event(context={"progress_percent": 150}), "BAD_INPUT", "context.progress_percent"),
        (event(occurred_at=now + dt.timedelta(hours=25)), "IN_THE_FUTURE", "occurredAt"),
        (event(occurred_at=now - dt.timedelta(days=731)), "TOO_OLD", "occurredAt"),
    ]
    good = event("like", 5)

    outcomes = record_events(user_id="space-0", events=[*(e for e, _, _ in bad), good], now=now)

    assert [(o.status, o.code, o.field) for o in outcomes] == [
        *((REJECTED, code, field) for _, code, field in bad),
        (ACCEPTED, None, None),
    ]
    assert [o.event_id for o in outcomes] == [*(e.event_id for e, _, _ in bad), good.event_id]


def test_too_many_events_are_refused_whole(world, event, now) -> None:
    before = UserBehaviorEvent.objects.count()

    with pytest.raises(Invalid, match="at most 500 events a call, got 501"):
        record_events(user_id="space-0", events=[event() for _ in range(501)], now=now)

    assert UserBehaviorEvent.objects.count() == before


def test_the_profile_after_an_event_is_the_profile_of_a_rebuild(world, event, now) -> None:
    acts = [event("like", 106), event("dislike", 3, occurred_at=now - dt.timedelta(days=30)), event("view", 4)]

    record_events(user_id="space-0", events=acts, now=now)
    folded = taste("space-0")
    profiles.rebuild(now=now, user_ids=["space-0"])

    assert_close(folded, taste("space-0"))


@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["like", "dislike", "complete", "view", "share", "abandon", "pause"]),
            st.sampled_from([1, 2, 3, 101, 102, None]),
            st.integers(0, 400),
        ),
        min_size=1,
        max_size=12,
    ),
    random=st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_batching_and_duplication_gives_the_same_profile(world, event, now, acts, random) -> None:
    User.objects.filter(pk__in=["one", "two"]).delete()
    User.objects.create(id="one", username="one")
    User.objects.create(id="two", username="two")
    events = [event(kind, show, occurred_at=now - dt.timedelta(days=days)) for kind, show, days in acts]
    record_events(user_id="one", events=events, now=now)

    shuffled = events + random.sample(events, len(events) // 2)
    random.shuffle(shuffled)
    while shuffled:
        size = random.randint(1, len(shuffled))
        record_events(user_id="two", events=shuffled[:size], now=now)
        shuffled = shuffled[size:]

    assert UserBehaviorEvent.objects.filter(user_id="two").count() == len(events)
    assert_close(taste("one"), taste("two"))


def test_habits_are_counted_in_the_viewers_timezone(world, event, now) -> None:
    User.objects.filter(pk="space-0").update(timezone="America/New_York")
    UserBehaviorEvent.objects.filter(user_id="space-0").delete()

    record_events(user_id="space-0", events=[event(context={"device": "TV", "mood": "cosy"})], now=now)

    found = dict(UserContext.objects.filter(user_id="space-0").values_list("context_type", "context_value"))
    assert found == {
        "time_of_day": "morning",
        "day_of_week": "monday",
        "device": "tv",
        "mood": "cosy",
        "session_length": "short",
    }


def test_a_viewer_who_refuses_personalisation_gets_no_profile(world, event, now) -> None:
    User.objects.create(id="private", username="private", personalisation=False)

    outcomes = record_events(user_id="private", events=[event("like", 1)], now=now)

    assert outcomes[0].status == ACCEPTED
    assert taste("private") == {}
    assert not UserContext.objects.filter(user_id="private").exists()


def test_an_event_makes_the_candidates_out_of_date(world, event, now) -> None:
    record_events(user_id="space-0", events=[event("view", None)], now=now)

    state = ViewerState.objects.get(pk="space-0")
    assert state.behavior_version > state.candidates_version


def test_an_event_of_a_viewer_who_is_not_there_leaves_nothing(world, event, now) -> None:
    before = UserBehaviorEvent.objects.count()

    with pytest.raises(NotFound, match="no viewer 'nobody'"):
        record_events(user_id="nobody", events=[event()], now=now)

    assert UserBehaviorEvent.objects.count() == before


def test_an_id_sent_twice_in_a_batch_is_taken_where_it_is_good(world, event, now) -> None:
    unknown, good = event("like", 999), event("like", 5)
    good = replace(good, event_id=unknown.event_id)

    outcomes = record_events(user_id="space-0", events=[unknown, good, good], now=now)

    assert [outcome.status for outcome in outcomes] == [REJECTED, ACCEPTED, DUPLICATE]
    assert UserBehaviorEvent.objects.get(event_id=good.event_id).content_id == 5


def test_event_ids_are_the_clients_own(world, event, now) -> None:
    chosen = uuid.UUID("12345678-1234-4234-8234-123456789abc")

    record_events(user_id="space-0", events=[event(event_id=chosen)], now=now)

    assert UserBehaviorEvent.objects.filter(user_id="space-0", event_id=chosen).exists()
