"""Who is in what: the same for ever, as the weights say, independent over salts, and nobody in two of one layer."""

import datetime as dt
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.assignment import BUCKETS, Arm, Claim, experiment_of, n_places, places, position, variant_of
from experiments.statistics import sample_ratio_p_value

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
VIEWERS = [f"viewer-{n}" for n in range(6000)]
# 0xf86af087a41ab0 are the first 56 bits of SHA-256("salt:ada"); these numbers may never change.
PINNED = {
    ("salt", "ada"): 0xF86AF087A41AB0 / 2**56,
    ("salt", "bob"): 0.954773140262853,
    ("layer:default", "ada"): 0.864568115750636,
    ("0123456789abcdef", "0"): 0.14865478178989544,
    ("salt", "Zoë 北"): 0.02343875015461183,
}


def claim(name: str, traffic: float, start: float = 0, end: float | None = None) -> Claim:
    return Claim(name, traffic, START + start * DAY, None if end is None else START + end * DAY)


# --- Variants ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("salt", "user_id"), PINNED)
def test_positions_are_what_they_always_were(salt: str, user_id: str) -> None:
    assert position(salt, user_id) == pytest.approx(PINNED[salt, user_id], abs=1e-15)


def test_another_process_agrees() -> None:
    code = (
        "from experiments.assignment import Arm, variant_of\n"
        "arms = [Arm('a', 1), Arm('b', 2), Arm('c', 0.5)]\n"
        "print(''.join(variant_of('salt', str(n), arms) for n in range(200)))"
    )
    arms = [Arm("a", 1), Arm("b", 2), Arm("c", 0.5)]

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "".join(variant_of("salt", str(n), arms) for n in range(200))


def test_weights_divide_by_hand() -> None:
    # bob stands at .9548 of the whole: of 1 + 19, beyond the first 1 (.05), and of 20 + 1, beyond the 20 (.9524).
    assert variant_of("salt", "bob", [Arm("control", 1), Arm("treatment", 19)]) == "treatment"
    assert variant_of("salt", "bob", [Arm("control", 20), Arm("treatment", 1)]) == "treatment"
    assert variant_of("salt", "bob", [Arm("control", 22), Arm("treatment", 1)]) == "control"
    assert variant_of("salt", "bob", [Arm("alone", 0.001)]) == "alone"


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (5, 3, 2), (0.1, 0.9)])
@pytest.mark.parametrize("salt", ["0123456789abcdef", "another salt"])
def test_the_split_is_as_even_as_the_weights(weights: tuple[float, ...], salt: str) -> None:
    arms = [Arm(str(place), weight) for place, weight in enumerate(weights)]

    counts = Counter(variant_of(salt, viewer, arms) for viewer in VIEWERS)

    assert sample_ratio_p_value([counts[arm.name] for arm in arms], list(weights)) > 0.001


def test_two_salts_split_the_same_viewers_independently() -> None:
    arms = [Arm("a", 1), Arm("b", 1)]

    counts = Counter((variant_of("one", viewer, arms), variant_of("two", viewer, arms)) for viewer in VIEWERS)

    assert sample_ratio_p_value([counts[x, y] for x in "ab" for y in "ab"], [1, 1, 1, 1]) > 0.001


@settings(deadline=None)
@given(user_id=st.text(max_size=64), salt=st.text(max_size=32))
def test_every_viewer_stands_somewhere(user_id: str, salt: str) -> None:
    assert 0 <= position(salt, user_id) < 1
    assert variant_of(salt, user_id, [Arm("a", 1), Arm("b", 1)]) == ("a" if position(salt, user_id) < 0.5 else "b")


