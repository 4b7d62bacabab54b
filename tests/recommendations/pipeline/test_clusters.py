"""user_clusters: the right company, names that last, and nothing about whoever did not give it."""

import datetime as dt
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction

from bingeboard.users.models import User
from recommendations.models import UserBehaviorEvent, UserCluster, UserTasteProfile
from recommendations.pipeline import clusters

LIKES = {
    "space": [("genre", "Science Fiction"), ("theme", "space")],
    "cosy": [("genre", "Mystery"), ("mood", "cosy")],
    "noir": [("genre", "Crime"), ("mood", "dark")],
}
Rebuild = Callable[..., dict[str, int]]


@pytest.fixture
def rebuild(db: None, now: dt.datetime) -> Rebuild:
    """Run the stage, some hours later where asked."""
    return lambda hours=0: clusters.rebuild(now=now + dt.timedelta(hours=hours), as_of=now + dt.timedelta(hours=hours))


@pytest.fixture
def add_fans(db: None, now: dt.datetime) -> Callable[..., list[str]]:
    """Make viewers who like one kind of thing, some more surely than others."""

    def add(kind: str, n: int, first: int = 0) -> list[str]:
        ids = [f"{kind}-{place:03d}" for place in range(first, first + n)]
        User.objects.bulk_create([User(id=i, username=i) for i in ids])
        UserTasteProfile.objects.bulk_create(
            UserTasteProfile(
                user_id=i,
                feature_type=feature,
                feature_value=value,
                affinity_score=0.5,
                confidence=0.2 + 0.6 * place / n,
                last_updated=now,
            )
            for place, i in enumerate(ids)
            for feature, value in LIKES[kind]
        )
        return ids

    return add


@pytest.fixture
def watch(db: None) -> Callable[..., None]:
    """Let a viewer finish a film at each of the moments, and be done with it half an hour later."""

    def did(user_id: str, moments: Iterable[dt.datetime], kind: str = "movie", **context: str) -> None:
        UserBehaviorEvent.objects.bulk_create(
            UserBehaviorEvent(
                user_id=user_id,
                session_id=str(moment),
                event_type=event_type,
                content_type=kind,
                context=context or None,
                created_at=moment + dt.timedelta(minutes=minutes),
            )
            for moment in moments
            for event_type, minutes in (("play", 0), ("complete", 30))
        )

    return did


def company(kind: str = "taste_based") -> dict[str, set[str]]:
    """Who is in which group."""
    found: dict[str, set[str]] = {}
    for user_id, group in UserCluster.objects.filter(cluster_type=kind).values_list("user_id", "cluster_id"):
        found.setdefault(group, set()).add(user_id)
    return found


def rows() -> list[tuple]:
    return list(UserCluster.objects.order_by("id").values_list())


def evenings(now: dt.datetime, hour: int, zone: str = "UTC", n: int = 10) -> list[dt.datetime]:
    """The same hour by the clock of a place, on n days before."""
    local = now.astimezone(ZoneInfo(zone)).replace(hour=hour)
    return [local - dt.timedelta(days=day + 1) for day in range(n)]


# --- Taste ------------------------------------------------------------------------------------------------------


def test_viewers_with_one_taste_are_one_group(add_fans, rebuild):
    space, cosy = add_fans("space", 12), add_fans("cosy", 8)

    counted = rebuild()

    assert counted == {"taste_based": 20, "behavior_based": 0, "demographic": 0}
    assert company() == {"taste-01": set(space), "taste-02": set(cosy)}
    assert set(UserCluster.objects.values_list("similarity_score", flat=True)) == {1.0}


def test_grouping_twice_is_grouping_once(add_fans, rebuild, watch, now):
    for user_id in add_fans("space", 12) + add_fans("cosy", 8):
        watch(user_id, evenings(now, hour=20))
    rebuild()
    before = rows()

    rebuild(hours=5)

    assert len(before) == 40
    assert rows() == before


def test_a_group_keeps_its_name_when_another_outgrows_it(add_fans, rebuild):
    space, cosy = add_fans("space", 12), add_fans("cosy", 8)
    rebuild()

    cosy += add_fans("cosy", 30, first=8)
    rebuild()

    assert company() == {"taste-01": set(space), "taste-02": set(cosy)}


def test_a_new_taste_gets_a_name_that_nobody_had(add_fans, rebuild):
    space, cosy = add_fans("space", 12), add_fans("cosy", 8)
    rebuild()

    noir = add_fans("noir", 20)
    rebuild()

    assert company() == {"taste-01": set(space), "taste-02": set(cosy), "taste-03": set(noir)}


def test_only_rows_that_change_are_touched(add_fans, rebuild, now):
    add_fans("space", 12)
    rebuild()

    add_fans("space", 1, first=12)
    rebuild(hours=1)

    later = UserCluster.objects.filter(updated_at__gt=now)
    assert list(later.values_list("user_id", flat=True)) == ["space-012"]


