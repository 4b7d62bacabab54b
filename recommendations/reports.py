"""What experiments did: served lists and feedback, joined by variant, handed to experiments.statistics."""

from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from bingeboard.errors import NotFound
from experiments.models import Experiment
from experiments.statistics import SAMPLE_RATIO_ALARM, Difference, Interval, compare, ratio, sample_ratio_p

# How long after a list was served an answer still counts as its doing.
CLICK_HOURS, START_HOURS, COMPLETION_HOURS = 24, 7 * 24, 30 * 24
METRICS = ("click rate", "start rate", "completion rate")


@dataclass(frozen=True)
class MetricLine:
    """One metric of one variant: viewers, the rate a title shown, and how it differs from control (None there)."""

    metric: str
    variant: str
    viewers: int
    rate: Interval
    difference: Difference | None


@dataclass(frozen=True)
class Report:
    """An experiment's figures; while the split is broken none of them is to be believed."""

    name: str
    sample_ratio_p: float
    lines: list[MetricLine]
    viewers: dict[str, int]
    lists: dict[str, int]

    @property
    def sample_ratio_mismatch(self) -> bool:
        """Return whether the split came out so unlike its weights that something is broken."""
        return self.sample_ratio_p < SAMPLE_RATIO_ALARM


def experiment_report(*, name: str) -> Report:
    """
    Return what an experiment did so far, the first variant being control.

    A rate is what viewers did over the titles they saw: impressions where clients send them, else the titles served.

    Raises NotFound for a name that is none.
    """
    experiment = Experiment.objects.filter(name=name).prefetch_related("variants").first()
    if experiment is None:
        known = ", ".join(Experiment.objects.values_list("name", flat=True)) or "there are none yet"
        raise NotFound(f"there is no experiment {name!r} (known: {known})", field="name")
    variants = sorted(experiment.variants.all(), key=lambda variant: variant.pk)
    rows = _per_viewer(name)
    groups = {v.name: np.array([row[2:] for row in rows if row[1] == v.name]).reshape(-1, 5) for v in variants}
    counts = np.array([len(groups[v.name]) for v in variants], dtype=np.float64)
    lines = []
    for column, metric in enumerate(METRICS, start=2):
        control = _columns(groups[variants[0].name], column) if variants else None
        for place, variant in enumerate(variants):
            mine = _columns(groups[variant.name], column)
            difference = compare(control, mine) if place and control is not None else None
            lines.append(MetricLine(metric, variant.name, len(mine[0]), ratio(*mine), difference))
    return Report(
        name=name,
        sample_ratio_p=sample_ratio_p(counts, np.array([v.weight for v in variants], dtype=np.float64)),
        lines=lines,
        viewers={v.name: len(groups[v.name]) for v in variants},
        lists={v.name: int(groups[v.name][:, 0].sum()) for v in variants},
    )


def _columns(group: NDArray[np.float64], column: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return group[:, column].astype(np.float64), group[:, 1].astype(np.float64)


def _per_viewer(name: str) -> list[tuple]:
    """Return (viewer, variant, lists, titles seen, clicked, started, completed), one row a viewer and variant."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH lists AS (
                SELECT request_id, user_id, variant, created_at, jsonb_array_length(items) AS titles
                FROM served_lists WHERE experiment_name = %(name)s
            ), answers AS (
                SELECT l.request_id,
                    count(DISTINCT f.content_id) FILTER (WHERE f.feedback_type = 'impression') AS seen,
                    count(DISTINCT f.content_id) FILTER (WHERE f.feedback_type = 'click'
                        AND f.created_at <= l.created_at + make_interval(hours => %(click)s)) AS clicked,
                    count(DISTINCT f.content_id) FILTER (WHERE f.feedback_type = 'watch_started'
                        AND f.created_at <= l.created_at + make_interval(hours => %(start)s)) AS started,
                    count(DISTINCT f.content_id) FILTER (WHERE f.feedback_type = 'watch_completed'
                        AND f.created_at <= l.created_at + make_interval(hours => %(complete)s)) AS completed
                FROM lists l JOIN recommendation_feedback f ON f.request_id = l.request_id AND f.user_id = l.user_id
                GROUP BY l.request_id
            )
            SELECT l.user_id, l.variant, count(*),
                sum(CASE WHEN coalesce(a.seen, 0) > 0 THEN greatest(a.seen, a.clicked, a.started, a.completed)
                         ELSE l.titles END),
                sum(coalesce(a.clicked, 0)), sum(coalesce(a.started, 0)), sum(coalesce(a.completed, 0))
            FROM lists l LEFT JOIN answers a USING (request_id)
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            {"name": name, "click": CLICK_HOURS, "start": START_HOURS, "complete": COMPLETION_HOURS},
        )
        return [(user, variant, *(float(n) for n in numbers)) for user, variant, *numbers in cursor.fetchall()]
