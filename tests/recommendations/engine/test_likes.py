"""Likes off the curve, histories that fade, and the small ways of choosing among them."""

import numpy as np
import pytest

from recommendations.engine.likes import Likes, history_weights, liking, most_liked, only_titles, queries, steps

KNOTS = (np.array([0.0, 0.11, 0.33, 0.8, 1.0]), np.array([0.0, 0.3, 0.5, 1.0, 1.2]))


def likes(*entries: tuple[int, int, float, float]) -> Likes:
    user, row, liked, day = (np.array(column) for column in zip(*entries, strict=True))
    return Likes(user, row, liked.astype(float), day.astype(float))


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


def test_what_was_done_at_one_moment_counts_the_same_in_any_order() -> None:
    """Two latest at once share the step (0 + 1) / 2, the oldest is 2 steps back."""
    weights = history_weights(np.ones(3), np.array([5.0, 1.0, 5.0]), threshold=0.8, exponent=1.0)

    np.testing.assert_allclose(weights, [1 / 1.5, 1 / 3, 1 / 1.5])


def test_steps_agree_with_counting_one_by_one() -> None:
    day = np.random.default_rng(3).integers(0, 6, 40).astype(float)

    slow = [np.sum(day < d) + (np.sum(day == d) - 1) / 2 for d in day]

    np.testing.assert_allclose(steps(day), slow)
    assert steps(np.zeros(0)).tolist() == []


def test_the_most_liked_are_chosen_by_viewers_and_kept_in_order_of_rows() -> None:
    held = likes((0, 3, 1.0, 0), (0, 4, 0.0, 0), (1, 3, 0.3, 0), (1, 5, 1.0, 0), (2, 1, 1.0, 0), (2, 5, 1.0, 0))

    assert most_liked(held, 7, 2).tolist() == [3, 5]
    assert most_liked(held, 7, 9).tolist() == [1, 3, 5]


def test_only_titles_keeps_what_was_liked_of_them_by_their_place() -> None:
    held = likes((0, 3, 1.0, 7), (0, 4, 0.0, 7), (1, 1, 1.0, 8), (1, 9, 1.0, 9))

    found = only_titles(held, np.array([3, 4, 9]))

    assert (found.user.tolist(), found.row.tolist(), found.day.tolist()) == ([0, 1], [0, 2], [7.0, 9.0])


def test_queries_are_faded_histories() -> None:
    held = likes((0, 0, 1.0, 1), (0, 2, 1.0, 2), (2, 1, 0.3, 1))

    found = queries(held, n_titles=3, threshold=0.8, exponent=1.0)

    np.testing.assert_allclose(found.toarray(), [[0.5, 0, 1], [0, 0, 0], [0, 0.3, 0]], rtol=1e-6)
