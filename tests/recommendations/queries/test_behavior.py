"""Tastes as of one moment, and habits by the viewer's own clock."""

import datetime as dt
import math

import numpy as np
import pytest

from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import UserBehaviorEvent, UserTasteProfile
from recommendations.queries.behavior import habits, taste_strengths

K = DEFAULT.profiles.prior


def learn(user_id: str, value: str, affinity: float, confidence: float, at: dt.datetime, **given: float) -> None:
    UserTasteProfile.objects.create(
        user_id=user_id,
        feature_type="genre",
        feature_value=value,
        affinity_score=affinity,
        confidence=confidence,
        last_updated=at,
        decay_rate=0.1,
        **given,
    )


def act(user_id: str, at: dt.datetime, event_type: str = "complete", session: str = "s", **given: object) -> None:
    UserBehaviorEvent.objects.create(
        user_id=user_id,
        session_id=session,
        event_type=event_type,
        content_type=given.pop("content_type", "movie"),
        created_at=at,
        **given,
    )


def test_all_of_a_viewers_tastes_are_as_of_their_latest_act(user, now):
    learn("ada", "Drama", 0.5, 0.5, now)
    learn("ada", "Western", 0.5, 0.5, now - dt.timedelta(weeks=10))

    users, found = taste_strengths()

    # W = k c / (1 - c) = k and S = a (W + k) = k; ten weeks at 0.1 leave 1/e of both.
    left = K / math.e
    assert users == ["ada"]
    assert found.toarray()[0] == pytest.approx([0.25, (left / (left + K)) ** 2])


def test_what_was_stated_is_certain_and_does_not_fade(user, now):
    learn("ada", "Drama", 0.5, 0.5, now)
    learn("ada", "Western", 0.1, 0.2, now - dt.timedelta(weeks=10), stated_affinity=-0.75)

    assert taste_strengths()[1].toarray()[0] == pytest.approx([0.25, -0.75])


def test_tastes_of_those_who_do_not_allow_it_are_not_read(user, now):
    learn("ada", "Drama", 0.5, 0.5, now)
    User.objects.filter(pk="ada").update(personalisation=False)

    users, found = taste_strengths()

    assert users == []
    assert found.shape == (0, 1)


def test_with_no_tastes_there_is_nothing_to_read(db):
    assert taste_strengths()[1].shape == (0, 0)


def test_habits_by_hand(user, now):
    User.objects.filter(pk="ada").update(timezone="Asia/Tokyo")
    # Sunday 31 May, 16:00 in London's winter is Monday 01:00 in Tokyo.
    start = dt.datetime(2026, 5, 31, 16, 0, tzinfo=dt.UTC)
    act("ada", start, "play", session="one", context={"device": "TV"})
    act("ada", start + dt.timedelta(minutes=40), session="one")
    act("ada", start + dt.timedelta(hours=5), "abandon", session="two", content_type="episode")
    act("ada", start - dt.timedelta(days=14), "view", session="import", content_type="tv")
    act("ada", start + dt.timedelta(hours=6), "like", session="import", context={"device": "tv"})

    users, found = habits(as_of=now)

    assert users == ["ada"]
    assert found.hours.tolist() == [[3, 2, 0, 0]]
    assert found.weekdays.tolist() == [[5, 0, 0, 0, 0, 0, 0]]
    assert found.devices.tolist() == [[2]]
    assert (found.finished.tolist(), found.left.tolist()) == ([1], [1])
    assert (found.films.tolist(), found.series.tolist()) == ([3], [2])
    assert found.per_week == pytest.approx([5 / (2 + 0.25 / 7)])
    # The import is as long as two weeks and no session; the other two last 40 minutes and none.
    assert found.session_minutes.tolist() == [20.0]


def test_a_timezone_that_nobody_knows_is_read_as_utc(user, now):
    User.objects.filter(pk="ada").update(timezone="Mars/Olympus")
    for minute in range(5):
        act("ada", now - dt.timedelta(minutes=minute + 1))

    _, found = habits(as_of=now)

    assert found.hours.tolist() == [[0, 5, 0, 0]]


def test_sessions_that_are_none_leave_the_length_unknown(user, now):
    for day in range(5):
        act("ada", now - dt.timedelta(days=day), session="import")

    assert np.isnan(habits(as_of=now)[1].session_minutes).tolist() == [True]


def test_only_the_devices_that_most_viewers_use_are_columns(db, now):
    for n, devices in enumerate((["tv", "phone"], ["TV", "watch"], ["phone", "tv"])):
        User.objects.create(id=f"v{n}", username=f"v{n}")
        for place, device in enumerate([*devices, None, 7, ""]):
            act(f"v{n}", now - dt.timedelta(hours=place), context={"device": device})
    few = DEFAULT.with_overrides({"clusters.devices": 2})

    _, found = habits(as_of=now, config=few)

    assert found.devices.tolist() == [[1, 1], [1, 0], [1, 1]]
