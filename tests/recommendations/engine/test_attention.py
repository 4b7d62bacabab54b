"""How far viewers get: the share of others that got less far, in titles of similar length."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.attention import curves, debiased, length_bins
from recommendations.engine.config import Attention

SMALL = Attention(similar=30.0, bins=3, steps=4, plays=4)
NAN = np.nan


def test_titles_of_similar_length_share_a_bin() -> None:
    found = length_bins(np.array([NAN, 0, 1, 29.9, 30, 89, 500]), SMALL)

    assert found.tolist() == [-1, -1, 0, 0, 1, 2, 2]


def test_a_hand_worked_curve() -> None:
    # Of four short plays one got to .2, one to .5, two to the end; of one long play nothing can be said.
    shares = curves(np.array([20.0, 20, 20, 20, 80]), np.array([0.5, 1, 0.2, 1, 0.9]), SMALL)

    np.testing.assert_allclose(shares[0], [0, 0.25, 0.25, 0.5, 0.5])
    assert np.isnan(shares[1:]).all()
    found = debiased(np.array([0.25, 0.375, 1, NAN, 0.3, 0.3]), np.array([20.0, 20, 20, 20, 80, NAN]), shares, SMALL)
    np.testing.assert_allclose(found, [0.25, 0.25, 0.5, NAN, 0.3, 0.3])


def test_whole_numbers_are_not_cut_to_whole_shares() -> None:
    shares = curves(np.array([20.0, 20, 20, 20]), np.array([0.0, 0, 0, 1]), SMALL)

    assert debiased(np.array([1]), np.array([20.0]), shares, SMALL).tolist() == [0.75]


@given(
    st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1)), min_size=1, max_size=60),
    st.lists(st.tuples(st.floats(1, 100), st.sampled_from([0, 0.25, 0.5, 0.75, 1])), min_size=1, max_size=10),
)
def test_at_the_steps_it_is_what_counting_gives(
    plays: list[tuple[float, float]], asked: list[tuple[float, float]]
) -> None:
    minutes, progress = np.array(plays).T
    shares = curves(minutes, progress, SMALL)

    found = debiased(np.array([a[1] for a in asked]), np.array([a[0] for a in asked]), shares, SMALL)

    for (length, far), share in zip(asked, found, strict=True):
        others = [p for m, p in plays if min(m // 30, 2) == min(length // 30, 2)]
        expected = sum(p < far for p in others) / len(others) if len(others) >= 4 else far
        assert abs(share - expected) < 1e-12
