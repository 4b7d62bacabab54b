"""A rating becomes the events it stands for, once, and replaces them where it changed."""

import datetime as dt
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.importing.values import UNDATED
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.engine.weighting import engagement_scores, event_codes
from recommendations.models import UserBehaviorEvent, ViewerState
from recommendations.pipeline.imports import import_ratings
from tests.imports import everything, rejects, undone, write

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HEADER = "user_id,show_id,rating,timestamp"
THEN = dt.datetime(2000, 7, 30, 18, 45, 3, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _titles() -> None:
    Show.objects.bulk_create(Show(id=n, title=f"Title {n}") for n in range(1, 6))
    Show.objects.create(id=6, title="Series", content_type="tv")


def bring(folder: Path, *lines: str, header: str = HEADER, dry_run: bool = False) -> Summary:
    path = write(folder / "ratings.csv", [header, *lines])
    with Rejects(folder / "rejects.csv") as found:
        return import_ratings(source=Source(path), rejects=found, now=NOW, dry_run=dry_run)


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return (summary.read, summary.added, summary.updated, summary.unchanged, summary.rejected)


def events(user_id: str = "1") -> list[tuple[str, int | None, float]]:
    found = UserBehaviorEvent.objects.filter(user=user_id).order_by("id")
    return list(found.values_list("event_type", "content_id", "engagement_score"))


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        ("5", [("complete", 1, 1.0), ("like", 1, 1.0)]),
        ("4.0", [("complete", 1, 3.5 / 4.5), ("like", 1, 1.0)]),
        ("3.5", [("complete", 1, 3.0 / 4.5)]),
        ("2.75", [("complete", 1, 0.5)]),
        ("2.5", [("complete", 1, 2.0 / 4.5)]),
        ("2", [("complete", 1, 1.5 / 4.5), ("dislike", 1, 0.0)]),
        ("0.5", [("complete", 1, 0.0), ("dislike", 1, 0.0)]),
    ],
)
def test_a_rating_becomes_the_events_it_stands_for(tmp_path, rating, expected):
    summary = bring(tmp_path, f"1,1,{rating},964982703")

    assert counts(summary) == (1, 1, 0, 0, 0)
    assert events() == expected


def test_every_column_of_the_events_is_right(tmp_path):
    bring(tmp_path, "1,6,4.5,964982703")

    for event in UserBehaviorEvent.objects.all():
        assert (event.session_id, event.content_type, event.platform_source) == ("import", "tv", None)
        assert event.context == {"rating": 4.5, "source": "import"}
        assert (event.created_at, event.received_at) == (THEN, NOW)
    assert UserBehaviorEvent.objects.values("event_id").distinct().count() == 2


def test_engagement_is_what_the_same_act_would_get_through_the_api(tmp_path):
    stars = [0.5 + 0.1 * n for n in range(46)]
    Show.objects.bulk_create(Show(id=100 + n, title="T") for n in range(46))

    bring(tmp_path, *(f"1,{100 + n},{rating:.1f},1" for n, rating in enumerate(stars)))

    found = UserBehaviorEvent.objects.filter(event_type="complete").order_by("content_id")
    expected = engagement_scores(
        event_codes(["complete"] * 46), np.full(46, np.nan), np.array([float(f"{rating:.1f}") for rating in stars])
    )
    np.testing.assert_allclose([event.engagement_score for event in found], expected, atol=1e-15)


def test_ratings_imported_twice_are_there_once_and_nothing_is_due_again(tmp_path):
    lines = ["1,1,4,964982703", "1,2,2.5,964982704", "2,6,1,", "2,6,9,1"]
    bring(tmp_path, *lines)
    before = everything()

    summary = bring(tmp_path, *lines)

    assert counts(summary) == (4, 0, 0, 3, 1)
    assert everything() == before


