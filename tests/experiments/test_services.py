"""Experiments defined, started and stopped; every refusal names its value and leaves everything as it was."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bingeboard.errors import Invalid, NotFound
from bingeboard.users.models import User
from experiments import services
from experiments.models import Experiment, ExperimentVariant, RecommendationExperiment
from experiments.queries import Assignment, assignments_for, variants_of
from experiments.services import (
    VariantSpec,
    has_started,
    record_exposure,
    start_experiment,
    stop_experiment,
    validate_config,
)
from tests.experiments.conftest import HALVES

HOUR = dt.timedelta(hours=1)
CONTROL = VariantSpec("control")
Make = Callable[..., Experiment]


def everything() -> list[list[Any]]:
    """Return every row of the three tables."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Experiment, ExperimentVariant, RecommendationExperiment)
    ]


@pytest.fixture
def viewer(db: None) -> str:
    return User.objects.create_user("ada", id="ada").pk


# --- Defined ----------------------------------------------------------------------------------------------------


def test_what_was_defined_is_kept_and_does_not_run(define: Make, now: dt.datetime) -> None:
    made = define("wide", layer="rows", traffic=0.25, description="more variety")

    assert (made.layer, made.traffic, made.is_active, made.end_date) == ("rows", 0.25, False, None)
    assert made.description == "more variety"
    assert [VariantSpec(v.name, v.weight, v.algorithm_config) for v in variants_of(made)] == list(HALVES)
    assert assignments_for(user_id="ada", now=now) == []


def test_two_experiments_have_salts_of_their_own(define: Make) -> None:
    assert define("one").salt != define("two").salt


BAD = {
    "no name": ({"name": ""}, "name", "got ''"),
    "a name with a blank": ({"name": "a b"}, "name", "got 'a b'"),
    "a name with a NUL": ({"name": "a\0"}, "name", "got"),
    "too long a name": ({"name": "x" * 101}, "name", "up to 100 letters"),
    "a layer with a slash": ({"layer": "a/b"}, "layer", "got 'a/b'"),
    "no traffic": ({"traffic": 0.0}, "traffic", "got 0.0"),
    "less traffic than a place": ({"traffic": 0.00001}, "traffic", "got 1e-05"),
    "more traffic than all": ({"traffic": 1.5}, "traffic", "got 1.5"),
    "traffic that is no number": ({"traffic": float("nan")}, "traffic", "got nan"),
    "no variants": ({"variants": []}, "variants", "got none"),
    "one variant": ({"variants": [CONTROL]}, "variants", "got 'control'"),
    "one name twice": ({"variants": [CONTROL, CONTROL]}, "variants", "got 'control', 'control'"),
    "a variant without a name": ({"variants": [CONTROL, VariantSpec("")]}, "variants", "got ''"),
    "too long a variant": ({"variants": [CONTROL, VariantSpec("x" * 65)]}, "variants", "up to 64 letters"),
    "no weight": ({"variants": [CONTROL, VariantSpec("b", 0)]}, "variants", "weight of 'b' must be above 0, got 0"),
    "all weight": ({"variants": [CONTROL, VariantSpec("b", float("inf"))]}, "variants", "got inf"),
    "no such constant": (
        {"variants": [CONTROL, VariantSpec("b", 1, {"ranking.taste": 1})]}, "algorithm_config", "'ranking.taste'"
    ),
    "a constant out of range": (
        {"variants": [CONTROL, VariantSpec("b", 1, {"ranking.diversity": 7})]}, "algorithm_config", "got 7"
    ),
    "a constant of another type": (
        {"variants": [CONTROL, VariantSpec("b", 1, {"ranking.diversity": "much"})]}, "algorithm_config", "got 'much'"
    ),
    "constants that are no object": (
        {"variants": [CONTROL, VariantSpec("b", 1, [1])]}, "algorithm_config", "a JSON object, got list"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "field", "said"), BAD.values(), ids=BAD)
def test_what_can_not_be_an_experiment_is_refused(define: Make, given: dict[str, Any], field: str, said: str) -> None:
    before = everything()

    with pytest.raises(Invalid) as refusal:
        define(**{"name": "wide", **given})

    assert refusal.value.field == field
    assert said in refusal.value.message
    assert everything() == before


def test_a_name_that_is_taken_is_refused(define: Make) -> None:
    define("wide")
    before = everything()

    with pytest.raises(Invalid, match="there is an experiment 'wide' already"):
        define("wide", traffic=0.5)

    assert everything() == before


