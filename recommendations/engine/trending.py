"""
Acts -> what rises: surprise, not volume.

Distinct viewers per title and unit of time (an hour for the window of an hour, a day for the others), each at the
moment of the viewer's latest act in that unit, are counted twice, with weights that fade at two speeds:

    fast = sum of e^(-age / T)          T the window's length: an hour, a day, 7 days, 30 days
    slow = sum of e^(-age / (k T))      k = slow_factor

Where viewers come at a steady rate, fast is slow / k on average, so with `traffic` (see there)

    expected = traffic slow / k
    variance = expected (k - 1)^2 / (2 k (k + 1))
    z        = (fast - expected) / sqrt(variance + smoothing)

The variance is that of fast - slow / k under a Poisson stream of rate r: r times the integral of
(e^(-t/T) - e^(-t/(kT)) / k)^2, by Campbell's theorem (Kingman, Poisson Processes, 1993, section 3.2). Counts fade
in place of ending with the window: what happened 25 hours ago still says something about today. The smoothing keeps
a handful of viewers of a title that nobody knew from being infinitely surprising.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.config import DEFAULT
from recommendations.engine.config import Trending as TrendingConfig

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

HOUR = 1.0 / 24.0
# Window -> its length in days, the shortest first.
WINDOWS = {"hour": HOUR, "day": 1.0, "week": 7.0, "month": 30.0}
# Window -> the time in which a viewer counts once for a title, in days.
UNITS = {"hour": HOUR, "day": 1.0, "week": 1.0, "month": 1.0}
# Surprises that differ by less are tied: it is the order of summing that differs.
DECIMALS = 9


@dataclass(frozen=True)
class Acts:
    """
    Who engaged with what and how long ago, (n,) each.

    segment, title, viewer   rows of whatever the caller numbers, 0 or more
    age                      days before the present, 0 or more
    """

    segment: Rows
    title: Rows
    viewer: Rows
    age: Floats

    def __len__(self) -> int:
        return len(self.age)

    def chosen(self, which: NDArray[np.bool_] | Rows) -> Acts:
        """Return the acts at these places."""
        return Acts(self.segment[which], self.title[which], self.viewer[which], self.age[which])

    def everywhere(self) -> Acts:
        """Return the same acts, all in segment 0."""
        return replace(self, segment=np.zeros(len(self), np.int64))


@dataclass(frozen=True)
class Counts:
    """
    What became of the acts, a row a (segment, title), in that order.

    fast, slow   decayed counts of distinct viewers a unit
    viewers      distinct viewers whose latest act lies in the window
    """

    segment: Rows
    title: Rows
    fast: Floats
    slow: Floats
    viewers: Rows

    def __len__(self) -> int:
        return len(self.title)


@dataclass(frozen=True)
class Rising:
    """What is listed, a row a (segment, title): by segment, the most surprising first; score in (0, 1)."""

    segment: Rows
    title: Rows
    score: Floats
    viewers: Rows

    def __len__(self) -> int:
        return len(self.title)


def joined(parts: Sequence[Rising]) -> Rising:
    """Return lists of different segments as one."""
    none = np.zeros(0, np.int64)
    whole = [Rising(none, none, np.zeros(0), none), *parts]
    return Rising(
        segment=np.concatenate([part.segment for part in whole]),
        title=np.concatenate([part.title for part in whole]),
        score=np.concatenate([part.score for part in whole]),
        viewers=np.concatenate([part.viewers for part in whole]),
    )


def distinct(acts: Acts, unit: float) -> Acts:
    """
    Return one act a (segment, title, viewer, unit of time), the latest, in the order of these.

    unit   days; units are counted back from the present

    Raises ValueError for an age below 0.
    """
    if len(acts) and acts.age.min() < 0:
        raise ValueError(f"an act can not lie ahead of the present: age {acts.age.min()} days")
    ordered = in_order(acts)
    passed = np.floor(ordered.age / unit).astype(np.int64)
    return ordered.chosen(_starts(ordered.segment, ordered.title, ordered.viewer, passed))


def in_order(acts: Acts) -> Acts:
    """Return the acts by segment, title, viewer and age."""
    return acts.chosen(np.lexsort((acts.age, acts.viewer, acts.title, acts.segment)))


def _starts(*keys: Rows) -> NDArray[np.bool_]:
    """Return where a new combination of keys begins, in arrays that are ordered by them."""
    new = np.zeros(len(keys[0]), dtype=np.bool_)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def count(acts: Acts, length: float, config: TrendingConfig = DEFAULT.trending) -> Counts:
    """
    Return the fast and slow counts of acts in the order that `distinct` gives.

    length   the window's, in days; acts older than horizon * slow_factor windows are left out
    """
    slow_length = config.slow_factor * length
    acts = acts.chosen(acts.age <= config.horizon * slow_length)
    first = _starts(acts.segment, acts.title)
    row = np.cumsum(first) - 1
    n = int(first.sum())
    # A viewer's first act of a title, in this order, is the latest one.
    present = _starts(acts.segment, acts.title, acts.viewer) & (acts.age <= length)
    return Counts(
        segment=acts.segment[first],
        title=acts.title[first],
        fast=_sums(row, np.exp(-acts.age / length), n),
        slow=_sums(row, np.exp(-acts.age / slow_length), n),
        viewers=np.bincount(row[present], minlength=n).astype(np.int64),
    )


def _sums(row: Rows, weights: Floats, n: int) -> Floats:
    return np.bincount(row, weights=weights, minlength=n).astype(np.float64)


def by_group(counts: Counts, groups: sparse.csr_matrix) -> Counts:
    """
    Return the counts once for each group a title belongs to, with the group as segment.

    groups   (n_titles, n_groups), an entry where a title belongs to a group
    """
    each = np.diff(groups.indptr)[counts.title]
    row = np.repeat(np.arange(len(counts)), each)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each)
    segment = groups.indices[np.repeat(groups.indptr[counts.title], each) + inside].astype(np.int64)
    order = np.lexsort((counts.title[row], segment))
    row = row[order]
    return Counts(segment[order], counts.title[row], counts.fast[row], counts.slow[row], counts.viewers[row])


def of_friends(acts: Acts, viewer: Rows, friend: Rows) -> Acts:
    """
    Return the acts of each viewer's friends, with the viewer as segment.

    acts             distinct ones of one segment
    viewer, friend   pairs; a friend who did nothing adds nothing
    """
    by_viewer = acts.chosen(np.argsort(acts.viewer, kind="stable"))
    start = np.searchsorted(by_viewer.viewer, friend, side="left")
    each = np.searchsorted(by_viewer.viewer, friend, side="right") - start
    inside = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    found = by_viewer.chosen(np.repeat(start, each) + inside)
    return replace(found, segment=np.repeat(viewer, each))


def traffic(counts: Counts, n_segments: int, config: TrendingConfig = DEFAULT.trending) -> Floats:
    """
    Return how busy each segment is against what it is used to, (n_segments,); 1 is as ever.

        traffic = min(busiest, k (F + b) / (S + k b))

    with F and S the fast and slow counts of all its titles and b the background. A Saturday lifts everything and a
    holiday empties the house: a title rises when it does so more than everything does. The background stands for
    steady viewers nobody has seen, so that a small or a new segment is not explained away by itself.
    """
    k, background = config.slow_factor, config.background
    fast, slow = (_sums(counts.segment, weights, n_segments) for weights in (counts.fast, counts.slow))
    base = slow + k * background
    found = np.divide(k * (fast + background), base, out=np.ones(n_segments), where=base > 0)
    return np.asarray(np.minimum(config.busiest, found))


def surprise(counts: Counts, busy: Floats, config: TrendingConfig = DEFAULT.trending) -> Floats:
    """Return z of each row, in standard deviations; busy is the traffic of each row's segment, (n_segments,)."""
    k = config.slow_factor
    expected = busy[counts.segment] * counts.slow / k
    variance = expected * (k - 1.0) ** 2 / (2.0 * k * (k + 1.0))
    return np.asarray(np.round((counts.fast - expected) / np.sqrt(variance + config.smoothing), DECIMALS))


def scores(z: Floats, config: TrendingConfig = DEFAULT.trending) -> Floats:
    """Return z / (z + half_score) for z above 0, else 0: in [0, 1), rising with z, a half at half_score."""
    positive = np.maximum(z, 0.0)
    return np.asarray(positive / (positive + config.half_score))


def rising(counts: Counts, busy: Floats, *, min_viewers: int, config: TrendingConfig = DEFAULT.trending) -> Rising:
    """
    Return each segment's `kept` most surprising titles.

    However little, they rise (z > 0): in quiet times the list is short of news and not empty. Of equally
    surprising ones the title with more viewers comes first, then the lower row.
    """
    z = surprise(counts, busy, config)
    listed = np.flatnonzero((z > 0) & (counts.viewers >= min_viewers))
    segment, title, viewers = counts.segment[listed], counts.title[listed], counts.viewers[listed]
    order = np.lexsort((title, -viewers, -z[listed], segment))
    began = np.flatnonzero(_starts(segment[order]))
    place = np.arange(len(order)) - np.repeat(began, np.diff(np.append(began, len(order))))
    order = order[place < config.kept]
    return Rising(segment[order], title[order], scores(z[listed][order], config), viewers[order])
