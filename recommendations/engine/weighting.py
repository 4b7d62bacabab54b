"""What an act says: event type and circumstances -> engagement, signal and evidence weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.config import DEFAULT, EventWeights

# The order is the code that arrays carry; new kinds go to the end.
EVENT_TYPES = (
    "view",
    "click",
    "play",
    "pause",
    "skip",
    "like",
    "dislike",
    "share",
    "add_to_list",
    "remove_from_list",
    "complete",
    "abandon",
)
CODE = {name: code for code, name in enumerate(EVENT_TYPES)}
_COMPLETE, _ABANDON = CODE["complete"], CODE["abandon"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


def event_codes(names: Sequence[str]) -> Codes:
    """
    Return the code of each event type's name.

    Raises ValueError naming the first name that is no event type.
    """
    try:
        return np.fromiter((CODE[name] for name in names), dtype=np.int8, count=len(names))
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is no event type; use one of {', '.join(EVENT_TYPES)}") from None


def engagement_scores(
    codes: Codes, progress: Floats, ratings: Floats, weights: EventWeights = DEFAULT.events
) -> Floats:
    """
    Return how much each act speaks for its title, in [0, 1]; 0.5 says nothing either way.

    codes      (n,) event codes.
    progress   (n,) in [0, 1], share watched or share of others that got less far (see engine.attention); NaN where
               not known. Read for 'abandon' alone.
    ratings    (n,) stars; NaN where none. Read for 'complete' alone: somebody who finished a title and
               gave it one star did not like it.

    Values outside their range are clipped to it.
    """
    table = np.array([getattr(weights, f"{name}_engagement") for name in EVENT_TYPES])
    scores = table[codes]
    left = codes == _ABANDON
    known = np.where(np.isnan(progress), weights.abandon_unknown_progress, np.clip(progress, 0.0, 1.0))
    scores = np.where(left, weights.abandon_engagement + weights.abandon_per_progress * known, scores)
    rated = (codes == _COMPLETE) & ~np.isnan(ratings)
    stars = (ratings - weights.rating_low) / (weights.rating_high - weights.rating_low)
    return np.clip(np.where(rated, stars, scores), 0.0, 1.0)


def evidence_weights(codes: Codes, weights: EventWeights = DEFAULT.events) -> Floats:
    """Return how much each act counts as evidence, whatever it says; unitless, 0 or more."""
    return np.array([getattr(weights, f"{name}_weight") for name in EVENT_TYPES])[codes]


def signals(engagement: Floats) -> Floats:
    """Return s = 2e - 1, in [-1, 1]: against to for."""
    return 2.0 * engagement - 1.0


def decay(age_weeks: Floats, rate_per_week: float) -> Floats:
    """
    Return e^(-r age): 1 now, a half after ln 2 / r weeks.

    Raises ValueError for a negative rate; negative ages (acts after the reference) count more than 1.
    """
    if rate_per_week < 0:
        raise ValueError(f"a decay rate is 0 or more per week, got {rate_per_week}")
    return np.exp(-rate_per_week * age_weeks)


def half_life_decay(age: Floats, half_life: float) -> Floats:
    """
    Return 2^(-age / half_life), both in the same unit.

    Raises ValueError unless the half-life is positive.
    """
    if half_life <= 0:
        raise ValueError(f"a half-life is positive, got {half_life}")
    return np.exp2(-age / half_life)
