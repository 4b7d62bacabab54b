"""Several viewers' opinions -> one order that leaves nobody out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def to_own_scale(relevance: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """
    Return each member's relevance as a share of that of their own best, (n_members, n_titles) in [0, 1].

    relevance   (n_members, n_titles), any finite scale
    allowed     (n_titles,) what the best is sought among; with nothing allowed, or nothing above 0, all is 0

    So nobody counts more for liking everything a lot.
    """
    best = np.max(np.where(allowed[None, :], relevance, 0.0), axis=1, initial=0.0, keepdims=True)
    scaled = np.divide(relevance, best, out=np.zeros_like(relevance), where=best > 0)
    clipped: Floats = np.clip(scaled, 0.0, 1.0)
    return clipped


def shared_scores(members: Floats, *, misery: float) -> Floats:
    """
    Return what a group thinks of each title, (n_titles,) in [0, 1]: (1 - misery) * mean + misery * lowest.

    members   (n_members, n_titles) in [0, 1]
    misery    in [0, 1]: 0 is the average, 1 is least misery: a title is as good as it is to whoever likes it least.
              Source: Masthoff, Group recommender systems (Recommender Systems Handbook, 2011).

    Raises ValueError for a misery out of range or without members.
    """
    if not 0 <= misery <= 1:
        raise ValueError(f"misery must be in [0, 1], got {misery}")
    if len(members) == 0:
        raise ValueError("a group must have members, got none")
    found: Floats = (1.0 - misery) * members.mean(axis=0) + misery * members.min(axis=0)
    return found
