"""Viewers change their taste: exactly, at once, and back again; what is only looked at leaves no trace."""

import datetime as dt

import pytest
from django.db import connection

from bingeboard.errors import Invalid, NotFound
from recommendations.models import TasteExclusion, UserTasteProfile, ViewerState
from recommendations.pipeline import profiles, ranking
from recommendations.pipeline.events import record_events
from recommendations.pipeline.taste import TasteChange, change_taste, exclude_from_taste, preview_taste
from tests.recommendations.pipeline.test_events import assert_close, taste
from tests.recommendations.pipeline.test_folding import LATER, newcomer

pytestmark = pytest.mark.django_db
GENRE = ("genre", "Science Fiction")
TABLES = ("user_taste_profiles", "taste_exclusions", "viewer_states", "user_behavior_events", "served_lists",
          "recommendation_candidates", "viewer_checkpoints", "user_context")  # fmt: skip


def row_of(viewer: str, feature: tuple[str, str] = GENRE) -> UserTasteProfile:
    return UserTasteProfile.objects.get(user=viewer, feature_type=feature[0], feature_value=feature[1])


def everything() -> dict[str, list]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found[table] = cursor.fetchall()
        return found


@pytest.fixture
def viewer(world, event, now) -> str:
    name = newcomer("chooser")
    record_events(user_id=name, events=[event("like", 1), event("complete", 2), event("like", 101)], now=now)
    return name


def test_what_is_stated_stands_beside_what_was_learned_and_survives_a_rebuild(viewer, event, now) -> None:
    learned = taste(viewer)

    assert change_taste(user_id=viewer, changes=[TasteChange("genre", "science fiction ", -0.8)], now=now) == []

    assert row_of(viewer).stated_affinity == -0.8
    assert_close(taste(viewer), learned)
    profiles.rebuild(now=now, user_ids=[viewer])
    assert row_of(viewer).stated_affinity == -0.8


def test_forgetting_and_restoring_is_exact_also_for_acts_that_still_wait(viewer, event, now) -> None:
    record_events(user_id=viewer, events=[event("like", 3)], now=now, config=LATER)
    whole = profiles.derived(user_ids=[viewer])
    change_taste(user_id=viewer, changes=[TasteChange(*GENRE, 0.5)], now=now)
    learned = taste(viewer)
    assert len(learned) == len(whole.user)

    change_taste(user_id=viewer, changes=[TasteChange(*GENRE, None)], now=now)

    forgotten = row_of(viewer)
    assert (forgotten.affinity_score, forgotten.confidence, forgotten.stated_affinity) == (0, 0, None)
    others = {key: value for key, value in learned.items() if key != GENRE}
    assert_close({key: value for key, value in taste(viewer).items() if key != GENRE}, others)
    profiles.rebuild(now=now, user_ids=[viewer])
    assert row_of(viewer).confidence == 0

    change_taste(user_id=viewer, changes=[TasteChange(*GENRE, restore=True)], now=now)
    assert_close(taste(viewer), learned)
    assert row_of(viewer).forgotten_at is None


def test_an_entry_that_nothing_speaks_for_goes_when_it_is_restored(viewer, now) -> None:
    unheard = ("director", "Mystery director 1")
    assert not UserTasteProfile.objects.filter(user=viewer, feature_value=unheard[1]).exists()
    before = taste(viewer)
    assert change_taste(user_id=viewer, changes=[TasteChange(*unheard, 1.0)], now=now) == []
    assert row_of(viewer, unheard).stated_affinity == 1.0

    change_taste(user_id=viewer, changes=[TasteChange(*unheard, restore=True)], now=now)

    assert_close(taste(viewer), before)


@pytest.mark.usefixtures("unexplored")
def test_words_move_a_list_both_ways_and_are_its_reason(world, event, now) -> None:
    viewer = newcomer("torn")
    record_events(user_id=viewer, events=[event("like", 1), event("like", 101)], now=now)

    def served() -> list[dict]:
        return ranking.serve(user_id=viewer, algorithm="hybrid", now=now).items

    change_taste(user_id=viewer, changes=[TasteChange("genre", "Mystery", 1.0)], now=now)
    liked = served()
    assert all(item["show"] > 100 for item in liked[:2])
    assert sum(item["show"] > 100 for item in liked[:6]) >= 5
    assert ["genre", "Mystery"] in [reason.get("feature") for reason in liked[0]["reasons"]]

    change_taste(user_id=viewer, changes=[TasteChange("genre", "Mystery", -1.0)], now=now)
    disliked = served()
    assert sum(item["show"] < 100 for item in disliked[:6]) >= 5
    worst = [item for item in disliked if item["show"] > 100]
    assert all(item["penalties"][0]["kind"] == "stated" for item in worst)

    change_taste(user_id=viewer, changes=[TasteChange("genre", "Mystery", 0.0)], now=now)
    assert not any(item.get("penalties") for item in served())


