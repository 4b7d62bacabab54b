"""What the client says of now, and what the server works out -> what the moment adds to every title."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.features import canonical_values
from recommendations.engine.moments import Circumstance, Effect, Usual, effect, usual
from recommendations.engine.snapshot import Snapshot
from recommendations.queries import moments

_held: dict[str, Any] = {}


@dataclass(frozen=True)
class Moment:
    """What the client knows about now; what is left out the server works out from the clock and habits."""

    device: str | None = None
    time_of_day: str | None = None
    day_of_week: str | None = None
    session_id: str | None = None
    session_minutes: int | None = None
    mood: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class _Everybody:
    """What is the same for all viewers: their habits together, and how long titles are."""

    usual: Usual
    runtime: NDArray[np.float64]


def effect_of(
    *, moment: Moment, user_id: str, known: Snapshot, now: dt.datetime, config: EngineConfig = DEFAULT
) -> Effect:
    """
    Return what a moment adds to every title for a viewer.

    What the client left out of it is filled in: the time of day and the day from the clock, by the viewer's own time
    zone; the device from habit, where there is one. Mood and length of the sitting are only ever what was said.
    """
    everybody = _everybody(known, config)
    acts = moments.acts_of(user_ids=[user_id], known=known, config=config)[user_id]
    mood = (moment.mood or "").strip().lower()
    return effect(
        everybody.usual,
        acts,
        circumstances(moment=moment, user_id=user_id, now=now),
        config,
        minutes=moment.session_minutes,
        runtime=everybody.runtime,
        in_mood=_of_mood(mood, known) if mood else None,
    )


def circumstances(*, moment: Moment, user_id: str, now: dt.datetime) -> list[Circumstance]:
    """Return what is known of a moment, as acts are counted: time of day, kind of day, device, mood."""
    local = moments.at_home(user_id=user_id, now=now, timezone=moment.timezone)
    said = (moment.day_of_week or "").strip().lower()
    day = moments.DAYS.index(said) + 1 if said in moments.DAYS else local.isoweekday()
    device = moment.device or moments.habit(user_id=user_id, kind="device")
    found = [
        ("time_of_day", (moment.time_of_day or moments.TIMES_OF_DAY[local.hour // 6]).strip().lower()),
        ("day_of_week", moments.day_kind(day)),
        ("device", (device or "").strip().lower()),
        ("mood", (moment.mood or "").strip().lower()),
    ]
    return [(kind, value) for kind, value in found if value]


def _everybody(known: Snapshot, config: EngineConfig) -> _Everybody:
    """Return what all viewers share, learned once a model version and kept: habits of a crowd move slowly."""
    stamp = (known.version, config.context)
    if _held.get("stamp") != stamp:
        minutes = moments.runtimes(known=known)
        acts = moments.latest_acts(known=known, config=config)
        _held.update(stamp=stamp, everybody=_Everybody(usual(_traits(known, minutes, config), acts, config), minutes))
    found: _Everybody = _held["everybody"]
    return found


def _traits(known: Snapshot, minutes: NDArray[np.float64], config: EngineConfig) -> sparse.csr_matrix:
    """Return which genres each title has and whether it is short, middling or long: csr of 0 and 1."""
    genres = [column for column, (kind, _) in enumerate(known.features) if kind == "genre"]
    having = (known.strengths[:, genres] > 0).astype(np.float64)
    c = config.context
    lengths = np.stack(
        [minutes < c.short, (minutes >= c.short) & (minutes <= c.long), minutes > c.long], axis=1
    ).astype(np.float64)
    return sparse.csr_matrix(sparse.hstack([having, sparse.csr_matrix(lengths)]))


def _of_mood(mood: str, known: Snapshot) -> NDArray[np.bool_]:
    """Return which titles have a mood."""
    columns = [known.feature_column[key] for value in canonical_values("mood", mood)
               if (key := ("mood", value)) in known.feature_column]  # fmt: skip
    if not columns:
        return np.zeros(len(known), dtype=bool)
    return np.asarray((known.strengths[:, columns] > 0).sum(axis=1)).ravel() > 0
