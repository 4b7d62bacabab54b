"""Viewers, friends and titles for the tests of what friends see."""

import datetime as dt
from collections.abc import Callable

import pytest

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from social.models import Friendship
from social.services import Act

Befriend = Callable[..., Friendship]


@pytest.fixture
def viewers(db: None) -> dict[str, User]:
    """Four viewers who agreed to share with friends, by id."""
    names = ("ada", "bob", "cyd", "dan")
    return {name: User.objects.create_user(name, id=name, share_with_friends=True) for name in names}


@pytest.fixture
def titles(db: None) -> list[int]:
    """The ids of three films."""
    shows = [Show(id=number, title=f"Title {number}", content_type="movie") for number in (1, 2, 3)]
    return [show.pk for show in Show.objects.bulk_create(shows)]


@pytest.fixture
def befriend(viewers: dict[str, User]) -> Befriend:
    """Make two viewers friends, or what the status says."""

    def make(one: str, other: str, status: str = "accepted") -> Friendship:
        return Friendship.objects.create(user_id=one, friend_id=other, status=status)

    return make


@pytest.fixture
def act(now: dt.datetime) -> Callable[..., Act]:
    """What ada did with the first title now, but for what is given."""

    def make(
        user_id: str = "ada", show_id: int = 1, kind: str = "liked", days_ago: float = 0, strength: float | None = None
    ) -> Act:
        return Act(user_id, show_id, kind, now - dt.timedelta(days=days_ago), strength)

    return make
