"""Who is grouped with whom: known answers, a slow twin, and names that last."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recommendations.engine import clusters
from recommendations.engine.clusters import (
    Habits,
    demographic_label,
    free_names,
    group,
    group_count,
    habit_vectors,
    heirs,
    seeds,
    shares,
    standardised,
    taste_vectors,
    to_unit,
)
from recommendations.engine.config import DEFAULT

CONFIG = DEFAULT.clusters


def checkerboard(n: int, n_kinds: int, width: int = 4) -> np.ndarray:
    """Row i likes the columns of kind i modulo n_kinds, and nothing else."""
    table = np.zeros((n, n_kinds * width))
    for row in range(n):
        kind = row % n_kinds
        table[row, kind * width : (kind + 1) * width] = 1 + row
    return table


def blobs(rng: np.random.Generator, n: int, n_kinds: int, d: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rows around n_kinds axes, and which axis each is around."""
    kind = rng.integers(0, n_kinds, n)
    return np.eye(d)[kind] + 0.15 * rng.standard_normal((n, d)), kind


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


# --- k-means --------------------------------------------------------------------------------------------------


def test_a_checkerboard_falls_into_its_squares():
    found = group(checkerboard(30, 3), 3)

    assert partition(found.label) == {frozenset(range(kind, 30, 3)) for kind in range(3)}
    assert found.similarity == pytest.approx(np.ones(30), abs=1e-6)
    assert found.centres.shape == (3, 12)


def test_length_does_not_count_and_direction_does():
    found = group(np.array([[1.0, 0.0], [1000.0, 1.0], [0.0, 0.001], [0.0, 5.0]]), 2)

    assert partition(found.label) == {frozenset({0, 1}), frozenset({2, 3})}


def test_the_largest_group_comes_first_and_of_equal_ones_that_of_the_first_member():
    rows = np.array([[0, 0, 1]] * 2 + [[0, 1, 0]] * 5 + [[1, 0, 0]] * 2, dtype=float)

    assert group(rows, 3).label.tolist() == [1, 1, 0, 0, 0, 0, 0, 2, 2]


def test_a_row_of_zeros_is_in_no_group():
    found = group(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), 2)

    assert found.label.tolist() == [0, -1, 1]
    assert found.similarity[1] == 0.0


@pytest.mark.parametrize("shape", [(0, 3), (4, 3), (2, 1)])
def test_nothing_but_zeros_gives_no_groups(shape):
    found = group(np.zeros(shape), 5)

    assert found.label.tolist() == [-1] * shape[0]
    assert found.centres.shape == (0, shape[1])


def test_one_row_is_a_group_of_its_own():
    found = group(np.array([[3.0, 4.0]]), 5)

    assert found.label.tolist() == [0]
    assert found.centres == pytest.approx(np.array([[0.6, 0.8]]))


@pytest.mark.parametrize("copies", [1, 700])
def test_fewer_directions_than_groups_give_fewer_groups(copies):
    found = group(np.repeat([[0.1, 0.7, 0.3], [0.3, 0.1, 0.9]], copies, axis=0), 9)

    assert len(found.centres) == 2
    assert partition(found.label) == {frozenset(range(copies)), frozenset(range(copies, 2 * copies))}


def test_opposites_in_one_group_cancel_out_and_are_nothing_to_each_other():
    found = group(np.array([[1.0, 0.0], [-1.0, 0.0]]), 1)

    assert found.label.tolist() == [0, 0]
    assert found.similarity.tolist() == [0.0, 0.0]


def test_what_can_not_be_grouped_is_refused():
    with pytest.raises(ValueError, match="n_groups must be 1 or more, got 0"):
        group(np.ones((2, 2)), 0)
    with pytest.raises(ValueError, match=r"finite .* got shape \(2,\)"):
        group(np.ones(2), 1)
    with pytest.raises(ValueError, match="finite"):
        group(np.array([[1.0, np.nan]]), 1)


def lloyd(points: list[list[float]], centres: list[list[float]]) -> list[int]:
    """Lloyd's rounds as one would explain them, until nobody moves."""
    label = [-1] * len(points)
    while True:
        cosine = [[sum(a * b for a, b in zip(p, c, strict=True)) for c in centres] for p in points]
        moved = [row.index(max(row)) for row in cosine]
        if moved == label:
            return label
        label = moved
        for j in range(len(centres)):
            total = [
                sum(column)
                for column in zip(*(p for p, own in zip(points, label, strict=True) if own == j), strict=True)
            ]
            length = math.sqrt(sum(x * x for x in total))
            centres[j] = [x / length for x in total]