@pytest.mark.parametrize("change", [{"personalisation": False}, {"is_active": False}])
def test_whoever_takes_consent_back_or_leaves_is_in_no_group(add_fans, rebuild, change):
    add_fans("space", 6)
    rebuild()

    User.objects.filter(pk="space-003").update(birth_year=1990, **change)
    rebuild()

    assert not UserCluster.objects.filter(user_id="space-003").exists()
    assert UserCluster.objects.count() == 5


def test_what_a_viewer_states_decides(add_fans, rebuild, now):
    add_fans("space", 12)
    add_fans("cosy", 8)
    UserTasteProfile.objects.filter(user_id="space-000").update(stated_affinity=0)
    for feature, value in LIKES["cosy"]:
        UserTasteProfile.objects.create(
            user_id="space-000",
            feature_type=feature,
            feature_value=value,
            affinity_score=0,
            confidence=0,
            stated_affinity=1,
            last_updated=now,
        )

    rebuild()

    assert "space-000" in company()["taste-02"]


def test_with_nobody_there_is_nothing_to_group(rebuild):
    assert rebuild() == {"taste_based": 0, "behavior_based": 0, "demographic": 0}


def test_a_run_that_fails_leaves_the_old_groups(add_fans, rebuild):
    add_fans("space", 6)
    rebuild()
    before = rows()
    User.objects.create(id="last", username="last", country="DE")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON user_clusters FOR EACH ROW WHEN (NEW.user_id = 'last')"
            " EXECUTE FUNCTION pg_temp.refuse()"
        )
    User.objects.filter(pk="space-001").update(is_active=False)

    with pytest.raises(DatabaseError, match="no room"), transaction.atomic():
        rebuild()

    assert rows() == before


def test_progress_is_told_for_each_kind(now, db):
    told: list[int] = []

    clusters.rebuild(now=now, as_of=now, progress=told.append)

    assert told == [1, 1, 1]


# --- Habits -----------------------------------------------------------------------------------------------------


def test_those_who_watch_at_the_same_hour_of_their_own_day_are_together(watch, rebuild, now):
    for n in range(6):
        for name, zone, hour in (("ny-night", "America/New_York", 2), ("tk-night", "Asia/Tokyo", 2),
                                 ("ny-noon", "America/New_York", 12), ("tk-noon", "Asia/Tokyo", 12)):  # fmt: skip
            User.objects.create(id=f"{name}-{n}", username=f"{name}-{n}", timezone=zone)
            watch(f"{name}-{n}", evenings(now, hour, zone))

    rebuild()

    groups = company("behavior_based")
    assert {frozenset(user_id.split("-")[1] for user_id in members) for members in groups.values()} == {
        frozenset({"night"}),
        frozenset({"noon"}),
    }
    assert sum(len(members) for members in groups.values()) == 24


def test_habits_are_told_apart_by_device_and_kind(watch, rebuild, now):
    for n in range(10):
        for name, kind, device in (("film", "movie", "tv"), ("series", "episode", "phone")):
            User.objects.create(id=f"{name}-{n}", username=f"{name}-{n}")
            watch(f"{name}-{n}", evenings(now, 20), kind=kind, device=device)

    rebuild()

    assert sorted(company("behavior_based").values(), key=min) == [
        {f"film-{n}" for n in range(10)},
        {f"series-{n}" for n in range(10)},
    ]


def test_too_few_acts_and_acts_to_come_say_nothing_about_habits(watch, rebuild, now):
    for name, moments in (
        ("often", evenings(now, 20)),
        ("early", evenings(now, 8)),
        ("twice", evenings(now, 20, n=2)),
        ("later", [now + dt.timedelta(hours=h) for h in range(1, 9)]),
    ):
        User.objects.create(id=name, username=name)
        watch(name, moments)

    rebuild()

    assert set(UserCluster.objects.values_list("user_id", flat=True)) == {"often", "early"}


# --- What they gave -------------------------------------------------------------------------------------------


def test_only_what_a_viewer_gave_makes_a_demographic_group(rebuild):
    for name, given in (
        ("ada", {"birth_year": 1994, "country": "DE"}),
        ("bob", {"birth_year": 1999, "country": "DE", "gender": ""}),
        ("cyd", {"gender": "Woman"}),
        ("dan", {}),
    ):
        User.objects.create(id=name, username=name, **given)

    assert rebuild()["demographic"] == 3

    assert company("demographic") == {"1990s-de": {"ada", "bob"}, "any-any-woman": {"cyd"}}


def test_taking_back_what_was_given_takes_the_group_away(rebuild):
    User.objects.create(id="ada", username="ada", birth_year=1994)
    rebuild()

    User.objects.filter(pk="ada").update(birth_year=None)
    rebuild()

    assert not UserCluster.objects.exists()
