"""Friendships asked for, answered and ended; what friends are told, once, and only where both agreed."""

import datetime as dt
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bingeboard.errors import Invalid, NotAllowed, NotFound
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from social.models import Friendship, SignalKind, SocialSignal
from social.queries import visible_signals
from social.services import (
    DEFAULT_STRENGTH,
    NOTE_LETTERS,
    answer_friendship,
    end_friendship,
    recommend,
    record_signals,
    request_friendship,
    restate_signals,
    set_sharing,
    withdraw_signals,
)

HOUR = dt.timedelta(hours=1)


def friendships() -> list[tuple[str, str, str]]:
    return sorted(Friendship.objects.values_list("user_id", "friend_id", "status"))


def signals() -> list[tuple[str, str, int, str, float, dt.datetime]]:
    return sorted(
        SocialSignal.objects.values_list(
            "user_id", "friend_id", "content_id", "signal_type", "signal_strength", "created_at"
        )
    )


# --- Friendships ------------------------------------------------------------------------------------------------


def test_asked_and_answered_with_yes(viewers, now) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)
    found = answer_friendship(user_id="bob", asker_id="ada", accept=True, now=now + HOUR)

    assert friendships() == [("ada", "bob", "accepted")]
    assert (found.created_at, found.answered_at) == (now, now + HOUR)


def test_asking_twice_asks_once(viewers, now) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)
    again = request_friendship(user_id="ada", friend_id="bob", now=now + HOUR)

    assert friendships() == [("ada", "bob", "requested")]
    assert again.created_at == now


def test_asking_back_is_a_yes(viewers, now) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)
    request_friendship(user_id="bob", friend_id="ada", now=now)

    assert friendships() == [("ada", "bob", "accepted")]


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_each_other_at_once_are_friends(now) -> None:
    for name in ("ada", "bob"):
        User.objects.create_user(name, id=name)
    start = threading.Barrier(2)

    def ask(user_id: str, friend_id: str) -> None:
        try:
            start.wait()
            request_friendship(user_id=user_id, friend_id=friend_id, now=now)
        finally:
            connection.close()

    for _ in range(5):
        Friendship.objects.all().delete()
        with ThreadPoolExecutor(2) as both:
            asked = [both.submit(ask, "ada", "bob"), both.submit(ask, "bob", "ada")]
        assert [one.exception() for one in asked] == [None, None]
        assert [status for _, _, status in friendships()] == ["accepted"]


def test_friends_who_ask_again_stay_friends(befriend, now) -> None:
    befriend("ada", "bob")
    request_friendship(user_id="bob", friend_id="ada", now=now)

    assert friendships() == [("ada", "bob", "accepted")]


def test_who_was_declined_may_not_ask_again_and_who_declined_may(viewers, now) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)
    answer_friendship(user_id="bob", asker_id="ada", accept=False, now=now)

    with pytest.raises(Invalid, match="this request was declined"):
        request_friendship(user_id="ada", friend_id="bob", now=now)
    assert friendships() == [("ada", "bob", "declined")]
    request_friendship(user_id="bob", friend_id="ada", now=now + HOUR)
    assert friendships() == [("bob", "ada", "requested")]


def test_the_same_answer_twice_counts_once(viewers, now) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)
    answer_friendship(user_id="bob", asker_id="ada", accept=True, now=now)
    again = answer_friendship(user_id="bob", asker_id="ada", accept=True, now=now + HOUR)

    assert again.answered_at == now


@pytest.mark.parametrize(
    ("answerer", "asker"),
    [("ada", "bob"), ("bob", "cyd"), ("cyd", "ada")],
    ids=["the asker", "not asked", "a stranger"],
)
def test_only_who_was_asked_can_answer(viewers, now, answerer: str, asker: str) -> None:
    request_friendship(user_id="ada", friend_id="bob", now=now)

    with pytest.raises(NotFound, match="there is no request to answer"):
        answer_friendship(user_id=answerer, asker_id=asker, accept=True, now=now)

    assert friendships() == [("ada", "bob", "requested")]


@pytest.mark.parametrize("friend", ["ada", "nobody", "gone"])
def test_asking_oneself_or_nobody_changes_nothing(viewers, now, friend: str) -> None:
    User.objects.create_user("gone", id="gone", is_active=False)

    with pytest.raises((Invalid, NotFound)) as refusal:
        request_friendship(user_id="ada", friend_id=friend, now=now)

    assert refusal.value.field == "userId"
    assert friendships() == []


