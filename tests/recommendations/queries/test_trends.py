"""Acts for trends as arrays, one a viewer, title, service and unit of time."""

import datetime as dt

import numpy as np
import pytest

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import UserBehaviorEvent
from recommendations.queries.trends import acts_for_titles, friends_among, genres_of_titles
from social.models import Friendship


@pytest.fixture(autouse=True)
def world(db: None) -> None:
    """Three viewers who share, and two titles."""
    for name in ("ada", "bob", "cyd"):
        User.objects.create(id=name, username=name, share_with_friends=True)
    Show.objects.bulk_create([Show(id=5, title="Five", genres=["drama", "IMAX"]), Show(id=9, title="Nine")])


def act(user_id: str, show_id: int, at: dt.datetime, platform: str | None = None) -> None:
    UserBehaviorEvent.objects.create(
        user_id=user_id,
        session_id="s",
        event_type="like",
        content_id=show_id,
        content_type="movie",
        engagement_score=1,
        platform_source=platform,
        created_at=at,
    )


def test_one_act_a_viewer_title_service_and_day_is_read(now):
    for hours, platform in ((1, None), (5, None), (5, "Hulu"), (30, None), (500, None)):
        act("bob", 9, now - dt.timedelta(hours=hours), platform)

    found = acts_for_titles(since=now - dt.timedelta(days=10), as_of=now, unit=dt.timedelta(days=1))

    rows = sorted(zip(found.acts.segment.tolist(), found.acts.age.tolist(), strict=True))
    assert [row[0] for row in rows] == [-1, -1, 0]
    assert [row[1] for row in rows] == pytest.approx([1 / 24, 30 / 24, 5 / 24])
    assert (found.show_ids.tolist(), found.viewers, found.platforms) == ([9], ["bob"], ["hulu"])


def test_genres_are_rows_of_the_titles_asked_for():
    genres, genre_of = genres_of_titles(show_ids=np.array([5, 9, 77]))

    assert genres == ["Drama"]
    assert genre_of.toarray().tolist() == [[1], [0], [0]]


def test_only_friends_who_did_something_are_counted():
    for one, other in (("ada", "bob"), ("ada", "cyd"), ("bob", "cyd")):
        Friendship.objects.create(user_id=one, friend_id=other, status="accepted")

    circle, viewer, friend = friends_among(viewers=["bob", "cyd"], at_least=2)

    assert circle == ["ada"]
    assert (viewer.tolist(), friend.tolist()) == ([0, 0], [0, 1])
