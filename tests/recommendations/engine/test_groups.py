"""Several viewers' opinions in one order."""

import numpy as np
import pytest

from recommendations.engine.groups import shared_scores, to_own_scale


def test_a_group_by_hand() -> None:
    members = np.array([[1.0, 0.6, 0.0], [0.0, 0.6, 0.5]])

    assert shared_scores(members, misery=0.0).tolist() == pytest.approx([0.5, 0.6, 0.25])
    assert shared_scores(members, misery=1.0).tolist() == pytest.approx([0.0, 0.6, 0.0])
    assert shared_scores(members, misery=0.5).tolist() == pytest.approx([0.25, 0.6, 0.125])


def test_one_alone_decides_alone() -> None:
    assert shared_scores(np.array([[0.2, 0.9]]), misery=0.5).tolist() == pytest.approx([0.2, 0.9])


def test_what_everybody_likes_as_much_is_worth_just_that(rng) -> None:
    score = rng.uniform(size=7)

    np.testing.assert_allclose(shared_scores(np.tile(score, (4, 1)), misery=0.3), score)


def test_scores_are_shares_of_each_ones_own_best() -> None:
    relevance = np.array([[2.0, 1.0, 4.0], [-1.0, -0.5, 9.0]])
    allowed = np.array([True, True, False])

    assert to_own_scale(relevance, allowed).tolist() == [[1.0, 0.5, 1.0], [0.0, 0.0, 0.0]]
    assert to_own_scale(relevance, np.zeros(3, bool)).tolist() == [[0.0] * 3] * 2


def test_what_can_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"misery must be in \[0, 1\], got 2"):
        shared_scores(np.ones((1, 1)), misery=2)
    with pytest.raises(ValueError, match="must have members"):
        shared_scores(np.zeros((0, 3)), misery=0.5)
