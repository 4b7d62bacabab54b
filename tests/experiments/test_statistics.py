"""Rates, lifts and splits: by hand, at the edges, against scipy and against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from experiments.statistics import Rate, compare, rate, rate_interval, sample_ratio_p_value, wilson


def made(hits: list[float], trials: list[float]) -> Rate:
    return rate(np.array(hits, dtype=np.float64), np.array(trials, dtype=np.float64))


def some_viewers(rng: np.random.Generator, n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Viewers who differ in how much they are shown and how much they click."""
    trials = rng.poisson(15, n) + 1.0
    return rng.binomial(trials.astype(int), rng.beta(40 * share, 40 * (1 - share), n)).astype(float), trials


# --- Wilson -----------------------------------------------------------------------------------------------------


def test_wilson_by_hand() -> None:
    # z = 1.96, 8 of 10: (0.8 + 0.19207 +- 1.96 sqrt(0.016 + 0.0096)) / 1.38415
    found = wilson(0.8, 10)

    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_wilson_holds_at_the_ends() -> None:
    # At 0 of n: from 0 to z^2 / (n + z^2).
    assert wilson(0, 10).low == pytest.approx(0, abs=1e-15)
    assert wilson(0, 10).high == pytest.approx(3.84146 / 13.84146, abs=1e-5)
    assert wilson(1, 10).high == 1


@settings(deadline=None)
@given(trials=st.integers(1, 5000), data=st.data(), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(trials: int, data: st.DataObject, confidence: float) -> None:
    hits = data.draw(st.integers(0, trials))
    twin = stats.binomtest(hits, trials).proportion_ci(confidence, method="wilson")

    found = wilson(hits / trials, trials, confidence)

    assert (found.low, found.high) == pytest.approx((twin.low, twin.high), abs=1e-9)


@pytest.mark.parametrize(("share", "n"), [(-0.1, 5), (1.1, 5), (math.nan, 5), (0.5, 0), (0.5, math.nan)])
def test_a_share_that_is_none_is_refused(share: float, n: float) -> None:
    with pytest.raises(ValueError, match=r"a share in \[0, 1\] of more than 0 trials, got"):
        wilson(share, n)


# --- Rates ------------------------------------------------------------------------------------------------------


def test_a_rate_by_hand() -> None:
    # 1/2, 0/2, 2/4: R = 3/8, residuals .25, -.75, .5 with variance .4375, over 3 * (8/3)^2.
    found = made([1, 0, 2], [2, 2, 4])

    assert found.value == pytest.approx(0.375)
    assert found.variance == pytest.approx(0.4375 / (3 * (8 / 3) ** 2))
    assert (found.viewers, found.observations) == (3, 8)


def test_the_variance_is_the_three_terms_of_the_delta_method(rng: np.random.Generator) -> None:
    x, y = some_viewers(rng, 500, 0.2)
    (xx, xy), (_, yy) = np.cov(x, y)
    r = x.sum() / y.sum()

    assert rate(x, y).variance == pytest.approx((xx - 2 * r * xy + r * r * yy) / (500 * y.mean() ** 2))


def test_the_variance_is_that_of_the_bootstrap(rng: np.random.Generator) -> None:
    x, y = some_viewers(rng, 400, 0.1)
    draws = rng.integers(0, 400, (4000, 400))
    bootstrap = (x[draws].sum(axis=1) / y[draws].sum(axis=1)).std()

    assert math.sqrt(rate(x, y).variance) == pytest.approx(bootstrap, rel=0.06)


def test_nothing_shown_and_nobody_there_is_nothing_to_tell() -> None:
    for found in (made([], []), made([0, 0], [0, 0])):
        assert math.isnan(found.value)
        assert math.isnan(rate_interval(found).low)
        assert math.isnan(rate_interval(found).high)


def test_one_viewer_has_a_rate_and_an_interval_as_wide_as_one_viewer() -> None:
    found = made([3], [4])

    assert found.value == 0.75
    assert math.isnan(found.variance)
    assert rate_interval(found) == wilson(0.75, 1)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="a viewer has one of each"):
        made([1], [1, 2])


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=200))
def test_where_each_viewer_is_one_trial_the_interval_is_wilsons(hits: list[bool]) -> None:
    found = rate_interval(made(hits, [1] * len(hits)))
    twin = wilson(sum(hits) / len(hits), len(hits))

    assert (found.low, found.high) == pytest.approx((twin.low, twin.high), abs=1e-9)


