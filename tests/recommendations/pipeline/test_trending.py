"""trending_cache: what rises, among whom, for how long, and what does not count."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from bingeboard.shows.models import Platform, Show
from bingeboard.users.models import User
from recommendations.models import TrendingEntry, UserBehaviorEvent
from recommendations.pipeline import trending
from recommendations.queries.viewers import trend_by_show
from social.models import Friendship
from social.services import end_friendship, set_sharing

STEADY, NEW, OLD, OFF = 1, 2, 3, 4
Watch = Callable[..., None]
Rebuild = Callable[..., dict[str, int]]


@pytest.fixture(autouse=True)
def titles(db: None) -> None:
    """Three titles that may be listed and one that may not."""
    Show.objects.bulk_create(
        [
            Show(id=STEADY, title="Steady", genres=["Drama"]),
            Show(id=NEW, title="New", genres=["Drama", "sci-fi"]),
            Show(id=OLD, title="Old", genres=["Comedy"]),
            Show(id=OFF, title="Off", genres=["Drama"], is_active=False),
        ]
    )
    Platform.objects.create(slug="pan-tv", name="Pan TV")


@pytest.fixture(autouse=True)
def viewers(db: None) -> list[str]:
    """Two hundred viewers: v-000 and on."""
    users = [User(id=f"v-{n:03d}", username=f"v-{n:03d}", share_with_friends=True) for n in range(200)]
    return [user.pk for user in User.objects.bulk_create(users)]


@pytest.fixture
def watch(now: dt.datetime) -> Watch:
    """Let viewers (their numbers) do something with a title so many hours ago; finish it, if not told otherwise."""

    def did(
        show_id: int,
        who: range | list[int],
        hours_ago: float = 0.5,
        event_type: str = "complete",
        engagement: float = 0.95,
        platform: str | None = None,
    ) -> None:
        UserBehaviorEvent.objects.bulk_create(
            UserBehaviorEvent(
                user_id=f"v-{n:03d}",
                session_id="s",
                event_type=event_type,
                content_id=show_id,
                content_type="movie",
                engagement_score=engagement,
                platform_source=platform,
                created_at=now - dt.timedelta(hours=hours_ago),
            )
            for n in who
        )

    return did


@pytest.fixture
def rebuild(now: dt.datetime) -> Rebuild:
    """Run the stage, some hours later where asked."""

    def run(hours: float = 0) -> dict[str, int]:
        moment = now + dt.timedelta(hours=hours)
        return trending.rebuild(now=moment, as_of=moment)

    return run


def listed(window: str = "day", scope: str = "global", **segment: str) -> list[int]:
    """The titles of a list, the best first."""
    entries = TrendingEntry.objects.filter(time_window=window, trend_type=scope, segment=segment)
    return list(entries.order_by("-trend_score", "content_id").values_list("content_id", flat=True))


def rows() -> list[tuple]:
    return list(TrendingEntry.objects.order_by("id").values_list())


def befriend(one: int, *others: int, status: str = "accepted") -> None:
    for other in others:
        Friendship.objects.create(user_id=f"v-{one:03d}", friend_id=f"v-{other:03d}", status=status)


# --- What rises -------------------------------------------------------------------------------------------------


def test_five_viewers_are_a_trend_in_every_window_and_four_are_none(watch, rebuild):
    watch(NEW, range(5))
    watch(OLD, range(4))

    assert rebuild()["global"] == 4

    for window in ("hour", "day", "week", "month"):
        assert listed(window) == [NEW]
    assert set(TrendingEntry.objects.values_list("viewers", flat=True)) == {5}


def test_what_happened_two_days_ago_is_no_trend_of_the_day(watch, rebuild):
    watch(NEW, range(20), hours_ago=50)

    rebuild()

    assert [listed(window) for window in ("hour", "day", "week", "month")] == [[], [], [NEW], [NEW]]


def test_surprise_beats_volume(watch, rebuild):
    for day in range(40):
        watch(STEADY, range(day % 5, 200, 10), hours_ago=24 * day + 1)
    watch(NEW, range(100, 112))

    rebuild()

    today = dict(TrendingEntry.objects.filter(time_window="day", trend_type="global").values_list("content", "viewers"))
    assert listed()[0] == NEW
    assert today[NEW] == 12
    assert STEADY not in today or today[STEADY] > today[NEW]


def test_a_viewer_counts_once_however_often_they_come_back(watch, rebuild):
    for _ in range(10):
        watch(NEW, range(4))
    watch(OLD, range(6))

    rebuild()

    assert listed() == [OLD]


def test_acts_against_a_title_and_titles_that_are_off_do_not_trend(watch, rebuild):
    for event_type, engagement in (("dislike", 0.0), ("abandon", 0.2), ("skip", 0.35), ("view", 0.55)):
        watch(NEW, range(20), event_type=event_type, engagement=engagement)
    watch(OLD, range(20), event_type="complete", engagement=0.1)
    watch(OFF, range(20))

    assert sum(rebuild().values()) == 0


@pytest.mark.parametrize("event_type", ["play", "complete", "like", "share", "add_to_list"])
def test_acts_for_a_title_count(watch, rebuild, event_type):
    watch(NEW, range(5), event_type=event_type)

    rebuild()

    assert listed() == [NEW]


def test_whoever_does_not_allow_personalisation_is_not_counted(watch, rebuild):
    watch(NEW, range(5))
    User.objects.filter(pk="v-002").update(personalisation=False)

    assert sum(rebuild().values()) == 0


def test_acts_to_come_are_not_counted_yet(watch, rebuild):
    watch(NEW, range(5), hours_ago=-2)

    assert sum(rebuild().values()) == 0
    assert rebuild(hours=2)["global"] == 4


def test_an_archive_is_measured_from_its_own_present_and_expires_by_the_clock(watch, now):
    watch(NEW, range(8), hours_ago=24 * 400)
    present = now - dt.timedelta(days=400)

    trending.rebuild(now=now, as_of=present)

    assert listed() == [NEW]
    assert set(TrendingEntry.objects.values_list("time_window", "expires_at")) == {
        ("day", now + dt.timedelta(hours=24)),
        ("week", now + dt.timedelta(hours=24)),
        ("month", now + dt.timedelta(hours=24)),
        ("hour", now + dt.timedelta(hours=1)),
    }


def test_scores_lie_between_nothing_and_one_and_candidates_read_them(watch, rebuild, now):
    watch(NEW, range(100))
    watch(OLD, range(10))

    rebuild()

    found = trend_by_show(now=now)
    assert 0 < found[OLD] < found[NEW] < 1


# --- Among whom ---------------------------------------------------------------------------------------------------


def test_genres_are_those_of_our_vocabulary(watch, rebuild):
    watch(NEW, range(5))
    watch(OLD, range(5))

    rebuild()

    segments = TrendingEntry.objects.filter(time_window="day", trend_type="genre").values_list("segment", "content")
    assert sorted((segment["genre"], show) for segment, show in segments) == [
        ("Comedy", OLD),
        ("Drama", NEW),
        ("Science Fiction", NEW),
    ]


def test_a_service_is_one_service_however_it_is_written(watch, rebuild):
    watch(NEW, range(2), platform="pan-tv")
    watch(NEW, range(2, 5), platform=" Pan TV")
    watch(OLD, range(5), platform="Elsewhere")
    watch(OLD, range(5, 9))

    rebuild()

    assert listed(scope="platform", platform="pan-tv") == [NEW]
    assert listed(scope="platform", platform="elsewhere") == [OLD]
    assert TrendingEntry.objects.filter(time_window="day", trend_type="platform").count() == 2


def test_a_viewer_on_two_services_counts_once_everywhere_and_once_on_each(watch, rebuild):
    for platform in ("pan-tv", "elsewhere", None):
        watch(NEW, range(4), platform=platform)
        watch(OLD, range(5), platform=platform)

    rebuild()

    assert listed() == [OLD]
    assert listed(scope="platform", platform="pan-tv") == listed(scope="platform", platform="elsewhere") == [OLD]


def test_what_two_friends_watched_trends_among_friends(watch, rebuild):
    befriend(0, 1, 2)
    befriend(3, 0)
    watch(NEW, [1, 2])
    watch(OLD, [0, 1])
    watch(STEADY, [0, 3])

    rebuild()

    assert listed(scope="friend_network", user="v-000") == [NEW]
    assert set(TrendingEntry.objects.values_list("trend_type", flat=True)) == {"friend_network"}
    assert set(TrendingEntry.objects.values_list("segment__user", flat=True)) == {"v-000"}


@pytest.mark.parametrize("who", ["v-000", "v-001"])
def test_friends_who_do_not_both_share_see_nothing_of_each_other(watch, rebuild, who):
    befriend(0, 1, 2)
    watch(NEW, [1, 2])
    rebuild()
    assert listed(scope="friend_network", user="v-000") == [NEW]

    User.objects.filter(pk=who).update(share_with_friends=False)
    rebuild()

    assert not TrendingEntry.objects.exists()


@pytest.mark.parametrize("ends", ["his sharing", "her sharing", "the friendship"])
def test_what_ends_while_trends_are_worked_out_is_not_stored(watch, now, ends):
    befriend(0, 1, 2, 3)
    befriend(10, 11, 12)
    watch(NEW, [1, 2, 11, 12])
    ended = []

    def end(windows: int) -> None:
        if not ended:
            ended.append(windows)
            if ends == "the friendship":
                end_friendship(user_id="v-001", friend_id="v-000", now=now)
            else:
                set_sharing(user_id="v-000" if ends == "her sharing" else "v-001", share=False, now=now)

    trending.rebuild(now=now, as_of=now, progress=end)

    assert ended
    assert listed(scope="friend_network", user="v-000") == []
    assert listed(scope="friend_network", user="v-010") == [NEW]


def test_friends_who_were_only_asked_are_no_friends(watch, rebuild):
    befriend(0, 1)
    befriend(0, 2, status="requested")
    watch(NEW, [1, 2])

    assert rebuild()["friend_network"] == 0


def test_many_circles_are_counted_in_parts(watch, rebuild, monkeypatch):
    for n in range(0, 60, 3):
        befriend(n, n + 1, n + 2)
    watch(NEW, [n + 1 for n in range(0, 60, 3)])
    watch(NEW, [n + 2 for n in range(0, 60, 6)])
    monkeypatch.setattr(trending, "VIEWERS_AT_ONCE", 4)

    rebuild()

    found = TrendingEntry.objects.filter(time_window="day", trend_type="friend_network")
    assert set(found.values_list("segment__user", flat=True)) == {f"v-{n:03d}" for n in range(0, 60, 6)}
    assert set(found.values_list("viewers", flat=True)) == {2}


# --- Rebuilding ---------------------------------------------------------------------------------------------------


def test_rebuilding_twice_is_rebuilding_once(watch, rebuild):
    befriend(0, 1, 2)
    watch(NEW, range(9), platform="pan-tv")
    watch(OLD, range(30), hours_ago=40)
    rebuild()
    before = rows()

    rebuild()

    assert len(before) > 10
    assert rows() == before


def test_a_title_that_goes_on_rising_keeps_its_row(watch, rebuild, now):
    watch(NEW, range(9))
    rebuild()
    before = TrendingEntry.objects.get(time_window="day", trend_type="global")

    watch(NEW, range(9, 20))
    rebuild(hours=0.25)

    after = TrendingEntry.objects.get(time_window="day", trend_type="global")
    assert after.pk == before.pk
    assert after.trend_score > before.trend_score
    assert after.calculated_at == now + dt.timedelta(hours=0.25)


def test_what_is_over_goes(watch, rebuild, now):
    watch(NEW, range(9))
    rebuild()
    TrendingEntry.objects.create(
        content_id=NEW,
        time_window="week",
        trend_type="genre",
        trend_score=1,
        segment={"genre": "Nonsense"},
        expires_at=now + dt.timedelta(days=99),
    )

    rebuild(hours=48)

    assert listed("week") == listed("month") == [NEW]
    assert not TrendingEntry.objects.filter(time_window__in=["hour", "day"]).exists()
    assert not TrendingEntry.objects.filter(segment__genre="Nonsense").exists()


def test_a_run_that_fails_leaves_the_old_trends(watch, rebuild):
    watch(NEW, range(9))
    rebuild()
    before = rows()
    watch(OLD, range(9))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON trending_cache FOR EACH ROW WHEN (NEW.content_id = {OLD})"
            " EXECUTE FUNCTION pg_temp.refuse()"
        )

    with pytest.raises(DatabaseError, match="no room"), transaction.atomic():
        rebuild(hours=30)

    assert rows() == before


def test_with_no_events_there_are_no_trends_and_progress_is_told(now):
    told: list[int] = []

    found = trending.rebuild(now=now, as_of=now, progress=told.append)

    assert found == {"global": 0, "genre": 0, "platform": 0, "friend_network": 0}
    assert told == [1, 1, 1, 1]
