"""The figures of the admin's first page, against rows counted by hand."""

import datetime as dt

import pytest
from django.db import connection

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import (
    ContentSimilarity,
    ModelArtifact,
    RecommendationCandidate,
    TrendingEntry,
    UserBehaviorEvent,
    ViewerState,
)
from recommendations.queries import overview

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def shows() -> list[Show]:
    return Show.objects.bulk_create(Show(id=n, title=f"Title {n}", is_active=n < 4) for n in range(1, 5))


def test_nothing_yet_is_none_of_everything(now: dt.datetime) -> None:
    figures = overview.figures(today=now, max_attempts=5)

    assert (figures.titles, figures.events_today, figures.stale, figures.given_up) == (0, 0, 0, 0)
    assert (figures.newest_candidates, figures.oldest_candidates, figures.trends_at) == (None, None, None)
    assert overview.live_models() == []
    assert overview.trending_now(now=now, first=3) == []
    assert overview.nearest_titles(show_id=1, first=3) == {}


def test_today_begins_when_it_is_said_to(shows: list[Show], user: User, now: dt.datetime) -> None:
    for hours in (1, 0, -1):
        UserBehaviorEvent.objects.create(
            user=user, content=shows[0], content_type="movie", event_type="play", created_at=now - hours * DAY / 24
        )

    assert overview.figures(today=now, max_attempts=5).events_today == 2


def test_more_events_than_are_counted_are_more_than_that(
    shows: list[Show], user: User, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "EVENTS_COUNTED", 2)
    for _ in range(5):
        UserBehaviorEvent.objects.create(user=user, content_type="movie", event_type="play", created_at=now)

    assert overview.figures(today=now, max_attempts=5).events_today == 3


def test_given_up_are_those_of_the_stale_that_failed_too_often(now: dt.datetime) -> None:
    for name, behaviour, attempts in (("fresh", 1, 5), ("due", 2, 4), ("failed", 2, 5)):
        user = User.objects.create_user(name, id=name)
        ViewerState.objects.create(user=user, behavior_version=behaviour, candidates_version=1, attempts=attempts)

    figures = overview.figures(today=now, max_attempts=5)

    assert (figures.stale, figures.given_up) == (2, 1)


def test_candidates_are_as_old_as_those_that_expire_first(shows: list[Show], user: User, now: dt.datetime) -> None:
    for show, age in zip(shows, (3, 1, 2, 0), strict=True):
        RecommendationCandidate.objects.create(
            user=user,
            content=show,
            algorithm_type="hybrid",
            base_score=0.5,
            generated_at=now - age * DAY,
            expires_at=now + DAY - age * DAY,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE recommendation_candidates")

    figures = overview.figures(today=now, max_attempts=5)

    assert (figures.newest_candidates, figures.oldest_candidates) == (now, now - 3 * DAY)
    assert (figures.candidates, figures.titles, figures.unrecommended) == (4, 4, 1)


def test_only_live_models_are_in_use(now: dt.datetime) -> None:
    ModelArtifact.objects.create(kind="engine", version="1", state="retired")
    live = ModelArtifact.objects.create(
        kind="engine", version="2", state="live", data_window={"events": 41}, promoted_at=now
    )

    assert overview.live_models() == [overview.LiveModel(live.pk, "engine", "2", now, 41)]


def test_the_week_s_trends_come_best_first_and_expired_ones_not(shows: list[Show], now: dt.datetime) -> None:
    told = [(0, "week", 0.4, 1), (1, "week", 0.9, 1), (2, "week", 1.0, -1), (3, "hour", 1.0, 1)]
    for place, window, score, days in told:
        TrendingEntry.objects.create(
            content=shows[place],
            time_window=window,
            trend_type="global",
            trend_score=score,
            viewers=7,
            expires_at=now + days * DAY,
        )

    found = overview.trending_now(now=now, first=5)

    assert found == [(2, "Title 2", "week", 0.9, 7), (1, "Title 1", "week", 0.4, 7)]


def test_nearest_titles_come_by_kind_best_first(shows: list[Show]) -> None:
    for place, kind, score in ((1, "genre", 0.2), (2, "genre", 0.8), (3, "genre", 0.5), (1, "cast", 0.1)):
        ContentSimilarity.objects.create(
            content_a=shows[0], content_b=shows[place], similarity_type=kind, similarity_score=score
        )

    assert overview.nearest_titles(show_id=1, first=2) == {
        "cast": [(2, "Title 2", 0.1)],
        "genre": [(3, "Title 3", 0.8), (4, "Title 4", 0.5)],
    }