def test_a_rating_that_changed_replaces_its_events_and_no_stale_like_stays(tmp_path):
    bring(tmp_path, "1,1,5,964982703", "1,2,5,964982703")

    summary = bring(tmp_path, "1,1,1,964982703", "1,2,5,964982703")

    assert counts(summary) == (2, 0, 1, 1, 0)
    assert events() == [("complete", 2, 1.0), ("like", 2, 1.0), ("complete", 1, 0.5 / 4.5), ("dislike", 1, 0.0)]
    assert ViewerState.objects.get(user="1").behavior_version == 2


def test_a_rating_at_another_time_is_an_update(tmp_path):
    bring(tmp_path, "1,1,5,964982703")

    summary = bring(tmp_path, "1,1,5,964982800")

    assert counts(summary) == (1, 0, 1, 0, 0)
    assert {event.created_at for event in UserBehaviorEvent.objects.all()} == {THEN + dt.timedelta(seconds=97)}


def test_of_two_ratings_of_one_title_the_last_counts(tmp_path):
    summary = bring(tmp_path, "1,1,5,964982703", "1,1,2.5,964982703")

    assert counts(summary) == (2, 1, 0, 1, 0)
    assert events() == [("complete", 1, 2.0 / 4.5)]


def test_other_acts_of_the_viewer_stay(tmp_path):
    User.objects.create_user("1", id="1")
    UserBehaviorEvent.objects.create(
        user_id="1", session_id="s", event_type="like", content_id=1, content_type="movie", engagement_score=1
    )

    bring(tmp_path, "1,1,5,964982703")
    bring(tmp_path, "1,1,1,964982703")

    assert [kind for kind, _, _ in events()] == ["like", "complete", "dislike"]


def test_viewers_are_marked_as_due_with_their_latest_act(tmp_path):
    bring(tmp_path, "1,1,5,964982703", "1,2,5,964982000", "2,1,3,")
    bring(tmp_path, "1,3,5,964982001")

    assert list(ViewerState.objects.values_list("user_id", "behavior_version", "last_event_at")) == [
        ("1", 2, THEN),
        ("2", 1, UNDATED),
    ]


def test_ratings_without_a_time_share_one_moment(tmp_path):
    bring(tmp_path, "1,1,5", "1,2,4", header="user_id,show_id,rating")

    assert {event.created_at for event in UserBehaviorEvent.objects.all()} == {UNDATED}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,1,0,1", "rating must be a number in 0.5 to 5, got '0'"),
        ("1,1,5.5,1", "rating must be a number in 0.5 to 5, got '5.5'"),
        ("1,1,nan,1", "rating must be a number in 0.5 to 5, got 'nan'"),
        ("1,1,good,1", "rating must be a number in 0.5 to 5, got 'good'"),
        ("1,1,,1", "rating is empty; it must be a number in 0.5 to 5"),
        ("1,99,5,1", "there is no show 99"),
        ("1,x:1,5,1", "there is no show x:1"),
        ("1,1.5,5,1", "show_id must be a whole number in 1 to 2^52 or a text, got '1.5'"),
        (",1,5,1", "user_id is empty"),
        ("1,1,5,then", "timestamp must be seconds since 1970 or a time like 2012-05-01T20:15:00Z, got 'then'"),
        ("1,1,5,2026-06-01T13:00Z", "timestamp '2026-06-01T13:00Z' is in the future: 2026-06-01 13:00 UTC"),
        ("1,1,5,-5", "timestamp '-5' is before 1970"),
        ("1,1,5", "3 fields under a header of 4"),
        ('1,1,"5,1', "not CSV: unexpected end of data"),
        ("ada,1,5,1", "the name ada belongs to another user"),
    ],
)
def test_a_bad_line_is_rejected_alone_and_named(tmp_path, line, reason):
    User.objects.create_user("ada", id="someone-else")

    summary = bring(tmp_path, "1,2,3,1", line, "1,3,3,1")

    assert counts(summary) == (3, 2, 0, 0, 1)
    assert rejects(tmp_path / "rejects.csv") == [(3, reason, line)]
    assert events() == [("complete", 2, 2.5 / 4.5), ("complete", 3, 2.5 / 4.5)]


