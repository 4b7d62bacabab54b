"""Experiments and their reports through the door: for staff alone, and the same figures as the command prints."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from bingeboard.users.models import User
from experiments.models import RecommendationExperiment
from experiments.queries import Assignment
from experiments.services import VariantSpec, create_experiment, record_exposure, start_experiment, stop_experiment
from recommendations.models import RecommendationFeedback, ServedList
from recommendations.reports import experiment_report
from tests.door import Door, served, token_of, viewer

LISTED = """query($active: Boolean) { experiments(active: $active) {
    name isActive startDate endDate variants { name weight algorithmConfig users } } }"""
REPORT = """query($name: String!) { experimentReport(name: $name) { name sampleRatioPValue sampleRatioMismatch
    metrics { metric variant users mean lift low high pValue significant } } }"""
VARIANTS = [VariantSpec("control"), VariantSpec("bold", 2.0, {"ranking.diversity": 0.6})]


@pytest.fixture
def staff(db: None) -> str:
    """A curator's token."""
    return token_of(viewer("boss", is_staff=True), "curator")


@pytest.fixture
def tried(catalogue: Any) -> None:
    """One experiment that runs, seen by twelve; one that ended; one that never began."""
    now = timezone.now()
    for name in ("ended", "running", "draft"):
        create_experiment(name=name, variants=VARIANTS, now=now - dt.timedelta(days=3))
    start_experiment(name="ended", now=now - dt.timedelta(days=2))
    stop_experiment(name="ended", now=now - dt.timedelta(days=1))
    start_experiment(name="running", now=now - dt.timedelta(hours=2))
    for n in range(12):
        user, variant = viewer(f"v{n}"), ("control", "bold", "bold")[n % 3]
        record_exposure(user_id=user.pk, assigned=[Assignment("running", variant)], now=now - dt.timedelta(hours=1))
        kept = served(user, 5, experiment_name="running", variant=variant)
        for show in range(1, 1 + (n % 2 if variant == "control" else 1 + n % 4)):
            RecommendationFeedback.objects.create(
                user=user, request_id=kept.request_id, content_id=show, feedback_type="click", created_at=now
            )


def test_all_or_those_that_run_are_listed(tried: None, staff: str, door: Door) -> None:
    def listed(active: bool | None = None) -> set[str]:
        return {e["name"] for e in door.data(LISTED, {"active": active}, token=staff)["experiments"]}

    assert (listed(), listed(True), listed(False)) == (
        {"ended", "running", "draft"}, {"running"}, {"ended", "draft"}
    )  # fmt: skip
    found = {e["name"]: e for e in door.data(LISTED, token=staff)["experiments"]}
    assert found["running"]["isActive"]
    assert found["running"]["endDate"] is None
    assert found["ended"]["endDate"] is not None
    assert found["running"]["variants"] == [
        {"name": "control", "weight": 1.0, "algorithmConfig": {}, "users": 4},
        {"name": "bold", "weight": 2.0, "algorithmConfig": {"ranking.diversity": 0.6}, "users": 8},
    ]
    assert [variant["users"] for variant in found["ended"]["variants"]] == [0, 0]


def test_the_report_is_the_one_that_the_command_prints(tried: None, staff: str, door: Door) -> None:
    expected = experiment_report(name="running")

    found = door.data(REPORT, {"name": "running"}, token=staff)["experimentReport"]

    assert found["sampleRatioPValue"] == expected.sample_ratio_p_value == 1.0
    assert not found["sampleRatioMismatch"]
    lines = {(line.metric, line.variant): line for line in expected.lines}
    assert {(m["metric"], m["variant"]) for m in found["metrics"]} == set(lines)
    for metric in found["metrics"]:
        line = lines[metric["metric"], metric["variant"]]
        assert (metric["mean"], metric["users"]) == (line.rate.value, line.rate.viewers)
        if metric["variant"] == "control":
            assert [metric[key] for key in ("lift", "low", "high", "pValue", "significant")] == [None] * 4 + [False]
    bold = next(m for m in found["metrics"] if (m["metric"], m["variant"]) == ("click rate", "bold"))
    control = next(m for m in found["metrics"] if (m["metric"], m["variant"]) == ("click rate", "control"))
    assert bold["lift"] == pytest.approx(bold["mean"] / control["mean"] - 1)
    assert 0 < bold["pValue"] < 1


def test_what_nobody_saw_has_no_figures(tried: None, staff: str, door: Door) -> None:
    found = door.data(REPORT, {"name": "draft"}, token=staff)["experimentReport"]

    assert (found["metrics"], found["sampleRatioPValue"]) == ([], 1.0)


def test_a_report_of_none_is_not_found_and_names_what_there_is(tried: None, staff: str, door: Door) -> None:
    error = door.error(REPORT, {"name": "wide"}, token=staff)

    assert error["extensions"]["code"] == "NOT_FOUND"
    assert "running" in error["message"]


def test_a_split_that_is_broken_says_so(tried: None, staff: str, door: Door) -> None:
    RecommendationExperiment.objects.update(variant="control")
    User.objects.bulk_create(User(id=f"w{n}", username=f"w{n}") for n in range(40))
    RecommendationExperiment.objects.bulk_create(
        RecommendationExperiment(
            experiment_name="running", user_id=f"w{n}", variant="control", first_exposed_at=timezone.now()
        )
        for n in range(40)
    )
    ServedList.objects.all().delete()

    assert door.data(REPORT, {"name": "running"}, token=staff)["experimentReport"]["sampleRatioMismatch"]
