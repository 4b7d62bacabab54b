"""Several tastes in one viewer: a few centroids of what they liked, since one mean blurs two tastes into none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def centroids(vectors: Vectors, weights: NDArray[np.floating], *, k: int, rounds: int) -> Vectors:
    """
    Return up to k unit centroids, (m, d), m <= k, the heaviest first.

    Spherical k-means (Dhillon & Modha, Machine Learning 42, 2001) from a farthest-first start, so no dice are rolled.

    vectors   (n, d) unit rows; rows of zeros and of weight 0 or less have no say.
    weights   (n,).

    With no vector that has a say the answer is (0, d).
    """
    usable = (weights > 0) & (np.abs(vectors).max(axis=1, initial=0) > 0)
    points, mass = vectors[usable], weights[usable].astype(np.float32)
    if len(points) == 0:
        return np.zeros((0, vectors.shape[1]), np.float32)
    centres = _farthest_first(points, mass, k)
    owner = np.argmax(points @ centres.T, axis=1)
    for _ in range(rounds):
        centres = _means(points, mass, owner, centres)
        moved = np.argmax(points @ centres.T, axis=1)
        if np.array_equal(moved, owner):
            break
        owner = moved
    held = np.bincount(owner, weights=mass, minlength=len(centres))
    order = np.argsort(-held, kind="stable")
    return centres[order[held[order] > 0]]


def _farthest_first(points: Vectors, mass: NDArray[np.float32], k: int) -> Vectors:
    chosen = [int(np.argmax(mass))]
    nearest = points @ points[chosen[0]]
    while len(chosen) < min(k, len(points)):
        apart = (1.0 - nearest) * mass
        row = int(np.argmax(apart))
        if apart[row] <= 1e-6:
            break
        chosen.append(row)
        nearest = np.maximum(nearest, points @ points[row])
    return points[chosen].copy()


def _means(points: Vectors, mass: NDArray[np.float32], owner: NDArray[np.int64], centres: Vectors) -> Vectors:
    member = (owner[None, :] == np.arange(len(centres))[:, None]) * mass[None, :]
    sums = member @ points
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(norms > 1e-12, sums / np.maximum(norms, 1e-12), centres).astype(np.float32)