def test_viewers_who_click_all_or_nothing_count_as_one_trial_each() -> None:
    # Four of ten viewers clicked all of their five titles: no surer than four of ten.
    found = rate_interval(made([5] * 4 + [0] * 6, [5] * 10))
    twin = wilson(0.4, 10)

    assert (found.low, found.high) == pytest.approx((twin.low, twin.high))


def test_the_interval_holds_the_truth_as_often_as_it_says(rng: np.random.Generator) -> None:
    held = 0
    for _ in range(1000):
        interval = rate_interval(rate(*some_viewers(rng, 60, 0.05)))
        held += interval.low <= 0.05 <= interval.high

    # 95 % of 1,000 within four standard deviations.
    assert held == pytest.approx(950, abs=28)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_an_interval_holds_its_rate_and_stays_between_0_and_1(viewers: list[tuple[int, int]]) -> None:
    found = made([min(pair) for pair in viewers], [max(pair) for pair in viewers])
    interval = rate_interval(found)

    if found.observations:
        assert 0 <= interval.low <= found.value + 1e-12
        assert found.value - 1e-12 <= interval.high <= 1


# --- Comparisons ------------------------------------------------------------------------------------------------


def test_a_comparison_by_hand() -> None:
    # (0.12 - 0.10) / sqrt(0.0001 + 0.0003) = 1: p = 0.3173.
    found = compare(Rate(0.10, 0.0001, 500, 500), Rate(0.12, 0.0003, 500, 500))

    assert found.difference == pytest.approx(0.02)
    assert found.lift == pytest.approx(0.2)
    assert found.p_value == pytest.approx(0.31731, abs=1e-5)
    assert not found.significant


def test_where_each_viewer_is_one_trial_it_is_the_test_of_two_proportions() -> None:
    # 40 of 200 against 60 of 200, variances p(1-p)/(n-1): z = 0.1 / sqrt(.16/199 + .21/199).
    found = compare(made([1] * 40 + [0] * 160, [1] * 200), made([1] * 60 + [0] * 140, [1] * 200))
    z = 0.1 / math.sqrt((0.16 + 0.21) / 199)

    assert found.p_value == pytest.approx(2 * stats.norm.sf(z))
    assert found.lift == pytest.approx(0.5)
    assert found.significant


def test_p_is_that_of_scipys_test_of_two_means(rng: np.random.Generator) -> None:
    x, y = rng.random(3000), rng.random(3000) + 0.02
    twin = stats.ttest_ind(x, y, equal_var=False)

    found = compare(rate(x, np.ones(3000)), rate(y, np.ones(3000)))

    assert found.p_value == pytest.approx(twin.pvalue, rel=0.01)


RATES = st.builds(
    Rate, value=st.floats(0.01, 0.9), variance=st.floats(1e-8, 0.05), viewers=st.just(50), observations=st.just(500.0)
)


@settings(deadline=None)
@given(control=RATES, variant=RATES)
def test_the_interval_leaves_out_0_exactly_where_p_is_small(control: Rate, variant: Rate) -> None:
    found = compare(control, variant)

    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.interval.low > 0 or found.interval.high < 0) <= found.significant
        if math.isfinite(found.interval.low):
            assert (found.interval.low > 0 or found.interval.high < 0) == found.significant
            assert found.interval.low <= found.lift <= found.interval.high