@pytest.mark.parametrize("weight", [0, -1, float("nan")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="the weight of 'b' must be above 0"):
        variant_of("salt", "ada", [Arm("a", 1), Arm("b", weight)])


def test_an_experiment_without_variants_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one variant, got none"):
        variant_of("salt", "ada", [])


# --- Layers -----------------------------------------------------------------------------------------------------


def test_places_by_hand() -> None:
    held = places([claim("a", 0.3), claim("b", 0.5, start=1), claim("c", 0.4, start=2)])

    # c asked for 4,000 and got the 2,000 that were left.
    assert held == {"a": (range(0, 3000),), "b": (range(3000, 8000),), "c": (range(8000, 10000),)}


def test_what_ends_leaves_its_places_to_those_that_start_later_and_moves_nobody() -> None:
    claims = [claim("a", 0.3, end=5), claim("b", 0.3, start=1), claim("c", 0.5, start=6)]

    held = places(claims)

    assert held["b"] == (range(3000, 6000),)
    assert held["c"] == (range(0, 3000), range(6000, 8000))


def test_one_that_ended_at_the_moment_another_starts_is_out_of_its_way() -> None:
    assert places([claim("a", 1, end=5), claim("b", 1, start=5)])["b"] == (range(0, BUCKETS),)


def test_of_two_that_start_at_once_the_first_by_name_is_first() -> None:
    expected = {"a": (range(0, 5000),), "b": (range(5000, 10000),)}

    assert places([claim("b", 0.5), claim("a", 0.5)]) == expected


def test_an_empty_layer_and_a_full_one() -> None:
    assert places([]) == {}
    assert places([claim("a", 1), claim("b", 0.5, start=1)])["b"] == ()
    assert experiment_of("default", "ada", {}) is None
    assert experiment_of("default", "ada", {"a": (range(0, BUCKETS),)}) == "a"


CLAIMS = st.lists(st.tuples(st.floats(0.0001, 1), st.integers(0, 10), st.integers(1, 10) | st.none()), max_size=8).map(
    lambda rows: [claim(f"e{i}", t, s, None if d is None else s + d) for i, (t, s, d) in enumerate(rows)]
)


def slow_places(claims: list[Claim]) -> dict[str, set[int]]:
    """Go through the layer place by place."""
    held: dict[str, set[int]] = {}
    ordered = sorted(claims, key=lambda c: (c.start, c.name))
    for i, one in enumerate(ordered):
        busy = [held[other.name] for other in ordered[:i] if other.end is None or other.end > one.start]
        free = sorted(set(range(BUCKETS)).difference(*busy))
        held[one.name] = set(free[: n_places(one.traffic)])
    return held


@settings(deadline=None)
@given(claims=CLAIMS)
def test_places_agree_with_going_through_them_one_by_one(claims: list[Claim]) -> None:
    found = {name: {p for part in parts for p in part} for name, parts in places(claims).items()}

    assert found == slow_places(claims)


@settings(deadline=None)
@given(claims=CLAIMS, ended=st.integers(0, 7))
def test_ending_one_changes_nothing_for_those_that_started_before(claims: list[Claim], ended: int) -> None:
    stopped = [
        Claim(c.name, c.traffic, c.start, START + 11 * DAY) if i == ended and c.end is None else c
        for i, c in enumerate(claims)
    ]

    assert places(stopped) == places(claims)


def test_a_layer_gives_each_its_share_and_nobody_two() -> None:
    held = places([claim("a", 0.5), claim("b", 0.2, start=1)])

    counts = Counter(experiment_of("default", viewer, held) for viewer in VIEWERS)

    assert sample_ratio_p_value([counts["a"], counts["b"], counts[None]], [0.5, 0.2, 0.3]) > 0.001


def test_two_layers_are_independent() -> None:
    held = places([claim("a", 0.5)])

    counts = Counter((experiment_of("one", v, held), experiment_of("two", v, held)) for v in VIEWERS)

    assert sample_ratio_p_value([counts[x, y] for x in ("a", None) for y in ("a", None)], [1, 1, 1, 1]) > 0.001


def test_the_variant_does_not_follow_from_the_place_in_the_layer() -> None:
    held, arms = places([claim("a", 0.5)]), [Arm("x", 1), Arm("y", 1)]

    inside = Counter(variant_of("salt", v, arms) for v in VIEWERS if experiment_of("default", v, held))

    assert sample_ratio_p_value([inside["x"], inside["y"]], [1, 1]) > 0.001
