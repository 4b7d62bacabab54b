"""Two tastes are two centroids."""

import numpy as np

from recommendations.engine.centroids import centroids


def test_two_tastes_are_not_blurred_into_one() -> None:
    east, north = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    vectors = np.array([east, east, east, north, north], dtype=np.float32)

    found = centroids(vectors, np.ones(5), k=3, rounds=8)

    np.testing.assert_allclose(found, [east, north], atol=1e-6)


def test_the_heaviest_comes_first_and_weights_pull() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)

    found = centroids(vectors, np.array([1.0, 5.0]), k=1, rounds=8)

    np.testing.assert_allclose(found, [np.array([1.0, 5.0]) / np.sqrt(26)], rtol=1e-6)


def test_what_was_not_liked_has_no_say() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=np.float32)

    assert centroids(vectors, np.array([1.0, -1.0, 3.0]), k=3, rounds=8).tolist() == [[1.0, 0.0]]
    assert centroids(vectors, np.zeros(3), k=3, rounds=8).shape == (0, 2)


def test_the_same_input_gives_the_same_centroids() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    first, second = (centroids(vectors, np.ones(40), k=3, rounds=8) for _ in range(2))

    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1.0, rtol=1e-5)
