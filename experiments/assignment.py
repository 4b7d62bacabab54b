"""
Who is in which variant: a hash of a salt and the viewer's id, the same everywhere and for ever.

The first bytes of SHA-256("salt:user") as a share of 2^64 place a viewer in [0, 1). Nothing is stored to decide it, so
every process agrees, and a viewer who comes back after a year is where they were. See Kohavi, Tang and Xu, Trustworthy
Online Controlled Experiments (2020), chapter 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    """One variant: its name and its relative weight, above 0."""

    name: str
    weight: float


def position(salt: str, user_id: str) -> float:
    """Return where a viewer stands, in [0, 1), uniformly over viewers and independently over salts."""
    digest = hashlib.sha256(f"{salt}:{user_id}".encode()).digest()
    # The top 53 bits are all that a double holds; more would round up to 1.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53


def variant_of(salt: str, user_id: str, arms: Sequence[Arm]) -> str:
    """
    Return the viewer's variant; arms keep their order, so their names may change and their places may not.

    Raises ValueError for no arms, or a weight that is not above 0.
    """
    if not arms:
        raise ValueError("an experiment has at least one variant, got none")
    for arm in arms:
        if not arm.weight > 0:
            raise ValueError(f"the weight of {arm.name!r} must be above 0, got {arm.weight}")
    total = sum(arm.weight for arm in arms)
    place = position(salt, user_id) * total
    reached = 0.0
    for arm in arms:
        reached += arm.weight
        if place < reached:
            return arm.name
    return arms[-1].name


@dataclass(frozen=True)
class Slot:
    """An experiment's part of its layer: its name and the share of viewers it takes, 0 to 1."""

    name: str
    traffic: float


def experiment_of(layer: str, user_id: str, slots: Sequence[Slot]) -> str | None:
    """
    Return which of a layer's experiments the viewer is in, or None: at most one, so that they do not overlap.

    The slots lie side by side in the order given; what goes beyond the whole of the layer gets nobody.
    """
    place = position(f"layer:{layer}", user_id)
    reached = 0.0
    for slot in slots:
        reached += slot.traffic
        if place < reached:
            return slot.name
    return None
