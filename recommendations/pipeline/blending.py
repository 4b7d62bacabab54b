"""Served lists and what viewers answered -> how much each part counts in the blend, as an artefact."""

import datetime as dt

import numpy as np

from recommendations.engine.answering import from_answers
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import ModelArtifact
from recommendations.pipeline import artifacts, collaborative, shares
from recommendations.queries.shown import shown_titles

KIND = "blend"


def rebuild(*, now: dt.datetime, config: EngineConfig = DEFAULT) -> ModelArtifact | None:
    """
    Learn the parts' shares from answers, beginning with what the history says, and publish them.

    None where no model has been fitted yet: there is nothing to blend.
    """
    engine = artifacts.live(kind=collaborative.KIND)
    if engine is None:
        return None
    believed = shares.read(engine.document)
    shown = shown_titles(
        show_ids=np.asarray(engine.arrays["show_ids"]), fame=np.asarray(engine.arrays["fame"]), config=config
    )
    learned = from_answers(shown, believed=believed, config=config)
    return artifacts.publish(
        kind=KIND,
        arrays={},
        document=shares.document(learned.blend),
        parameters={name: [round(f, 3) for f in factors] for name, factors in learned.blend.factors.items()},
        data_window={"events": len(shown), "taken": int(shown.taken.sum())},
        fit_report=shares.report(learned),
        now=now,
    )
