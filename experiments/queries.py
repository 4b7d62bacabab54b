"""Reads: which experiments run, and where a viewer stands in them."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count

from bingeboard.errors import NotFound
from experiments.assignment import Arm, Claim, Places, experiment_of, places, variant_of
from experiments.models import Experiment, ExperimentVariant, RecommendationExperiment


@dataclass(frozen=True)
class Assignment:
    """A viewer's variant in one experiment, and the engine constants that differ there."""

    experiment: str
    variant: str
    algorithm_config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """An experiment that started once: its place in its layer, whether it runs now, and (name, weight, config)s."""

    claim: Claim
    salt: str
    runs: bool
    variants: list[tuple[str, float, dict[str, Any]]]

    @property
    def name(self) -> str:
        """Return the experiment's name."""
        return self.claim.name


def is_running(experiment: Experiment, *, now: dt.datetime) -> bool:
    """Return whether viewers are assigned to an experiment at this moment."""
    ended = experiment.end_date is not None and experiment.end_date <= now
    return experiment.is_active and experiment.start_date <= now and not ended


def experiment_named(*, name: str) -> Experiment:
    """Return an experiment with its variants; NotFound names those that there are."""
    experiment = Experiment.objects.filter(name=name).prefetch_related("variants").first()
    if experiment is None:
        known = ", ".join(Experiment.objects.order_by("name").values_list("name", flat=True)) or "there are none yet"
        raise NotFound(f"there is no experiment {name!r} (known: {known})", field="name")
    return experiment


def all_experiments() -> list[Experiment]:
    """Return every experiment with its variants, the latest first."""
    return list(Experiment.objects.order_by("-start_date", "pk").prefetch_related("variants"))


def users_by_variant(*, names: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many viewers each (experiment, variant) was really served to."""
    exposed = RecommendationExperiment.objects.filter(experiment_name__in=names, first_exposed_at__isnull=False)
    counted = exposed.values("experiment_name", "variant").annotate(users=Count("pk")).order_by()
    return {(row["experiment_name"], row["variant"]): row["users"] for row in counted}


def variants_of(experiment: Experiment) -> list[ExperimentVariant]:
    """Return an experiment's variants in the order that decides who gets which."""
    return sorted(experiment.variants.all(), key=lambda variant: variant.pk)


def started(*, now: dt.datetime, layer: str | None = None) -> dict[str, list[Started]]:
    """
    Return by layer, in the order of their names, all experiments that ever started, as one query.

    Of the layers in which one runs now, and of `layer` besides.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.layer, e.name, e.salt, e.traffic, e.start_date, e.end_date,
                e.is_active AND e.start_date <= %(now)s AND (e.end_date IS NULL OR e.end_date > %(now)s),
                (SELECT jsonb_agg(jsonb_build_array(v.name, v.weight, v.algorithm_config) ORDER BY v.id)
                 FROM experiment_variants v WHERE v.experiment_id = e.id)
            FROM experiments e
            WHERE (e.is_active OR e.end_date <= %(now)s) AND (e.layer = %(layer)s OR e.layer IN (
                SELECT layer FROM experiments
                WHERE is_active AND start_date <= %(now)s AND (end_date IS NULL OR end_date > %(now)s)))
            ORDER BY e.layer, e.start_date, e.name
            """,
            {"now": now, "layer": layer},
        )
        layers: dict[str, list[Started]] = {}
        for of_layer, name, salt, traffic, start, end, runs, variants in cursor.fetchall():
            found = Started(Claim(name, traffic, start, end), salt, runs, json.loads(variants or "[]"))
            layers.setdefault(of_layer, []).append(found)
    return layers


def held_places(experiments: Sequence[Started]) -> dict[str, Places]:
    """Return which places of their layer the running ones hold; experiments are all that ever started in it."""
    held = places(experiment.claim for experiment in experiments)
    return {experiment.name: held[experiment.name] for experiment in experiments if experiment.runs}


def assignments_for(*, user_id: str, now: dt.datetime) -> list[Assignment]:
    """Return where a viewer stands, at most one experiment a layer, in the order of the layers' names."""
    found = []
    for layer, experiments in started(now=now).items():
        chosen = experiment_of(layer, user_id, held_places(experiments))
        found += [_assignment(one, user_id) for one in experiments if one.name == chosen and one.variants]
    return found


def _assignment(experiment: Started, user_id: str) -> Assignment:
    variant = variant_of(experiment.salt, user_id, [Arm(name, weight) for name, weight, _ in experiment.variants])
    config = next(config for name, _, config in experiment.variants if name == variant)
    return Assignment(experiment.name, variant, config or {})
