"""The item-item model against a case worked by hand, its definition, and a matrix whose answer is known."""

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.collaborative import fit, history_weights, liking

KNOTS = (np.array([0.0, 0.11, 0.33, 0.8, 1.0]), np.array([0.0, 0.3, 0.5, 1.0, 1.2]))


def by_definition(x: np.ndarray, ridge: float) -> np.ndarray:
    p = np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return b


def test_two_titles_by_hand() -> None:
    """X'X = [[2, 1], [1, 1]], plus 1 on the diagonal: P = [[2, -1], [-1, 3]] / 5, so B = [[0, 1/3], [1/2, 0]]."""
    x = sparse.csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0]]))

    np.testing.assert_allclose(fit(x, 1.0), [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)


@pytest.mark.parametrize(("n_viewers", "n_titles"), [(30, 12), (12, 30)])
def test_both_ways_of_computing_agree_with_the_definition(n_viewers: int, n_titles: int) -> None:
    x = sparse.random(n_viewers, n_titles, 0.3, random_state=7, format="csr")

    np.testing.assert_allclose(fit(x, 5.0), by_definition(x.toarray(), 5.0), atol=1e-6)


def test_a_checkerboard_finds_its_own_colour() -> None:
    """Even viewers watch even titles, odd ones odd titles: no weight crosses, and every weight within is positive."""
    x = np.array([[float((u + i) % 2 == 0) for i in range(8)] for u in range(10)])

    b = fit(sparse.csr_matrix(x), 1.0)

    same = np.add.outer(np.arange(8), np.arange(8)) % 2 == 0
    np.fill_diagonal(same, False)
    assert (b[same] > 0).all()
    assert np.abs(b[~same]).max() < 1e-6


def test_popular_titles_are_held_back_by_the_exponent() -> None:
    x = sparse.csr_matrix(np.array([[1.0, 1, 1], [1, 1, 0], [1, 0, 1], [1, 0, 0]]))

    plain, held = fit(x, 1.0), fit(x, 1.0, popularity_exponent=0.5)

    np.testing.assert_allclose(held[:, 0], plain[:, 0] / np.sqrt(5), rtol=1e-6)


def test_edges() -> None:
    assert fit(sparse.csr_matrix((3, 0)), 1.0).shape == (0, 0)
    assert fit(sparse.csr_matrix((3, 2)), 1.0).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="got 0"):
        fit(sparse.csr_matrix((1, 1)), 0.0)


def test_liking_reads_ratings_off_the_curve() -> None:
    """Four stars: complete (e .778, w 2) and like (e 1, w 3) say .822 on average."""
    complete, like = 2 * (2 * (3.5 / 4.5) - 1), 3.0

    liked = liking(np.array([complete + like, -3.0, 0.0]), np.array([5.0, 5.0, 0.0]), KNOTS)

    assert liked[0] == pytest.approx(1.0 + 0.2 * ((complete + like) / 5 - 0.8) / 0.2)
    assert liked[1:].tolist() == [0.0, 0.0]


def test_little_evidence_counts_in_proportion() -> None:
    assert liking(np.array([0.25]), np.array([0.25]), KNOTS)[0] == pytest.approx(0.25 * 1.2)


def test_history_fades_by_steps_back_over_what_was_liked() -> None:
    weights = history_weights(
        np.array([1.0, 0.3, 1.2, 1.0]), np.array([1.0, 2.0, 3.0, 4.0]), threshold=0.8, exponent=0.5
    )

    np.testing.assert_allclose(weights, [3**-0.5, 0.0, 1.2 * 2**-0.5, 1.0])


def test_a_viewer_who_liked_nothing_clearly_is_scored_by_what_there_is() -> None:
    weights = history_weights(np.array([0.3, 0.0]), np.array([1.0, 2.0]), threshold=0.8, exponent=0.5)

    np.testing.assert_allclose(weights, [0.3, 0.0])
