"""Writes: define, start and stop experiments; note who is in which variant and who was really shown it."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from bingeboard.errors import Invalid, NotFound
from experiments.models import Experiment, ExperimentVariant, RecommendationExperiment
from experiments.queries import Assignment

# Whoever owns the constants says which are good; this app knows nothing of engines.
_validators: list[Callable[[Mapping[str, Any]], object]] = []


@dataclass(frozen=True)
class VariantSpec:
    """A variant as it is asked for."""

    name: str
    weight: float = 1.0
    algorithm_config: Mapping[str, Any] = field(default_factory=dict)


def register_config_validator(validator: Callable[[Mapping[str, Any]], object]) -> None:
    """Have algorithm configs checked by a callable that raises ValueError naming what is wrong."""
    if validator not in _validators:
        _validators.append(validator)


def validate_config(config: Any) -> None:
    """Refuse an algorithm_config that is no object, or names or values of which no engine constant is made."""
    if not isinstance(config, Mapping):
        raise Invalid(f"algorithm_config is a JSON object, got {type(config).__name__}", field="algorithm_config")
    for validator in _validators:
        try:
            validator(config)
        except ValueError as error:
            raise Invalid(str(error), field="algorithm_config") from error


def create_experiment(
    *, name: str, variants: Sequence[VariantSpec], layer: str = "default", traffic: float = 1.0, now: dt.datetime
) -> Experiment:
    """
    Define an experiment; it does not run before it is started.

    Raises Invalid for a name that is taken, fewer than two variants, or anything a variant can not be.
    """
    if Experiment.objects.filter(name=name).exists():
        raise Invalid(f"there is an experiment {name!r} already", field="name")
    names = [variant.name for variant in variants]
    if len(names) < 2 or len(set(names)) != len(names):
        raise Invalid(f"an experiment needs two variants or more with different names, got {names}", field="variant")
    if not 0 < traffic <= 1:
        raise Invalid(f"traffic is a share above 0 and up to 1, got {traffic}", field="traffic")
    for variant in variants:
        if not variant.weight > 0:
            raise Invalid(f"the weight of {variant.name!r} must be above 0, got {variant.weight}", field="variant")
        validate_config(variant.algorithm_config)
    with transaction.atomic():
        experiment = Experiment(name=name, layer=layer, traffic=traffic, start_date=now)
        experiment.full_clean()
        experiment.save()
        ExperimentVariant.objects.bulk_create(
            ExperimentVariant(
                experiment=experiment, name=v.name, weight=v.weight, algorithm_config=dict(v.algorithm_config)
            )
            for v in variants
        )
    return experiment


def start_experiment(*, name: str, now: dt.datetime) -> Experiment:
    """
    Start an experiment.

    Raises Invalid where it runs or ended already, has fewer than two variants, or its layer has no room for it.
    """
    with transaction.atomic():
        experiment = _locked(name)
        if experiment.is_active:
            raise Invalid(f"{name} runs already", field="name")
        if experiment.end_date is not None and experiment.end_date <= now:
            raise Invalid(f"{name} has ended; define a new one, so that its figures stay its own", field="name")
        if experiment.variants.count() < 2:
            raise Invalid(f"{name} needs two variants or more", field="variant")
        others = Experiment.objects.filter(layer=experiment.layer, is_active=True)
        taken = sum(other.traffic for other in others)
        if taken + experiment.traffic > 1 + 1e-9:
            raise Invalid(
                f"the layer {experiment.layer!r} has {1 - taken:.2f} of its viewers left, {name} wants"
                f" {experiment.traffic:.2f}; stop another or lower its traffic",
                field="traffic",
            )
        experiment.is_active, experiment.start_date = True, now
        experiment.save(update_fields=["is_active", "start_date"])
    return experiment


def stop_experiment(*, name: str, now: dt.datetime) -> Experiment:
    """Stop an experiment for good; Invalid where it does not run."""
    with transaction.atomic():
        experiment = _locked(name)
        if not experiment.is_active:
            raise Invalid(f"{name} does not run", field="name")
        experiment.is_active, experiment.end_date = False, max(now, experiment.start_date + dt.timedelta(seconds=1))
        experiment.save(update_fields=["is_active", "end_date"])
        RecommendationExperiment.objects.filter(experiment_name=name).update(is_active=False, end_date=now)
    return experiment


def frozen_fields_changed(experiment: Experiment) -> list[str]:
    """Return which fields that must not change once it has started differ from what is stored."""
    stored = Experiment.objects.filter(pk=experiment.pk).first()
    if stored is None or not has_started(stored):
        return []
    return [name for name in ("name", "salt", "layer", "traffic") if getattr(stored, name) != getattr(experiment, name)]


def has_started(experiment: Experiment) -> bool:
    """Return whether viewers may have been shown any of it: from then on its variants stay as they are."""
    return experiment.is_active or experiment.end_date is not None


def record_exposure(*, user_id: str, assigned: Sequence[Assignment], now: dt.datetime) -> None:
    """Note a viewer's variants, and that a list shaped by them was really served; the first time is what counts."""
    if not assigned:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO recommendation_experiments
                (experiment_name, user_id, variant, algorithm_config, start_date, is_active, first_exposed_at)
            SELECT name, %s, variant, config, %s, true, %s
            FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS new(name, variant, config)
            ON CONFLICT (experiment_name, user_id) DO UPDATE
            SET first_exposed_at = coalesce(recommendation_experiments.first_exposed_at, excluded.first_exposed_at)
            WHERE recommendation_experiments.first_exposed_at IS NULL
            """,
            [
                user_id,
                now,
                now,
                [a.experiment for a in assigned],
                [a.variant for a in assigned],
                [json.dumps(a.algorithm_config) for a in assigned],
            ],
        )


def _locked(name: str) -> Experiment:
    experiment = Experiment.objects.select_for_update().filter(name=name).first()
    if experiment is None:
        known = ", ".join(Experiment.objects.values_list("name", flat=True)) or "there are none yet"
        raise NotFound(f"there is no experiment {name!r} (known: {known})", field="name")
    return experiment