def test_a_rejected_line_makes_no_viewer(tmp_path):
    bring(tmp_path, "1,1,5,1", "2,99,5,1")

    assert not User.objects.filter(pk="2").exists()


def test_a_dry_run_tells_all_and_keeps_nothing(tmp_path):
    bring(tmp_path, "1,1,5,1")
    before = everything()

    summary = bring(tmp_path, "1,1,1,1", "1,2,5,1", "3,3,3,1", "3,99,1,1", dry_run=True)

    assert counts(summary) == (4, 2, 1, 0, 1)
    assert summary.notes == ["new viewers: 1", "viewers whose lists are due to be made anew: 2"]
    assert everything() == before


def test_a_database_error_half_way_leaves_all_as_it_was(tmp_path):
    bring(tmp_path, "1,1,5,1")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON user_behavior_events EXECUTE FUNCTION refuse()"
        )
    before = everything()

    with pytest.raises(DatabaseError, match="no more"):
        bring(tmp_path, "1,1,1,1", "2,2,5,1")

    assert everything() == before


def test_memory_does_not_grow_with_the_file(tmp_path):
    """40 MB of lines, good, bad and unknown, pass through a tenth of that."""
    padding = "x" * 390
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write(f"{HEADER},comment\n")
        for n in range(100_000):
            show, rating = (1 + n % 5, 3) if n % 100 == 0 else (10_000 + n, 3) if n % 2 else (1, 9)
            file.write(f"{n % 50},{show},{rating},{n},{padding}\n")

    tracemalloc.start()
    with Rejects(tmp_path / "rejects.csv") as found:
        summary = import_ratings(source=Source(path), rejects=found, now=NOW)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert path.stat().st_size > 40_000_000
    assert (summary.read, summary.rejected) == (100_000, 99_000)
    assert peak < 4_000_000


FIELD = st.one_of(
    st.sampled_from(["1", "2", "6", "0.5", "3", "4", "5", "", " 1", "99", "x", "964982703", '"1"', '"', "1e9"]),
    st.text(alphabet=st.characters(blacklist_characters="\n\r"), max_size=6),
)
GOOD = st.tuples(
    st.sampled_from("12"), st.integers(1, 7), st.sampled_from(["0.5", "2", "3", "4", "5"]), st.integers(0, 2)
)
LINE = GOOD.map(lambda fields: ",".join(map(str, fields))) | st.lists(FIELD, min_size=3, max_size=5).map(",".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE, max_size=12))
def test_any_lines_add_up_and_come_in_twice_as_once(tmp_path, lines):
    path = tmp_path / "any.csv"
    path.write_bytes("\n".join([HEADER, "1,1,5,1", *lines]).encode("utf-8", "surrogatepass"))

    with undone():
        once = import_ratings(source=Source(path), rejects=Rejects(), now=NOW)
        before = everything()
        twice = import_ratings(source=Source(path), rejects=Rejects(), now=NOW)
        after = everything()
        kept = UserBehaviorEvent.objects.filter(event_type="complete").values("user", "content").distinct().count()
        assert kept == UserBehaviorEvent.objects.filter(event_type="complete").count() == once.added

    for summary in (once, twice):
        assert summary.read == summary.added + summary.updated + summary.unchanged + summary.rejected
    assert (twice.added, twice.updated, twice.rejected) == (0, 0, once.rejected)
    assert after == before


def test_the_bounds_are_those_of_the_engine(tmp_path):
    config = DEFAULT.with_overrides({"events.rating_high": 10.0, "events.rating_like": 8.0})
    path = write(tmp_path / "ten.csv", [HEADER, "1,1,10,1", "1,2,7,1"])

    import_ratings(source=Source(path), rejects=Rejects(), now=NOW, config=config)

    assert events() == [("complete", 1, 1.0), ("like", 1, 1.0), ("complete", 2, 6.5 / 9.5)]
