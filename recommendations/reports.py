"""What experiments did: served lists and feedback, joined by variant, handed to experiments.statistics."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count
from numpy.typing import NDArray

from experiments.models import ExperimentVariant, RecommendationExperiment
from experiments.queries import experiment_named, variants_of
from experiments.statistics import (
    SAMPLE_RATIO_ALARM,
    Comparison,
    Interval,
    Rate,
    compare,
    rate,
    rate_interval,
    sample_ratio_p_value,
)
from recommendations.engine.config import DEFAULT

CONTROL = "control"


@dataclass(frozen=True)
class VariantCounts:
    """
    A variant in numbers.

    users    viewers who were ever served a list shaped by it
    viewers  of those, the ones whose lists are still kept: what the rest is counted over
    shown    titles seen: impressions where the client sent any for a list, else the titles served
    """

    name: str
    weight: float
    users: int
    viewers: int
    lists: int
    shown: int
    clicks: int
    starts: int
    completions: int


@dataclass(frozen=True)
class MetricLine:
    """One metric of one variant, and how it differs from the control (None for the control itself)."""

    metric: str
    variant: str
    rate: Rate
    interval: Interval
    comparison: Comparison | None


@dataclass(frozen=True)
class Report:
    """An experiment's figures; while the split is broken none of them is to be believed."""

    name: str
    control: str
    variants: list[VariantCounts]
    sample_ratio_p_value: float
    lines: list[MetricLine]

    @property
    def sample_ratio_mismatch(self) -> bool:
        """Return whether the split came out so unlike its weights that something is broken."""
        return self.sample_ratio_p_value < SAMPLE_RATIO_ALARM


# Of the columns of _per_viewer: which is divided by which. The last two are shares of viewers, not of titles.
_LISTS, _SHOWN, _CLICKS, _STARTS, _COMPLETIONS = range(5)
METRICS = {
    "click rate": _CLICKS,
    "start rate": _STARTS,
    "completion rate": _COMPLETIONS,
    "viewers who clicked": _CLICKS,
    "viewers who completed": _COMPLETIONS,
}
OF_VIEWERS = frozenset({"viewers who clicked", "viewers who completed"})


def experiment_report(*, name: str) -> Report:
    """
    Return what an experiment did so far; the control is the variant of that name, or else the first.

    Rates are over what is kept: lists have a retention, and their figures go with them.

    Raises NotFound for a name that is none.
    """
    variants = variants_of(experiment_named(name=name))
    groups = _groups(name, variants)
    users = _users(name)
    control = next((v.name for v in variants if v.name == CONTROL), variants[0].name if variants else "")
    weights = [variant.weight for variant in variants]
    split = [users.get(variant.name, 0) for variant in variants]
    return Report(
        name=name,
        control=control,
        variants=[_counts(variant, users.get(variant.name, 0), groups[variant.name]) for variant in variants],
        sample_ratio_p_value=sample_ratio_p_value(split, weights) if len(variants) > 1 else 1.0,
        lines=[_line(metric, variant.name, control, groups) for metric in METRICS for variant in variants],
    )


def _counts(variant: ExperimentVariant, users: int, group: NDArray[np.float64]) -> VariantCounts:
    sums = [int(total) for total in group.sum(axis=0)]
    return VariantCounts(variant.name, variant.weight, users, len(group), *sums)


def _line(metric: str, variant: str, control: str, groups: dict[str, NDArray[np.float64]]) -> MetricLine:
    found = _rate(metric, groups[variant])
    comparison = None if variant == control else compare(_rate(metric, groups[control]), found)
    return MetricLine(metric, variant, found, rate_interval(found), comparison)


def _rate(metric: str, group: NDArray[np.float64]) -> Rate:
    count = group[:, METRICS[metric]]
    if metric in OF_VIEWERS:
        return rate(np.minimum(count, 1.0), np.ones(len(group)))
    return rate(count, group[:, _SHOWN])


def _users(name: str) -> dict[str, int]:
    """Return how many viewers each variant was really served to."""
    exposed = RecommendationExperiment.objects.filter(experiment_name=name, first_exposed_at__isnull=False)
    return dict(exposed.values("variant").annotate(users=Count("pk")).values_list("variant", "users"))


def _groups(name: str, variants: list[ExperimentVariant]) -> dict[str, NDArray[np.float64]]:
    """Return for each variant (n_viewers, 5): lists, titles shown, clicked, started, completed."""
    rows: dict[str, list[tuple[int, ...]]] = {variant.name: [] for variant in variants}
    for variant, *counts in _per_viewer(name):
        if variant in rows:
            rows[variant].append(tuple(counts))
    return {variant: np.array(found, dtype=np.float64).reshape(-1, 5) for variant, found in rows.items()}


def _per_viewer(name: str) -> list[tuple]:
    """
    Return (variant, lists, titles shown, clicked, started, completed), one row a viewer.

    A list is named after one experiment; where it was shaped by several, in different layers, the viewer's own row in
    this one says so. Feedback names the request, so what it answers is known; nothing is guessed from the times. What
    comes after its window is kept, and is not credited to the list.
    """
    windows = DEFAULT.attribution
    params: dict[str, Any] = {
        "name": name,
        "click": dt.timedelta(hours=windows.click),
        "start": dt.timedelta(days=windows.start),
        "completion": dt.timedelta(days=windows.completion),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH lists AS (
                SELECT request_id, user_id, variant, created_at, jsonb_array_length(items) AS served
                FROM served_lists WHERE experiment_name = %(name)s
                UNION ALL
                SELECT s.request_id, s.user_id, r.variant, s.created_at, jsonb_array_length(s.items)
                FROM recommendation_experiments r JOIN served_lists s ON s.user_id = r.user_id
                WHERE r.experiment_name = %(name)s AND s.experiment_name NOT IN ('', %(name)s)
                  AND s.created_at >= r.first_exposed_at AND (r.end_date IS NULL OR s.created_at < r.end_date)
            ), titles AS (
                SELECT l.request_id, bool_or(f.feedback_type = 'impression') AS seen,
                    bool_or(f.feedback_type = 'click' AND f.created_at <= l.created_at + %(click)s) AS clicked,
                    bool_or(f.feedback_type = 'watch_started' AND f.created_at <= l.created_at + %(start)s) AS started,
                    bool_or(f.feedback_type = 'watch_completed'
                        AND f.created_at <= l.created_at + %(completion)s) AS completed
                FROM lists l JOIN recommendation_feedback f ON f.request_id = l.request_id AND f.user_id = l.user_id
                GROUP BY l.request_id, f.content_id
            ), answers AS (
                SELECT request_id, bool_or(seen) AS told, count(*) AS shown, count(*) FILTER (WHERE clicked) AS clicked,
                    count(*) FILTER (WHERE started) AS started, count(*) FILTER (WHERE completed) AS completed
                FROM titles GROUP BY request_id
            )
            SELECT l.variant, count(*), sum(CASE WHEN a.told THEN a.shown ELSE l.served END),
                coalesce(sum(a.clicked), 0), coalesce(sum(a.started), 0), coalesce(sum(a.completed), 0)
            FROM lists l LEFT JOIN answers a USING (request_id)
            GROUP BY l.variant, l.user_id ORDER BY l.variant, l.user_id
            """,
            params,
        )
        return cursor.fetchall()
