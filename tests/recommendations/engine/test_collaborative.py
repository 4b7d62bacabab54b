"""The item-item model against a case worked by hand, its definition, and a matrix whose answer is known."""

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.collaborative import ItemModel, blend, fit


def by_definition(x: np.ndarray, ridge: float) -> np.ndarray:
    p = np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return b


def test_two_titles_by_hand() -> None:
    """X'X = [[2, 1], [1, 1]], plus 1 on the diagonal: P = [[2, -1], [-1, 3]] / 5, so B = [[0, 1/3], [1/2, 0]]."""
    x = sparse.csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0]]))

    np.testing.assert_allclose(fit(x, 1.0).weights, [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)


@pytest.mark.parametrize(("n_viewers", "n_titles"), [(30, 12), (12, 30), (40, 700), (700, 600)])
def test_both_ways_of_computing_agree_with_the_definition(n_viewers: int, n_titles: int) -> None:
    x = sparse.random(n_viewers, n_titles, 0.3, random_state=7, format="csr")

    np.testing.assert_allclose(fit(x, 5.0).weights, by_definition(x.toarray(), 5.0), atol=1e-5)


def test_a_checkerboard_finds_its_own_colour() -> None:
    """Even viewers watch even titles, odd ones odd titles: no weight crosses, and every weight within is positive."""
    x = np.array([[float((u + i) % 2 == 0) for i in range(8)] for u in range(10)])

    b = fit(sparse.csr_matrix(x), 1.0).weights

    same = np.add.outer(np.arange(8), np.arange(8)) % 2 == 0
    np.fill_diagonal(same, False)
    assert (b[same] > 0).all()
    assert np.abs(b[~same]).max() < 1e-6


def test_edges() -> None:
    assert fit(sparse.csr_matrix((3, 0)), 1.0).weights.shape == (0, 0)
    assert fit(sparse.csr_matrix((3, 2)), 1.0).weights.tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="got 0"):
        fit(sparse.csr_matrix((1, 1)), 0.0)
    with pytest.raises(ValueError, match="not finite"):
        fit(sparse.csr_matrix([[np.nan]]), 1.0)


def test_one_trait_by_hand() -> None:
    """
    One viewer of two titles that share a trait: with both rows X'X + I = [[3, 2], [2, 3]], P = [[3, -2], [-2, 3]] / 5.

    So B = [[0, 2/3], [2/3, 0]]; a third title with that trait alone is brought by P [1, 1] = [1/5, 1/5].
    """
    found = fit(sparse.csr_matrix([[1.0, 1.0]]), 1.0, traits=sparse.csr_matrix([[1.0], [1.0]]))

    np.testing.assert_allclose(found.weights, [[0, 2 / 3], [2 / 3, 0]], rtol=1e-6)
    np.testing.assert_allclose(found.bridge, [[0.2], [0.2]], rtol=1e-6)


@pytest.mark.parametrize("n_viewers", [60, 4])
def test_the_bridge_gives_what_the_whole_model_gives_a_title_nobody_has_watched(n_viewers: int) -> None:
    """The slow twin: the same titles and one more without a viewer, fitted together by the definition."""
    rng = np.random.default_rng(5)
    x = (rng.random((n_viewers, 20)) < 0.3).astype(float)
    traits = rng.random((21, 6)) * (rng.random((21, 6)) < 0.5)

    found = fit(sparse.csr_matrix(x), 3.0, traits=sparse.csr_matrix(traits[:20]))

    whole = by_definition(np.vstack([np.hstack([x, np.zeros((n_viewers, 1))]), traits.T]), 3.0)
    np.testing.assert_allclose(found.bridge @ traits[20], whole[:20, 20], atol=1e-5)


def test_the_second_model_is_added_in_units_of_spread() -> None:
    """One history of title 0: scores (0, 2, 0) spread by sqrt(8)/3, those of the second (0, 0, 4) by twice that."""
    model = ItemModel(np.zeros((3, 3), np.float32), np.full((3, 1), 8**0.5, np.float32))
    model.weights[0, 1] = 2.0
    second = np.zeros((2, 2), np.float32)
    second[0, 1] = 4.0

    found = blend(model, second, np.array([0, 2]), 0.5, sparse.csr_matrix([[1.0, 0, 0]], dtype=np.float32))

    unit = 8**0.5 / 3
    # Over titles 0 and 2 alone the second's scores are 0 and 4, which spread by 2.
    np.testing.assert_allclose(found.weights[0], [0, 2 / unit, 0.5 * 4 / 2], rtol=1e-6)
    np.testing.assert_allclose(found.bridge, 3.0, rtol=1e-6)


def test_a_second_model_that_says_nothing_changes_nothing_but_the_unit() -> None:
    model = ItemModel(np.array([[0, 1], [1, 0]], np.float32), np.zeros((2, 0), np.float32))

    found = blend(
        model, np.zeros((2, 2), np.float32), np.array([0, 1]), 0.5, sparse.csr_matrix((0, 2), dtype=np.float32)
    )

    assert found.weights.tolist() == [[0, 1], [1, 0]]
