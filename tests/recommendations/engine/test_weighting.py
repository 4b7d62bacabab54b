"""What an act says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.weighting import (
    EVENT_TYPES,
    decay,
    engagement_scores,
    event_codes,
    evidence_weights,
    half_life_decay,
    signals,
)

NAN = math.nan


def scored(name: str, progress: float = NAN, rating: float = NAN) -> float:
    return float(engagement_scores(event_codes([name]), np.array([progress]), np.array([rating]))[0])


def test_every_type_says_what_the_table_says() -> None:
    expected = {
        "view": 0.55, "click": 0.6, "play": 0.6, "pause": 0.5, "skip": 0.35, "like": 1.0, "dislike": 0.0,
        "share": 0.85, "add_to_list": 0.8, "remove_from_list": 0.3, "complete": 0.95,
    }  # fmt: skip

    found = {name: scored(name) for name in expected}

    assert found == expected


def test_leaving_late_says_more_for_a_title_than_leaving_early() -> None:
    assert scored("abandon", 0.0) == pytest.approx(0.15)
    assert scored("abandon", 0.5) == pytest.approx(0.15 + 0.70 * 0.5)
    assert scored("abandon", 1.0) == pytest.approx(0.85)
    assert scored("abandon") == pytest.approx(0.15 + 0.70 * 0.2)


def test_a_finished_title_with_one_star_was_not_liked() -> None:
    assert scored("complete", rating=0.5) == 0.0
    assert scored("complete", rating=5.0) == 1.0
    assert scored("complete", rating=2.75) == pytest.approx(0.5)


def test_a_rating_on_another_act_changes_nothing() -> None:
    assert scored("like", rating=0.5) == 1.0


def test_weights_stand_in_the_order_of_the_types() -> None:
    weights = evidence_weights(event_codes(["view", "like", "pause", "complete"]))

    assert weights.tolist() == [0.1, 3.0, 0.0, 2.0]


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="'binge' is no event type"):
        event_codes(["like", "binge"])


@given(st.sampled_from(EVENT_TYPES), st.floats(-5, 5), st.floats(-5, 10))
def test_engagement_stays_in_range(name: str, progress: float, rating: float) -> None:
    assert 0.0 <= scored(name, progress, rating) <= 1.0


def test_signal_is_against_to_for() -> None:
    assert signals(np.array([0.0, 0.5, 1.0])).tolist() == [-1.0, 0.0, 1.0]


def test_decay_halves_after_its_half_life() -> None:
    seven_weeks = np.array([0.0, math.log(2) / 0.1])

    assert decay(seven_weeks, 0.1) == pytest.approx([1.0, 0.5])
    assert half_life_decay(np.array([0.0, 14.0, 28.0]), 14.0) == pytest.approx([1.0, 0.5, 0.25])


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        decay(np.zeros(1), -1.0)
    with pytest.raises(ValueError, match="positive, got 0"):
        half_life_decay(np.zeros(1), 0.0)
