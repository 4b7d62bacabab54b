"""Experiments in the admin: checked when saved, started and stopped by saying so, and fixed from then on."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Experiment, ExperimentVariant
from tests.admin_pages import form_on, staff

pytestmark = pytest.mark.django_db
ADD = "admin:experiments_experiment_add"
ALL = "admin:experiments_experiment_changelist"


@pytest.fixture
def curator() -> Client:
    return staff("carla")


def defined(client: Client, config: str) -> dict[str, str]:
    """Return the form of a new experiment of two variants, the second with this configuration."""
    return form_on(client.get(reverse(ADD)).content.decode()) | {
        "name": "bolder",
        "variants-0-name": "control",
        "variants-0-algorithm_config": "",
        "variants-1-name": "bold",
        "variants-1-algorithm_config": config,
    }


def test_an_experiment_is_defined_with_its_variants(curator: Client) -> None:
    assert curator.post(reverse(ADD), defined(curator, '{"ranking.diversity": 0.6}')).status_code == 302

    variants = ExperimentVariant.objects.values_list("name", "algorithm_config")
    assert list(variants) == [("control", {}), ("bold", {"ranking.diversity": 0.6})]
    assert not Experiment.objects.get().is_active


@pytest.mark.parametrize(
    "config", ['{"ranking.no_such_constant": 1}', '{"ranking.diversity": 99}', "[1]", "{", '"bold"', "7"]
)
def test_constants_that_do_not_exist_or_are_out_of_range_are_refused(curator: Client, config: str) -> None:
    response = curator.post(reverse(ADD), defined(curator, config))

    assert response.status_code == 200
    assert "errorlist" in response.content.decode() or "text-red-600" in response.content.decode()
    assert not Experiment.objects.exists()


def test_it_is_started_and_stopped_by_saying_so_and_not_by_looking(
    curator: Client, define: Callable[..., Experiment]
) -> None:
    pk = define("wide").pk
    start, stop = (reverse(f"admin:experiments_experiment_{verb}", args=[pk]) for verb in ("start", "stop"))

    curator.get(start)
    assert not Experiment.objects.get().is_active
    curator.post(start, {"_form_submitted": "on"})
    assert Experiment.objects.get().is_active
    curator.post(stop, {"_form_submitted": "on"})

    stopped = Experiment.objects.get()
    assert (stopped.is_active, stopped.end_date is not None) == (False, True)


def test_what_can_not_be_started_is_said_and_stays(curator: Client, define: Callable[..., Experiment]) -> None:
    rows = [define("one").pk, define("two").pk]

    response = curator.post(reverse(ALL), {"action": "start_selected", "_selected_action": rows}, follow=True)

    html = response.content.decode()
    assert Experiment.objects.filter(is_active=True).count() == 1
    assert "of its viewers left" in html


def test_what_has_started_stays_as_it_is(curator: Client, run: Callable[..., Experiment]) -> None:
    experiment = run("wide")
    address = reverse("admin:experiments_experiment_change", args=[experiment.pk])
    before = list(ExperimentVariant.objects.values())
    form = form_on(curator.get(address).content.decode())

    curator.post(address, form | {"description": "A note", "name": "other", "traffic": "0.1", "layer": "x"})
    deleted = curator.post(reverse("admin:experiments_experiment_delete", args=[experiment.pk]), {"post": "yes"})

    now = Experiment.objects.get()
    assert (now.name, now.traffic, now.layer, now.description) == ("wide", 1.0, "default", "A note")
    assert list(ExperimentVariant.objects.values()) == before
    assert deleted.status_code == 403


def test_a_draft_can_be_thrown_away(curator: Client, define: Callable[..., Experiment]) -> None:
    experiment = define("wide")

    curator.post(reverse("admin:experiments_experiment_delete", args=[experiment.pk]), {"post": "yes"})

    assert not Experiment.objects.exists()
    assert not ExperimentVariant.objects.exists()
