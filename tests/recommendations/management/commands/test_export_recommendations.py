"""Every viewer's list is written whole, best first, as the yardstick reads it."""

import csv
import datetime as dt

import numpy as np
import pytest

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import UserBehaviorEvent
from recommendations.pipeline import ranking, rebuild
from tests.imports import run

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def _small_world(settings, tmp_path):
    """Forty titles, twelve viewers, two tastes, and all that is derived from them."""
    settings.MEDIA_ROOT = tmp_path / "media"
    rng = np.random.default_rng(7)
    Show.objects.bulk_create(
        Show(id=n, title=f"Title {n}", genres=["Drama" if n % 2 else "Comedy"], popularity=n, release_year=2000)
        for n in range(1, 41)
    )
    User.objects.bulk_create(User(id=f"v{n:02}", username=f"v{n:02}") for n in range(12))
    User.objects.create(id="gone", username="gone", is_active=False)
    UserBehaviorEvent.objects.bulk_create(
        UserBehaviorEvent(
            user_id=f"v{viewer:02}",
            session_id="s",
            event_type="complete",
            content_id=int(title),
            content_type="movie",
            engagement_score=0.95,
            created_at=NOW - dt.timedelta(days=int(title)),
        )
        for viewer in range(10)
        for title in 1 + viewer % 2 + 2 * rng.choice(20, 8, replace=False)
    )
    for stage in rebuild.STAGES:
        rebuild.run_stage(stage=stage, now=NOW)


def rows(path):
    with path.open(newline="") as file:
        return [(row["user_id"], int(row["show_id"]), int(row["rank"])) for row in csv.DictReader(file)]


@pytest.mark.usefixtures("_small_world", "unexplored")
def test_every_viewer_has_a_list_in_the_order_that_is_served(tmp_path):
    path = tmp_path / "recs.csv"

    ran = run("export_recommendations", "--out", path, "--limit", 5)

    found = rows(path)
    viewers = [f"v{n:02}" for n in range(12)]
    assert ran.code == 0
    assert f"{len(found)} rows for 12 viewers" in ran.out
    assert list(dict.fromkeys(user for user, _, _ in found)) == viewers
    for viewer in viewers:
        exported = [show for user, show, _ in found if user == viewer]
        served = ranking.serve(user_id=viewer, algorithm="hybrid", now=dt.datetime.now(dt.UTC)).items
        assert exported == [item["show"] for item in served[:5]]
        assert [rank for user, _, rank in found if user == viewer] == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("_small_world")
@pytest.mark.parametrize("algorithm", ["collaborative", "content_based", "trending", "social", "hybrid"])
def test_each_algorithm_can_be_exported_alone(algorithm, tmp_path):
    path = tmp_path / "recs.csv"

    ran = run("export_recommendations", "--out", path, "--limit", 3, "--algorithm", algorithm)

    assert ran.code == 0
    assert path.read_text().startswith("user_id,show_id,rank\n")
    assert all(1 <= rank <= 3 for _, _, rank in rows(path))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--limit", "0"], "--limit must be a whole number in 1 to 500, got '0'"),
        (["--limit", "501"], "--limit must be a whole number in 1 to 500, got '501'"),
        (["--limit", "ten"], "--limit must be a whole number in 1 to 500, got 'ten'"),
        (["--limit", "²"], "--limit must be a whole number in 1 to 500, got '²'"),
        (
            ["--algorithm", "magic"],
            "--algorithm must be one of collaborative, content_based, hybrid, trending, social, got 'magic'",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_and_no_file_is_written(arguments, reason, tmp_path):
    ran = run("export_recommendations", "--out", tmp_path / "recs.csv", *arguments)

    assert (ran.code, ran.error) == (2, reason)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_place_is_refused(tmp_path):
    ran = run("export_recommendations", "--out", tmp_path / "no" / "recs.csv")

    assert (ran.code, ran.error) == (2, f"--out {tmp_path}/no/recs.csv: there is no folder {tmp_path}/no")


def test_before_the_first_rebuild_the_export_says_so_and_leaves_an_older_file_alone(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    User.objects.create(id="a", username="a")
    path = tmp_path / "recs.csv"
    path.write_text("older")

    ran = run("export_recommendations", "--out", path)

    assert ran.code == 2
    assert "python manage.py rebuild" in ran.error
    assert path.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["recs.csv"]
