"""Define, start, stop and read experiments."""

import json
import math
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from rich.console import Console
from rich.table import Table

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from experiments.models import Experiment
from experiments.services import VariantSpec, create_experiment, start_experiment, stop_experiment
from experiments.statistics import Interval
from recommendations.reports import MetricLine, Report, experiment_report


class Command(BaseCommand):
    help = "Experiments: list, create, start, stop, report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="all experiments, a line each")
        create = actions.add_parser("create", help="define one; it runs once it is started")
        create.add_argument("name")
        create.add_argument(
            "--variant",
            action="append",
            required=True,
            metavar="NAME:WEIGHT[:JSON]",
            help='twice or more, control first, e.g. control:1 and bold:1:{"ranking.diversity": 0.6}',
        )
        create.add_argument("--layer", default="default", help="a viewer is in one running experiment a layer")
        create.add_argument("--traffic", type=float, default=1.0, help="share of the viewers taken in, above 0 to 1")
        for action, said in (("start", "start one"), ("stop", "stop one, for good")):
            actions.add_parser(action, help=said).add_argument("name")
        report = actions.add_parser("report", help="rates a variant, with 95 %% intervals")
        report.add_argument("name")
        report.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        experiments = Experiment.objects.prefetch_related("variants")
        if not experiments:
            self.say("no experiments yet; `experiment create --help` shows how")
        for experiment in experiments:
            state = "running" if experiment.is_active else "ended" if experiment.end_date else "defined"
            variants = ", ".join(f"{v.name} {v.weight:g}" for v in experiment.variants.all())
            self.say(f"{experiment.name:<24} {state:<8} layer {experiment.layer}, {experiment.traffic:.0%}: {variants}")

    def _create(self, options: dict[str, Any]) -> None:
        experiment = create_experiment(
            name=options["name"],
            variants=[_variant(text) for text in options["variant"]],
            layer=options["layer"],
            traffic=options["traffic"],
            now=timezone.now(),
        )
        self.say(f"defined {experiment.name}; `experiment start {experiment.name}` starts it")

    def _start(self, options: dict[str, Any]) -> None:
        self.say(f"{start_experiment(name=options['name'], now=timezone.now()).name} runs")

    def _stop(self, options: dict[str, Any]) -> None:
        self.say(f"{stop_experiment(name=options['name'], now=timezone.now()).name} has ended")

    def _report(self, options: dict[str, Any]) -> None:
        report = experiment_report(name=options["name"])
        if options["json"]:
            self.say(json.dumps(_document(report), indent=2))
            return
        warning = "  BROKEN SPLIT: believe none of it" if report.sample_ratio_mismatch else ""
        self.say(f"{report.name}: sample ratio p = {report.sample_ratio_p:.3f}{warning}")
        table = Table("metric", "variant", "viewers", "lists", "rate", "95 % interval", "lift", "p")
        for line in report.lines:
            table.add_row(*_cells(line, report))
        Console(file=self.stdout, width=120).print(table)  # type: ignore[arg-type]


def _variant(text: str) -> VariantSpec:
    name, _, rest = text.partition(":")
    weight, _, config = rest.partition(":")
    try:
        spec = VariantSpec(name, float(weight or 1), json.loads(config) if config else {})
    except ValueError:
        raise Invalid(f"--variant is NAME:WEIGHT[:JSON], got {text!r}", field="variant") from None
    if not name:
        raise Invalid(f"--variant is NAME:WEIGHT[:JSON], got {text!r}", field="variant")
    return spec


def _cells(line: MetricLine, report: Report) -> tuple[str, ...]:
    d = line.difference
    return (
        line.metric,
        line.variant,
        str(line.viewers),
        str(report.lists[line.variant]),
        _percent(line.rate.value),
        f"{_percent(line.rate.low)} to {_percent(line.rate.high)}",
        "" if d is None else f"{_percent(d.lift)} ({_percent(d.low)} to {_percent(d.high)})",
        "" if d is None or math.isnan(d.p_value) else f"{d.p_value:.3f}{' *' if d.significant else ''}",
    )


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2%}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _interval(interval: Interval) -> list[float | None]:
    return [_number(interval.low), _number(interval.high)]


def _document(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "sampleRatioPValue": report.sample_ratio_p,
        "sampleRatioMismatch": report.sample_ratio_mismatch,
        "metrics": [
            {
                "metric": line.metric,
                "variant": line.variant,
                "viewers": line.viewers,
                "lists": report.lists[line.variant],
                "rate": _number(line.rate.value),
                "interval": _interval(line.rate),
                "lift": None if line.difference is None else _number(line.difference.lift),
                "pValue": None if line.difference is None else _number(line.difference.p_value),
            }
            for line in report.lines
        ],
    }
