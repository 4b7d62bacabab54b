"""Reads: which experiments run, and where a viewer stands in them."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from experiments.assignment import Arm, Slot, experiment_of, variant_of
from experiments.models import Experiment


@dataclass(frozen=True)
class Assignment:
    """A viewer's variant in one experiment, and the engine constants that differ there."""

    experiment: str
    variant: str
    algorithm_config: dict[str, Any] = field(default_factory=dict)


def running(*, now: dt.datetime) -> list[Experiment]:
    """Return the running experiments with their variants, oldest first."""
    return list(
        Experiment.objects.filter(is_active=True, start_date__lte=now)
        .filter(Q(end_date__isnull=True) | Q(end_date__gt=now))
        .order_by("start_date", "pk")
        .prefetch_related("variants")
    )


def assignments_for(*, user_id: str, now: dt.datetime) -> list[Assignment]:
    """Return where a viewer stands, at most one experiment a layer, in the order of the layers' names."""
    layers: dict[str, list[Experiment]] = {}
    for experiment in running(now=now):
        layers.setdefault(experiment.layer, []).append(experiment)
    found = []
    for layer, experiments in sorted(layers.items()):
        chosen = experiment_of(layer, user_id, [Slot(e.name, e.traffic) for e in experiments])
        for experiment in experiments:
            variants = sorted(experiment.variants.all(), key=lambda variant: variant.pk)
            if experiment.name == chosen and variants:
                name = variant_of(experiment.salt, user_id, [Arm(v.name, v.weight) for v in variants])
                config = next(v.algorithm_config for v in variants if v.name == name)
                found.append(Assignment(experiment.name, name, dict(config or {})))
    return found
