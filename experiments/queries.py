"""Reads: which experiments run, and where a viewer stands in them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, prefetch_related_objects

from bingeboard.errors import NotFound
from experiments.assignment import Arm, Claim, Places, experiment_of, places, variant_of
from experiments.models import Experiment, ExperimentVariant


@dataclass(frozen=True)
class Assignment:
    """A viewer's variant in one experiment, and the engine constants that differ there."""

    experiment: str
    variant: str
    algorithm_config: dict[str, Any] = field(default_factory=dict)


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


def variants_of(experiment: Experiment) -> list[ExperimentVariant]:
    """Return an experiment's variants in the order that decides who gets which."""
    return sorted(experiment.variants.all(), key=lambda variant: variant.pk)


def started(*, now: dt.datetime, layer: str | None = None) -> dict[str, list[Experiment]]:
    """
    Return by layer, in the order of their names, all experiments that ever started.

    layer   this one alone; without it, the layers in which an experiment runs now
    """
    begun = Experiment.objects.filter(Q(is_active=True) | Q(end_date__lte=now)).order_by("layer", "start_date", "pk")
    if layer is None:
        running = Experiment.objects.filter(Q(end_date__isnull=True) | Q(end_date__gt=now), is_active=True)
        begun = begun.filter(layer__in=running.filter(start_date__lte=now).values("layer"))
    else:
        begun = begun.filter(layer=layer)
    layers: dict[str, list[Experiment]] = {}
    for experiment in begun:
        layers.setdefault(experiment.layer, []).append(experiment)
    return layers


def held_places(experiments: Sequence[Experiment], *, now: dt.datetime) -> dict[str, Places]:
    """Return which places of their layer the running ones hold; experiments are all that ever started in it."""
    held = places(Claim(e.name, e.traffic, e.start_date, e.end_date) for e in experiments)
    return {e.name: held[e.name] for e in experiments if is_running(e, now=now)}


def assignments_for(*, user_id: str, now: dt.datetime) -> list[Assignment]:
    """Return where a viewer stands, at most one experiment a layer, in the order of the layers' names."""
    chosen = []
    for layer, experiments in started(now=now).items():
        name = experiment_of(layer, user_id, held_places(experiments, now=now))
        chosen += [experiment for experiment in experiments if experiment.name == name]
    prefetch_related_objects(chosen, "variants")
    return [_assignment(experiment, user_id) for experiment in chosen if experiment.variants.all()]


def _assignment(experiment: Experiment, user_id: str) -> Assignment:
    variants = variants_of(experiment)
    name = variant_of(experiment.salt, user_id, [Arm(v.name, v.weight) for v in variants])
    config = next(v.algorithm_config for v in variants if v.name == name)
    return Assignment(experiment.name, name, dict(config or {}))
