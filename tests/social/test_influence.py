"""Ties, fading and hints together: by hand, at the edges, against slow twins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from social.influence import faded, tie_strength, together

TITLES = st.sets(st.integers(1, 12))
SHARES = st.floats(0, 1)


def test_a_tie_by_hand() -> None:
    # Two of four titles in common: 0.2 + 0.8 * 0.5.
    assert tie_strength({1, 2, 3}, {2, 3, 4}, floor=0.2) == pytest.approx(0.6)


@pytest.mark.parametrize(("mine", "theirs"), [(set(), set()), ({1}, set()), ({1}, {2})])
def test_friends_with_nothing_in_common_keep_the_floor(mine: set[int], theirs: set[int]) -> None:
    assert tie_strength(mine, theirs, floor=0.2) == pytest.approx(0.2)


def test_the_same_taste_is_the_closest_tie() -> None:
    assert tie_strength({1, 2}, {1, 2}, floor=0.2) == pytest.approx(1.0)


@settings(deadline=None)
@given(mine=TITLES, theirs=TITLES, floor=SHARES)
def test_a_tie_agrees_with_counting_titles_and_is_mutual(mine: set[int], theirs: set[int], floor: float) -> None:
    both = sum(1 for title in range(1, 13) if title in mine and title in theirs)
    either = sum(1 for title in range(1, 13) if title in mine or title in theirs)
    slow = floor + (1 - floor) * (both / either if either else 0)

    assert tie_strength(mine, theirs, floor=floor) == pytest.approx(slow)
    assert tie_strength(theirs, mine, floor=floor) == tie_strength(mine, theirs, floor=floor)
    assert floor - 1e-12 <= tie_strength(mine, theirs, floor=floor) <= 1 + 1e-12


@settings(deadline=None)
@given(mine=TITLES, theirs=TITLES, title=st.integers(13, 20))
def test_one_more_title_in_common_never_loosens_a_tie(mine: set[int], theirs: set[int], title: int) -> None:
    before = tie_strength(mine, theirs, floor=0.2)

    assert tie_strength(mine | {title}, theirs | {title}, floor=0.2) >= before


@pytest.mark.parametrize("floor", [-0.1, 1.1, math.nan])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    with pytest.raises(ValueError, match=r"the floor lies in \[0, 1\], got"):
        tie_strength({1}, {1}, floor=floor)


def test_fading_by_hand() -> None:
    ages = np.array([0.0, 14.0, 28.0, 7.0])

    assert faded(np.full(4, 0.8), ages, half_life=14) == pytest.approx([0.8, 0.4, 0.2, 0.8 / math.sqrt(2)])


def test_the_future_has_not_faded_and_nothing_stays_nothing() -> None:
    assert faded(np.array([0.8, 0.0]), np.array([-3.0, 5.0]), half_life=14).tolist() == [0.8, 0.0]
    assert faded(np.zeros(0), np.zeros(0), half_life=14).tolist() == []


@settings(deadline=None)
@given(strength=SHARES, age=st.floats(0, 400), half_life=st.floats(1, 365))
def test_fading_agrees_with_the_exponential(strength: float, age: float, half_life: float) -> None:
    slow = strength * math.exp(-math.log(2) * age / half_life)

    found = faded(np.array([strength]), np.array([age]), half_life=half_life)

    assert found == pytest.approx([slow], abs=1e-12)


@pytest.mark.parametrize("half_life", [0, -1])
def test_a_half_life_that_is_none_is_refused(half_life: float) -> None:
    with pytest.raises(ValueError, match="a half-life is positive, got"):
        faded(np.ones(1), np.ones(1), half_life=half_life)


def test_hints_together_by_hand() -> None:
    # 1 - 0.5 * 0.5 * 0.8
    assert together([0.5, 0.5, 0.2]) == pytest.approx(0.8)
    assert together([]) == 0
    assert together([0.3, 1.0]) == 1


@settings(deadline=None)
@given(st.lists(SHARES, max_size=8))
def test_hints_add_one_by_one_like_independent_chances(strengths: list[float]) -> None:
    slow = 0.0
    for strength in strengths:
        slow = slow + strength - slow * strength

    assert together(strengths) == pytest.approx(slow, abs=1e-12)
    assert max(strengths, default=0) - 1e-12 <= together(strengths) <= 1


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan])
def test_a_strength_that_is_none_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match=r"a strength lies in \[0, 1\], got"):
        together([0.5, strength])
