"""What titles are like, by hand."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from recommendations.engine.config import Traits
from recommendations.engine.features import TYPE_CODES
from recommendations.engine.traits import likeness, traits

TYPES = np.array([TYPE_CODES["genre"], TYPE_CODES["cast"], TYPE_CODES["cast"]], np.int8)
NONE = np.full(3, np.nan)


def test_shared_features_count_by_type() -> None:
    strengths = sparse.csr_matrix(np.array([[1.0, 0.6, 0.8], [1.0, 1.0, 0], [0, 0, 0]]))

    found = traits(strengths, TYPES, NONE, replace(Traits(), min_titles=2, genre=3.0, cast=5.0, period=0.0))

    # The third feature is one title's own, and is left out.
    np.testing.assert_allclose(found.toarray(), [[3, 5 * 0.6], [3, 5], [0, 0]], rtol=1e-6)


def test_titles_of_five_years_share_a_period() -> None:
    years = np.array([1990.0, 1994, 1995])

    found = traits(sparse.csr_matrix((3, 3)), TYPES, years, replace(Traits(), period=0.5))

    np.testing.assert_allclose(found.toarray(), [[0.5, 0], [0.5, 0], [0, 0.5]])


def test_only_the_most_shared_are_kept() -> None:
    strengths = sparse.csr_matrix(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))

    found = traits(strengths, TYPES, NONE, replace(Traits(), min_titles=2, kept=1, cast=2.0, period=0.0))

    assert found.toarray().tolist() == [[2], [2], [2]]


def test_likeness_is_a_weighed_cosine() -> None:
    strengths = sparse.csr_matrix(np.array([[1.0, 0.6, 0.8], [1.0, 1.0, 0], [0, 0, 0]]))

    found = likeness(strengths, TYPES, replace(Traits(), genre=1.0, cast=2.0)).toarray()

    first, second = np.array([1.0, 1.2, 1.6]), np.array([1.0, 2.0, 0])
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    np.testing.assert_allclose(found @ found.T, [[1, cosine, 0], [cosine, 1, 0], [0, 0, 0]], atol=1e-6)
