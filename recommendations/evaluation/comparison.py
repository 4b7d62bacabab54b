"""
How sure one may be: intervals over viewers, and whether one way to make lists is better than another.

The unit is the viewer: those measured are a sample of those who could be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
# Definitions, the same for every run.
CONFIDENCE = 0.95
DRAWS = 1000
# A draw is a count a viewer: so many draws at once fit into memory with a million viewers.
DRAWS_AT_ONCE = 20


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that holds it with 95 %; NaN is not known. `viewers` is how many it rests on."""

    value: float
    low: float
    high: float
    viewers: int


@dataclass(frozen=True)
class Difference:
    """
    One way against another, over the same viewers; above 0 the first is better.

    p_value   how likely a difference as large is where there is none; NaN where there is nothing to tell by
    """

    mean: float
    low: float
    high: float
    p_value: float
    viewers: int

    @property
    def verdict(self) -> str:
        """Return "better", "worse", or "no difference that chance would not make"."""
        if not self.p_value < 1 - CONFIDENCE:
            return "no difference that chance would not make"
        return "better" if self.mean > 0 else "worse"


def means(values: Floats, *, seed: int) -> list[Estimate]:
    """
    Return the mean of each row with its bootstrap interval over viewers (percentiles of 1,000 draws).

    values   (n_metrics, n_viewers), NaN where a metric says nothing of a viewer; that viewer is left out of it

    All rows share their draws. Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    told = ~np.isnan(values)
    filled = np.where(told, values, 0.0)
    drawn = []
    for counts in _draws(values.shape[1], seed):
        of = counts @ told.T
        drawn.append(np.divide(counts @ filled.T, of, out=np.full(of.shape, np.nan), where=of > 0))
    table = np.concatenate(drawn) if drawn else np.full((1, len(values)), np.nan)
    found = []
    for row, draws in enumerate(table.T):
        n = int(np.count_nonzero(told[row]))
        value = float(filled[row].sum() / n) if n else math.nan
        found.append(Estimate(value, *_percentiles(draws[~np.isnan(draws)]), n))
    return found


def of_all(shown: sparse.csr_matrix, statistic: Callable[[Floats], Floats], *, seed: int) -> Estimate:
    """
    Return what is true of all lists together, with its bootstrap interval over viewers.

    shown       (n_viewers, n_titles) ones where a list shows a title
    statistic   turns exposures (n_draws, n_titles) into (n_draws,)

    A draw leaves a third of the viewers out, so it shows fewer titles than there are shown: the draws are moved to
    have the value as their mean, and only their spread is used.
    """
    value = float(statistic(np.asarray(shown.sum(axis=0), dtype=np.float64).reshape(1, -1))[0])
    drawn = [statistic(np.asarray(counts @ shown)) for counts in _draws(shown.shape[0], seed)]
    draws = np.concatenate(drawn) if drawn else np.zeros(0)
    draws = draws[~np.isnan(draws)]
    low, high = _percentiles(draws - draws.mean() + value if len(draws) else draws)
    return Estimate(value, low, high, shown.shape[0])


def paired(first: Floats, second: Floats) -> Difference:
    """
    Return how much better the first is than the second, over viewers of whom both are known; by the paired t test.

    Of the tests in use it is as good as those by permutation or bootstrap: Smucker, Allan & Carterette, A Comparison
    of Statistical Significance Tests for Information Retrieval Evaluation, CIKM 2007. The interval leaves out 0
    exactly where p < 0.05.

    first, second   (n_viewers,) values of the same viewers; NaN where not known

    Raises ValueError if the two differ in length.
    """
    if first.shape != second.shape:
        raise ValueError(f"a viewer has one of each, got {first.shape} and {second.shape}")
    apart = (first - second)[~np.isnan(first) & ~np.isnan(second)]
    n = len(apart)
    if n == 0:
        return Difference(math.nan, math.nan, math.nan, math.nan, 0)
    mean = float(apart.mean())
    if n == 1:
        return Difference(mean, math.nan, math.nan, math.nan, 1)
    error = float(apart.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0, n)
    reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    p_value = 2.0 * float(stdtr(n - 1, -abs(mean / error)))
    return Difference(mean, mean - reach, mean + reach, p_value, n)


def _draws(n_viewers: int, seed: int) -> Iterator[Floats]:
    """Yield how often each viewer is drawn, (draws, n_viewers): the same for every metric and algorithm of a run."""
    if n_viewers == 0:
        return
    rng = np.random.default_rng(seed)
    for _ in range(0, DRAWS, DRAWS_AT_ONCE):
        picked = rng.integers(n_viewers, size=(DRAWS_AT_ONCE, n_viewers))
        picked += np.arange(DRAWS_AT_ONCE)[:, None] * n_viewers
        counts = np.bincount(picked.ravel(), minlength=DRAWS_AT_ONCE * n_viewers)
        yield counts.reshape(DRAWS_AT_ONCE, n_viewers).astype(np.float64)


def _percentiles(draws: Floats) -> tuple[float, float]:
    if len(draws) == 0:
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
