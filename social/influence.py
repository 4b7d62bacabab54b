"""
How much what friends did counts, by age and closeness.

Pure numpy. A tie is the overlap of what two viewers liked (Jaccard, The Distribution of the Flora in the Alpine Zone,
1912), never below a floor: a friend with other tastes is still a friend. Several hints about one title add up like
independent chances, 1 - prod(1 - s), and never pass 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tie_strength(mine: AbstractSet[int], theirs: AbstractSet[int], *, floor: float) -> float:
    """
    Return how close two viewers are, in [floor, 1]: the share of what either liked that both did.

    Raises ValueError unless the floor lies in [0, 1].
    """
    if not 0 <= floor <= 1:
        raise ValueError(f"the floor lies in [0, 1], got {floor}")
    either = len(mine | theirs)
    overlap = len(mine & theirs) / either if either else 0.0
    return floor + (1 - floor) * overlap


def faded(strength: Floats, age_days: Floats, *, half_life: float) -> Floats:
    """
    Return strengths after their age: half of it each half-life. What lies in the future has not faded.

    Raises ValueError unless the half-life is positive.
    """
    if half_life <= 0:
        raise ValueError(f"a half-life is positive, got {half_life}")
    return strength * np.exp2(-np.maximum(age_days, 0.0) / half_life)


def together(strengths: Iterable[float]) -> float:
    """
    Return what several hints say together, in [0, 1]; nothing says 0.

    Raises ValueError for a strength outside [0, 1].
    """
    missed = 1.0
    for strength in strengths:
        if not 0 <= strength <= 1:
            raise ValueError(f"a strength lies in [0, 1], got {strength}")
        missed *= 1.0 - strength
    return 1.0 - missed