def test_a_name_that_viewers_have_seen_is_not_taken_again(run: Make, define: Make, viewer: str, now) -> None:
    run("wide")
    record_exposure(user_id=viewer, assigned=assignments_for(user_id=viewer, now=now), now=now)
    Experiment.objects.all().delete()
    before = everything()

    with pytest.raises(Invalid, match="there was an experiment 'wide'"):
        define("wide")

    assert everything() == before


def test_a_good_config_passes() -> None:
    validate_config({})
    validate_config({"ranking.diversity": 0.5, "candidates.hybrid": 50})


# --- Started and stopped ----------------------------------------------------------------------------------------


def test_started_it_takes_viewers_in_and_stopped_it_does_not(define: Make, now: dt.datetime) -> None:
    define("wide")
    started = start_experiment(name="wide", now=now + HOUR)
    during = assignments_for(user_id="ada", now=now + HOUR)
    stopped = stop_experiment(name="wide", now=now + 2 * HOUR)

    assert (started.start_date, stopped.end_date) == (now + HOUR, now + 2 * HOUR)
    assert [found.experiment for found in during] == ["wide"]
    assert assignments_for(user_id="ada", now=now + 2 * HOUR) == []


def test_an_unknown_name_is_told_with_the_known_ones(define: Make, now: dt.datetime) -> None:
    define("wide")
    define("deep")

    for act in (start_experiment, stop_experiment):
        with pytest.raises(NotFound, match=r"there is no experiment 'wid' \(known: deep, wide\)"):
            act(name="wid", now=now)


def test_one_that_runs_is_not_started_again(run: Make, now: dt.datetime) -> None:
    run("wide")
    before = everything()

    with pytest.raises(Invalid, match="wide runs already"):
        start_experiment(name="wide", now=now + HOUR)

    assert everything() == before


def test_one_that_ended_is_not_started_again(run: Make, now: dt.datetime) -> None:
    run("wide")
    stop_experiment(name="wide", now=now + HOUR)
    before = everything()

    with pytest.raises(Invalid, match="wide has ended; define a new one"):
        start_experiment(name="wide", now=now + 2 * HOUR)

    assert everything() == before


def test_one_that_never_started_is_not_stopped(define: Make, now: dt.datetime) -> None:
    define("wide")
    before = everything()

    with pytest.raises(Invalid, match="wide has not started"):
        stop_experiment(name="wide", now=now)

    assert everything() == before


def test_stopping_twice_stops_once(run: Make, now: dt.datetime) -> None:
    run("wide")
    stop_experiment(name="wide", now=now + HOUR)
    before = everything()
    stop_experiment(name="wide", now=now + 2 * HOUR)

    assert everything() == before


def test_stopping_at_the_moment_of_the_start_keeps_the_dates_in_order(run: Make, now: dt.datetime) -> None:
    run("wide")
    stopped = stop_experiment(name="wide", now=now)

    assert stopped.end_date > stopped.start_date


def test_stopping_goes_on_where_it_was_cut_off(run: Make, now: dt.datetime, monkeypatch) -> None:
    run("wide")
    monkeypatch.setattr(services, "ROWS_AT_ONCE", 2)
    for name in ("ada", "bob", "cyd", "dan", "eve"):
        User.objects.create_user(name, id=name)
        record_exposure(user_id=name, assigned=assignments_for(user_id=name, now=now), now=now)
    stop_experiment(name="wide", now=now + HOUR)
    RecommendationExperiment.objects.filter(user_id__in=["bob", "cyd", "dan"]).update(is_active=True, end_date=None)
    stop_experiment(name="wide", now=now + 2 * HOUR)

    closed = RecommendationExperiment.objects.values_list("is_active", "end_date")
    assert list(closed) == [(False, now + HOUR)] * 5


def test_a_layer_without_room_takes_nobody_in(run: Make, define: Make, now: dt.datetime) -> None:
    run("half", traffic=0.5)
    run("third", traffic=0.3)
    define("late", traffic=0.25)
    before = everything()

    with pytest.raises(
        Invalid, match=r"layer 'default' has 20\.00% of its viewers left, late asks for 25\.00%; stop half or third"
    ):
        start_experiment(name="late", now=now + HOUR)

    assert everything() == before


def test_room_that_became_free_is_taken(run: Make, define: Make, now: dt.datetime) -> None:
    run("half", traffic=0.5)
    run("third", traffic=0.3)
    define("late", traffic=0.7)
    stop_experiment(name="half", now=now + HOUR)

    assert start_experiment(name="late", now=now + 2 * HOUR).is_active


