"""What viewers tell: each item answered for itself, in order, once; a refusal changes nothing; workers are nudged."""

import random
import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.graphql.nodes import global_id
from bingeboard.users.models import User
from recommendations.graphql import nudge as nudging
from recommendations.graphql import schema as door_schema
from recommendations.models import (
    PlatformUserPreference,
    RecommendationFeedback,
    UserBehaviorEvent,
    ViewerState,
)
from tests.door import Door, served, show_gid

TRACK = """
mutation($events: [EventInput!]!) {
  trackEvents(events: $events) {
    accepted duplicates rejected
    outcomes { eventId status code }
    userErrors { index field code message }
  }
}
"""
FEEDBACK = """
mutation($feedback: [FeedbackInput!]!) {
  sendFeedback(feedback: $feedback) { accepted duplicates feedbackIds userErrors { index field code } }
}
"""
UNDO = """
mutation($ids: [ID!]!) {
  undoFeedback(feedbackIds: $ids) { accepted duplicates feedbackIds userErrors { index field code message } }
}
"""
PLATFORMS = """
mutation($platforms: [PlatformPreferenceInput!]!) {
  setPlatforms(platforms: $platforms) {
    platforms { name hasSubscription preferenceScore }
    userErrors { index field code }
  }
}
"""
REFRESH = "mutation { refreshRecommendations { user { username } userErrors { code } } }"


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What workers were told, without a broker."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(door_schema, "nudge", lambda task, **arguments: told.append({"task": task.name, **arguments}))
    return told


def event(**fields: Any) -> dict[str, Any]:
    plain = {"eventId": str(uuid.uuid4()), "sessionId": "s1", "eventType": "PLAY", "contentType": "MOVIE"}
    return {**plain, "showId": show_gid(1), **fields}


def track(door: Door, token: str, *events: dict[str, Any]) -> Any:
    return door.data(TRACK, {"events": list(events)}, token=token)["trackEvents"]


def test_events_are_taken_in_once_each(
    catalogue: Any, ada: User, ada_token: str, door: Door, nudged: list[dict[str, Any]]
) -> None:
    one, two = event(), event(eventType="LIKE", showId=show_gid(2), platformSource="flixo", context={"device": "tv"})

    first = track(door, ada_token, one, two, one)
    again = track(door, ada_token, two, one)

    assert (first["accepted"], first["duplicates"], first["rejected"]) == (2, 1, 0)
    assert [o["status"] for o in first["outcomes"]] == ["ACCEPTED", "ACCEPTED", "DUPLICATE"]
    assert [o["eventId"] for o in first["outcomes"]] == [one["eventId"], two["eventId"], one["eventId"]]
    assert (again["accepted"], again["duplicates"]) == (0, 2)
    assert UserBehaviorEvent.objects.filter(user=ada).count() == 2
    assert nudged == [{"task": "recommendations.refresh_viewer", "user_id": "ada"}]


def test_one_viewers_event_does_not_suppress_anothers(
    catalogue: Any, ada_token: str, bob_token: str, door: Door, nudged: Any
) -> None:
    same = event()

    assert track(door, ada_token, same)["accepted"] == 1
    assert track(door, bob_token, same)["accepted"] == 1


BAD_EVENTS: list[tuple[dict[str, Any], str, str]] = [
    ({"showId": "7"}, "showId", "BAD_INPUT"),
    ({"showId": str(global_id("User", "ada"))}, "showId", "BAD_INPUT"),
    ({"showId": show_gid(999)}, "showId", "NOT_FOUND"),
    ({"showId": show_gid(10**17)}, "showId", "NOT_FOUND"),
    ({"sessionId": ""}, "sessionId", "BAD_INPUT"),
    ({"sessionId": "a\0"}, "sessionId", "BAD_INPUT"),
    ({"sessionId": "\ud800"}, "sessionId", "BAD_INPUT"),
    ({"sessionId": "x" * 1000}, "sessionId", "BAD_INPUT"),
    ({"platformSource": "a\0"}, "platformSource", "BAD_INPUT"),
    ({"occurredAt": "2999-01-01T00:00:00Z"}, "occurredAt", "IN_THE_FUTURE"),
    ({"occurredAt": "1999-01-01T00:00:00Z"}, "occurredAt", "TOO_OLD"),
    ({"occurredAt": "0001-01-01T00:00:00+14:00"}, "occurredAt", "TOO_OLD"),
    ({"context": []}, "context", "BAD_INPUT"),
    ({"context": {"x": "\0"}}, "context", "BAD_INPUT"),
    ({"context": {"x": [[[[1]]]]}}, "context", "TOO_DEEP"),
    ({"context": {"x": "y" * 5000}}, "context", "TOO_LARGE"),
]


