"""Who liked what, and when: one entry a viewer and title, and how a history fades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Likes:
    """One entry a (viewer, title) that was acted on, in the order of viewers; liked as of `liking`, 0 or more."""

    user: Rows
    row: Rows
    liked: Floats
    day: Floats

    def __len__(self) -> int:
        return len(self.user)

    def where(self, kept: NDArray[np.bool_]) -> Likes:
        """Return the entries of a mask (n,)."""
        return Likes(self.user[kept], self.row[kept], self.liked[kept], self.day[kept])

    def ends(self) -> Rows:
        """Return where each viewer's entries begin, and where the last one's end: (n_viewers + 1,)."""
        n_viewers = int(self.user.max()) + 1 if len(self) else 0
        return np.searchsorted(self.user, np.arange(n_viewers + 1))

    def of(self, viewers: Rows) -> Iterator[Likes]:
        """Yield each viewer's entries."""
        ends = self.ends()
        for viewer in viewers:
            held = slice(ends[viewer], ends[viewer + 1])
            yield Likes(self.user[held], self.row[held], self.liked[held], self.day[held])

    def matrix(self, n_viewers: int, n_titles: int) -> sparse.csr_matrix:
        """Return what was liked, csr (n_viewers, n_titles) float32."""
        found = sparse.csr_matrix((self.liked.astype(np.float32), (self.user, self.row)), shape=(n_viewers, n_titles))
        found.eliminate_zeros()
        return found


def liking(signed: Floats, evidence: Floats, knots: tuple[Floats, Floats]) -> Floats:
    """
    Return how much each (viewer, title) counts as liked, 0 or more.

    signed, evidence   (n,) the sums S and W of the acts on the title; their quotient is what was said on average,
                       W how surely. Less than one unit of evidence counts in proportion.
    knots              (said, liked): a piecewise-linear curve; below its first knot the answer is 0.
    """
    said = np.divide(signed, evidence, out=np.zeros_like(signed), where=evidence > 0)
    return np.interp(said, *knots, left=0.0) * np.minimum(evidence, 1.0)


def steps(day: Floats) -> Floats:
    """
    Return how many others come before each by the day, (n,); those of one moment share their mean.

    So what came in at once, or without a true time, counts the same, in whatever order it is kept.
    """
    ordered = np.sort(day)
    return (np.searchsorted(ordered, day, side="left") + np.searchsorted(ordered, day, side="right") - 1) / 2.0


def history_weights(liked: Floats, day: Floats, *, threshold: float, exponent: float) -> Floats:
    """
    Return how much each title of one viewer's history counts when scoring: liked (1 + steps back)^-exponent.

    liked      (n,) as of `liking`; what lies below the threshold counts 0 and takes no step.
    day        (n,) when it was last acted on; what was done at one moment shares its mean step.

    A viewer with nothing above the threshold is scored by what there is.
    """
    counted = liked >= threshold if np.any(liked >= threshold) else liked > 0
    weights = np.zeros(len(liked))
    weights[counted] = liked[counted] * (1.0 + steps(-day[counted])) ** -exponent
    return weights


def most_liked(likes: Likes, n_titles: int, k: int) -> NDArray[np.int64]:
    """Return the k titles that most viewers liked, ascending; ties go to the lower row, and nobody's are left out."""
    viewers = np.bincount(likes.row[likes.liked > 0], minlength=n_titles)
    liked = np.flatnonzero(viewers > 0)
    return np.sort(liked[np.argsort(-viewers[liked], kind="stable")[:k]]).astype(np.int64)


def only_titles(likes: Likes, titles: NDArray[np.int64]) -> Likes:
    """Return what was liked of these titles (k,), ascending; row is then a place among them."""
    place = np.searchsorted(titles, likes.row)
    there = (likes.liked > 0) & (place < len(titles))
    there[there] = titles[place[there]] == likes.row[there]
    kept = likes.where(there)
    return Likes(kept.user, place[there], kept.liked, kept.day)


def queries(likes: Likes, *, n_titles: int, threshold: float, exponent: float) -> sparse.csr_matrix:
    """Return the histories as models read them, csr (n_viewers, n_titles) float32; see `history_weights`."""
    ends = likes.ends()
    weights = [
        history_weights(held.liked, held.day, threshold=threshold, exponent=exponent)
        for held in likes.of(np.arange(len(ends) - 1))
    ]
    values = np.concatenate([np.zeros(0), *weights]).astype(np.float32)
    return sparse.csr_matrix((values, likes.row, ends), shape=(len(ends) - 1, n_titles))
