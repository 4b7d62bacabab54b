"""What a moment asks for: what is watched at this time, on this device and in this mood more than otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.config import EngineConfig

Floats = NDArray[np.float64]
# What kind of circumstance, and which: ("time_of_day", "evening").
Circumstance = tuple[str, str]
LENGTH, MOOD = "session_minutes", "mood"


@dataclass(frozen=True)
class Acts:
    """
    What somebody watched with pleasure and in which circumstances; a entries.

    row      (a,) rows of the snapshot
    weight   (a,) above 0, how much each counts
    during   which of them were in a circumstance: circumstance -> (a,) bool
    """

    row: NDArray[np.int64]
    weight: Floats
    during: Mapping[Circumstance, NDArray[np.bool_]]


@dataclass(frozen=True)
class Usual:
    """
    What everybody watches, and how that differs by circumstance.

    traits   csr (n_titles, t) of 0 and 1: genres, and one of three lengths
    shares   (t,) in [0, 1], how much of all that is watched has a trait
    ratios   circumstance -> (t,) above 0: its share then, divided by its share
    """

    traits: sparse.csr_matrix
    shares: Floats
    ratios: Mapping[Circumstance, Floats]


@dataclass(frozen=True)
class Effect:
    """What a moment adds to each title, (n_titles,), bounded; and which circumstance added what, (c, n_titles)."""

    total: Floats
    circumstances: Sequence[Circumstance]
    parts: Floats


def usual(traits: sparse.csr_matrix, acts: Acts, config: EngineConfig) -> Usual:
    """Return what everybody watches; a circumstance in which little was watched differs little."""
    shares = _sums(traits, acts, np.ones(len(acts.row), bool)) / max(acts.weight.sum(), 1e-12)
    prior = config.context.everybody_prior
    ratios = {}
    for circumstance, held in acts.during.items():
        of_all = prior * shares + _sums(traits, acts, held)
        then = of_all / (prior + acts.weight[held].sum())
        ratios[circumstance] = np.divide(then, shares, out=np.ones_like(shares), where=shares > 0)
    return Usual(traits, shares, ratios)


def lifts(usual: Usual, acts: Acts, circumstance: Circumstance, config: EngineConfig) -> Floats:
    """
    Return how much more than otherwise a viewer watches each trait in a circumstance, (t,) in [-1, 1].

    The logarithm of the share then over the share at any time, divided by that of context.full_lift. Both shares lean
    on everybody's: the viewer's own counts N / (N + prior), N the evidence there is of it. A trait nobody watches is 0.
    """
    c = config.context
    ever = _sums(usual.traits, acts, np.ones(len(acts.row), bool))
    share = (ever + c.own_prior * usual.shares) / (acts.weight.sum() + c.own_prior)
    expected = share * usual.ratios.get(circumstance, np.ones_like(share))
    held = acts.during.get(circumstance, np.zeros(len(acts.row), bool))
    then = (_sums(usual.traits, acts, held) + c.own_prior * expected) / (acts.weight[held].sum() + c.own_prior)
    ratio = np.divide(then, share, out=np.ones_like(share), where=share > 0)
    found: Floats = np.clip(np.log(np.maximum(ratio, 1e-12)) / np.log(c.full_lift), -1.0, 1.0)
    return found


def effect(
    usual: Usual,
    acts: Acts,
    circumstances: Sequence[Circumstance],
    config: EngineConfig,
    *,
    minutes: float | None = None,
    runtime: Floats | None = None,
    in_mood: NDArray[np.bool_] | None = None,
) -> Effect:
    """
    Return what a moment adds to each title.

    Habits: the mean lift of a title's traits times context.boost, for each circumstance; together at most that.
    A title longer than the time there is loses context.too_long, in proportion to how much longer it is. One of the
    mood that was named gains context.mood.

    runtime   (n_titles,) minutes, NaN where not known: such a title neither fits nor does not
    in_mood   (n_titles,) has the mood that was named
    """
    c = config.context
    count = np.maximum(np.asarray(usual.traits.sum(axis=1)).ravel(), 1.0)
    habits = [c.boost * (usual.traits @ lifts(usual, acts, one, config)) / count for one in circumstances]
    named, parts = list(circumstances), list(habits)
    total = np.clip(np.sum(habits, axis=0), -c.boost, c.boost) if habits else np.zeros(usual.traits.shape[0])
    if minutes is not None and runtime is not None:
        over = np.nan_to_num(runtime / minutes - 1.0, nan=0.0)
        # Ten minutes of an hour are not worth a good film: what is over counts in full from context.full_overrun on.
        parts.append(-c.too_long * np.clip(over / c.full_overrun, 0.0, 1.0))
        named.append((LENGTH, str(int(minutes))))
        total = total + parts[-1]
    if in_mood is not None:
        parts.append(np.where(in_mood, c.mood, 0.0))
        named.append((MOOD, "named"))
        total = total + parts[-1]
    stacked = np.stack(parts) if parts else np.zeros((0, usual.traits.shape[0]))
    return Effect(total, named, stacked)


def _sums(traits: sparse.csr_matrix, acts: Acts, held: NDArray[np.bool_]) -> Floats:
    """Return how much evidence each trait has in these acts, (t,)."""
    weight = np.bincount(acts.row[held], weights=acts.weight[held], minlength=traits.shape[0])
    found: Floats = np.asarray(traits.T @ weight).ravel()
    return found