@pytest.mark.parametrize(("wrong", "field", "code"), BAD_EVENTS)
def test_a_bad_event_is_rejected_alone(
    catalogue: Any, ada_token: str, door: Door, nudged: Any, wrong: dict[str, Any], field: str, code: str
) -> None:
    sent = [event(), event(**wrong), event()]

    found = track(door, ada_token, *sent)

    assert [o["status"] for o in found["outcomes"]] == ["ACCEPTED", "REJECTED", "ACCEPTED"]
    assert [o["eventId"] for o in found["outcomes"]] == [e["eventId"] for e in sent]
    assert [(e["index"], e["field"], e["code"]) for e in found["userErrors"]] == [(1, field, code)]
    assert found["outcomes"][1]["code"] == code
    assert UserBehaviorEvent.objects.count() == 2


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_n_events_give_n_outcomes_in_order(catalogue: Any, ada_token: str, door: Door, seed: int) -> None:
    dice = random.Random(seed)
    sent = [event(**(dice.choice(BAD_EVENTS)[0] if dice.random() < 0.5 else {})) for _ in range(dice.randint(1, 12))]
    sent += dice.choices(sent, k=3)

    with transaction.atomic():
        found = track(door, ada_token, *sent)
        transaction.set_rollback(True)

    assert [o["eventId"] for o in found["outcomes"]] == [e["eventId"] for e in sent]
    assert found["accepted"] + found["duplicates"] + found["rejected"] == len(sent)
    assert len(found["userErrors"]) == found["rejected"]


@pytest.mark.parametrize(
    "wrong", [{"eventId": "x"}, {"eventType": "SNEEZE"}, {"contentType": None}, {"occurredAt": "x"}]
)
def test_what_the_schema_forbids_stops_the_call_and_keeps_nothing(
    catalogue: Any, ada_token: str, door: Door, nudged: Any, wrong: dict[str, Any]
) -> None:
    assert door.code(TRACK, {"events": [event(), event(**wrong)]}, token=ada_token) == "BAD_INPUT"
    assert not UserBehaviorEvent.objects.exists()
    assert nudged == []


def test_at_most_500_items_a_call(catalogue: Any, ada_token: str, door: Door, nudged: Any) -> None:
    events = [event() for _ in range(501)]

    assert track(door, ada_token, *events[:500])["accepted"] == 500
    assert "501" in door.error(TRACK, {"events": events}, token=ada_token)["message"]
    answer = {"feedbackType": "CLICK", "showId": show_gid(1)}
    assert door.code(FEEDBACK, {"feedback": [answer] * 501}, token=ada_token) == "BAD_INPUT"
    assert UserBehaviorEvent.objects.count() == 500


def test_nothing_sent_is_nothing_done(db: None, ada_token: str, door: Door, nudged: Any) -> None:
    assert track(door, ada_token)["outcomes"] == []
    assert nudged == []


def feedback(door: Door, token: str, *items: dict[str, Any]) -> Any:
    return door.data(FEEDBACK, {"feedback": list(items)}, token=token)["sendFeedback"]


def test_feedback_sent_twice_counts_once(
    catalogue: Any, ada: User, ada_token: str, door: Door, nudged: list[dict[str, Any]]
) -> None:
    kept = served(ada, 3)
    said = {"feedbackType": "LIKE", "showId": show_gid(2), "requestId": str(kept.request_id), "position": 2}

    first = feedback(door, ada_token, said, {**said, "feedbackType": "IMPRESSION"})
    again = feedback(door, ada_token, said)

    assert (first["accepted"], first["duplicates"]) == (2, 0)
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    assert again["feedbackIds"] == first["feedbackIds"][:1]
    row = RecommendationFeedback.objects.get(feedback_type="like")
    assert (row.user_id, row.content_id, row.position, row.request_id) == ("ada", 2, 2, kept.request_id)
    assert len(nudged) == 1


def undo(door: Door, token: str, *ids: str) -> Any:
    return door.data(UNDO, {"ids": list(ids)}, token=token)["undoFeedback"]


def test_feedback_is_taken_back_once_and_may_be_sent_again(
    catalogue: Any, ada: User, ada_token: str, door: Door, nudged: list[dict[str, Any]]
) -> None:
    said = {"feedbackType": "NOT_INTERESTED", "showId": show_gid(2), "requestId": str(served(ada, 3).request_id)}
    first = feedback(door, ada_token, said)["feedbackIds"]

    gone = undo(door, ada_token, first[0], first[0])
    again = undo(door, ada_token, *first)
    sent_again = feedback(door, ada_token, said)

    assert gone == {"accepted": 1, "duplicates": 1, "feedbackIds": first, "userErrors": []}
    assert (again["accepted"], again["userErrors"][0]["code"]) == (0, "NOT_FOUND")
    assert (sent_again["accepted"], sent_again["duplicates"]) == (1, 0)
    assert RecommendationFeedback.objects.count() == UserBehaviorEvent.objects.count() == 1
    assert len(nudged) == 3


