"""
What rests: titles near to what a viewer dismissed, titles of a kind they keep dismissing, and titles shown in vain.

A rest is a penalty, not a ban: the title comes after those that do not rest, and a page is filled all the same. It is
worked out from the answers each time a list is made; there is no state to keep or to undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.config import EngineConfig
from recommendations.engine.config import Rests as Numbers
from recommendations.engine.snapshot import Answers, Snapshot
from recommendations.engine.weighting import half_life_decay

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
# Moods and themes are left out: they are guessed from the text, and one of them marks a fifth of a catalogue.
OF_A_KIND = frozenset({"genre", "cast", "director", "keyword"})


@dataclass(frozen=True)
class Cause:
    """
    Why a title rests.

    because   rows of the dismissed titles that it is close to, or that share the feature
    feature   the column of snapshot.strengths that it shares with them, -1 where it is close to them
    shown     how often it was shown in vain, 0 where dismissals are the cause
    """

    because: tuple[int, ...] = ()
    feature: int = -1
    shown: int = 0


@dataclass(frozen=True)
class Rests:
    """
    What rests for one viewer.

    penalty   (n_titles,) in [0, rests.full]; 0 for what does not rest
    exposed   the features that dismissed titles share, as columns, the most telling first -> rows of those titles
    times     (n_titles,) how often each was shown in vain
    """

    penalty: Floats
    exposed: Mapping[int, tuple[int, ...]]
    times: Rows
    snapshot: Snapshot
    answers: Answers

    def cause(self, row: int) -> Cause | None:
        """Return the strongest reason why a title rests, None where it does not."""
        if self.penalty[row] <= 0:
            return None
        near = self.answers.dismissed[self.answers.near_dismissed[self.answers.near == row]]
        if len(near):
            return Cause(because=tuple(np.unique(near).tolist()))
        strengths = self.snapshot.strengths
        features = set(strengths.indices[strengths.indptr[row] : strengths.indptr[row + 1]].tolist())
        for column, dismissed in self.exposed.items():
            if column in features:
                return Cause(because=dismissed, feature=column)
        return Cause(shown=int(self.times[row]))


def rests(snapshot: Snapshot, answers: Answers, today: float, config: EngineConfig) -> Rests:
    """
    Return what rests for a viewer who gave these answers; `today` in days since 1970.

    A title rests wholly (rests.full) where it is a close neighbour of a dismissed one or has an exposed feature, and
    for rests.shown_days after it was shown rests.shown_limit times within as many days. Shown less often it rests a
    little, rests.shown for each time, fading with a half-life. Causes do not add up: the strongest counts.
    """
    numbers = config.rests
    n = len(snapshot)
    exposed = exposed_features(snapshot, answers, numbers)
    wholly = np.zeros(n, bool)
    wholly[answers.near] = True
    if exposed:
        wholly |= snapshot.strengths[:, list(exposed)].getnnz(axis=1) > 0
    penalty = np.where(wholly, numbers.full, _shown(answers, n, today, numbers))
    times = np.bincount(answers.shown, minlength=n)
    return Rests(penalty, exposed, times, snapshot, answers)


def exposed_features(snapshot: Snapshot, answers: Answers, numbers: Numbers) -> dict[int, tuple[int, ...]]:
    """
    Return the features that a viewer keeps dismissing: column -> rows of the dismissed titles, the highest lift first.

    At least rests.shared dismissed titles have it, it is rests.lift times as frequent among them as in the catalogue,
    and since the first of them was dismissed the viewer finished or liked fewer titles that have it.
    """
    if len(answers.dismissed) < numbers.shared:
        return {}
    n_features = len(snapshot.features)
    dismissed = np.bincount(snapshot.strengths[answers.dismissed].indices, minlength=n_features)
    everywhere = np.bincount(snapshot.strengths.indices, minlength=n_features)
    lift = dismissed * len(snapshot) / np.maximum(everywhere * len(answers.dismissed), 1)
    often = np.flatnonzero((dismissed >= numbers.shared) & (lift >= numbers.lift))
    ordered = often[np.argsort(-lift[often], kind="stable")].tolist()
    columns = [column for column in ordered if snapshot.features[column][0] in OF_A_KIND]
    having = snapshot.strengths[:, columns].tocsc()
    found: dict[int, tuple[int, ...]] = {}
    for place, column in enumerate(columns):
        rows = having.indices[having.indptr[place] : having.indptr[place + 1]]
        shared = np.isin(answers.dismissed, rows)
        since = answers.enjoyed_day > answers.dismissed_day[shared].min()
        if len(np.intersect1d(answers.enjoyed[since], rows)) < shared.sum():
            found[column] = tuple(answers.dismissed[shared].tolist())
    return found


def _shown(answers: Answers, n: int, today: float, numbers: Numbers) -> Floats:
    """Return (n,) what each title pays for having been shown in vain."""
    age = np.maximum(today - answers.shown_day, 0.0)
    faded = half_life_decay(age, numbers.shown_half_life)
    little = np.minimum(numbers.shown * np.bincount(answers.shown, weights=faded, minlength=n), numbers.full)
    last = np.full(n, -np.inf)
    np.maximum.at(last, answers.shown, answers.shown_day)
    within = answers.shown_day > last[answers.shown] - numbers.shown_days
    often = np.bincount(answers.shown[within], minlength=n) >= numbers.shown_limit
    penalty: Floats = np.where(often & (today - last < numbers.shown_days), numbers.full, little)
    return penalty