@pytest.mark.parametrize("seed", range(8))
def test_the_rounds_end_where_a_slow_twin_ends(seed):
    rng = np.random.default_rng(seed)
    vectors, _ = blobs(rng, 60, 5)
    points = to_unit(vectors)

    slow = np.array(lloyd(points.tolist(), seeds(points, 5).tolist()))

    assert partition(group(vectors, 5).label) == partition(slow)


def test_draws_end_where_full_rounds_end():
    vectors, kind = blobs(np.random.default_rng(7), 3000, 6)
    by_draws = replace(CONFIG, batch=64)

    found = group(vectors, 6, by_draws)

    assert partition(found.label) == partition(group(vectors, 6).label) == partition(kind)
    assert found.label.tolist() == group(vectors, 6, by_draws).label.tolist()


def test_the_order_of_rows_does_not_matter(rng):
    vectors, _ = blobs(rng, 200, 4)
    order = rng.permutation(200)

    turned = group(vectors[order], 6).label

    assert partition(group(vectors, 6).label) == {frozenset(order[list(p)].tolist()) for p in partition(turned)}


def test_one_more_group_divides_one_and_leaves_the_others():
    vectors, _ = blobs(np.random.default_rng(3), 120, 6)
    points = to_unit(vectors)

    fewer, more = seeds(points, 4), seeds(points, 5)

    assert sum(np.abs(more - centre).max(axis=1).min() < 1e-6 for centre in fewer) == 3


def test_a_centre_without_rows_moves_to_the_row_that_is_served_worst():
    points = to_unit(np.array([[1.0, 0.0], [0.8, 0.2], [0.5, 0.9]]))
    centres = to_unit(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    label, similarity = clusters.nearest(points, centres)

    moved = clusters._refilled(points, label, similarity, centres)

    assert moved.tolist() == [centres[0].tolist(), points[2].tolist()]


def test_a_centre_without_rows_stays_where_everyone_is_served():
    points = to_unit(np.array([[1.0, 0.0], [2.0, 0.0]]))
    centres = to_unit(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    label, similarity = clusters.nearest(points, centres)

    assert clusters._refilled(points, label, similarity, centres).tolist() == centres.tolist()


@pytest.mark.parametrize(
    ("n", "expected"), [(0, 0), (1, 1), (4, 1), (5, 2), (50, 5), (610, 17), (10_000, 32), (10**9, 32)]
)
def test_the_number_of_groups_grows_with_the_root_of_viewers(n, expected):
    assert group_count(n) == expected


# --- Names ----------------------------------------------------------------------------------------------------


def test_groups_keep_their_names_whatever_number_they_get():
    old = np.array([0, 0, 0, 1, 1, 2, 2, 2, -1])
    new = np.array([2, 2, 2, 0, 0, 1, 1, 0, 1])

    assert heirs(old, new, n_old=3, n_new=3).tolist() == [1, 2, 0]


def test_a_name_is_passed_on_once_and_only_to_a_group_that_shares_a_viewer():
    assert heirs(np.array([0, 0, 0]), np.array([0, 0, 1]), n_old=1, n_new=2).tolist() == [0, -1]
    assert heirs(np.array([-1, -1]), np.array([0, 1]), n_old=4, n_new=2).tolist() == [-1, -1]
    assert heirs(np.zeros(0, int), np.zeros(0, int), n_old=0, n_new=0).tolist() == []


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_other_pairing_keeps_more_viewers(pairs):
    old, new = (np.array(side, dtype=np.int64) for side in (zip(*pairs, strict=True) if pairs else ((), ())))

    def kept(pairing: dict[int, int]) -> int:
        return sum(1 for a, b in pairs if b >= 0 and a >= 0 and pairing.get(b) == a)

    found = heirs(old, new, n_old=4, n_new=4)
    mine = {group: name for group, name in enumerate(found.tolist()) if name >= 0}

    assert len(set(mine.values())) == len(mine)
    assert kept(mine) == max(kept(dict(enumerate(order))) for order in itertools.permutations(range(4)))


def test_new_names_are_the_lowest_that_are_free():
    assert free_names("taste", ["taste-01", "taste-03", "odd"], 3) == ["taste-02", "taste-04", "taste-05"]
    assert free_names("taste", [], 0) == []


# --- Taste ----------------------------------------------------------------------------------------------------


def test_reduced_tastes_keep_their_angles_where_nothing_is_lost(rng):
    low_rank = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 50))
    config = replace(CONFIG, taste_dimensions=5)

    found = taste_vectors(sparse.csr_matrix(low_rank), config)

    assert found.shape == (40, 5)
    unit = to_unit(low_rank)
    assert found @ found.T == pytest.approx(unit @ unit.T, abs=1e-4)