def test_not_yours_and_not_there_are_the_same_to_take_back(
    catalogue: Any, ada: User, ada_token: str, bob_token: str, door: Door, nudged: Any
) -> None:
    said = {"feedbackType": "LIKE", "showId": show_gid(2)}
    mine, bobs = (feedback(door, token, said)["feedbackIds"][0] for token in (ada_token, bob_token))

    found = undo(door, ada_token, bobs, str(global_id("Feedback", 10**9)), "x", show_gid(2), mine)

    assert (found["accepted"], found["feedbackIds"]) == (1, [mine])
    errors = [(e["index"], e["field"], e["code"]) for e in found["userErrors"]]
    assert errors == [(n, "feedbackIds", c) for n, c in enumerate(["NOT_FOUND"] * 2 + ["BAD_INPUT"] * 2)]
    assert found["userErrors"][0]["message"] == found["userErrors"][1]["message"]
    assert list(RecommendationFeedback.objects.values_list("user_id")) == [("bob",)]
    assert list(UserBehaviorEvent.objects.values_list("user_id")) == [("bob",)]
    assert door.code(UNDO, {"ids": ["x"] * 501}, token=ada_token) == "BAD_INPUT"


def test_bad_feedback_is_refused_alone_and_keeps_its_place(
    catalogue: Any, ada: User, bob: User, ada_token: str, door: Door, nudged: Any
) -> None:
    bobs = served(bob, 3)
    good = {"feedbackType": "CLICK", "showId": show_gid(3)}

    found = feedback(
        door,
        ada_token,
        {**good, "showId": "x"},
        {**good, "requestId": str(bobs.request_id)},
        good,
        {**good, "requestId": "x"},
        {**good, "feedbackType": "LIKE", "value": 1e300},
        {**good, "feedbackType": "LIKE", "position": 0},
    )

    assert (found["accepted"], len(found["feedbackIds"])) == (1, 1)
    assert [(e["index"], e["field"]) for e in found["userErrors"]] == [
        (0, "showId"),
        (1, "requestId"),
        (3, "requestId"),
        (4, "value"),
        (5, "position"),
    ]
    assert RecommendationFeedback.objects.count() == 1


def test_services_are_set_one_by_one(
    catalogue: Any, ada: User, ada_token: str, door: Door, nudged: list[dict[str, Any]]
) -> None:
    platforms = [
        {"platform": "Flixo", "hasSubscription": True, "preferenceScore": 0.9},
        {"platform": "nowhere", "hasSubscription": True},
        {"platform": "streamly", "hasSubscription": True, "preferenceScore": 7},
    ]

    found = door.data(PLATFORMS, {"platforms": platforms}, token=ada_token)["setPlatforms"]

    assert found["platforms"] == [
        {"name": "Flixo", "hasSubscription": True, "preferenceScore": 0.9},
        {"name": "Streamly", "hasSubscription": False, "preferenceScore": None},
    ]
    assert [(e["index"], e["field"], e["code"]) for e in found["userErrors"]] == [
        (1, "platform", "NOT_FOUND"),
        (2, "preferenceScore", "BAD_INPUT"),
    ]
    assert PlatformUserPreference.objects.count() == 1
    assert len(nudged) == 1


def test_a_refresh_marks_the_viewer_due_and_nudges(
    ada: User, ada_token: str, door: Door, nudged: list[dict[str, Any]]
) -> None:
    answer = door.data(REFRESH, token=ada_token)

    assert answer == {"refreshRecommendations": {"user": {"username": "ada"}, "userErrors": []}}
    state = ViewerState.objects.get(user=ada)
    assert state.behavior_version > state.candidates_version
    assert nudged == [{"task": "recommendations.refresh_viewer", "user_id": "ada"}]


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_fails_no_mutation(
    ada: User, ada_token: str, door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class DeadBroker:
        name = "refresh"

        def apply_async(self, **_: Any) -> None:
            raise ConnectionError("nobody listens")

    monkeypatch.setattr(door_schema.tasks, "refresh_viewer", DeadBroker())

    assert door.data(REFRESH, token=ada_token)["refreshRecommendations"]["user"]
    nudging.messenger.wait()

    assert "nobody listens" in caplog.text
    assert ViewerState.objects.get(user=ada).behavior_version > 0
