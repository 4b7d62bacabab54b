"""
What the counts of an experiment say, and how sure one may be.

The unit is the viewer: one viewer's clicks are not independent, so every rate here is a ratio of two sums over viewers
and its variance comes from the viewers, not from the titles shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Floats = NDArray[np.float64]

# Definitions, the same for every experiment: a yardstick that an experiment could change would measure nothing.
CONFIDENCE = 0.95
# Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments (2020), chapter 21: below it the split is broken.
SAMPLE_RATIO_ALARM = 0.001


@dataclass(frozen=True)
class Interval:
    """From low to high; an end that nothing bounds is infinite, NaN is not known."""

    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Rate:
    """
    A ratio of two sums over viewers.

    value         NaN where the lower sum is 0
    variance      of the value; NaN with fewer than two viewers
    viewers       how many
    observations  the lower sum
    """

    value: float
    variance: float
    viewers: int
    observations: float


@dataclass(frozen=True)
class Comparison:
    """A variant against the control: lift is relative (0.1 is ten percent more), NaN where there is none to tell."""

    difference: float
    lift: float
    interval: Interval
    p_value: float

    @property
    def significant(self) -> bool:
        """Return whether chance alone would do this less than once in twenty times."""
        return self.p_value < 1 - CONFIDENCE


def rate(numerator: Floats, denominator: Floats) -> Rate:
    """
    Return sum(numerator) / sum(denominator) with its variance by the delta method.

    var(R) = (s_xx - 2 R s_xy + R^2 s_yy) / (n mean(y)^2).  Source: Deng, Knoblich & Lu, Applying the Delta Method in
    Metric Analytics, KDD 2018.

    numerator, denominator   (n_viewers,) sums a viewer, finite, 0 or more.

    Raises ValueError if the two differ in length.
    """
    if numerator.shape != denominator.shape:
        raise ValueError(f"a viewer has one of each, got {numerator.shape} and {denominator.shape}")
    n, total = len(numerator), float(denominator.sum())
    if total <= 0:
        return Rate(math.nan, math.nan, n, 0.0)
    value = float(numerator.sum()) / total
    if n < 2:
        return Rate(value, math.nan, n, total)
    # What is left of a viewer after the rate is taken out: its variance is the bracket above, without cancelling.
    residual = numerator - value * denominator
    variance = float(residual.var(ddof=1)) / (n * (total / n) ** 2)
    return Rate(value, variance, n, total)


def wilson(share: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """
    Return the score interval of a share of n independent trials.

    (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).  Source: Wilson, Probable Inference, the Law of
    Succession, and Statistical Inference, JASA 22 (1927). It stays in [0, 1] and holds at 0 and 1, too.

    Raises ValueError for a share outside [0, 1] or n of 0 or less.
    """
    if not 0 <= share <= 1 or not n > 0:
        raise ValueError(f"a share in [0, 1] of more than 0 trials, got {share} of {n}")
    z = _quantile(confidence)
    middle = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, (middle - reach) / (1 + z * z / n)), min(1.0, (middle + reach) / (1 + z * z / n)))


def rate_interval(found: Rate, confidence: float = CONFIDENCE) -> Interval:
    """
    Return the interval of a rate in [0, 1]: Wilson's, with as many independent trials as the viewers amount to.

    n = R(1-R)/var(R) * v/(v-1) for v viewers, at most the observations: Wilson's own where each viewer is one trial.
    Source: Franco, Little, Louis & Slud, Comparative Study of Confidence Intervals for Proportions in Complex Sample
    Surveys, JSSAM 7 (2019). Where all viewers agree, each counts as one trial.
    """
    if math.isnan(found.value):
        return UNKNOWN
    trials = float(found.viewers)
    if found.variance > 0 and 0 < found.value < 1:
        independent = found.value * (1 - found.value) / found.variance
        trials = min(independent * found.viewers / (found.viewers - 1), found.observations)
    return wilson(found.value, trials, confidence)


def compare(control: Rate, variant: Rate, confidence: float = CONFIDENCE) -> Comparison:
    """
    Return how far a variant's rate is from the control's, as difference and as relative lift.

    p is the two-sided z test of the difference. The interval of the lift is Fieller's, the ratios r for which
    (V - r C)^2 <= z^2 (var V + r^2 var C), less 1: it leaves out 0 exactly where p < 1 - confidence.  Source: Fieller,
    Some Problems in Interval Estimation, JRSS B 16 (1954). Where the control's rate itself can not be told from 0,
    nothing bounds the ratio. A normal approximation: good from some tens of viewers with a count above 0 on.

    NaN where there is nothing to go by: no observations, fewer than two viewers, or all of one side's viewers agree
    (nobody clicked yet), which would pass for certainty.
    """
    difference = variant.value - control.value
    lift = variant.value / control.value - 1 if control.value > 0 else math.nan
    if not (control.variance > 0 and variant.variance > 0):
        return Comparison(difference, lift, UNKNOWN, math.nan)
    p_value = math.erfc(abs(difference) / math.sqrt(2 * (control.variance + variant.variance)))
    return Comparison(difference, lift, _fieller(control, variant, _quantile(confidence)), p_value)


def sample_ratio_p_value(viewers: Sequence[int], weights: Sequence[float]) -> float:
    """
    Return how likely a split as uneven as this is where viewers are divided by these weights.

    Pearson's chi-square with k - 1 degrees of freedom (Philosophical Magazine 50, 1900). Nobody yet: 1.

    Raises ValueError unless there are as many counts as weights, two at least, and the weights are positive.
    """
    if len(viewers) != len(weights) or len(weights) < 2 or not all(weight > 0 for weight in weights):
        raise ValueError(f"two or more counts with a positive weight each, got {list(viewers)} and {list(weights)}")
    observed, shares = np.array(viewers, dtype=np.float64), np.array(weights, dtype=np.float64)
    expected = shares / shares.sum() * observed.sum()
    if not observed.sum():
        return 1.0
    return float(chdtrc(len(weights) - 1, float(((observed - expected) ** 2 / expected).sum())))


def _fieller(control: Rate, variant: Rate, z: float) -> Interval:
    """Solve a r^2 - 2 b r + c <= 0 with a = C^2 - z^2 var C, b = C V, c = V^2 - z^2 var V; less 1."""
    a = control.value**2 - z * z * control.variance
    if a <= 0:
        return Interval(-math.inf, math.inf)
    b, c = control.value * variant.value, variant.value**2 - z * z * variant.variance
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Interval((b - root) / a - 1, (b + root) / a - 1)


def _quantile(confidence: float) -> float:
    """Return z with `confidence` of a normal distribution between -z and z."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
