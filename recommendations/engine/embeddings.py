"""Vectors from facts: a catalogue's features projected to a few dimensions, and joined with those of its texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recommendations.engine.config import DEFAULT, Embeddings
from recommendations.engine.similarity import unit_rows


def project(strengths: sparse.csr_matrix, config: Embeddings = DEFAULT.embeddings) -> NDArray[np.float32]:
    """
    Return each title's features as a short vector: the truncated singular value decomposition, U S, at length 1.

    Latent semantic analysis (Deerwester et al., JASIS 1990), computed by the randomised method of Halko,
    Martinsson & Tropp (SIAM Review 2011, algorithms 4.4 and 5.1). Each singular vector's sign is such that its
    strongest feature is positive (the first of equals), so that a rerun gives the same vectors.

    strengths   (n_titles, n_features), finite
    config      metadata_width dimensions; where the matrix has fewer the rest are zeros

    Returns (n_titles, metadata_width) float32; a title without features is a row of zeros.

    Raises ValueError for a matrix that is not finite.
    """
    if not np.isfinite(strengths.data).all():
        raise ValueError("strengths must be finite")
    n_titles, n_features = strengths.shape
    vectors = np.zeros((n_titles, config.metadata_width), dtype=np.float32)
    rank = min(config.metadata_width, n_titles, n_features)
    if rank == 0 or strengths.nnz == 0:
        return vectors
    # One thread: these are tall, thin products, and two threads that wait for each other on busy cores take ten times
    # as long. It also makes the sums the same from run to run.
    with threadpool_limits(1, user_api="blas"):
        left, values, right = _truncated_svd(strengths.astype(np.float64).tocsr(), rank, config)
    strongest = np.argmax(np.round(np.abs(right), 9), axis=1)
    signs = np.where(right[np.arange(rank), strongest] < 0, -1.0, 1.0)
    significant = values > values[0] * 1e-9
    vectors[:, :rank] = unit_rows(left * (values * signs * significant))
    # What is left of a row of zeros after rounding is no direction.
    vectors[np.diff(strengths.indptr) == 0] = 0.0
    return vectors


def _truncated_svd(
    matrix: sparse.csr_matrix, rank: int, config: Embeddings
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the rank largest singular triplets: left (n, rank), values (rank,), right (rank, m)."""
    n_columns = min(rank + config.metadata_oversampling, *matrix.shape)
    test = np.random.default_rng(config.metadata_seed).standard_normal((matrix.shape[1], n_columns))
    basis = _orthonormal(matrix @ test)
    for _ in range(config.metadata_rounds):
        basis = _orthonormal(matrix @ (matrix.T @ basis))
    # The Gram matrix of the small factor gives the same triplets as its decomposition, many times faster.
    small = (matrix.T @ basis).T
    squares, rotation = linalg.eigh(small @ small.T)
    order = np.argsort(-squares, kind="stable")[:rank]
    values = np.sqrt(np.maximum(squares[order], 0.0))
    rotation = rotation[:, order]
    right = np.divide(
        rotation.T @ small, values[:, None], where=values[:, None] > 0, out=np.zeros((rank, matrix.shape[1]))
    )
    return basis @ rotation, values, right


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(linalg.qr(columns, mode="economic", check_finite=False)[0])


def join(
    text: NDArray[np.float32], metadata: NDArray[np.float32], *, metadata_share: float, width: int
) -> NDArray[np.float32]:
    """
    Return the hybrid vectors: [sqrt(1 - share) text, sqrt(share) metadata], each part at length 1, back to front.

    The cosine of two of them is then (1 - share) cos(text) + share cos(metadata). Back to front, because all kinds
    share one vector index: so a hybrid is no closer to the title's own text vector than to any other, and a search
    through one kind is not led astray into another (measured: its worst recall@50 was 0). Where the two parts are wider
    than the column, the text's last dimensions go: models of the Matryoshka kind (text-embedding-3 is one; Kusupati
    et al., NeurIPS 2022) put the most telling ones first.

    text, metadata   (n_titles, d_text) and (n_titles, d_metadata); a row of zeros has no say
    width            the widest a hybrid vector may be

    Returns (n_titles, min(d_text + d_metadata, width)), rows of length 1 (or 0 where neither has a say).

    Raises ValueError where the numbers of titles differ or the metadata alone is too wide.
    """
    if len(text) != len(metadata):
        raise ValueError(f"text has {len(text)} titles, metadata {len(metadata)}")
    if metadata.shape[1] >= width:
        raise ValueError(f"metadata must be narrower than {width}, got {metadata.shape[1]}")
    text = text[:, : width - metadata.shape[1]]
    parts = (np.sqrt(1.0 - metadata_share) * unit_rows(text), np.sqrt(metadata_share) * unit_rows(metadata))
    return unit_rows(np.concatenate(parts, axis=1)[:, ::-1])
