"""Experiments made in one line, for the tests of who is in what."""

import datetime as dt
from collections.abc import Callable

import pytest

from experiments.models import Experiment
from experiments.services import VariantSpec, create_experiment, start_experiment

BOLD = {"ranking.diversity": 0.6}
HALVES = (VariantSpec("control"), VariantSpec("bold", 1.0, BOLD))


@pytest.fixture
def define(db: None, now: dt.datetime) -> Callable[..., Experiment]:
    """Define an experiment of two halves, but for what is given."""

    def make(name: str = "wide", **given: object) -> Experiment:
        return create_experiment(**{"name": name, "variants": HALVES, "now": now, **given})

    return make


@pytest.fixture
def run(define: Callable[..., Experiment], now: dt.datetime) -> Callable[..., Experiment]:
    """Define an experiment and start it."""

    def make(name: str = "wide", *, at: dt.datetime = now, **given: object) -> Experiment:
        define(name, **given)
        return start_experiment(name=name, now=at)

    return make
