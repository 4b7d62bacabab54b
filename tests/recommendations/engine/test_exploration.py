"""Drawn places: exact propensities, nothing twice, the same seed the same list, and an unbiased estimate from them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.config import Exploration
from recommendations.engine.exploration import drawn_places, explore

EVERY_OTHER = Exploration(every=2, first=2, temperature=0.5)


def test_which_places_are_drawn() -> None:
    assert [*drawn_places(25, Exploration())] == [3, 13, 23]
    assert [*drawn_places(4, Exploration())] == []
    assert [*drawn_places(5, Exploration())] == [3]
    assert [*drawn_places(25, Exploration(every=0))] == []


def test_a_hand_worked_draw() -> None:
    """The first stays; of the two that are left one scores ln 3 times the temperature more: 3 to 1."""
    scores = [9.0, 0.5 * math.log(3), 0.0]
    config = replace(EVERY_OTHER, every=5)
    chances = {1: 0.75, 2: 0.25}
    counts = {1: 0, 2: 0}
    for seed in range(4000):
        found = explore(scores, seed=seed, config=config)
        second = int(found.order[1])
        counts[second] += 1
        assert found.order[0] == 0
        assert found.propensity == pytest.approx([1.0, chances[second], 1.0])
    # Four standard deviations.
    assert abs(counts[1] - 3000) < 4 * math.sqrt(4000 * 0.75 * 0.25)


@given(st.lists(st.floats(-2, 2), max_size=40), st.integers(0, 2**128 - 1))
def test_it_is_the_list_in_another_order_and_what_was_not_drawn_keeps_its_own(scores: list[float], seed: int) -> None:
    found, again = (explore(scores, seed=seed, config=EVERY_OTHER) for _ in range(2))

    assert sorted(found.order) == list(range(len(scores)))
    assert found.order == again.order
    drawn = set(drawn_places(len(scores), EVERY_OTHER))
    kept = [entry for place, entry in enumerate(found.order) if place not in drawn]
    assert kept == sorted(kept)
    assert all(0 < chance <= 1 for chance in found.propensity)
    assert all(found.propensity[place] == 1 for place in range(len(scores)) if place not in drawn)


def test_frequencies_are_the_propensities_place_by_place() -> None:
    """Against a slow twin: every possible list's probability, multiplied out place by place."""
    scores = [1.0, 0.7, 0.9, 0.1, 0.4]
    n_draws = 20_000
    seen: dict[tuple[int, ...], int] = {}
    claimed: dict[tuple[int, ...], float] = {}
    for seed in range(n_draws):
        found = explore(scores, seed=seed, config=EVERY_OTHER)
        key = tuple(found.order)
        seen[key] = seen.get(key, 0) + 1
        claimed[key] = float(np.prod(found.propensity))
    expected = _all_lists(scores, EVERY_OTHER)
    assert seen.keys() <= expected.keys()
    assert sum(expected.values()) == pytest.approx(1.0)
    for key, chance in expected.items():
        assert abs(seen.get(key, 0) - n_draws * chance) < 5 * math.sqrt(n_draws * chance) + 1
        if key in claimed:
            assert claimed[key] == pytest.approx(chance)


def _all_lists(scores: list[float], config: Exploration) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {(): 1.0}
    for place in range(len(scores)):
        longer: dict[tuple[int, ...], float] = {}
        for prefix, chance in found.items():
            left = [entry for entry in range(len(scores)) if entry not in prefix]
            weights = [math.exp(scores[entry] / config.temperature) for entry in left]
            if place not in drawn_places(len(scores), config):
                left, weights = left[:1], [1.0]
            for entry, weight in zip(left, weights, strict=True):
                key = (*prefix, entry)
                longer[key] = longer.get(key, 0.0) + chance * weight / sum(weights)
        found = longer
    return found


def test_clicks_weighed_by_propensity_estimate_what_another_list_would_get() -> None:
    """What the second place would get with each entry in it, from lists that drew it, without bias."""
    scores, config = [1.0, 0.6, 0.3, 0.0], replace(EVERY_OTHER, every=9)
    truth = np.array([0.9, 0.3, 0.5, 0.1])
    chance = np.random.default_rng(7)
    n_lists = 20_000
    weighed = np.zeros((n_lists, 4))
    for seed in range(n_lists):
        found = explore(scores, seed=seed, config=config)
        entry = int(found.order[1])
        weighed[seed, entry] = (chance.random() < truth[entry]) / found.propensity[1]
    error = weighed.std(axis=0) / math.sqrt(n_lists)
    assert np.all(np.abs(weighed.mean(axis=0) - truth)[1:] < 4 * error[1:])
