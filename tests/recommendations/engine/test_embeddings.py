"""Features projected to vectors, and vectors joined."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.config import DEFAULT
from recommendations.engine.embeddings import join, project

NARROW = dataclasses.replace(DEFAULT.embeddings, metadata_width=16)


def test_a_projection_of_full_rank_keeps_every_cosine(rng):
    x = sparse.random(40, 12, density=0.4, random_state=rng, format="csr")
    vectors = project(x, NARROW)

    lengths = np.linalg.norm(x.toarray(), axis=1, keepdims=True)
    unit = np.divide(x.toarray(), lengths, out=np.zeros(x.shape), where=lengths > 0)
    assert vectors.shape == (40, 16)
    assert vectors @ vectors.T == pytest.approx(unit @ unit.T, abs=1e-5)


def test_a_projection_agrees_with_the_whole_decomposition(rng):
    # Clear gaps between the singular values, as real catalogues have among the first.
    left, right = np.linalg.qr(rng.normal(size=(60, 50)))[0], np.linalg.qr(rng.normal(size=(80, 50)))[0]
    x = (left * 0.8 ** np.arange(50)) @ right.T
    vectors = project(sparse.csr_matrix(x), NARROW)

    u, s, vt = np.linalg.svd(x, full_matrices=False)
    expected = (u * s)[:, :16]
    strongest = np.abs(vt[:16]).argmax(axis=1)
    expected *= np.sign(vt[np.arange(16), strongest])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert vectors == pytest.approx(expected, abs=1e-4)


def test_a_rerun_gives_the_same_bits(rng):
    x = sparse.random(200, 90, density=0.05, random_state=rng, format="csr")

    assert np.array_equal(project(x, NARROW), project(x.copy(), NARROW))


def test_titles_with_the_same_features_get_the_same_vector():
    x = sparse.csr_matrix(np.array([[1.0, 2, 0, 0], [2, 4, 0, 0], [0, 0, 3, 1]]))
    vectors = project(x, NARROW)

    assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)
    assert vectors[0] @ vectors[2] == pytest.approx(0.0, abs=1e-6)


def test_a_title_without_features_has_no_direction():
    vectors = project(sparse.csr_matrix(np.array([[1.0, 0], [0, 0], [1, 1]])), NARROW)

    assert not vectors[1].any()
    assert np.linalg.norm(vectors[[0, 2]], axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 4), (3, 4)])
def test_nothing_projects_to_zeros(shape):
    assert not project(sparse.csr_matrix(shape), NARROW).any()
    assert project(sparse.csr_matrix(shape), NARROW).shape == (shape[0], 16)


def test_one_title_with_one_feature_points_somewhere():
    vectors = project(sparse.csr_matrix(np.array([[0.3]])), NARROW)

    assert vectors[0, 0] == pytest.approx(1.0)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        project(sparse.csr_matrix(np.array([[np.nan]])), NARROW)


def test_the_cosine_of_hybrids_is_the_weighted_mean_of_the_parts(rng):
    text, facts = rng.normal(size=(6, 5)), rng.normal(size=(6, 3))

    def cosines(x):
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        return unit @ unit.T

    joined = join(text.astype(np.float32), facts.astype(np.float32), metadata_share=0.3, width=20)

    assert joined.shape == (6, 8)
    assert joined @ joined.T == pytest.approx(0.7 * cosines(text) + 0.3 * cosines(facts), abs=1e-6)


def test_a_hybrid_is_no_closer_to_its_own_text_than_to_others(rng):
    # All kinds share one index: a search through the texts must not be led into the hybrids.
    text = rng.normal(size=(40, 64)).astype(np.float32)
    joined = join(text, rng.normal(size=(40, 32)).astype(np.float32), metadata_share=0.5, width=1536)

    own = np.einsum("ij,ij->i", text / np.linalg.norm(text, axis=1, keepdims=True), joined[:, :64])

    assert np.abs(own).mean() < 0.2


def test_a_part_that_is_missing_has_no_say():
    text, facts = np.array([[3.0, 4.0], [0, 0], [0, 0]]), np.array([[0.0], [2.0], [0.0]])

    joined = join(text.astype(np.float32), facts.astype(np.float32), metadata_share=0.5, width=8)

    assert joined == pytest.approx(np.array([[0, 0.8, 0.6], [1, 0, 0], [0, 0, 0]]))


def test_text_that_is_too_wide_loses_its_last_dimensions():
    text, facts = np.array([[3.0, 4.0, 99.0]]), np.array([[1.0, 0.0]])

    joined = join(text.astype(np.float32), facts.astype(np.float32), metadata_share=0.5, width=4)

    half = np.sqrt(0.5)
    assert joined == pytest.approx(np.array([[0, half, half * 0.8, half * 0.6]]))


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 titles, metadata 1"):
        join(np.zeros((2, 3), np.float32), np.zeros((1, 3), np.float32), metadata_share=0.5, width=8)
    with pytest.raises(ValueError, match="narrower than 3"):
        join(np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32), metadata_share=0.5, width=3)
