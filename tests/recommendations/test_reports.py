"""What an experiment did: lists and feedback counted by hand, within their windows, once each, by variant."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bingeboard.errors import NotFound
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from experiments.models import RecommendationExperiment
from experiments.queries import Assignment
from experiments.services import VariantSpec, create_experiment, record_exposure, start_experiment, stop_experiment
from experiments.statistics import compare, rate, rate_interval
from recommendations.models import RecommendationFeedback, ServedList
from recommendations.reports import MetricLine, Report, VariantCounts, experiment_report

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TITLES = range(1, 6)


@pytest.fixture
def wide(db: None, now: dt.datetime) -> str:
    """A running experiment of two halves."""
    Show.objects.bulk_create(Show(id=number, title=f"Title {number}", content_type="movie") for number in TITLES)
    variants = [VariantSpec("control"), VariantSpec("bold", 1.0, {"ranking.diversity": 0.6})]
    create_experiment(name="wide", variants=variants, now=now)
    return start_experiment(name="wide", now=now).name


@pytest.fixture
def serve(now: dt.datetime) -> Callable[..., ServedList]:
    """Serve a list of five titles, as ranking does it: the list is kept, and the viewer was exposed."""

    def make(
        user_id: str, variant: str, *, at: dt.datetime = now, experiment: str = "wide", **given: Any
    ) -> ServedList:
        User.objects.get_or_create(pk=user_id, defaults={"username": user_id})
        record_exposure(user_id=user_id, assigned=[Assignment(experiment, variant)], now=at)
        fields = {"experiment_name": experiment, "variant": variant, "algorithm": "hybrid", "generated_at": at, **given}
        items = [{"show": show, "position": show} for show in TITLES]
        return ServedList.objects.create(
            user_id=user_id, items=items, created_at=at, expires_at=at + 30 * DAY, **fields
        )

    return make


def answer(served: ServedList, kind: str, *shows: int, after: dt.timedelta = HOUR) -> None:
    for show in shows:
        RecommendationFeedback.objects.create(
            user_id=served.user_id,
            request_id=served.request_id,
            content_id=show,
            feedback_type=kind,
            created_at=served.created_at + after,
        )


def counts(report: Report, variant: str) -> VariantCounts:
    return next(v for v in report.variants if v.name == variant)


def line(report: Report, metric: str, variant: str) -> MetricLine:
    return next(found for found in report.lines if (found.metric, found.variant) == (metric, variant))


def test_an_experiment_by_hand(wide: str, serve) -> None:
    first, second = serve("ada", "control"), serve("ada", "control")
    answer(first, "impression", 1, 2, 3)
    answer(first, "click", 1, 2)
    answer(first, "watch_started", 1)
    answer(second, "click", 4)
    third = serve("bob", "control")
    answer(third, "impression", 1, 2)
    fourth = serve("cyd", "bold")
    answer(fourth, "click", 1, 2, 3)
    answer(fourth, "watch_completed", 3)

    report = experiment_report(name=wide)

    # ada saw 3 by her own account and 5 that were served; bob saw 2; cyd was served 5.
    assert counts(report, "control") == VariantCounts("control", 1.0, 2, 2, 3, 10, 3, 1, 0)
    assert counts(report, "bold") == VariantCounts("bold", 1.0, 1, 1, 1, 5, 3, 0, 1)
    assert line(report, "click rate", "control").rate.value == pytest.approx(0.3)
    assert line(report, "click rate", "bold").rate.value == pytest.approx(0.6)
    assert line(report, "click rate", "bold").comparison.lift == pytest.approx(1.0)
    assert line(report, "viewers who clicked", "control").rate.value == pytest.approx(0.5)
    assert line(report, "completion rate", "control").rate.value == 0
    assert line(report, "click rate", "control").comparison is None


@pytest.mark.parametrize(
    ("kind", "window", "count"),
    [
        ("click", 24 * HOUR, "clicks"),
        ("watch_started", 7 * DAY, "starts"),
        ("watch_completed", 30 * DAY, "completions"),
    ],
)
def test_an_answer_counts_within_its_window_and_not_after(wide: str, serve, kind, window, count) -> None:
    served = serve("ada", "control")
    answer(served, kind, 1, after=window)
    answer(served, kind, 2, after=window + dt.timedelta(seconds=1))

    assert getattr(counts(experiment_report(name=wide), "control"), count) == 1
    assert RecommendationFeedback.objects.filter(request_id=served.request_id).count() == 2


def test_a_title_that_was_answered_was_shown_even_where_no_impression_says_so(wide: str, serve) -> None:
    served = serve("ada", "control")
    answer(served, "impression", 1)
    answer(served, "click", 1, 2)

    found = counts(experiment_report(name=wide), "control")

    assert (found.shown, found.clicks) == (2, 2)


def test_feedback_on_no_list_or_on_another_viewers_counts_for_nobody(wide: str, serve) -> None:
    served = serve("ada", "control")
    bob = User.objects.create_user("bob", id="bob")
    for request_id in (None, uuid.uuid4(), served.request_id):
        RecommendationFeedback.objects.create(user=bob, request_id=request_id, content_id=1, feedback_type="click")

    assert counts(experiment_report(name=wide), "control").clicks == 0


def test_lists_of_other_experiments_and_of_none_count_for_nobody(wide: str, serve) -> None:
    serve("ada", "control", experiment="other")
    serve("bob", "", experiment="")

    report = experiment_report(name=wide)

    assert [(v.users, v.lists) for v in report.variants] == [(0, 0), (0, 0)]


def test_a_list_that_another_layer_gave_its_name_to_counts_here_too(wide: str, serve, now: dt.datetime) -> None:
    serve("ada", "bold", at=now + HOUR)
    before = serve("ada", "x", experiment="rows", at=now)
    answer(before, "click", 1)
    during = serve("ada", "x", experiment="rows", at=now + 2 * HOUR)
    answer(during, "click", 1, 2)
    stop_experiment(name=wide, now=now + 3 * HOUR)
    after = serve("ada", "x", experiment="rows", at=now + 4 * HOUR)
    answer(after, "click", 1, 2, 3)

    found = counts(experiment_report(name=wide), "bold")

    assert (found.viewers, found.lists, found.clicks) == (1, 2, 2)


def test_figures_are_those_of_the_statistics_over_viewers(wide: str, serve, rng: np.random.Generator) -> None:
    per_viewer: dict[str, list[tuple[int, int]]] = {"control": [], "bold": []}
    for number in range(40):
        variant = ("control", "bold")[number % 2]
        lists = [serve(f"viewer-{number}", variant) for _ in range(int(rng.integers(1, 4)))]
        clicked = 0
        for served in lists:
            shows = [show for show in TITLES if rng.random() < 0.3]
            answer(served, "click", *shows)
            clicked += len(shows)
        per_viewer[variant].append((clicked, 5 * len(lists)))
    control, bold = (rate(*np.array(rows, dtype=np.float64).T) for rows in per_viewer.values())

    found = line(experiment_report(name=wide), "click rate", "bold")

    assert found.rate.value == pytest.approx(bold.value)
    assert found.rate.variance == pytest.approx(bold.variance)
    assert found.interval.low == pytest.approx(rate_interval(bold).low)
    assert found.comparison.p_value == pytest.approx(compare(control, bold).p_value)


def test_a_broken_split_is_told(wide: str, serve) -> None:
    for number in range(30):
        serve(f"viewer-{number}", "bold" if number % 6 == 0 else "control")

    report = experiment_report(name=wide)

    # 25 against 5: chi-square 13.3, p = 0.00026.
    assert report.sample_ratio_p_value == pytest.approx(0.00026, abs=1e-5)
    assert report.sample_ratio_mismatch


def test_the_split_is_of_all_who_were_ever_served_even_where_their_lists_are_gone(wide: str, serve) -> None:
    for number in range(20):
        serve(f"viewer-{number}", ("control", "bold")[number % 2])
    ServedList.objects.filter(variant="bold").delete()

    report = experiment_report(name=wide)

    assert report.sample_ratio_p_value == 1
    assert (counts(report, "bold").users, counts(report, "bold").viewers) == (10, 0)


def test_nothing_served_yet_is_a_report_without_figures(wide: str) -> None:
    report = experiment_report(name=wide)

    assert not report.sample_ratio_mismatch
    assert all(np.isnan(found.rate.value) and np.isnan(found.interval.low) for found in report.lines)


def test_the_control_is_the_one_called_so_or_else_the_first(wide: str, now: dt.datetime) -> None:
    create_experiment(name="late", variants=[VariantSpec("a"), VariantSpec("control")], now=now)
    create_experiment(name="bare", variants=[VariantSpec("b"), VariantSpec("a")], now=now)

    assert [experiment_report(name=name).control for name in ("wide", "late", "bare")] == ["control", "control", "b"]


def test_an_unknown_name_is_told_with_the_known_ones(wide: str) -> None:
    with pytest.raises(NotFound, match=r"there is no experiment 'narrow' \(known: wide\)"):
        experiment_report(name="narrow")


def test_a_report_writes_nothing_and_asks_four_times(wide: str, serve, django_assert_num_queries) -> None:
    answer(serve("ada", "control"), "click", 1)
    before = list(RecommendationExperiment.objects.values())

    with django_assert_num_queries(4):
        experiment_report(name=wide)

    assert list(RecommendationExperiment.objects.values()) == before
