"""Writes: define, start and stop experiments; note who is in which variant and who was really shown it."""

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from bingeboard.errors import Invalid
from experiments.assignment import BUCKETS, n_places
from experiments.models import Experiment, ExperimentVariant, RecommendationExperiment
from experiments.queries import Assignment, Started, experiment_named, held_places, started, variants_of

NAME = re.compile(r"[A-Za-z0-9_-]+")
NAME_LETTERS, LAYER_LETTERS, VARIANT_LETTERS = 100, 64, 64
# Rows closed in a transaction each when an experiment ends: nobody waits long for one.
ROWS_AT_ONCE = 5_000

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


def check_definition(*, name: str, layer: str, traffic: float, variants: Sequence[VariantSpec]) -> None:
    """
    Refuse what can not be an experiment.

    Raises Invalid naming the value: a name that is none, traffic or a weight out of range, fewer than two variants or
    two of one name, an engine constant that there is not or that can not have this value.
    """
    _check_name("name", name, NAME_LETTERS)
    _check_name("layer", layer, LAYER_LETTERS)
    if not 1 / BUCKETS <= traffic <= 1:
        raise Invalid(f"traffic is a share of the viewers in [{1 / BUCKETS}, 1], got {traffic}", field="traffic")
    names = [variant.name for variant in variants]
    if len(names) < 2 or len(set(names)) != len(names):
        said = ", ".join(map(repr, names)) or "none"
        raise Invalid(f"an experiment needs two variants or more with different names, got {said}", field="variants")
    for variant in variants:
        _check_name("variants", variant.name, VARIANT_LETTERS)
        if not 0 < variant.weight < math.inf:
            raise Invalid(f"the weight of {variant.name!r} must be above 0, got {variant.weight}", field="variants")
        validate_config(variant.algorithm_config)


def _check_name(field: str, name: str, letters: int) -> None:
    if len(name) > letters or not NAME.fullmatch(name):
        raise Invalid(
            f"{field}: a name is up to {letters} letters, digits, hyphens and underscores, got {name[:120]!r}",
            field=field,
        )


def create_experiment(
    *,
    name: str,
    variants: Sequence[VariantSpec],
    layer: str = "default",
    traffic: float = 1.0,
    description: str = "",
    now: dt.datetime,
) -> Experiment:
    """
    Define an experiment; it does not run before it is started. Where no variant is called control, the first is it.

    Raises Invalid for a name that is or was taken, and for anything that check_definition refuses.
    """
    check_definition(name=name, layer=layer, traffic=traffic, variants=variants)
    with transaction.atomic():
        defined, created = Experiment.objects.get_or_create(
            name=name, defaults={"layer": layer, "traffic": traffic, "description": description, "start_date": now}
        )
        if not created:
            raise Invalid(f"there is an experiment {name!r} already", field="name")
        if RecommendationExperiment.objects.filter(experiment_name=name).exists():
            raise Invalid(f"there was an experiment {name!r}, and viewers who saw it; take another name", field="name")
        ExperimentVariant.objects.bulk_create(
            ExperimentVariant(
                experiment=defined, name=v.name, weight=v.weight, algorithm_config=dict(v.algorithm_config)
            )
            for v in variants
        )
    return defined


def has_started(experiment: Experiment) -> bool:
    """Return whether viewers may have been shown any of it: from then on it stays as it is, and can only be stopped."""
    return experiment.is_active or experiment.end_date is not None


def start_experiment(*, name: str, now: dt.datetime) -> Experiment:
    """
    Start an experiment; from now on it can only be stopped.

    Raises Invalid where it runs or ended already, is not sound, its layer has no room for it, or a running experiment
    of another layer changes one of its constants.
    """
    with transaction.atomic():
        # All of them, in order: two that start at once would both find the same room.
        list(Experiment.objects.select_for_update().order_by("pk").values_list("pk"))
        experiment = experiment_named(name=name)
        if experiment.is_active:
            raise Invalid(f"{name} runs already", field="name")
        if has_started(experiment):
            raise Invalid(f"{name} has ended; define a new one, so that its figures stay its own", field="name")
        specs = [VariantSpec(v.name, v.weight, v.algorithm_config) for v in variants_of(experiment)]
        check_definition(name=name, layer=experiment.layer, traffic=experiment.traffic, variants=specs)
        layers = started(now=now, layer=experiment.layer)
        _check_room(experiment, layers)
        _check_constants(experiment, layers)
        experiment.is_active, experiment.start_date = True, now
        experiment.save(update_fields=["is_active", "start_date"])
    return experiment