@settings(deadline=None)
@given(control=RATES, variant=RATES)
def test_the_interval_ends_where_the_ratio_would_just_be_refused(control: Rate, variant: Rate) -> None:
    found = compare(control, variant)
    z = stats.norm.ppf(0.975)

    def excess(ratio: float) -> float:
        gap = (variant.value - ratio * control.value) ** 2
        return gap - z * z * (variant.variance + ratio * ratio * control.variance)

    if math.isfinite(found.interval.low):
        far = 1.0 + abs(found.interval.low) + abs(found.interval.high)
        middle = found.lift + 1
        assert excess(middle) < 0
        low = optimize.brentq(excess, middle - 10 * far, middle)
        high = optimize.brentq(excess, middle, middle + 10 * far)
        assert (found.interval.low, found.interval.high) == pytest.approx((low - 1, high - 1), rel=1e-6, abs=1e-6)


def test_the_interval_of_the_lift_holds_the_truth_as_often_as_it_says(rng: np.random.Generator) -> None:
    held = 0
    for _ in range(1000):
        control, variant = rate(*some_viewers(rng, 150, 0.10)), rate(*some_viewers(rng, 150, 0.12))
        interval = compare(control, variant).interval
        held += interval.low <= 0.2 <= interval.high

    assert held == pytest.approx(950, abs=28)


def test_two_alike_differ_in_one_of_twenty_tests(rng: np.random.Generator) -> None:
    alarms = sum(
        compare(rate(*some_viewers(rng, 150, 0.1)), rate(*some_viewers(rng, 150, 0.1))).significant for _ in range(1000)
    )

    assert alarms == pytest.approx(50, abs=28)


def test_a_control_that_may_be_0_bounds_nothing() -> None:
    found = compare(Rate(0.01, 0.0001, 50, 50), Rate(0.02, 0.0001, 50, 50))

    assert (found.interval.low, found.interval.high) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("control", "variant"),
    [
        (([], []), ([1, 0], [2, 2])),
        (([1], [2]), ([1, 0], [2, 2])),
        (([0, 0], [2, 2]), ([1, 0], [2, 2])),
        (([1, 0], [2, 2]), ([0, 0], [2, 2])),
        (([2, 2], [2, 2]), ([0, 0], [2, 2])),
    ],
    ids=["nobody", "one viewer", "no clicks in control", "no clicks in the variant", "all against none"],
)
def test_where_there_is_nothing_to_go_by_no_figure_is_given(control: tuple, variant: tuple) -> None:
    found = compare(made(*control), made(*variant))

    assert math.isnan(found.p_value)
    assert math.isnan(found.interval.low)
    assert math.isnan(found.interval.high)
    assert not found.significant


# --- The split --------------------------------------------------------------------------------------------------


def test_a_split_by_hand() -> None:
    # (60 - 50)^2 / 50 twice is 4: p = 0.0455.
    assert sample_ratio_p_value([60, 40], [1, 1]) == pytest.approx(0.0455, abs=1e-4)


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 500), min_size=2, max_size=5),
    weights=st.lists(st.floats(0.1, 10), min_size=5, max_size=5),
)
def test_a_split_agrees_with_scipy(counts: list[int], weights: list[float]) -> None:
    shares = np.array(weights[: len(counts)])
    expected = shares / shares.sum() * sum(counts)

    found = sample_ratio_p_value(counts, list(shares))

    twin = stats.chisquare(counts, expected).pvalue if sum(counts) else 1.0
    assert found == pytest.approx(twin, abs=1e-12)


def test_nobody_yet_speaks_against_nothing() -> None:
    assert sample_ratio_p_value([0, 0], [1, 1]) == 1


@pytest.mark.parametrize(("counts", "weights"), [([1], [1]), ([1, 2], [1]), ([1, 2], [1, 0]), ([1, 2], [1, -1])])
def test_a_split_that_is_none_is_refused(counts: list[int], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="two or more counts with a positive weight each"):
        sample_ratio_p_value(counts, weights)
