"""Every title's nearest titles, three ways, each against its slow and obvious twin."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recommendations.engine.similarity import (
    Neighbours,
    nearest_by_cosine,
    nearest_by_jaccard,
    nearest_by_viewers,
    unit_rows,
)


def as_lists(found: Neighbours) -> dict[int, list[tuple[int, float]]]:
    lists: dict[int, list[tuple[int, float]]] = {}
    for row, column, score in zip(found.rows.tolist(), found.columns.tolist(), found.scores.tolist(), strict=True):
        lists.setdefault(row, []).append((column, round(score, 5)))
    return lists


def agrees_with_slow_twin(found, score, n, k, min_score) -> None:
    """The k best of each row, by sorting everything; scores that differ by rounding alone may change places."""
    for a in range(n):
        best = sorted((round(score(a, b), 6) for b in range(n) if b != a), reverse=True)[:k]
        near = found.get(a, [])
        assert [s for _, s in near] == pytest.approx([s for s in best if s >= min_score and s > 0], abs=2e-5)
        for b, s in near:
            assert s == pytest.approx(score(a, b), abs=2e-5)
        assert len({b for b, _ in near} - {a}) == len(near)


def jaccard(x, k=2, min_score=0.0, block_rows=2):
    return as_lists(nearest_by_jaccard(sparse.csr_matrix(x), k, min_score=min_score, block_rows=block_rows))


def cosine(x, k=2, min_score=0.0, block_rows=2):
    return as_lists(nearest_by_cosine(np.asarray(x, np.float32), k, min_score=min_score, block_rows=block_rows))


def viewers(x, k=2, shrinkage=0.0, min_viewers=1, min_score=0.0, block_rows=2):
    found = nearest_by_viewers(
        sparse.csr_matrix(np.asarray(x, np.float32)),
        k,
        shrinkage=shrinkage,
        min_viewers=min_viewers,
        min_score=min_score,
        block_rows=block_rows,
    )
    return as_lists(found)


def test_jaccard_by_hand():
    # min / max: (0.5 + 0) / (1 + 1) between the first two; the third shares nothing.
    assert jaccard([[1.0, 1.0, 0], [0.5, 0, 0], [0, 0, 2.0]]) == {0: [(1, 0.25)], 1: [(0, 0.25)]}


def test_jaccard_counts_what_only_one_has_where_the_cosine_hardly_does():
    western, musical = [1.0, 0.0], [1.0, 0.2]

    assert jaccard([western, musical], k=1)[0][0][1] == pytest.approx(1 / 1.2, abs=1e-5)
    assert cosine([western, musical], k=1)[0][0][1] == pytest.approx(1 / math.hypot(1, 0.2), abs=1e-5)


def test_jaccard_of_twins_is_one_and_ties_keep_row_order():
    assert jaccard(np.ones((4, 3)), k=2) == {
        0: [(1, 1.0), (2, 1.0)],
        1: [(0, 1.0), (2, 1.0)],
        2: [(0, 1.0), (1, 1.0)],
        3: [(0, 1.0), (1, 1.0)],
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 5), st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_jaccard_agrees_with_its_slow_twin(n, width, k, block_rows, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (n, width)) * (rng.random((n, width)) < 0.5) / 4.0

    def score(a, b):
        most = np.maximum(x[a], x[b]).sum()
        return np.minimum(x[a], x[b]).sum() / most if most else 0.0

    agrees_with_slow_twin(jaccard(x, k=k, min_score=0.1, block_rows=block_rows), score, n, k, 0.1)


def test_jaccard_refuses_negative_strengths():
    with pytest.raises(ValueError, match=r"-1\.0"):
        jaccard([[1.0, -1.0]])


def test_cosine_by_hand():
    assert cosine([[1.0, 0], [1, 1], [0, 2]], k=2) == {
        0: [(1, 0.70711)],
        1: [(0, 0.70711), (2, 0.70711)],
        2: [(1, 0.70711)],
    }


def test_a_row_of_zeros_is_near_nothing():
    assert cosine([[1.0, 0], [0, 0], [1, 0]]) == {0: [(2, 1.0)], 2: [(0, 1.0)]}


def test_opposites_are_no_neighbours():
    assert cosine([[1.0], [-1.0]]) == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_cosine_agrees_with_its_slow_twin(n, width, k, block_rows, seed):
    # Few different numbers, so that there are ties at the edge of k.
    x = np.random.default_rng(seed).integers(-1, 2, (n, width)).astype(np.float64)

    def score(a, b):
        lengths = np.linalg.norm(x[a]) * np.linalg.norm(x[b])
        return x[a] @ x[b] / lengths if lengths else 0.0

    agrees_with_slow_twin(cosine(x, k=k, min_score=0.3, block_rows=block_rows), score, n, k, 0.3)


def test_cosine_refuses_what_is_no_table():
    with pytest.raises(ValueError, match=r"\(3,\)"):
        cosine([1.0, 2, 3])
    with pytest.raises(ValueError, match="finite"):
        cosine([[1.0], [np.inf]])


def test_viewers_by_hand():
    # Titles 0 and 1 share two viewers, 0 and 2 one; cos(0, 1) = 2 / (sqrt 3 sqrt 2), believed 2 / (2 + 2).
    seen = [[1.0, 1, 0], [1, 1, 0], [1, 0, 1]]

    assert viewers(seen, shrinkage=2.0, min_viewers=2) == {
        0: [(1, round(2 / math.sqrt(6) / 2, 5))],
        1: [(0, round(2 / math.sqrt(6) / 2, 5))],
    }


def test_one_shared_viewer_is_believed_less_than_many():
    few, many = np.ones((1, 2)), np.ones((90, 2))

    assert viewers(few, shrinkage=10)[0][0][1] == pytest.approx(1 / 11, abs=1e-5)
    assert viewers(many, shrinkage=10)[0][0][1] == pytest.approx(0.9, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(1, 7), st.integers(1, 5), st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_viewers_agree_with_their_slow_twin(n_viewers, n, k, block_rows, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 4, (n_viewers, n)) * (rng.random((n_viewers, n)) < 0.5) * 1.0

    def score(a, b):
        both = int(((x[:, a] > 0) & (x[:, b] > 0)).sum())
        lengths = np.linalg.norm(x[:, a]) * np.linalg.norm(x[:, b])
        return x[:, a] @ x[:, b] / lengths * both / (both + 3.0) if lengths and both >= 2 else 0.0

    found = viewers(x, k=k, shrinkage=3.0, min_viewers=2, min_score=0.1, block_rows=block_rows)
    agrees_with_slow_twin(found, score, n, k, 0.1)


def test_a_negative_shrinkage_is_refused():
    with pytest.raises(ValueError, match="-1"):
        viewers([[1.0]], shrinkage=-1)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 0), (1, 3)])
def test_none_or_one_has_no_neighbours(shape):
    assert jaccard(np.ones(shape)) == {}
    assert viewers(np.ones(shape[::-1])) == {}
    assert cosine(np.ones(shape)) == {}


@pytest.mark.parametrize(("k", "block_rows"), [(0, 1), (1, 0)])
def test_k_and_blocks_of_nothing_are_refused(k, block_rows):
    for nearest in (jaccard, cosine, viewers):
        with pytest.raises(ValueError, match=f"{k} and {block_rows}"):
            nearest(np.ones((2, 2)), k=k, block_rows=block_rows)


def test_progress_adds_up_to_all_titles():
    told: list[int] = []

    nearest_by_cosine(np.ones((7, 2), np.float32), 1, min_score=0.0, block_rows=3, advance=told.append)

    assert told == [3, 3, 1]


def test_unit_rows_have_length_one_whatever_the_scale():
    x = np.array([[3e-20, 4e-20], [3e18, 4e18], [0.0, 0.0]], dtype=np.float32)

    assert unit_rows(x) == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8], [0, 0]]))
