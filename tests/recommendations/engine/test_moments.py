"""What a moment adds to titles."""

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.config import DEFAULT
from recommendations.engine.moments import Acts, effect, lifts, usual

C = DEFAULT.context
# Two horror films, two comedies; one of each is short.
TRAITS = sparse.csr_matrix(np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]], float))
NIGHT, MORNING = ("time_of_day", "night"), ("time_of_day", "morning")


def acts(rows, at_night, weight=2.0) -> Acts:
    night = np.array(at_night, dtype=bool)
    return Acts(np.array(rows, dtype=np.int64), np.full(len(rows), weight), {NIGHT: night, MORNING: ~night})


NONE = acts([], [])


def test_a_crowds_habit_by_hand() -> None:
    everybody = usual(TRAITS, acts([0, 1, 2, 3], [True, True, False, False], weight=100.0), DEFAULT)

    assert everybody.shares.tolist() == [0.5, 0.5, 0.5, 0.5]
    # Of 200 at night all are horror; the prior says half of 200.
    assert everybody.ratios[NIGHT].tolist() == pytest.approx([1.5, 0.5, 1.0, 1.0])


def test_a_viewers_own_habit_by_hand() -> None:
    everybody = usual(TRAITS, acts([0, 1, 2, 3], [True, False, True, False]), DEFAULT)
    own = acts([0] * 15 + [2] * 15, [True] * 15 + [False] * 15)

    found = lifts(everybody, own, NIGHT, DEFAULT)

    # Half of all is horror; at night all 30 of it, leaning on 15 of which half are expected to be.
    assert found[0] == pytest.approx(np.log((30 + 7.5) / 45 / 0.5) / np.log(C.full_lift))
    assert found[1] == pytest.approx(np.log(7.5 / 45 / 0.5) / np.log(C.full_lift))
    assert lifts(everybody, own, MORNING, DEFAULT)[0] == pytest.approx(found[1])


def test_who_is_unknown_is_taken_for_everybody() -> None:
    everybody = usual(TRAITS, acts([0, 1, 2, 3], [True, True, False, False], weight=100.0), DEFAULT)

    assert lifts(everybody, NONE, NIGHT, DEFAULT)[0] == pytest.approx(np.log(1.5) / np.log(C.full_lift))


def test_where_nothing_is_known_nothing_is_added() -> None:
    found = effect(usual(TRAITS, NONE, DEFAULT), NONE, [NIGHT, ("device", "tv")], DEFAULT)

    assert found.total.tolist() == [0.0] * 4
    assert effect(usual(TRAITS, NONE, DEFAULT), NONE, [], DEFAULT).total.tolist() == [0.0] * 4


def test_habits_are_bounded_however_strong(rng) -> None:
    everybody = usual(TRAITS, acts([0, 1] * 500, [True] * 1000), DEFAULT)
    own = acts([0, 1] * 300 + [2, 3] * 300, [True] * 600 + [False] * 600)

    found = effect(everybody, own, [NIGHT, NIGHT, NIGHT], DEFAULT)

    assert np.abs(found.total).max() <= C.boost
    assert found.total[0] > 0 > found.total[2]


def test_what_does_not_fit_into_the_time_there_is_loses() -> None:
    runtime = np.array([60.0, 120.0, np.nan, 75.0])

    found = effect(usual(TRAITS, NONE, DEFAULT), NONE, [], DEFAULT, minutes=60, runtime=runtime)

    assert found.total.tolist() == pytest.approx([0.0, -C.too_long, 0.0, -C.too_long * 0.5])


def test_the_mood_that_was_named_gains() -> None:
    found = effect(usual(TRAITS, NONE, DEFAULT), NONE, [], DEFAULT, in_mood=np.array([True, False, False, True]))

    assert found.total.tolist() == [C.mood, 0.0, 0.0, C.mood]
    assert found.circumstances == [("mood", "named")]
