"""All stages in order, by name: what the rebuild command runs and what each stage's task runs alone."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from bingeboard.errors import Invalid, Stale
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.pipeline import (
    attention,
    blending,
    candidates,
    clusters,
    collaborative,
    embeddings,
    features,
    profiles,
    signals,
    similarity,
    trending,
)
from recommendations.queries.events import behavioural_present

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Run:
    """What a stage is given: the clock, the behavioural present, whose rows (None: everybody's), and a listener."""

    now: dt.datetime
    as_of: dt.datetime
    user_ids: Sequence[str] | None
    progress: Callable[[int], None]
    config: EngineConfig = DEFAULT


@dataclass(frozen=True)
class Stage:
    """One step: its name, what it makes of what, whether it can be run for some viewers alone, and how to run it."""

    name: str
    title: str
    per_viewer: bool
    run: Callable[[Run], object]


STAGES = (
    Stage(
        "features",
        "titles into features",
        False,
        lambda r: features.rebuild(now=r.now, config=r.config, progress=r.progress),
    ),
    Stage(
        "embeddings",
        "titles into vectors",
        False,
        lambda r: embeddings.rebuild(now=r.now, config=r.config, progress=r.progress),
    ),
    Stage(
        "profiles",
        "acts into tastes and habits",
        True,
        lambda r: profiles.rebuild(now=r.now, user_ids=r.user_ids, config=r.config, progress=r.progress),
    ),
    Stage(
        "signals",
        "acts into what friends may see",
        True,
        lambda r: signals.rebuild(now=r.now, as_of=r.as_of, user_ids=r.user_ids, config=r.config, progress=r.progress),
    ),
    Stage(
        "attention",
        "how far viewers get in titles of a length",
        False,
        lambda r: attention.rebuild(now=r.now, config=r.config),
    ),
    Stage(
        "similarity",
        "titles that are alike",
        False,
        lambda r: similarity.rebuild(now=r.now, as_of=r.as_of, config=r.config, progress=r.progress),
    ),
    Stage(
        "clusters",
        "viewers that are alike",
        False,
        lambda r: clusters.rebuild(now=r.now, as_of=r.as_of, config=r.config, progress=r.progress),
    ),
    Stage(
        "trending",
        "what rises",
        False,
        lambda r: trending.rebuild(now=r.now, as_of=r.as_of, config=r.config, progress=r.progress),
    ),
    Stage(
        "collaborative",
        "the item-item model",
        False,
        lambda r: collaborative.rebuild(now=r.now, as_of=r.as_of, config=r.config),
    ),
    Stage(
        "blend",
        "how much each part counts",
        False,
        lambda r: blending.rebuild(now=r.now, config=r.config),
    ),
    Stage(
        "candidates",
        "who is proposed to whom",
        True,
        lambda r: candidates.rebuild(now=r.now, user_ids=r.user_ids, config=r.config, progress=r.progress),
    ),
)
NAMES = tuple(stage.name for stage in STAGES)


@dataclass(frozen=True)
class Done:
    """What a stage reported and how long it took, in seconds."""

    stage: Stage
    result: object
    seconds: float


def stages_between(first: str | None = None, last: str | None = None) -> tuple[Stage, ...]:
    """Return the stages from one to another, both included; Invalid for a name that is none or stands before it."""
    ends = []
    for field, name, otherwise in (("from", first, NAMES[0]), ("until", last, NAMES[-1])):
        if name is not None and name not in NAMES:
            raise Invalid(f"there is no stage {name!r}; the stages are {', '.join(NAMES)}", field=field)
        ends.append(NAMES.index(name or otherwise))
    if ends[0] > ends[1]:
        raise Invalid(f"{first} comes after {last}; the stages are {', '.join(NAMES)}", field="until")
    return STAGES[ends[0] : ends[1] + 1]


def run_stage(
    *,
    stage: Stage,
    now: dt.datetime,
    user_ids: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
    config: EngineConfig = DEFAULT,
) -> Done:
    """
    Run one stage alone; nobody else runs the same one meanwhile.

    Raises Stale where another process is at it.
    """
    started = time.perf_counter()
    with exclusively(stage.name):
        as_of = behavioural_present(now=now, config=config)
        result = stage.run(Run(now, as_of, user_ids, progress or (lambda n: None), config))
    return Done(stage, result, time.perf_counter() - started)


@contextmanager
def exclusively(name: str) -> Iterator[None]:
    """
    Hold a named lock in the database for the length of the block.

    Raises Stale where somebody else holds it. The lock ends with the connection, so a killed process leaves none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"bingeboard.stage.{name}"])
        if not cursor.fetchone()[0]:
            raise Stale(f"the stage {name} is being run by another process; try again when it is done")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"bingeboard.stage.{name}"])
