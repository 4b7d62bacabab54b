"""What viewers answered to lists moves how much each part counts, and the next list knows."""

import datetime as dt

import numpy as np
import pytest

from recommendations.engine.config import DEFAULT
from recommendations.models import ModelArtifact, RecommendationFeedback, ServedList
from recommendations.pipeline import artifacts, blending, candidates, ranking, shares
from recommendations.pipeline.collaborative import KIND as ENGINE
from recommendations.queries.shown import shown_titles

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
EAGER = DEFAULT.with_overrides({"blending.min_answers": 10, "blending.prior_answers": 1})


def shown(now: dt.datetime):
    model = artifacts.live(kind=ENGINE)
    return shown_titles(
        show_ids=np.asarray(model.arrays["show_ids"]), fame=np.asarray(model.arrays["fame"]), config=DEFAULT
    )


def answer(served: ServedList, show: int, kind: str, *, after: dt.timedelta = HOUR) -> None:
    at = served.created_at + after
    RecommendationFeedback.objects.create(
        user_id=served.user_id,
        request_id=served.request_id,
        content_id=show,
        feedback_type=kind,
        created_at=at,
        received_at=at,
    )


def by_content(served: ServedList) -> dict[int, float]:
    """Return what likeness to the viewer's taste is in each title of the list."""
    found = {}
    for item in served.items:
        scores = {algorithm: score for algorithm, score, *_ in item["parts"]}
        found[item["show"]] = scores.get("content_based", 0.0)
    return found


def test_what_was_shown_is_read_as_it_was_served(world, now) -> None:
    served = ranking.serve(user_id="space-0", algorithm="hybrid", now=now)
    first, second, third = (item["show"] for item in served.items[:3])
    answer(served, third, "click")

    found = shown(now)

    # The two above it were passed over; what stands below was perhaps never looked at.
    assert found.position.tolist() == [1.0, 2.0, 3.0]
    assert found.taken.tolist() == [False, False, True]
    assert found.known.tolist() == [4.0] * 3
    assert found.propensity.tolist() == [item["propensity"] for item in served.items[:3]]
    contents = by_content(served)
    assert found.parts[:, 1].tolist() == pytest.approx([contents[first], contents[second], contents[third]])
    known = candidates.snapshot(now=now)
    fame = dict(zip(known.show_ids.tolist(), known.fame.tolist(), strict=True))
    assert found.parts[:, 3].tolist() == pytest.approx([fame[first], fame[second], fame[third]])


@pytest.mark.parametrize(
    ("kinds", "after", "taken"),
    [
        (["impression"], HOUR, False),
        (["click"], HOUR, True),
        (["click"], 25 * HOUR, False),
        (["watch_started"], 6 * 24 * HOUR, True),
        (["watch_started"], 8 * 24 * HOUR, False),
        (["watch_completed"], 29 * 24 * HOUR, True),
        (["watch_completed"], 31 * 24 * HOUR, False),
        (["like"], HOUR, True),
        (["click", "not_interested"], HOUR, False),
        (["watch_started", "dislike"], HOUR, False),
    ],
)
def test_what_counts_as_taken_up(world, now, kinds, after, taken) -> None:
    served = ranking.serve(user_id="space-0", algorithm="hybrid", now=now)
    first = served.items[0]["show"]
    for kind in kinds:
        answer(served, first, kind, after=after)

    found = shown(now)

    assert (found.position.tolist(), found.taken.tolist()) == ([1.0], [taken])


def test_unanswered_lists_other_algorithms_and_who_does_not_allow_it_teach_nothing(world, now) -> None:
    ranking.serve(user_id="space-0", algorithm="hybrid", now=now)
    other = ranking.serve(user_id="space-1", algorithm="content_based", now=now)
    answer(other, other.items[0]["show"], "click")
    private = ranking.serve(user_id="space-2", algorithm="hybrid", now=now)
    answer(private, private.items[0]["show"], "click")
    private.user.personalisation = False
    private.user.save()

    assert len(shown(now)) == 0


def test_without_answers_the_history_is_believed(world, now) -> None:
    made = blending.rebuild(now=now)

    assert made is not None
    engine = artifacts.live(kind=ENGINE)
    believed = shares.read(engine.document)
    read = shares.read(artifacts.live(kind=blending.KIND).document)
    assert {name: list(read.factors[name]) for name in believed.factors} == {
        name: list(values) for name, values in believed.factors.items()
    }
    assert made.fit_report["asked"] == [0, 0, 0]


def test_answers_move_the_next_list_and_can_be_rolled_back(world, now) -> None:
    """Lists on which likeness to taste says one thing and the history another; what is like is taken up."""
    chance = np.random.default_rng(4)
    before = candidates.snapshot(now=now)
    for day in range(12):
        for who in range(10):
            user_id = f"{'space' if who % 2 else 'cosy'}-{who}"
            served = ranking.serve(user_id=user_id, algorithm="hybrid", now=now + day * 24 * HOUR)
            served.refresh_from_db()
            for item in served.items:
                content, history = chance.random(2)
                item["parts"] = [["content_based", content, 0.2, 1], ["collaborative", history, 0.6, 1]]
                answer(served, item["show"], "click" if content + 0.2 * history > 0.6 else "impression")
            served.save()
    later = now + 20 * 24 * HOUR

    made = blending.rebuild(now=later, config=EAGER)

    after = candidates.snapshot(now=later)
    few = np.array([3.0])
    assert made.fit_report["gains"][0] > 0
    assert made.data_window["taken"] > 100
    moved = after.blend.at("content_based", few)[0] / after.blend.at("collaborative", few)[0]
    assert moved > 2 * before.blend.at("content_based", few)[0] / before.blend.at("collaborative", few)[0]
    # The model beneath is the same one, and going back brings the old shares back at once.
    assert after.version == before.version
    ModelArtifact.objects.filter(kind=blending.KIND).update(state="retired")
    assert candidates.snapshot(now=later).blend == before.blend


def test_learning_twice_from_the_same_answers_is_learning_once(world, now) -> None:
    served = ranking.serve(user_id="space-0", algorithm="hybrid", now=now)
    answer(served, served.items[0]["show"], "click")

    first, second = blending.rebuild(now=now), blending.rebuild(now=now)

    assert first.pk == second.pk


def test_without_a_model_there_is_nothing_to_blend(db, now) -> None:
    assert blending.rebuild(now=now) is None
