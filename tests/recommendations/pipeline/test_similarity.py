"""Features, vectors and viewers become content_similarity."""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection

from bingeboard.errors import Invalid
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentSimilarity, UserBehaviorEvent
from recommendations.pipeline import embeddings, features, similarity
from recommendations.pipeline.similarity import rebuild
from recommendations.queries.catalogue import load_feature_matrix

pytestmark = pytest.mark.django_db


def rows(kind: str | None = None) -> list[tuple]:
    found = ContentSimilarity.objects.order_by("similarity_type", "content_a_id", "-similarity_score", "content_b_id")
    if kind:
        found = found.filter(similarity_type=kind)
    return list(found.values_list("similarity_type", "content_a_id", "content_b_id", "similarity_score"))


def places() -> list[tuple]:
    """The rows with where they lie on disk: a row that is rewritten moves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, * FROM content_similarity ORDER BY id")
        return cursor.fetchall()


def like(user_id: str, show_id: int, when: dt.datetime) -> None:
    User.objects.get_or_create(id=user_id, defaults={"username": user_id})
    UserBehaviorEvent.objects.create(
        event_id=uuid.uuid5(uuid.NAMESPACE_OID, f"{user_id} {show_id}"),
        user_id=user_id,
        session_id="s",
        event_type="like",
        content_id=show_id,
        content_type="movie",
        engagement_score=1.0,
        created_at=when,
        received_at=when,
    )


@pytest.fixture
def world(now) -> None:
    """Two war films by one director, a romance with one of their stars, and one that nothing is known of."""
    for show_id, genres, cast, directors in (
        (1, ["War"], ["Ann"], ["Dee"]),
        (2, ["War"], ["Bob"], ["Dee"]),
        (3, ["Romance"], ["Bob"], ["Eve"]),
        (4, [], [], []),
    ):
        Show.objects.create(
            id=show_id,
            title=f"Title {show_id}",
            overview="war" * (show_id < 3),
            genres=genres,
            cast=cast,
            directors=directors,
        )
    for n in range(4):
        like(f"u{n}", 1, now)
        like(f"u{n}", 2, now)
    like("u0", 3, now)
    features.rebuild(now=now)
    embeddings.rebuild(now=now)


def test_four_kinds_by_hand(world, now):
    counts = rebuild(now=now)

    assert rows("genre") == [("genre", 1, 2, 1.0), ("genre", 2, 1, 1.0)]
    # Director shared, cast not: 1 of 3 in common; then the star: 1 of 3.
    assert rows("cast") == [
        ("cast", 1, 2, pytest.approx(1 / 3, abs=1e-6)),
        ("cast", 2, 1, pytest.approx(1 / 3, abs=1e-6)),
        ("cast", 2, 3, pytest.approx(1 / 3, abs=1e-6)),
        ("cast", 3, 2, pytest.approx(1 / 3, abs=1e-6)),
    ]
    # Four viewers share 1 and 2: cosine 1, believed 4 / (4 + 10). One viewer shares 3 with them: too few.
    assert rows("user_behavior") == [
        ("user_behavior", 1, 2, pytest.approx(4 / 14, abs=1e-6)),
        ("user_behavior", 2, 1, pytest.approx(4 / 14, abs=1e-6)),
    ]
    assert (1, 2) in [(a, b) for _, a, b, _ in rows("embedding")]
    assert counts == {"pairs": len(rows()), "added": len(rows()), "changed": 0, "removed": 0}


def test_twice_is_once_and_rewrites_nothing(world, now):
    rebuild(now=now)
    before = places()

    counts = rebuild(now=now + dt.timedelta(hours=1), as_of=now)

    assert counts["pairs"] == len(before)
    assert (counts["added"], counts["changed"], counts["removed"]) == (0, 0, 0)
    assert places() == before


def test_only_what_changed_is_written_and_dated(world, now):
    rebuild(now=now)
    like("u9", 1, now)
    later = now + dt.timedelta(hours=1)

    counts = rebuild(now=later, as_of=now)

    assert (counts["added"], counts["changed"], counts["removed"]) == (0, 2, 0)
    dated = ContentSimilarity.objects.filter(updated_at=later)
    assert set(dated.values_list("similarity_type", flat=True)) == {"user_behavior"}


def test_what_is_no_longer_alike_goes(world, now):
    rebuild(now=now)
    Show.objects.filter(id=2).update(genres=["Comedy"], cast=["Zoe"])
    features.rebuild(now=now)

    rebuild(now=now, kinds=["genre", "cast"])

    assert rows("genre") == []
    assert [(a, b) for _, a, b, _ in rows("cast")] == [(1, 2), (2, 1)]
    assert len(rows("user_behavior")) == 2  # not asked for, not touched


def test_a_title_keeps_its_best_neighbours_only(now):
    Show.objects.bulk_create(Show(id=i, title=f"t{i}", genres=["War"]) for i in range(1, 9))
    features.rebuild(now=now)

    rebuild(now=now, kinds=["genre"], config=DEFAULT.with_overrides({"similarity.neighbours": 3}))

    assert len(rows()) == 24
    assert [b for _, a, b, _ in rows() if a == 2] == [1, 3, 4]


def test_nothing_known_gives_no_pairs(now):
    assert rebuild(now=now) == {"pairs": 0, "added": 0, "changed": 0, "removed": 0}
    Show.objects.create(id=1, title="Alone")
    assert rebuild(now=now)["pairs"] == 0


def test_an_unknown_kind_is_refused(now):
    with pytest.raises(Invalid, match="'taste'"):
        rebuild(now=now, kinds=["genre", "taste"])


def test_progress_counts_every_title_once_a_kind(world, now):
    told: list[int] = []

    rebuild(now=now, kinds=["genre", "cast"], progress=told.append)

    assert sum(told) == 8


def test_viewers_who_declined_are_not_counted(world, now):
    User.objects.filter(id__in=["u0", "u1", "u2"]).update(personalisation=False)

    rebuild(now=now, kinds=["user_behavior"])

    assert rows() == []


@pytest.mark.django_db(transaction=True)
def test_a_failure_half_way_leaves_the_old_rows(world, now, monkeypatch):
    rebuild(now=now)
    before = places()
    Show.objects.update(genres=["Comedy"], cast=["Zoe"])
    features.rebuild(now=now)
    real = similarity._merge

    def fail(kinds, now):
        assert real(kinds, now) != (0, 0, 0)
        raise OSError("the lights went out")

    monkeypatch.setattr(similarity, "_merge", fail)
    with pytest.raises(OSError, match="lights"):
        rebuild(now=now)

    assert places() == before


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_are_one(world, now):
    ContentSimilarity.objects.all().delete()

    def run() -> dict[str, int]:
        try:
            return rebuild(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        added = [job.result()["added"] for job in [pool.submit(run), pool.submit(run)]]

    assert sorted(added) == [0, len(rows())]


def test_scores_agree_with_a_slow_count_over_random_titles(now, rng):
    genres = ["War", "Drama", "Crime", "Horror"]
    for i in range(1, 30):
        picked = [g for g in genres if rng.random() < 0.5]
        Show.objects.create(id=i, title=f"t{i}", genres=picked)
    features.rebuild(now=now)

    rebuild(now=now, kinds=["genre"])

    x = load_feature_matrix().of_types("genre").strengths.toarray()
    stored = {(a, b): score for _, a, b, score in rows()}
    for a in range(29):
        for b in range(29):
            most = np.maximum(x[a], x[b]).sum()
            score = np.minimum(x[a], x[b]).sum() / most if most else 0.0
            if a != b and score >= 0.05:
                assert stored.pop((a + 1, b + 1)) == pytest.approx(score, abs=2e-6)
    assert stored == {}
