"""What comes after what: cuts by hand, the weights against their definition, and an order that is found again."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.config import Sequence
from recommendations.engine.likes import Likes
from recommendations.engine.sequence import cuts, fit


def chain(n_viewers: int, n: int, *, at_once: bool = False) -> Likes:
    """Everybody watches titles 0, 1, 2, ... in turn, one a day."""
    title = np.tile(np.arange(n), n_viewers)
    day = np.zeros(len(title)) if at_once else title.astype(float)
    return Likes(np.repeat(np.arange(n_viewers), n), title, np.ones(len(title)), day)


def test_one_cut_by_hand() -> None:
    """Five titles cut after the second: 1 was last, 0 a step before; 2 comes first, 3 a step after, 4 is too late."""
    one = replace(Sequence(), cuts=1, first_cut=0.4, horizon=2, future_exponent=1.0)

    before, after = cuts(chain(1, 5), n_titles=5, exponent=0.5, config=one)

    np.testing.assert_allclose(before.toarray(), [[2**-0.5, 1, 0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(after.toarray(), [[0, 0, 1, 0.5, 0]], rtol=1e-6)


def test_who_did_all_at_once_or_too_little_has_no_cuts() -> None:
    for held in (chain(3, 6, at_once=True), chain(3, 3)):
        before, after = cuts(held, n_titles=6, exponent=0.5, config=Sequence())
        assert before.shape == after.shape == (0, 6)
        assert not fit(before, after, 1.0).any()


def test_no_more_viewers_are_read_than_asked_for() -> None:
    few = replace(Sequence(), cuts=1, viewers=10)

    before, _ = cuts(chain(25, 5), n_titles=5, exponent=0.5, config=few)

    assert 8 <= before.shape[0] <= 10


def test_weights_agree_with_the_definition() -> None:
    rng = np.random.default_rng(11)
    before, after = (sparse.csr_matrix(rng.random((20, 8)) * (rng.random((20, 8)) < 0.4)) for _ in range(2))

    found = fit(before, after, 2.0)

    p, f = before.toarray(), after.toarray()
    slow = np.linalg.inv(p.T @ p + 2.0 * np.eye(8)) @ p.T @ f
    np.fill_diagonal(slow, 0)
    np.testing.assert_allclose(found, slow, atol=1e-5)


def test_what_follows_scores_above_what_went_before() -> None:
    before, after = cuts(chain(30, 8), n_titles=8, exponent=0.5, config=replace(Sequence(), horizon=1))

    found = fit(before, after, 1.0)

    assert found[3, 4] > 0.1
    assert found[3, 4] > found[4, 3] + 0.1


def test_a_ridge_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        fit(sparse.csr_matrix((1, 1)), sparse.csr_matrix((1, 1)), 0.0)