def test_two_layers_do_not_change_one_constant(run: Make, define: Make, now: dt.datetime) -> None:
    run("wide")
    define("deep", layer="rows")
    before = everything()

    with pytest.raises(Invalid, match=r"ranking\.diversity is changed by wide in layer 'default'"):
        start_experiment(name="deep", now=now + HOUR)

    assert everything() == before
    stop_experiment(name="wide", now=now + HOUR)
    assert start_experiment(name="deep", now=now + 2 * HOUR).is_active


def test_one_that_was_made_unsound_elsewhere_is_not_started(define: Make, now: dt.datetime) -> None:
    ExperimentVariant.objects.filter(experiment=define("wide"), name="bold").update(algorithm_config={"gone.by": 1})
    before = everything()

    with pytest.raises(Invalid, match=r"there is no engine constant 'gone\.by'"):
        start_experiment(name="wide", now=now)

    assert everything() == before


def test_only_a_draft_has_not_started(define: Make, now: dt.datetime) -> None:
    states = [has_started(define("wide"))]
    states.append(has_started(start_experiment(name="wide", now=now)))
    states.append(has_started(stop_experiment(name="wide", now=now + HOUR)))

    assert states == [False, True, True]


# --- Exposure ---------------------------------------------------------------------------------------------------


def test_the_first_exposure_is_what_counts(run: Make, viewer: str, now: dt.datetime) -> None:
    run("wide")
    assigned = assignments_for(user_id=viewer, now=now)

    told = [record_exposure(user_id=viewer, assigned=assigned, now=now + n * HOUR) for n in range(3)]

    assert told == [1, 0, 0]
    row = RecommendationExperiment.objects.get()
    assert (row.experiment_name, row.user_id, row.variant) == ("wide", "ada", assigned[0].variant)
    assert (row.algorithm_config, row.is_active) == (assigned[0].algorithm_config, True)
    assert (row.start_date, row.first_exposed_at, row.end_date) == (now, now, None)


def test_every_layer_is_noted_and_a_row_without_exposure_is_filled_in(run: Make, viewer: str, now: dt.datetime) -> None:
    run("wide")
    run("deep", layer="rows", variants=[CONTROL, VariantSpec("b")])
    assigned = assignments_for(user_id=viewer, now=now)
    RecommendationExperiment.objects.create(experiment_name="deep", user_id=viewer, variant=assigned[1].variant)

    assert record_exposure(user_id=viewer, assigned=assigned, now=now + HOUR) == 2
    assert list(RecommendationExperiment.objects.values_list("experiment_name", "first_exposed_at")) == [
        ("deep", now + HOUR),
        ("wide", now + HOUR),
    ]


def test_one_that_was_stopped_meanwhile_takes_nobody_in(run: Make, viewer: str, now: dt.datetime) -> None:
    run("wide")
    assigned = assignments_for(user_id=viewer, now=now)
    stop_experiment(name="wide", now=now + HOUR)

    assert record_exposure(user_id=viewer, assigned=assigned, now=now + HOUR) == 0
    assert not RecommendationExperiment.objects.exists()


def test_nobody_assigned_asks_the_database_nothing(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert record_exposure(user_id="ada", assigned=[], now=dt.datetime.now(dt.UTC)) == 0


def test_exposure_is_one_round_trip(run: Make, viewer: str, now, django_assert_num_queries) -> None:
    run("wide")
    assigned = [*assignments_for(user_id=viewer, now=now), Assignment("gone", "a")]

    with django_assert_num_queries(1):
        record_exposure(user_id=viewer, assigned=assigned, now=now)


# --- The database says so, too ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"traffic": 1.5}, {"end_date": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}], ids=["traffic", "dates"]
)
def test_the_database_refuses_it_too(define: Make, change: dict[str, Any]) -> None:
    define("wide")

    with pytest.raises(IntegrityError), transaction.atomic():
        Experiment.objects.update(**change)


def test_every_order_of_starts_and_stops_leaves_nobody_in_two(define: Make, now: dt.datetime) -> None:
    for order in itertools.permutations(("a", "b", "c")):
        Experiment.objects.all().delete()
        for place, name in enumerate(order):
            define(name, traffic=0.4, variants=[CONTROL, VariantSpec("b")])
            if place == 2:
                stop_experiment(name=order[0], now=now + 2 * HOUR)
            start_experiment(name=name, now=now + (place + 1) * HOUR)
        found = [assignments_for(user_id=f"viewer-{n}", now=now + 4 * HOUR) for n in range(50)]

        assert all(len(assigned) <= 1 for assigned in found)
        assert {assigned[0].experiment for assigned in found if assigned} == set(order[1:])