def test_ending_takes_what_the_two_were_told_of_each_other(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    befriend("ada", "cyd")
    record_signals(acts=[act("ada"), act("bob")])

    end_friendship(user_id="bob", friend_id="ada", now=now)

    assert friendships() == [("ada", "cyd", "accepted")]
    assert [row[:2] for row in signals()] == [("cyd", "ada")]


def test_ending_what_is_not_there_is_refused_and_changes_nothing(befriend, now) -> None:
    befriend("ada", "bob")
    befriend("ada", "dan", status="declined")

    for other in ("cyd", "dan"):
        with pytest.raises(NotFound, match="you are no friends"):
            end_friendship(user_id="ada", friend_id=other, now=now)

    assert friendships() == [("ada", "bob", "accepted"), ("ada", "dan", "declined")]


# --- Consent ----------------------------------------------------------------------------------------------------


def test_sharing_taken_back_takes_what_was_told_both_ways_and_nothing_else(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    befriend("cyd", "ada")
    befriend("bob", "cyd")
    record_signals(acts=[act("ada"), act("bob"), act("cyd")])
    assert len(signals()) == 6

    assert set_sharing(user_id="ada", share=False, now=now)

    assert [row[:2] for row in signals()] == [("bob", "cyd"), ("cyd", "bob")]
    assert record_signals(acts=[act("ada", show_id=2)]) == 0
    assert not set_sharing(user_id="ada", share=False, now=now)


def test_what_was_told_before_does_not_come_back_with_the_consent(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    record_signals(acts=[act("ada")])

    set_sharing(user_id="ada", share=False, now=now)
    assert set_sharing(user_id="ada", share=True, now=now)

    assert signals() == []
    assert record_signals(acts=[act("ada", show_id=2)]) == 1


def test_a_friend_who_was_one_is_forgotten_as_well(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    record_signals(acts=[act("ada")])
    # As a race with an ending could leave it.
    Friendship.objects.all().delete()

    set_sharing(user_id="ada", share=False, now=now)

    assert signals() == []


def test_nobody_can_not_share(db, now) -> None:
    with pytest.raises(NotFound):
        set_sharing(user_id="nobody", share=True, now=now)


# --- Recommending -----------------------------------------------------------------------------------------------


def test_a_recommendation_is_seen_by_the_friend_alone_and_as_strong_as_can_be(viewers, titles, befriend, now) -> None:
    befriend("bob", "ada")
    befriend("ada", "cyd")

    kept = recommend(user_id="ada", friend_id="bob", show_id=2, note="x" * NOTE_LETTERS, now=now)

    assert kept.metadata == {"note": "x" * NOTE_LETTERS}
    assert signals() == [("bob", "ada", 2, "recommended", 1.0, now)]
    seen = visible_signals(user_ids=["ada", "bob", "cyd"], since=now - HOUR)
    assert [(s.user_id, s.friend_id, s.kind) for s in seen] == [("bob", "ada", "recommended")]


def test_told_again_it_is_as_new_as_the_last_time(viewers, titles, befriend, now) -> None:
    befriend("bob", "ada")
    recommend(user_id="ada", friend_id="bob", show_id=2, note="first", now=now)
    again = recommend(user_id="ada", friend_id="bob", show_id=2, note=" ", now=now + HOUR)

    assert again.metadata is None
    assert signals() == [("bob", "ada", 2, "recommended", 1.0, now + HOUR)]


def test_a_title_that_is_off_or_a_friend_who_is_shut_out_is_refused(viewers, titles, befriend, now) -> None:
    befriend("bob", "ada")
    User.objects.filter(pk="bob").update(is_active=False)
    with pytest.raises(NotAllowed):
        recommend(user_id="ada", friend_id="bob", show_id=2, note=None, now=now)
    User.objects.filter(pk="bob").update(is_active=True)
    Show.objects.filter(pk=2).update(is_active=False)
    with pytest.raises(NotFound, match="show"):
        recommend(user_id="ada", friend_id="bob", show_id=2, note=None, now=now)

    assert signals() == []


@pytest.mark.parametrize("note", ["a" * (NOTE_LETTERS + 1), "a\0", "a\udfff"])
def test_a_note_that_can_not_be_kept_is_refused(viewers, titles, befriend, now, note: str) -> None:
    befriend("bob", "ada")

    with pytest.raises(Invalid) as refusal:
        recommend(user_id="ada", friend_id="bob", show_id=2, note=note, now=now)

    assert refusal.value.field == "note"
    assert signals() == []


# --- Signals ----------------------------------------------------------------------------------------------------


def test_each_friend_is_told_and_nobody_else(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    befriend("cyd", "ada")
    befriend("bob", "dan")
    befriend("ada", "dan", status="requested")

    told = record_signals(acts=[act("ada", show_id=2, kind="watched")])

    assert told == 2
    assert signals() == [("bob", "ada", 2, "watched", 0.5, now), ("cyd", "ada", 2, "watched", 0.5, now)]


@pytest.mark.parametrize("keeps_to_themself", ["ada", "bob"])
def test_nothing_is_told_unless_both_agreed(viewers, titles, befriend, act, keeps_to_themself: str) -> None:
    befriend("ada", "bob")
    User.objects.filter(pk=keeps_to_themself).update(share_with_friends=False)

    assert record_signals(acts=[act("ada")]) == 0
    assert signals() == []


def test_telling_twice_counts_once(viewers, titles, befriend, act) -> None:
    befriend("ada", "bob")
    record_signals(acts=[act("ada")])
    before = signals()

    assert record_signals(acts=[act("ada"), act("ada")]) == 0
    assert signals() == before


def test_the_same_signals_whatever_the_order_and_the_pieces(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    acts = [act(days_ago=2, strength=0.9), act(days_ago=1, strength=0.3), act(days_ago=1, strength=0.4)]
    ends = []
    for order in itertools.permutations(acts):
        for cuts in ([0, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2, 3]):
            SocialSignal.objects.all().delete()
            for start, end in itertools.pairwise(cuts):
                record_signals(acts=order[start:end])
            ends.append(signals())

    assert all(end == [("bob", "ada", 1, "liked", 0.4, now - 24 * HOUR)] for end in ends)


def test_any_crowd_is_told_like_one_act_and_one_friend_at_a_time(viewers, titles, act, now, rng) -> None:
    names = list(viewers)
    sharing = {name: bool(rng.random() < 0.7) for name in names}
    for name in names:
        User.objects.filter(pk=name).update(share_with_friends=sharing[name])
    pairs = [pair for pair in itertools.combinations(names, 2) if rng.random() < 0.7]
    Friendship.objects.bulk_create(Friendship(user_id=a, friend_id=b, status="accepted") for a, b in pairs)
    acts = [
        act(
            user_id=str(rng.choice(names)),
            show_id=int(rng.choice(titles)),
            kind=str(rng.choice(SignalKind.values)),
            days_ago=float(rng.integers(0, 5)),
            strength=float(np.round(rng.random(), 2)),
        )
        for _ in range(120)
    ]
    slow: dict[tuple[str, str, int, str], tuple[dt.datetime, float]] = {}
    for one in acts:
        for listener in names:
            friends = (listener, one.user_id) in pairs or (one.user_id, listener) in pairs
            if friends and sharing[listener] and sharing[one.user_id]:
                key = (listener, one.user_id, one.show_id, one.kind)
                slow[key] = max(slow.get(key, (one.happened_at, 0.0)), (one.happened_at, one.strength))

    record_signals(acts=acts)

    assert signals() == sorted((*key, strength, at) for key, (at, strength) in slow.items())


def test_any_number_of_acts_is_one_round_trip_and_none_is_no_trip(viewers, titles, befriend, act) -> None:
    befriend("ada", "bob")

    with CaptureQueriesContext(
        connection,
    ) as many:
        record_signals(acts=[act(show_id=show, kind=kind) for show in titles for kind in SignalKind.values])
    with CaptureQueriesContext(connection) as none:
        record_signals(acts=[])

    assert (len(many), len(none)) == (1, 0)
    assert SocialSignal.objects.count() == len(titles) * len(SignalKind.values)


def test_a_kind_that_is_none_is_refused_and_nothing_told(viewers, titles, befriend, act) -> None:
    befriend("ada", "bob")

    with pytest.raises(
        ValueError, match="kind must be one of watched, liked, recommended, shared, rated, got 'yawned'"
    ):
        record_signals(acts=[act(), act(kind="yawned")])

    assert signals() == []


def test_what_is_withdrawn_is_gone_for_every_friend_and_the_rest_stays(viewers, titles, befriend, act) -> None:
    befriend("ada", "bob")
    befriend("ada", "cyd")
    record_signals(acts=[act(), act(kind="watched"), act(show_id=2), act("bob")])

    gone = withdraw_signals(user_id="ada", show_id=1, kinds=["liked", "shared"])

    assert gone == 2
    assert [row[:4] for row in signals()] == [
        ("ada", "bob", 1, "liked"),
        ("bob", "ada", 1, "watched"),
        ("bob", "ada", 2, "liked"),
        ("cyd", "ada", 1, "watched"),
        ("cyd", "ada", 2, "liked"),
    ]
    assert withdraw_signals(user_id="ada", show_id=1, kinds=["liked", "shared"]) == 0


def test_the_strengths_are_those_of_the_engine() -> None:
    assert {kind: getattr(DEFAULT.social, kind) for kind in SignalKind.values} == DEFAULT_STRENGTH


def test_a_signal_of_an_act_taken_back_is_as_old_as_the_act_that_is_left(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    befriend("cyd", "ada")
    record_signals(acts=[act(show_id=1, days_ago=3), act(show_id=2, kind="watched", days_ago=9)])
    before = signals()
    record_signals(acts=[act(show_id=1), act(show_id=3), act(show_id=1, kind="watched"), act("bob", show_id=1)])
    others = {row for row in signals() if row[1] == "bob"}

    changed = restate_signals(
        user_id="ada",
        taken_back=[(1, "liked"), (3, "liked"), (1, "watched"), (2, "watched")],
        standing=[act(show_id=1, days_ago=3), act(show_id=2, kind="watched", days_ago=9)],
    )

    assert changed == 6
    assert set(signals()) == {*before, *others}
