"""What a viewer may see is asked at read: friendship and consent of both, then and there."""

import datetime as dt

import pytest

from bingeboard.users.models import User
from social.models import Friendship
from social.queries import friend_network, friends_of, visible_signals
from social.services import record_signals

DAY = dt.timedelta(days=1)


@pytest.fixture
def told(viewers, titles, befriend, act, now) -> None:
    """Ada and bob are friends; ada liked the first title, and bob was told."""
    befriend("ada", "bob")
    record_signals(acts=[act("ada")])


def seen_by(user_id: str, now: dt.datetime) -> list[tuple[str, int, str]]:
    found = visible_signals(user_ids=[user_id], since=now - DAY)
    return [(signal.friend_id, signal.show_id, signal.kind) for signal in found]


def share(user_id: str, agreed: bool) -> None:
    User.objects.filter(pk=user_id).update(share_with_friends=agreed)


def test_friends_are_friends_whoever_asked(befriend) -> None:
    befriend("bob", "ada")
    befriend("ada", "cyd")
    befriend("dan", "ada", status="requested")

    assert friends_of(user_id="ada") == ["bob", "cyd"]
    assert friends_of(user_id="bob") == ["ada"]
    assert friends_of(user_id="dan") == []


def test_a_friend_sees_what_was_done_and_nobody_else_does(told, now) -> None:
    assert seen_by("bob", now) == [("ada", 1, "liked")]
    assert seen_by("ada", now) == seen_by("cyd", now) == []


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_taking_consent_back_hides_at_once_on_both_sides(told, now, who: str) -> None:
    share(who, agreed=False)
    hidden = seen_by("bob", now)
    share(who, agreed=True)

    assert hidden == []
    assert seen_by("bob", now) == [("ada", 1, "liked")]


@pytest.mark.parametrize("status", ["requested", "declined"])
def test_a_friendship_that_no_longer_holds_hides_at_once(told, now, status: str) -> None:
    Friendship.objects.update(status=status)

    assert seen_by("bob", now) == []


def test_a_friend_who_was_shut_out_is_not_seen(told, now) -> None:
    User.objects.filter(pk="ada").update(is_active=False)

    assert seen_by("bob", now) == []


def test_signals_come_newest_first_and_not_from_before_the_moment(viewers, titles, befriend, act, now) -> None:
    befriend("ada", "bob")
    record_signals(acts=[act(show_id=1, days_ago=2), act(show_id=2, days_ago=0.5), act(show_id=3, days_ago=0.25)])

    assert seen_by("bob", now) == [("ada", 3, "liked"), ("ada", 2, "liked")]


def test_the_network_is_of_friends_who_both_share(befriend) -> None:
    befriend("ada", "bob")
    befriend("cyd", "ada")
    befriend("bob", "dan")
    befriend("cyd", "bob", status="requested")
    share("dan", agreed=False)

    assert list(friend_network()) == [("ada", ["bob", "cyd"]), ("bob", ["ada"]), ("cyd", ["ada"])]
    assert list(friend_network(user_ids=["bob", "dan"])) == [("bob", ["ada"])]
    assert list(friend_network(user_ids=[])) == []
