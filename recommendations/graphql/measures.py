"""Query.experimentReport, for staff: what a variant did, and how sure one may be."""

import math
from typing import Annotated

import strawberry

from bingeboard.context import Info
from recommendations.reports import MetricLine, experiment_report


@strawberry.type(description="One metric of one variant, and how it differs from the control.")
class MetricReport:
    """A line of the report."""

    metric: str = strawberry.field(description="What is measured.")
    variant: str = strawberry.field(description="Of which variant.")
    users: int = strawberry.field(description="Viewers it is measured over.")
    mean: float = strawberry.field(description="The rate, 0 to 1.")
    lift: float | None = strawberry.field(
        description="How much more than the control's, 0.1 is ten percent; null for the control and where unknown."
    )
    low: float | None = strawberry.field(description="Lower end of the lift's 95 % interval; null where unbounded.")
    high: float | None = strawberry.field(description="Upper end of the lift's 95 % interval; null where unbounded.")
    p_value: float | None = strawberry.field(
        description="How likely a difference like this is by chance alone; null for the control and where unknown."
    )
    significant: bool = strawberry.field(description="Is it more than chance, at 95 %?")


@strawberry.type(description="What an experiment did so far. While the split is broken, no figure is to be believed.")
class ExperimentReport:
    """An experiment's figures."""

    name: str = strawberry.field(description="Which experiment.")
    sample_ratio_p_value: float = strawberry.field(
        description="How likely a split as uneven as this one is where all is well."
    )
    sample_ratio_mismatch: bool = strawberry.field(description="Is the split so uneven that something is broken?")
    metrics: list[MetricReport] = strawberry.field(
        description="Metric by metric, variant by variant; those are left out of which nothing was counted yet."
    )


@strawberry.type
class MeasuresQuery:
    """What experiments did."""

    @strawberry.field(description="What an experiment did so far: rates, lifts and intervals. For staff.")
    def experiment_report(
        self, info: Info, name: Annotated[str, strawberry.argument(description="The experiment's name.")]
    ) -> ExperimentReport:
        info.context.require_staff()
        report = experiment_report(name=name)
        return ExperimentReport(
            name=report.name,
            sample_ratio_p_value=report.sample_ratio_p_value,
            sample_ratio_mismatch=report.sample_ratio_mismatch,
            metrics=[_metric(line) for line in report.lines if math.isfinite(line.rate.value)],
        )


def _metric(line: MetricLine) -> MetricReport:
    found = line.comparison
    return MetricReport(
        metric=line.metric,
        variant=line.variant,
        users=line.rate.viewers,
        mean=line.rate.value,
        lift=_known(found.lift) if found else None,
        low=_known(found.interval.low) if found else None,
        high=_known(found.interval.high) if found else None,
        p_value=_known(found.p_value) if found else None,
        significant=found is not None and found.significant,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