def _check_room(experiment: Experiment, layers: Mapping[str, Sequence[Started]]) -> None:
    held = held_places(layers.get(experiment.layer, ()))
    left = BUCKETS - sum(len(part) for parts in held.values() for part in parts)
    if n_places(experiment.traffic) > left:
        raise Invalid(
            f"layer {experiment.layer!r} has {left / BUCKETS:.2%} of its viewers left, {experiment.name} asks for"
            f" {experiment.traffic:.2%}; stop {' or '.join(sorted(held))}, or take less traffic or another layer",
            field="traffic",
        )


def _check_constants(experiment: Experiment, layers: Mapping[str, Sequence[Started]]) -> None:
    mine = {constant for variant in experiment.variants.all() for constant in variant.algorithm_config}
    others = [(layer, one) for layer, running in layers.items() for one in running if layer != experiment.layer]
    for layer, other in others:
        theirs = {constant for _, _, config in other.variants for constant in config}
        if other.runs and mine & theirs:
            raise Invalid(
                f"{min(mine & theirs)} is changed by {other.name} in layer {layer!r}, which runs; two layers must not"
                " change one constant",
                field="layer",
            )


def stop_experiment(*, name: str, now: dt.datetime) -> Experiment:
    """
    Stop an experiment for good; stopping it again changes nothing.

    Raises Invalid where it has not started.
    """
    with transaction.atomic():
        Experiment.objects.select_for_update().filter(name=name).first()
        experiment = experiment_named(name=name)
        if not has_started(experiment):
            raise Invalid(f"{name} has not started", field="name")
        if experiment.is_active:
            experiment.is_active = False
            experiment.end_date = max(now, experiment.start_date + dt.timedelta(microseconds=1))
            experiment.save(update_fields=["is_active", "end_date"])
    _close(experiment)
    return experiment


def _close(experiment: Experiment) -> None:
    """Mark who was in it as in it no longer, in small batches; a second run goes on where one was cut off."""
    open_rows = RecommendationExperiment.objects.filter(is_active=True, experiment_name=experiment.name)
    while rows := list(open_rows.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        RecommendationExperiment.objects.filter(pk__in=rows).update(is_active=False, end_date=experiment.end_date)


def record_exposure(*, user_id: str, assigned: Sequence[Assignment], now: dt.datetime) -> int:
    """
    Note a viewer's variants, and that a list shaped by them was really served; returns how many are new.

    The first time is what counts. An experiment that was stopped meanwhile takes nobody in any more.
    """
    if not assigned:
        return 0
    with connection.cursor() as cursor:
        # The lock on the definition, held by newcomers alone, keeps a row from being added behind a stop's back.
        cursor.execute(
            """
            INSERT INTO recommendation_experiments
                (experiment_name, user_id, variant, algorithm_config, start_date, end_date, is_active, first_exposed_at)
            SELECT e.name, %(user)s, new.variant, new.config, %(now)s, e.end_date, true, %(now)s
            FROM unnest(%(names)s::text[], %(variants)s::text[], %(configs)s::jsonb[]) AS new(name, variant, config)
            JOIN experiments e ON e.name = new.name AND e.is_active
            WHERE NOT EXISTS (SELECT 1 FROM recommendation_experiments r WHERE r.experiment_name = e.name
                              AND r.user_id = %(user)s AND r.first_exposed_at IS NOT NULL)
            FOR SHARE OF e
            ON CONFLICT (experiment_name, user_id) DO UPDATE SET first_exposed_at = excluded.first_exposed_at
            WHERE recommendation_experiments.first_exposed_at IS NULL
            """,
            {
                "user": user_id,
                "now": now,
                "names": [a.experiment for a in assigned],
                "variants": [a.variant for a in assigned],
                "configs": [json.dumps(a.algorithm_config) for a in assigned],
            },
        )
        return int(cursor.rowcount)
