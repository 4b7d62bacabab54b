"""Experiments and their variants, for staff."""

import datetime as dt

import strawberry
from strawberry.scalars import JSON


@strawberry.type(description="One way of doing it: a share of the viewers and the engine constants that differ there.")
class ExperimentVariant:
    """A row of experiment_variants, and how many saw it."""

    name: str = strawberry.field(description="What it is called.")
    weight: float = strawberry.field(description="Its share of the viewers, relative to the other variants'.")
    algorithm_config: JSON = strawberry.field(description="The engine's constants that differ, by name.")
    users: int = strawberry.field(description="Viewers who were ever served a list shaped by it.")


@strawberry.type(description="Something that is tried on a part of the viewers.")
class Experiment:
    """A row of experiments."""

    name: str = strawberry.field(description="What it is called.")
    is_active: bool = strawberry.field(description="Are viewers assigned to it now?")
    start_date: dt.datetime = strawberry.field(description="When it started; when it was defined, where it has not.")
    end_date: dt.datetime | None = strawberry.field(description="When it ended; null where it has not.")
    variants: list[ExperimentVariant] = strawberry.field(description="In the order that decides who gets which.")
