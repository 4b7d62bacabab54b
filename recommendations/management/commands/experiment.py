"""Define, start, stop and read experiments."""

import json
import math
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.utils import timezone
from rich.console import Console
from rich.table import Table

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from experiments.models import Experiment
from experiments.queries import is_running
from experiments.services import VariantSpec, create_experiment, has_started, start_experiment, stop_experiment
from experiments.statistics import Interval
from recommendations.reports import MetricLine, Report, experiment_report

# Where nobody's terminal says how wide it is.
WIDTH = 140
VARIANT_FORM = "NAME:WEIGHT[:JSON]"
EXAMPLE = """for example:
  manage.py experiment create wide --variant control:1 --variant varied:1:'{"ranking.diversity": 0.6}'
  manage.py experiment start wide
  manage.py experiment report wide"""


class Command(BaseCommand):
    help = "Define, start, stop and read experiments."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, epilog=EXAMPLE, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="all experiments and where they stand")
        create = actions.add_parser("create", help="define one; it runs once it is started")
        create.add_argument("name", metavar="NAME")
        create.add_argument(
            "--variant",
            action="append",
            required=True,
            metavar=VARIANT_FORM,
            help="given twice or more, the control first; the JSON names the engine constants that differ",
        )
        create.add_argument("--layer", default="default", help="a viewer is in one running experiment of a layer")
        create.add_argument("--traffic", type=float, default=1.0, help="share of the viewers taken in, up to 1")
        create.add_argument("--description", default="", help="what it is about")
        for action, said in (("start", "start one"), ("stop", "stop one, for good")):
            actions.add_parser(action, help=said).add_argument("name", metavar="NAME")
        report = actions.add_parser("report", help="what each variant's viewers did, with 95 %% intervals")
        report.add_argument("name", metavar="NAME")
        report.add_argument("--json", action="store_true", help="the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self._list, "create": self._create, "start": self._start, "stop": self._stop, "report": self._report}[
            options["action"]
        ](options)

    def _list(self, options: dict[str, Any]) -> None:
        table = Table("experiment", "state", "layer", "traffic", "since", "until", "variants")
        for e in Experiment.objects.order_by("name").prefetch_related("variants"):
            variants = ", ".join(f"{v.name} {v.weight:g}" for v in sorted(e.variants.all(), key=lambda v: v.pk))
            since, until = _day(e.start_date) if has_started(e) else "", _day(e.end_date)
            table.add_row(e.name, _state(e), e.layer, f"{e.traffic:.0%}", since, until, variants)
        if not table.row_count:
            self.say("no experiments yet; `experiment create --help` shows how")
            return
        self._print(table)

    def _create(self, options: dict[str, Any]) -> None:
        defined = create_experiment(
            name=options["name"],
            variants=[_variant(text) for text in options["variant"]],
            layer=options["layer"],
            traffic=options["traffic"],
            description=options["description"],
            now=timezone.now(),
        )
        self.say(f"defined {defined.name}; `experiment start {defined.name}` starts it")

    def _start(self, options: dict[str, Any]) -> None:
        self.say(f"{start_experiment(name=options['name'], now=timezone.now()).name} runs")

    def _stop(self, options: dict[str, Any]) -> None:
        self.say(f"{stop_experiment(name=options['name'], now=timezone.now()).name} has ended")

    def _report(self, options: dict[str, Any]) -> None:
        report = experiment_report(name=options["name"])
        if options["json"]:
            self.say(json.dumps(_document(report), indent=2))
            return
        self._print(_counts_table(report))
        self._print(_metrics_table(report))
        said = f"the split came out as meant (sample ratio p = {report.sample_ratio_p_value:.3g})"
        if report.sample_ratio_mismatch:
            said = f"BROKEN SPLIT, believe no figure (sample ratio p = {report.sample_ratio_p_value:.3g})"
        self.say(said)

    def _print(self, table: Table) -> None:
        width = None if self.stdout.isatty() else WIDTH
        Console(file=self.stdout, width=width).print(table)  # type: ignore[arg-type]


def _variant(text: str) -> VariantSpec:
    name, _, rest = text.partition(":")
    weight, _, config = rest.partition(":")
    try:
        return VariantSpec(name, float(weight), json.loads(config or "{}"))
    except ValueError:
        raise Invalid(
            f'--variant is {VARIANT_FORM}, as in varied:1:{{"ranking.diversity": 0.6}}, got {text!r}', field="variants"
        ) from None


def _state(experiment: Experiment) -> str:
    if not has_started(experiment):
        return "draft"
    return "running" if is_running(experiment, now=timezone.now()) else "ended"


def _day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _counts_table(report: Report) -> Table:
    table = Table("variant", "weight", "users", "viewers", "lists", "shown", "clicks", "starts", "completions")
    for v in report.variants:
        numbers = (v.users, v.viewers, v.lists, v.shown, v.clicks, v.starts, v.completions)
        table.add_row(v.name, f"{v.weight:g}", *(f"{number:,}" for number in numbers))
    return table


def _metrics_table(report: Report) -> Table:
    table = Table("metric", "variant", "rate", "95 % interval", f"lift on {report.control}", "95 % interval", "p")
    for line in report.lines:
        rate = _percent(line.rate.value)
        table.add_row(line.metric, line.variant, rate, _span(line.interval), *_compared(line))
    return table


def _compared(line: MetricLine) -> tuple[str, str, str]:
    found = line.comparison
    if found is None:
        return "", "", ""
    mark = " *" if found.significant else ""
    p_value = "-" if math.isnan(found.p_value) else f"{found.p_value:.3f}{mark}"
    return _percent(found.lift), _span(found.interval), p_value


def _span(interval: Interval) -> str:
    if not math.isfinite(interval.low + interval.high):
        return "-"
    return f"{_percent(interval.low)} to {_percent(interval.high)}"


def _percent(value: float) -> str:
    return f"{value:.2%}" if math.isfinite(value) else "-"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _document(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "control": report.control,
        "sampleRatioPValue": report.sample_ratio_p_value,
        "sampleRatioMismatch": report.sample_ratio_mismatch,
        "variants": [vars(variant) for variant in report.variants],
        "metrics": [_metric(line) for line in report.lines],
    }


def _metric(line: MetricLine) -> dict[str, Any]:
    found = line.comparison
    return {
        "metric": line.metric,
        "variant": line.variant,
        "users": line.rate.viewers,
        "mean": _number(line.rate.value),
        "meanLow": _number(line.interval.low),
        "meanHigh": _number(line.interval.high),
        "lift": None if found is None else _number(found.lift),
        "low": None if found is None else _number(found.interval.low),
        "high": None if found is None else _number(found.interval.high),
        "pValue": None if found is None else _number(found.p_value),
        "significant": found is not None and found.significant,
    }