def test_who_watched_much_does_not_weigh_more():
    rng = np.random.default_rng(5)
    tastes = rng.random((12, 6))

    louder = taste_vectors(sparse.csr_matrix(tastes * np.arange(1, 13)[:, None]))

    plain = taste_vectors(sparse.csr_matrix(tastes))
    assert louder @ louder.T == pytest.approx(plain @ plain.T, abs=1e-5)


def test_a_viewer_without_a_taste_has_no_direction():
    found = taste_vectors(sparse.csr_matrix(np.array([[1.0, 2.0], [0.0, 0.0]])))

    assert found[1].tolist() == [0.0] * found.shape[1]
    assert not taste_vectors(sparse.csr_matrix((3, 4))).any()
    assert taste_vectors(sparse.csr_matrix((0, 0))).shape[0] == 0


# --- Habits ---------------------------------------------------------------------------------------------------


def habits(n: int, **given: np.ndarray) -> Habits:
    """The same habits for everyone, but for what is given."""
    plain = {
        "hours": np.full((n, 4), 5.0),
        "weekdays": np.full((n, 7), 3.0),
        "devices": np.zeros((n, 0)),
        "finished": np.full(n, 8.0),
        "left": np.full(n, 2.0),
        "films": np.full(n, 10.0),
        "series": np.full(n, 10.0),
        "per_week": np.full(n, 4.0),
        "session_minutes": np.full(n, np.nan),
    }
    return Habits(**{**plain, **given})


def test_those_who_are_like_everybody_are_alike():
    found = habit_vectors(habits(6))

    assert found @ found.T == pytest.approx(np.ones((6, 6)))


def test_those_who_watch_at_the_same_hours_are_alike():
    by_night, by_day = [18.0, 0, 0, 2], [0.0, 12, 8, 0]

    found = habit_vectors(habits(4, hours=np.array([by_night, by_day, by_night, by_day])))

    # A question answered the other way weighs as much as being a viewer at all.
    assert found @ found.T == pytest.approx(np.array([[1, 0, 1, 0], [0, 1, 0, 1]] * 2), abs=1e-6)


def test_a_question_counts_once_however_many_columns_it_takes():
    phones, sets = np.array([[9.0, 0], [0, 9], [9, 0], [0, 9]]), np.array([9.0, 9, 0, 0])

    found = habit_vectors(habits(4, devices=phones, finished=sets, left=9 - sets))

    # Each of the two questions divides the viewers in half, and neither outweighs the other.
    alike = np.array([[3, 1, 1, -1], [1, 3, -1, 1], [1, -1, 3, 1], [-1, 1, 1, 3]]) / 3
    assert found @ found.T == pytest.approx(alike, abs=1e-6)


def test_a_share_of_few_acts_is_drawn_to_everybodys():
    found = shares(np.array([[1.0, 0.0], [60.0, 39.0], [0.0, 0.0]]), prior=5.0)

    assert found == pytest.approx(np.array([[(1 + 3.05) / 6, 1.95 / 6], [63.05 / 104, 40.95 / 104], [0.61, 0.39]]))


def test_shares_without_acts_or_prior_are_zeros():
    assert shares(np.zeros((2, 3)), prior=5.0).tolist() == [[0.0] * 3] * 2
    assert shares(np.array([[0.0, 0.0], [1.0, 3.0]]), prior=0.0).tolist() == [[0.0, 0.0], [0.25, 0.75]]


def test_what_is_not_known_stands_at_the_mean():
    found = standardised(np.array([[1.0, 7.0, np.nan], [np.nan, 7.0, np.nan], [3.0, 7.0, np.nan]]))

    assert found.tolist() == [[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]


# --- What viewers gave of themselves ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "country", "gender", "expected"),
    [
        (1994, "DE", "", "1990s-de"),
        (1990, "de", "Woman", "1990s-de-woman"),
        (2000, "", "", "2000s"),
        (1999, "", "non-binary", "1990s-any-non_binary"),
        (None, "TG", "", "any-tg"),
        (None, "", "tg", "any-any-tg"),
        (None, "", " Ærlig  Talt ", "any-any-ærlig_talt"),
        (None, "", "", None),
        (None, " ", "--", None),
    ],
)
def test_a_demographic_group_is_named_after_what_was_given_and_nothing_else(born, country, gender, expected):
    assert demographic_label(birth_year=born, country=country, gender=gender) == expected
