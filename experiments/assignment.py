"""
Who is in which variant: a hash of a salt and the viewer's id, the same everywhere and for ever.

The first bits of SHA-256("salt:user") place a viewer in [0, 1). Nothing is stored to decide it, so every process
agrees, and a viewer who comes back after a year is where they were. See Kohavi, Tang and Xu, Trustworthy Online
Controlled Experiments (2020), chapter 4.

A layer is BUCKETS places. An experiment holds the places that were free when it started until it ends, so a viewer is
in at most one running experiment of a layer, and one that starts or ends moves nobody in another (Tang et al.,
Overlapping Experiment Infrastructure, KDD 2010).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# A hundredth of a percent is the least that an experiment can take. Another number would move viewers.
BUCKETS = 10_000

Places = tuple[range, ...]


@dataclass(frozen=True)
class Arm:
    """One variant: its name and its relative weight, above 0."""

    name: str
    weight: float


@dataclass(frozen=True)
class Claim:
    """What share of its layer an experiment takes, from when until when; end None is open."""

    name: str
    traffic: float
    start: dt.datetime
    end: dt.datetime | None


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


def experiment_of(layer: str, user_id: str, held: Mapping[str, Places]) -> str | None:
    """Return which of the experiments, by the places each holds in the layer, the viewer is in; None for none."""
    place = int(position(f"layer:{layer}", user_id) * BUCKETS)
    for name, parts in held.items():
        if any(place in part for part in parts):
            return name
    return None


def places(claims: Iterable[Claim]) -> dict[str, Places]:
    """
    Return which places of one layer each experiment holds, or held.

    claims   every experiment of the layer that ever started, the ended ones too: what was taken when one started
             decides what it got

    In the order of their start, then name, each takes the lowest places that nobody held at that moment, or what was
    left where there were fewer.
    """
    found: dict[str, Places] = {}
    going: list[Claim] = []
    for claim in sorted(claims, key=lambda claim: (claim.start, claim.name)):
        going = [other for other in going if other.end is None or other.end > claim.start]
        taken = [part for other in going for part in found[other.name]]
        found[claim.name] = _lowest(n_places(claim.traffic), _gaps(taken))
        going.append(claim)
    return found


def n_places(traffic: float) -> int:
    """Return how many places of a layer a share of its viewers is."""
    return round(traffic * BUCKETS)


def _gaps(taken: Iterable[range]) -> list[range]:
    """Return what is left between ranges that do not overlap."""
    found, reached = [], 0
    for part in sorted(taken, key=lambda part: part.start):
        found.append(range(reached, part.start))
        reached = part.stop
    return [gap for gap in (*found, range(reached, BUCKETS)) if gap]


def _lowest(wanted: int, gaps: Iterable[range]) -> Places:
    got: list[range] = []
    for gap in gaps:
        if wanted > 0:
            got.append(gap[:wanted])
            wanted -= len(got[-1])
    return tuple(got)
