"""
Acts on titles -> how much a viewer likes each feature, exactly and in any order.

For a feature f, over the acts on titles that have it with strength x:

    W = sum of  x w     e^(-r (L - t))        evidence
    S = sum of  x w s   e^(-r (L - t))        signed evidence
    affinity = S / (W + k),  confidence = W / (W + k)

with t the moment of the act, L the latest such moment, r the decay per week and k the prior. Both can be inverted, so
acts can be added late, in any order, or taken out again. A prior of pseudo-evidence is ordinary shrinkage; see Koren,
Factorization Meets the Neighborhood (KDD 2008), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
DAYS_PER_WEEK = 7.0


@dataclass(frozen=True)
class Sums:
    """Evidence W, signed evidence S and the day L they are as of; each (n,). No evidence: W = S = 0, L = -inf."""

    evidence: Floats
    signed: Floats
    day: Floats

    def __len__(self) -> int:
        return len(self.evidence)


def fold(keys: Rows, evidence: Floats, signed: Floats, day: Floats, *, n_keys: int, rate: float) -> Sums:
    """
    Return the sums of each key over its acts, each as of the key's own latest act.

    keys       (n,) in [0, n_keys); several acts may share a key.
    evidence   (n,) x w, may be negative to take an act out; signed (n,) x w s.
    day        (n,) days on any common scale, finite.
    rate       decay per week, 0 or more.

    Raises ValueError where the arrays differ in length or the rate is negative.
    """
    if not len(keys) == len(evidence) == len(signed) == len(day):
        raise ValueError(f"lengths differ: {len(keys)} keys, {len(evidence)}, {len(signed)}, {len(day)} days")
    if rate < 0:
        raise ValueError(f"a decay rate is 0 or more per week, got {rate}")
    latest = np.full(n_keys, -np.inf)
    np.maximum.at(latest, keys, day)
    fade = np.exp(-rate * (latest[keys] - day) / DAYS_PER_WEEK)
    return Sums(
        evidence=np.bincount(keys, weights=evidence * fade, minlength=n_keys).astype(np.float64),
        signed=np.bincount(keys, weights=signed * fade, minlength=n_keys).astype(np.float64),
        day=latest,
    )


def combine(left: Sums, right: Sums, rate: Floats | float) -> Sums:
    """Return the sums of the acts of both, key by key; the order of the two does not matter."""
    latest = np.maximum(left.day, right.day)
    fade_left, fade_right = (_fade(latest, part.day, rate) for part in (left, right))
    return Sums(
        evidence=left.evidence * fade_left + right.evidence * fade_right,
        signed=left.signed * fade_left + right.signed * fade_right,
        day=latest,
    )


def _fade(latest: Floats, day: Floats, rate: Floats | float) -> Floats:
    empty = np.isneginf(day)
    gap = np.where(empty, 0.0, latest - np.where(empty, 0.0, day))
    return np.where(empty, 0.0, np.exp(-rate * np.where(empty, 0.0, gap) / DAYS_PER_WEEK))


def affinities(sums: Sums, prior: float) -> tuple[Floats, Floats]:
    """
    Return (affinity in [-1, 1], confidence in [0, 1)) of the sums.

    Raises ValueError unless the prior is positive.
    """
    if prior <= 0:
        raise ValueError(f"the prior is positive, got {prior}")
    evidence = np.maximum(sums.evidence, 0.0)
    return np.clip(sums.signed / (evidence + prior), -1.0, 1.0), evidence / (evidence + prior)


def invert(affinity: Floats, confidence: Floats, day: Floats, prior: float) -> Sums:
    """
    Return the sums that an affinity and a confidence came from: W = k c / (1 - c), S = a (W + k).

    Raises ValueError where a confidence is not in [0, 1).
    """
    if len(confidence) and not (confidence.min() >= 0 and confidence.max() < 1):
        raise ValueError(f"confidence lies in [0, 1), got {confidence.min()} to {confidence.max()}")
    evidence = prior * confidence / (1.0 - confidence)
    return Sums(evidence=evidence, signed=affinity * (evidence + prior), day=day)