def test_bad_changes_are_named_and_the_others_count(viewer, now) -> None:
    changes = [
        TasteChange("genre", "No Such Genre", 0.5),
        TasteChange(*GENRE, 1.5),
        TasteChange(*GENRE, float("nan")),
        TasteChange(*GENRE, 0.5, restore=True),
        TasteChange("genre", "a\0b", 0.5),
        TasteChange("genre", "\ud800", 0.5),
        TasteChange(*GENRE, 0.25),
    ]

    problems = change_taste(user_id=viewer, changes=changes, now=now)

    assert [(p.index, p.field, p.code) for p in problems] == [
        (0, "featureValue", "NOT_FOUND"),
        (1, "affinity", "BAD_INPUT"),
        (2, "affinity", "BAD_INPUT"),
        (3, "affinity", "BAD_INPUT"),
        (4, "featureValue", "NOT_FOUND"),
        (5, "featureValue", "NOT_FOUND"),
    ]
    assert row_of(viewer).stated_affinity == 0.25
    before = everything()
    with pytest.raises(Invalid, match="at most 100 changes a call, got 101"):
        change_taste(user_id=viewer, changes=changes[-1:] * 101, now=now)
    assert everything() == before


@pytest.mark.parametrize("named", [("kids", None), (None, 102), ("kids", 102)])
def test_a_sitting_or_title_that_is_taken_out_never_was_and_put_back_it_always_was(world, event, now, named) -> None:
    session, show = named
    whole, without = newcomer("whole"), newcomer("without")
    acts = [
        event("like", show_id, session_id=name, occurred_at=now - dt.timedelta(days=show_id))
        for name in ("kids", "own")
        for show_id in (1, 102, 3)
    ]
    kept = [
        act
        for act in acts
        if not ((session is None or act.session_id == session) and (show is None or act.show_id == show))
    ]
    assert 0 < len(kept) < len(acts)
    record_events(user_id=whole, events=acts, now=now)
    record_events(user_id=without, events=kept, now=now)
    before = taste(whole)

    for _ in range(2):
        exclude_from_taste(user_id=whole, session_id=session, show_id=show, exclude=True, now=now)
    assert_close(taste(whole), taste(without))
    assert TasteExclusion.objects.filter(user=whole).count() == 1

    for _ in range(2):
        exclude_from_taste(user_id=whole, session_id=session, show_id=show, exclude=False, now=now)
    assert_close(taste(whole), before)


def test_what_can_not_be_excluded_is_refused(viewer, now) -> None:
    before = everything()

    for session, show, error, words in (
        (None, None, Invalid, "name a session, a show, or both"),
        (" ", None, Invalid, "it is empty"),
        ("a\0b", None, Invalid, "NUL"),
        (None, 999_999, NotFound, "no show 999999"),
    ):
        with pytest.raises(error, match=words):
            exclude_from_taste(user_id=viewer, session_id=session, show_id=show, exclude=True, now=now)

    assert everything() == before


@pytest.mark.usefixtures("unexplored")
def test_a_preview_tells_what_the_change_will_do_and_leaves_no_trace(world, event, now) -> None:
    viewer = newcomer("curious")
    record_events(user_id=viewer, events=[event("like", 1), event("like", 101)], now=now)
    changes = [TasteChange("genre", "Science Fiction", -1.0), TasteChange("genre", "Mystery", 1.0)]
    before = everything()

    seen = preview_taste(user_id=viewer, changes=changes, first=5, now=now)

    assert everything() == before
    assert seen.before != seen.after
    assert (
        seen.before == [item["show"] for item in ranking.serve(user_id=viewer, algorithm="hybrid", now=now).items][:5]
    )
    problems = change_taste(user_id=viewer, changes=changes, now=now)
    assert [p.index for p in problems] == [p.index for p in seen.problems]
    assert seen.after == [item["show"] for item in ranking.serve(user_id=viewer, algorithm="hybrid", now=now).items][:5]


@pytest.mark.usefixtures("unexplored")
def test_a_preview_of_forgetting_and_restoring_is_true_too(viewer, now) -> None:
    for change in (TasteChange(*GENRE, None), TasteChange(*GENRE, restore=True)):
        seen = preview_taste(user_id=viewer, changes=[change], first=6, now=now)
        change_taste(user_id=viewer, changes=[change], now=now)
        served = ranking.serve(user_id=viewer, algorithm="hybrid", now=now)
        assert seen.after == [item["show"] for item in served.items][:6]


def test_a_change_leaves_the_viewer_due(viewer, now) -> None:
    version = ViewerState.objects.get(pk=viewer).behavior_version

    change_taste(user_id=viewer, changes=[TasteChange(*GENRE, 0.0)], now=now)
    exclude_from_taste(user_id=viewer, session_id="kids", show_id=None, exclude=True, now=now)

    assert ViewerState.objects.get(pk=viewer).behavior_version == version + 2
