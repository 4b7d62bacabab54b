"""The whole way of an experiment: started, served by variant with its own constants, answered, reported, stopped."""

import datetime as dt
from types import SimpleNamespace

import pytest

from bingeboard.users.models import User
from experiments.models import RecommendationExperiment
from experiments.queries import assignments_for
from experiments.services import VariantSpec, create_experiment, start_experiment, stop_experiment
from recommendations.models import ServedList
from recommendations.pipeline.feedback import NewFeedback, record_feedback
from recommendations.pipeline.ranking import serve
from recommendations.reports import experiment_report
from tests.recommendations.pipeline.conftest import media, world

__all__ = ["media", "world"]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def terse(world: SimpleNamespace, now: dt.datetime) -> str:
    """A running experiment whose treatment gives one reason a title."""
    variants = [VariantSpec("control"), VariantSpec("terse", 1.0, {"ranking.reasons": 1})]
    create_experiment(name="terse", variants=variants, now=now)
    return start_experiment(name="terse", now=now).name


def serve_all(now: dt.datetime) -> list[ServedList]:
    users = User.objects.order_by("pk").values_list("pk", flat=True)
    return [serve(user_id=user_id, algorithm="hybrid", now=now) for user_id in users]


def most_reasons(served: ServedList) -> int:
    return max(len(item["reasons"]) for item in served.items)


def test_lists_carry_the_variant_and_its_constants_shape_them(terse: str, now: dt.datetime) -> None:
    lists = serve_all(now)

    for served in lists:
        assigned = assignments_for(user_id=served.user_id, now=now)[0]
        assert (served.experiment_name, served.variant) == (terse, assigned.variant)
    assert {most_reasons(served) for served in lists if served.variant == "terse"} == {1}
    assert min(most_reasons(served) for served in lists if served.variant == "control") > 1


def test_who_was_served_was_exposed_once_and_who_was_not_was_not(terse: str, now: dt.datetime) -> None:
    serve(user_id="space-0", algorithm="hybrid", now=now)
    serve(user_id="space-0", algorithm="hybrid", now=now + HOUR)

    assert list(RecommendationExperiment.objects.values_list("user_id", "first_exposed_at")) == [("space-0", now)]


def test_what_was_answered_is_reported_and_after_the_end_nothing_more(terse: str, now: dt.datetime) -> None:
    for served in serve_all(now):
        clicked = NewFeedback("click", served.items[0]["show"], request_id=served.request_id)
        record_feedback(user_id=served.user_id, items=[clicked, clicked], now=now)
    stop_experiment(name=terse, now=now + HOUR)
    late = serve_all(now + 2 * HOUR)

    report = experiment_report(name=terse)

    assert sum(variant.users for variant in report.variants) == 20
    assert [(v.clicks, v.lists) for v in report.variants] == [(v.users, v.users) for v in report.variants]
    assert {(served.experiment_name, served.variant) for served in late} == {("", "")}
    assert not RecommendationExperiment.objects.filter(is_active=True).exists()
