"""Vocabulary (id <-> row) and the few array shapes all stages share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)


class Vocabulary(Generic[Key]):
    """
    Distinct ids in a fixed order; a row is an id's place in it.

    Raises ValueError where an id stands twice.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = list(keys)
        self._row = {key: row for row, key in enumerate(self._keys)}
        if len(self._row) != len(self._keys):
            raise ValueError(f"{len(self._keys) - len(self._row)} ids stand twice in the vocabulary")

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __getitem__(self, row: int) -> Key:
        return self._keys[row]

    def __contains__(self, key: object) -> bool:
        return key in self._row

    def row(self, key: Key) -> int:
        """Return the row of one id; KeyError where it is not there."""
        return self._row[key]

    def rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """Return the rows of ids, in their order; KeyError at the first that is not there."""
        return np.fromiter((self._row[key] for key in keys), dtype=np.int64, count=len(keys))

    def known_rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """Return the rows of ids, -1 where one is not there."""
        return np.fromiter((self._row.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))


def rows_in(sorted_ids: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each id stands in an ascending array of ids, -1 where it does not."""
    if len(sorted_ids) == 0:
        return np.full(len(ids), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(sorted_ids, ids), len(sorted_ids) - 1)
    return np.where(sorted_ids[places] == ids, places, -1).astype(np.int64)


def top_rows(scores: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """
    Return the rows of the k highest finite scores, best first; equal scores keep row order.

    scores   (n,); -inf and NaN are never returned, so the answer may be shorter than k.
    """
    usable = np.flatnonzero(np.isfinite(scores))
    if len(usable) > 4 * k > 0:
        kth = np.partition(scores[usable], len(usable) - k)[len(usable) - k]
        usable = usable[scores[usable] >= kth]
    order = np.argsort(-scores[usable], kind="stable")
    return usable[order[:k]].astype(np.int64)
