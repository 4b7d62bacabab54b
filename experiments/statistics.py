"""
What an experiment says: rates with intervals, differences, and whether the split came out as meant.

Pure numpy and scipy: counts in, figures out. Viewers are the unit of chance, not impressions: one viewer's clicks hang
together, so a rate over impressions is a ratio of two sums over viewers, and its variance comes from the delta method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
# Kohavi, Tang and Xu (2020), chapter 21: below it the split is taken to be broken, and no other figure is believed.
SAMPLE_RATIO_ALARM = 0.001


@dataclass(frozen=True)
class Interval:
    """A figure and the 95 % interval around it; NaN where there is nothing to go by."""

    value: float
    low: float
    high: float


def wilson(hits: int, trials: int, *, confidence: float = CONFIDENCE) -> Interval:
    """
    Return hits / trials with Wilson's score interval (JASA 22, 1927): honest for few trials and rates near 0 or 1.

    Raises ValueError unless 0 <= hits <= trials.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"hits must lie in 0 to {trials}, got {hits}")
    if trials == 0:
        return Interval(math.nan, math.nan, math.nan)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    rate = hits / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return Interval(rate, max(centre - half, 0.0), min(centre + half, 1.0))


def ratio(numerators: Floats, denominators: Floats, *, confidence: float = CONFIDENCE) -> Interval:
    """
    Return sum(numerators) / sum(denominators) over viewers with its interval by the delta method.

    Deng, Knoblich and Lu, Applying the Delta Method in Metric Analytics (KDD 2018). Fewer than two viewers, or nothing
    in the denominators: NaN.

    Raises ValueError where the lengths differ.
    """
    value, variance = _ratio_moments(numerators, denominators)
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance) if variance >= 0 else math.nan
    return Interval(value, value - half, value + half)


def _ratio_moments(numerators: Floats, denominators: Floats) -> tuple[float, float]:
    if len(numerators) != len(denominators):
        raise ValueError(f"lengths differ: {len(numerators)} numerators, {len(denominators)} denominators")
    n, total = len(numerators), float(np.sum(denominators))
    if n < 2 or total <= 0:
        return math.nan, math.nan
    value = float(np.sum(numerators)) / total
    # The residual's variance is that of N - RD: the same three terms as var N - 2R cov + R^2 var D.
    residual = numerators - value * denominators
    return value, float(np.var(residual, ddof=1)) / n / (total / n) ** 2


@dataclass(frozen=True)
class Difference:
    """How a variant differs from control: relative lift with its interval, and the p-value of no difference."""

    lift: float
    low: float
    high: float
    p_value: float

    @property
    def significant(self) -> bool:
        """Return whether chance alone would do this less than once in twenty times."""
        return self.p_value < 1 - CONFIDENCE


def compare(
    control: tuple[Floats, Floats], treatment: tuple[Floats, Floats], *, confidence: float = CONFIDENCE
) -> Difference:
    """
    Return how a ratio differs between two groups of viewers, each given as (numerators, denominators).

    Welch's z on the two delta-method variances; the lift's interval takes control's value as given.
    """
    base, base_variance = _ratio_moments(*control)
    value, variance = _ratio_moments(*treatment)
    error = math.sqrt(base_variance + variance) if base_variance + variance >= 0 else math.nan
    if not math.isfinite(error) or base == 0:
        return Difference(math.nan, math.nan, math.nan, math.nan)
    difference = value - base
    if error == 0:
        return Difference(difference / base, difference / base, difference / base, 1.0 if difference == 0 else 0.0)
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    p_value = float(2 * stats.norm.sf(abs(difference) / error))
    return Difference(difference / base, (difference - half) / base, (difference + half) / base, p_value)


def sample_ratio_p(counts: Floats, weights: Floats) -> float:
    """
    Return the chi-square p-value that the viewers were split as the weights say; 1 where there is nobody.

    Raises ValueError where lengths differ or a weight is not above 0.
    """
    if len(counts) != len(weights):
        raise ValueError(f"lengths differ: {len(counts)} counts, {len(weights)} weights")
    if np.any(weights <= 0):
        raise ValueError(f"weights must be above 0, got {weights.tolist()}")
    total = float(np.sum(counts))
    if total == 0 or len(counts) < 2:
        return 1.0
    expected = total * weights / np.sum(weights)
    statistic = float(np.sum((counts - expected) ** 2 / expected))
    return float(stats.chi2.sf(statistic, len(counts) - 1))
