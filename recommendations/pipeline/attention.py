"""Acts -> how far viewers get in titles of each length, as an artefact; and what an act's progress means by it."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.arrays import rows_in
from recommendations.engine.attention import curves, debiased
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import ModelArtifact
from recommendations.pipeline import artifacts
from recommendations.queries.behavior import furthest_plays
from recommendations.queries.catalogue import runtimes

KIND = "attention"


def rebuild(*, now: dt.datetime, config: EngineConfig = DEFAULT) -> ModelArtifact:
    """Fit the curves on every play whose end is known and publish them; acts that come in from now on are read so."""
    show_ids, minutes = runtimes()
    played_minutes, progress = furthest_plays()
    shares = curves(played_minutes, progress, config.attention)
    return artifacts.publish(
        kind=KIND,
        arrays={"show_ids": show_ids, "minutes": minutes, "shares": shares},
        document={},
        parameters={
            "similar": config.attention.similar,
            "bins": config.attention.bins,
            "steps": config.attention.steps,
            "plays": config.attention.plays,
        },
        data_window={"events": len(progress)},
        fit_report={"plays": len(progress), "lengths_with_a_curve": int((~np.isnan(shares[:, 0])).sum())},
        now=now,
    )


def progress_among_others(
    *, show_ids: Sequence[int | None], progress: NDArray[np.float64], config: EngineConfig = DEFAULT
) -> NDArray[np.float64]:
    """
    Return, for plays that ended at a progress in [0, 1], the share of others that got less far in that length of title.

    The progress as it is where no curve is known; NaN where the progress is.
    """
    model = artifacts.live(kind=KIND)
    c = config.attention
    if model is None or model.arrays["shares"].shape != (c.bins, c.steps + 1):
        return progress
    known = np.asarray(model.arrays["show_ids"])
    row = rows_in(known, np.array([show or 0 for show in show_ids], dtype=np.int64))
    minutes = np.full(len(row), np.nan)
    minutes[row >= 0] = model.arrays["minutes"][row[row >= 0]]
    return debiased(progress, minutes, np.asarray(model.arrays["shares"]), c)
