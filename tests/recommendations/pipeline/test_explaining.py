"""Why not: in the list or out of it as the list itself has it, and every condition named is one that would do."""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pytest

from bingeboard.errors import NotFound
from bingeboard.shows.models import Platform, Show, ShowPlatform
from recommendations.engine.config import DEFAULT, Exploration
from recommendations.models import ContentSimilarity, PlatformUserPreference, ServedList, UserTasteProfile, ViewerState
from recommendations.pipeline import candidates, collaborative, ranking
from recommendations.pipeline.events import record_events
from recommendations.pipeline.explaining import WhyNot, why_not
from recommendations.pipeline.feedback import NewFeedback, record_feedback, undo_feedback
from recommendations.pipeline.ranking import ListFilter
from recommendations.pipeline.taste import TasteChange, change_taste
from recommendations.queries.filters import ListFilter as Chosen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("short")]
KEPT = 5
ALL = [1, 2, 3, 4, 5, 6, 101, 102, 103, 104, 105, 106]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of five without places drawn by chance: something is left out."""
    numbers = dataclasses.replace(
        DEFAULT,
        exploration=Exploration(every=0),
        serving=dataclasses.replace(DEFAULT.serving, kept=KEPT),
    )
    monkeypatch.setattr(ranking, "DEFAULT", numbers)


def listed(viewer: str, now: dt.datetime, **chosen: Any) -> list[int]:
    served = ranking.serve(user_id=viewer, algorithm="hybrid", filter=ListFilter(**chosen), now=now)
    return [item["show"] for item in served.items]


def asked(viewer: str, show: int, now: dt.datetime, algorithm: str = "hybrid", **chosen: Any) -> WhyNot:
    return why_not(user_id=viewer, show_id=show, algorithm=algorithm, filter=ListFilter(**chosen), now=now)


@pytest.mark.parametrize("viewer", ["space-0", "cosy-1"])
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"include_seen": True},
        {"genres": ["mystery"]},
        {"exclude_genres": ["Mystery"], "year_from": 2000},
        {"diversity": 1.0},
        {"exclude_show_ids": [4, 104]},
        {"include_seen": True, "diversity": 0.0, "max_runtime_minutes": 60},
    ],
)
def test_it_agrees_with_the_list_title_by_title(world, now, viewer, chosen) -> None:
    in_list = listed(viewer, now, **chosen)
    for show in ALL:
        said = asked(viewer, show, now, **chosen)
        if show in in_list:
            assert said.position == in_list.index(show) + 1
            assert (said.removed_by, said.would_appear_if, said.displaced_by) == ([], [], [])
            continue
        assert said.position is None
        assert said.removed_by or said.displaced_by, said
        _check_removals(viewer, show, now, said, chosen)
        assert Show.objects.get(pk=show).title in said.text


def _check_removals(viewer: str, show: int, now: dt.datetime, said: WhyNot, chosen: dict[str, Any]) -> None:
    """Each filter named leaves it out alone; without all that is named it is in, unless it is outscored as well."""
    filters = [code.removeprefix("filter.") for code in said.removed_by if code.startswith("filter.")]
    without = dict(chosen)
    for name in filters:
        field = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
        assert show not in listed(viewer, now, **{field: chosen[field]}, include_seen=True)
        del without[field]
    if {"seen", "dismissed"} & set(said.removed_by):
        assert not chosen.get("include_seen")
    if said.removed_by and said.cutoff is not None and not any("score rose" in it for it in said.would_appear_if):
        others = [other for other in ALL if other != show and other not in _competing(viewer, now, chosen)]
        alone = {**without, "include_seen": True, "exclude_show_ids": others}
        assert show in listed(viewer, now, **alone) or "resting" in said.removed_by


def _competing(viewer: str, now: dt.datetime, chosen: dict[str, Any]) -> list[int]:
    whole = dataclasses.replace(ranking.DEFAULT, serving=dataclasses.replace(DEFAULT.serving, kept=100))
    known = candidates.snapshot(now=now)
    from recommendations.queries.filters import allowed_rows

    proposals = candidates.generate(
        user_ids=[viewer],
        now=now,
        algorithms=["hybrid"],
        config=whole,
        allowed=allowed_rows(chosen=Chosen(**chosen), user_id=viewer, known=known, today=now.date()),
        include_seen=bool(chosen.get("include_seen")),
        sizes={"hybrid": 100},
        known=known,
    )
    return [int(show) for show in known.show_ids[np.flatnonzero(proposals[0].thought.free)]]


def test_nothing_is_kept_of_it(world, now) -> None:
    before = (ServedList.objects.count(), list(ViewerState.objects.values()))

    asked("space-0", 105, now)

    assert (ServedList.objects.count(), list(ViewerState.objects.values())) == before


def test_what_was_watched_and_what_was_dismissed(world, event, now) -> None:
    record_events(user_id="space-0", events=[event("complete", 105)], now=now)
    said = asked("space-0", 105, now)
    assert said.removed_by == ["seen"]
    assert "the filter's includeSeen were true" in said.would_appear_if
    assert "you have watched, begun or judged it" in said.text

    ids = record_feedback(user_id="cosy-0", items=[NewFeedback("not_interested", 5)], now=now).ids
    said = asked("cosy-0", 5, now)
    assert said.removed_by[0] == "dismissed"
    assert "you took back that you are not interested (undoFeedback)" in said.would_appear_if
    undo_feedback(user_id="cosy-0", feedback_ids=[i for i in ids if i], now=now)
    assert "dismissed" not in asked("cosy-0", 5, now).removed_by


def test_a_score_that_is_too_low_says_how_much_it_would_take(world, now) -> None:
    in_list = listed("space-0", now)
    out = next(show for show in ALL if show not in in_list and not asked("space-0", show, now).removed_by)

    said = asked("space-0", out, now)

    assert said.breakdown is not None
    assert said.cutoff is not None
    parts = said.breakdown
    assert parts["final_score"] == pytest.approx(
        parts["base_score"]
        + parts["popularity_boost"]
        + parts["recency_boost"]
        - parts["diversity_penalty"]
        + parts["availability_boost"]
        + parts["social_boost"]
    )
    if parts["final_score"] < said.cutoff:
        assert said.displaced_by == in_list[-3:]
        needed = said.cutoff - parts["final_score"]
        assert f"its score rose by {needed:.3f}, to {said.cutoff:.3f}" in said.would_appear_if
    assert {algorithm for algorithm, *_ in parts["parts"]} <= {
        "collaborative",
        "content_based",
        "trending",
        "social",
    }


def test_what_it_says_would_bring_a_title_in_does(world, now) -> None:
    """Each condition that can be brought about is, in turn, and the title is in the list."""
    platform = Platform.objects.create(slug="streamly", name="Streamly")
    ShowPlatform.objects.bulk_create(ShowPlatform(show_id=show, platform=platform) for show in (103, 104, 105, 106))
    collaborative.rebuild(now=now + dt.timedelta(seconds=1), as_of=now)
    candidates.forget_snapshot()
    kept = 0
    for show in ALL:
        for condition in asked("space-0", show, now).would_appear_if:
            if condition == "you had Streamly (setPlatforms)":
                PlatformUserPreference.objects.create(
                    user_id="space-0", platform_name="streamly", has_subscription=True, is_stated=True
                )
                ranking.mark_stale(user_id="space-0")
            elif condition.endswith("(updateTaste)"):
                kind, value = (
                    condition.removeprefix("you said you like the ").removesuffix(" (updateTaste)").split(" ", 1)
                )
                assert change_taste(user_id="space-0", changes=[TasteChange(kind, value, 1.0)], now=now) == []
            elif condition != "the filter's diversity were 0":
                continue
            chosen = {"diversity": 0.0} if "diversity" in condition else {}
            assert show in listed("space-0", now, **chosen), (show, condition)
            kept += 1
            PlatformUserPreference.objects.filter(user_id="space-0").delete()
            UserTasteProfile.objects.filter(user_id="space-0").update(stated_affinity=None)
            UserTasteProfile.objects.filter(user_id="space-0", confidence=0).delete()
            ranking.mark_stale(user_id="space-0")
    assert kept > 3


def test_a_title_that_rests_says_so(world, now) -> None:
    first, second = listed("space-0", now)[:2]
    ContentSimilarity.objects.create(
        content_a_id=first, content_b_id=second, similarity_type="genre", similarity_score=0.9
    )
    record_feedback(user_id="space-0", items=[NewFeedback("not_interested", first)], now=now)

    said = asked("space-0", second, now)

    assert said.removed_by == ["resting"]
    assert "it rests for a while" in said.text
    assert any("undoFeedback" in condition for condition in said.would_appear_if)
    assert not any("score rose" in condition for condition in said.would_appear_if)


def test_what_nobody_proposes_says_how_far_each_generator_is(world, now) -> None:
    said = asked("space-0", 105, now, "social")

    assert said.removed_by == ["no_candidate"]
    assert said.breakdown is None
    assert "social nothing" in said.text
    assert "trending 0." in said.text


def test_titles_the_engine_does_not_know_or_may_not_show(world, now) -> None:
    Show.objects.create(id=999, title="Brand New", content_type="movie")
    assert asked("space-0", 999, now).removed_by == ["not_in_model"]
    with pytest.raises(NotFound, match="there is no show 12345"):
        asked("space-0", 12345, now)
    with pytest.raises(NotFound):
        asked("space-0", 2**70, now)
    first = listed("space-0", now)[0]
    Show.objects.filter(pk=first).update(is_active=False)
    assert first not in listed("space-0", now)
    assert first not in listed("space-0", now, diversity=0.0)
    said = asked("space-0", first, now)
    assert said.removed_by == ["inactive"]
    assert said.would_appear_if == ["a curator made it active again"]
