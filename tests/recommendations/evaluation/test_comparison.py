"""Intervals hold what they say they hold, and a difference is called one only where it is more than chance."""

import math

import numpy as np
import pytest
from scipy import sparse, stats

from recommendations.evaluation.comparison import Difference, means, of_all, paired


def test_a_mean_stands_within_its_interval_which_is_as_wide_as_it_should_be(rng):
    values = rng.gamma(0.4, 0.3, size=(1, 400))

    found = means(values, seed=1)[0]

    error = values.std(ddof=1) / math.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)
    assert found.viewers == 400


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for trial in range(120):
        values = np.random.default_rng(trial).exponential(1.0, size=(1, 80))
        found = means(values, seed=trial)[0]
        held += found.low <= 1.0 <= found.high

    assert 0.87 <= held / 120 <= 0.99


def test_whom_a_metric_says_nothing_of_is_left_out_of_it():
    values = np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [2.0, 2.0, 2.0]])

    first, nothing, same = means(values, seed=0)

    assert (first.value, first.viewers) == (2.0, 2)
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
    assert nothing.viewers == 0
    assert (same.value, same.low, same.high) == (2.0, 2.0, 2.0)


def test_nobody_is_no_reason_to_fail():
    assert math.isnan(means(np.zeros((2, 0)), seed=0)[1].value)


def test_a_seed_gives_the_same_interval():
    values = np.random.default_rng(0).random((1, 50))

    assert means(values, seed=4) == means(values, seed=4) != means(values, seed=5)


def test_what_is_of_all_lists_is_moved_to_have_its_value_within(rng):
    """A draw leaves a third of the viewers out: unmoved, the interval of coverage would lie below its value."""
    shown = sparse.csr_matrix((rng.random((50, 200)) < 0.02).astype(float))

    found = of_all(shown, lambda x: np.count_nonzero(x, axis=1) / 200, seed=0)

    assert found.value == np.count_nonzero(shown.sum(axis=0)) / 200
    assert found.low < found.value < found.high


def test_pairs_are_told_apart_as_the_t_test_tells_them(rng):
    first, second = rng.random(60), rng.random(60)

    found = paired(first, second)

    expected = stats.ttest_rel(first, second)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx((first - second).mean())


def test_better_and_worse_are_told_in_both_directions(rng):
    before = rng.random(200)
    after = before + 0.05 + rng.normal(0, 0.1, 200)

    assert paired(after, before).verdict == "better"
    assert paired(before, after).verdict == "worse"
    assert paired(before + rng.normal(0, 0.1, 200) - 0.0, before).verdict.startswith("no difference")


def test_chance_alone_is_called_a_difference_about_once_in_twenty_times():
    called = 0
    for trial in range(400):
        first, second = np.random.default_rng(trial).gamma(0.5, 1.0, size=(2, 60))
        called += not paired(first, second).verdict.startswith("no difference")

    assert 4 <= called <= 36


def test_the_interval_leaves_out_nothing_exactly_where_the_verdict_says_so(rng):
    for shift in np.linspace(-0.3, 0.3, 41):
        first, second = rng.random(40) + shift, rng.random(40)
        found = paired(first, second)
        assert (found.low > 0, found.high < 0) == (found.verdict == "better", found.verdict == "worse")


def test_the_same_lists_do_not_differ():
    values = np.array([0.1, 0.5, 0.0])

    assert paired(values, values) == Difference(0.0, 0.0, 0.0, 1.0, 3)


def test_too_few_tell_nothing():
    one, none = paired(np.array([1.0]), np.array([0.5])), paired(np.array([np.nan]), np.array([1.0]))

    assert (one.mean, one.viewers, one.verdict[:13]) == (0.5, 1, "no difference")
    assert (none.viewers, none.verdict[:13]) == (0, "no difference")


def test_what_is_not_paired_is_refused():
    with pytest.raises(ValueError, match="one of each"):
        paired(np.zeros(2), np.zeros(3))
