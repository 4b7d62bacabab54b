"""What is held out is what the name of the split says, and the same each time."""

import csv
import gzip
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.evaluation.splits import SPLITS, split

CASES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), min_size=1, max_size=60)


def held(name, rows, *, holdout=0.2, seed=0):
    """Return the places of the (viewer, second) pairs that are held out."""
    viewer, seconds = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    mask = split(name, viewer=viewer, seconds=seconds.astype(float), holdout=holdout, seed=seed)
    return np.flatnonzero(mask).tolist()


def test_each_viewers_last_fifth_in_time_is_held_out_and_one_of_five_at_least():
    five, ten = [(0, n) for n in (5, 1, 4, 2, 3)], [(1, n) for n in range(10)]
    four = [(2, n) for n in range(4)]

    assert held("per-user", five + ten + four) == [0, 13, 14]


def test_ratings_of_one_moment_are_in_the_order_of_the_file():
    assert held("per-user", [(0, 7)] * 11) == [9, 10]
    assert held("leave-last", [(0, 7)] * 3) == [2]


def test_after_one_moment_all_is_held_out_and_what_happened_at_it_is_known():
    rows = [(0, 1), (1, 9), (0, 2), (1, 8), (2, 9), (2, 3), (0, 8), (1, 4), (0, 5), (2, 10)]

    assert held("temporal", rows) == [9]
    assert held("temporal", rows, holdout=0.4) == [1, 4, 9]
    assert held("temporal", [(0, 1)] * 10) == []


def test_the_last_rating_of_who_has_two_is_left_out():
    assert held("leave-last", [(0, 3), (0, 1), (1, 5), (2, 1), (2, 1)]) == [0, 4]


def test_chance_is_the_same_for_one_seed_and_another_for_the_next():
    rows = [(viewer, second) for viewer in range(6) for second in range(20)]

    first, again, other = (held("random", rows, seed=seed) for seed in (3, 3, 4))

    assert first == again != other
    assert np.bincount(np.array(first) // 20).tolist() == [4] * 6


@pytest.mark.parametrize("name", SPLITS)
@given(rows=CASES, holdout=st.sampled_from([0.01, 0.2, 0.5, 0.99]))
def test_nobody_loses_all_and_what_is_held_out_comes_last(name, rows, holdout):
    out = set(held(name, rows, holdout=holdout))

    for viewer in {viewer for viewer, _ in rows}:
        known = [second for i, (v, second) in enumerate(rows) if v == viewer and i not in out]
        later = [second for i, (v, second) in enumerate(rows) if v == viewer and i in out]
        assert name == "temporal" or known
        if name != "random" and known and later:
            assert max(known) <= min(later)
    if name == "temporal" and out:
        assert max(s for i, (_, s) in enumerate(rows) if i not in out) < min(rows[i][1] for i in out)


@given(rows=CASES)
def test_the_last_fifth_is_that_of_a_slow_twin(rows):
    expected = []
    for viewer in {viewer for viewer, _ in rows}:
        own = sorted((second, place) for place, (v, second) in enumerate(rows) if v == viewer)
        count = max(1, math.floor(len(own) * 0.2)) if len(own) >= 5 else 0
        expected += [place for _, place in own[len(own) - count :]]

    assert held("per-user", rows) == sorted(expected)


def test_nothing_splits_into_nothing():
    for name in SPLITS:
        assert held(name, []) == []


@pytest.mark.parametrize(("name", "holdout"), [("monthly", 0.2), ("per-user", 0), ("per-user", 1.0), ("random", -1)])
def test_what_is_no_split_is_refused(name, holdout):
    with pytest.raises(ValueError, match=r"must be"):
        held(name, [(0, 1)], holdout=holdout)


@pytest.mark.shared_data
def test_real_ratings_are_split_as_the_yardstick_splits_them(shared_data, tmp_path):
    source = shared_data / "data" / "ratings.csv.gz"
    script = shared_data / "eval" / "split.py"
    subprocess.run([sys.executable, script, source, tmp_path], check=True, capture_output=True)
    with gzip.open(source, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    users = {user: row for row, user in enumerate(dict.fromkeys(row["user_id"] for row in rows))}

    mask = split(
        "per-user",
        viewer=np.array([users[row["user_id"]] for row in rows]),
        seconds=np.array([float(row["timestamp"]) for row in rows]),
        holdout=0.2,
        seed=0,
    )

    with (tmp_path / "test.csv").open(newline="") as file:
        expected = {(row["user_id"], row["show_id"]) for row in csv.DictReader(file)}
    assert {(rows[i]["user_id"], rows[i]["show_id"]) for i in np.flatnonzero(mask)} == expected
    assert len(expected) == np.count_nonzero(mask)
