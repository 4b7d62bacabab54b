"""Several rankings -> one, by where things stand in them and not by scores that can not be compared."""

from __future__ import annotations

from collections.abc import Sequence


def fused(ways: Sequence[tuple[float, Sequence[int]]], *, k: float) -> list[tuple[int, float]]:
    """
    Return (id, score) best first, equals by id: score = sum over the rankings of weight / (k + rank).

    Source: Cormack, Clarke & Buettcher, Reciprocal Rank Fusion (SIGIR 2009), with a weight a ranking.

    ways   (weight, ids best first) each; an id that stands in none is left out, as is one of a ranking without weight
    k      in ranks, above 0: the larger, the less the first places differ

    Raises ValueError for a k or a weight that can not be.
    """
    if k <= 0:
        raise ValueError(f"k must be above 0, got {k}")
    scores: dict[int, float] = {}
    for weight, ids in ways:
        if weight < 0:
            raise ValueError(f"a weight must be 0 or more, got {weight}")
        if weight > 0:
            for rank, key in enumerate(ids, start=1):
                scores[key] = scores.get(key, 0.0) + weight / (k + rank)
    # Rounded, so that a cursor that went out and came back finds its place whatever the order of adding.
    rounded = ((key, round(score, 12)) for key, score in scores.items())
    return sorted(rounded, key=lambda pair: (-pair[1], pair[0]))
