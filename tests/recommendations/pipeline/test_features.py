"""Titles become content_features: once, completely, and past what a curator wrote."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from bingeboard.shows.models import Show, ShowTag
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentFeature
from recommendations.pipeline import features
from recommendations.pipeline.features import rebuild

pytestmark = pytest.mark.django_db


def rows() -> list[tuple]:
    return list(
        ContentFeature.objects.order_by("content_id", "feature_type", "feature_value").values_list(
            "content_id", "feature_type", "feature_value", "weight", "source", "confidence"
        )
    )


def with_ids() -> list[tuple]:
    """The rows with where they lie on disk: a row that is rewritten moves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, * FROM content_features ORDER BY id")
        return cursor.fetchall()


@pytest.fixture
def heat() -> Show:
    return Show.objects.create(
        id=6,
        title="Heat",
        overview="A detective hunts a crew of thieves.",
        genres=["Crime", "Thriller"],
        cast=["Al Pacino", "Robert De Niro"],
        directors=["Michael Mann"],
        keywords=["Heist"],
        moods=["Tense"],
    )


def test_facts_become_rows(heat, now):
    counts = rebuild(now=now)

    assert counts == {"titles": 1, "added": 8, "changed": 0, "removed": 0}
    assert rows() == [
        (6, "cast", "Al Pacino", 1.0, "tmdb", 1.0),
        (6, "cast", "Robert De Niro", pytest.approx(2**-0.5), "tmdb", 1.0),
        (6, "director", "Michael Mann", 1.0, "tmdb", 1.0),
        (6, "genre", "Crime", 1.0, "tmdb", 1.0),
        (6, "genre", "Thriller", pytest.approx(2**-0.25), "tmdb", 1.0),
        (6, "keyword", "heist", 1.0, "tmdb", 1.0),
        (6, "mood", "tense", 1.0, "tmdb", 1.0),
        (6, "theme", "crime and consequence", 1.0, "ai_extracted", pytest.approx(0.5 * (1 - 2**-2.1))),
    ]


def test_twice_is_once_and_rewrites_nothing(heat, now):
    rebuild(now=now)
    before = with_ids()

    assert rebuild(now=now) == {"titles": 1, "added": 0, "changed": 0, "removed": 0}
    assert with_ids() == before


def test_what_is_no_longer_true_goes_and_the_rest_stays_untouched(heat, now):
    rebuild(now=now)
    kept = {row[0] for row in with_ids()}

    Show.objects.filter(id=6).update(cast=["Robert De Niro"], keywords=["heist", "los angeles"])
    counts = rebuild(now=now)

    assert counts == {"titles": 1, "added": 1, "changed": 1, "removed": 1}
    names = {(kind, value): weight for _, kind, value, weight, _, _ in rows()}
    assert ("cast", "Al Pacino") not in names
    assert names["cast", "Robert De Niro"] == 1.0
    assert len({row[0] for row in with_ids()} & kept) == 6


def test_what_a_curator_wrote_wins_and_is_never_touched(heat, now):
    for kind, value, weight in (("mood", "tense", 0.0), ("theme", "fate", 2.0), ("cast", "Al Pacino", 3.0)):
        ContentFeature.objects.create(
            content=heat, feature_type=kind, feature_value=value, weight=weight, source="curated", confidence=0.9
        )
    before = [row for row in with_ids() if "curated" in row]

    counts = rebuild(now=now)
    Show.objects.filter(id=6).update(moods=[], cast=[], overview="")
    rebuild(now=now)

    assert counts["added"] == 6
    assert [row for row in with_ids() if "curated" in row] == before


def test_tags_count_their_viewers_whatever_their_capitals(heat, now):
    for n in range(3):
        user = User.objects.create(id=f"u{n}", username=f"u{n}")
        ShowTag.objects.create(user=user, show=heat, tag=["Quirky", " quirky", "QUIRKY "][n])
        ShowTag.objects.create(user=user, show=heat, tag=f"mine {n}")
    ShowTag.objects.create(user=user, show=heat, tag="quirky")
    Show.objects.filter(id=6).update(user_tags=["Quirky", "imported"])

    rebuild(now=now)

    tags = {value: confidence for _, _, value, _, source, confidence in rows() if source == "user_tagged"}
    assert tags.pop("quirky") == pytest.approx(1 - 0.4**3)
    assert tags == dict.fromkeys(["mine 0", "mine 1", "mine 2", "imported"], pytest.approx(0.6))


def test_a_run_for_some_titles_leaves_the_others_alone(heat, now):
    Show.objects.create(id=7, title="Ronin", genres=["Action"])
    rebuild(now=now)
    Show.objects.filter(id__in=[6, 7]).update(genres=["War"])

    counts = rebuild(now=now, show_ids=[7, 7, 99])

    assert counts == {"titles": 1, "added": 2, "changed": 0, "removed": 1}
    assert {value for show, kind, value, *_ in rows() if (show, kind) == (6, "genre")} == {"Crime", "Thriller"}
    assert {value for show, kind, value, *_ in rows() if (show, kind) == (7, "genre")} == {"War"}


def test_a_title_that_lost_all_its_facts_loses_its_features(heat, now):
    rebuild(now=now)
    Show.objects.filter(id=6).update(
        overview="", genres=[], cast=[], directors=[], keywords=[], moods=[], themes=[], user_tags=[]
    )

    rebuild(now=now)

    assert rows() == []


def test_a_change_of_constants_changes_the_rows(heat, now):
    rebuild(now=now)

    rebuild(now=now, config=DEFAULT.with_overrides({"features.cast_billed": 1, "features.genre_exponent": 0}))

    assert [(value, weight) for _, kind, value, weight, _, _ in rows() if kind in ("cast", "genre")] == [
        ("Al Pacino", 1.0),
        ("Crime", 1.0),
        ("Thriller", 1.0),
    ]


def test_strengths_that_profiles_keep_are_left_alone(heat, now):
    rebuild(now=now)
    ContentFeature.objects.update(strength=0.5)

    Show.objects.filter(id=6).update(cast=["Robert De Niro"])
    rebuild(now=now)

    assert set(ContentFeature.objects.values_list("strength", flat=True)) == {0.5}


def test_progress_adds_up_and_an_empty_catalogue_is_no_trouble(now):
    told: list[int] = []

    assert rebuild(now=now, progress=told.append) == {"titles": 0, "added": 0, "changed": 0, "removed": 0}
    Show.objects.bulk_create(Show(id=i, title=f"t{i}") for i in range(1, 8))
    rebuild(now=now, progress=told.append)

    assert sum(told) == 7


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_are_one(heat, now):
    def run() -> dict[str, int]:
        try:
            return rebuild(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        added = [job.result()["added"] for job in [pool.submit(run), pool.submit(run)]]

    assert sorted(added) == [0, 8]


@pytest.mark.django_db(transaction=True)
def test_a_failure_half_way_leaves_the_old_rows(heat, now, monkeypatch):
    rebuild(now=now)
    before = with_ids()
    Show.objects.filter(id=6).update(cast=["Robert De Niro"], keywords=[])
    real = features._upsert

    def fail() -> tuple[int, int]:
        real()
        raise IntegrityError("the lights went out")

    monkeypatch.setattr(features, "_upsert", fail)
    with pytest.raises(IntegrityError):
        rebuild(now=now)

    assert with_ids() == before
