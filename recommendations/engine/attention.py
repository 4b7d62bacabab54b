"""
How far viewers get in titles of a length: progress -> the share of plays that got less far.

Half of a film is not half of an episode: short titles are finished for being short. What is compared is therefore not
the progress but how many others got less far in titles of similar length (duration-debiased watch time, Zhan et al.,
KDD 2022).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.config import Attention

Floats = NDArray[np.float64]


def length_bins(minutes: Floats, config: Attention) -> NDArray[np.int64]:
    """Return the bin of similar lengths of each title, 0 to config.bins - 1; -1 where its length is not known."""
    known = ~np.isnan(minutes) & (minutes > 0)
    bins = np.where(known, minutes, 0) // config.similar
    return np.where(known, np.minimum(bins, config.bins - 1), -1).astype(np.int64)


def curves(minutes: Floats, progress: Floats, config: Attention) -> Floats:
    """
    Return the share of plays that got less far than each step of progress, (bins, steps + 1); NaN where plays are few.

    minutes    (n_plays,) length of what was played, NaN where not known
    progress   (n_plays,) how far the play got, in [0, 1]
    """
    steps = np.linspace(0.0, 1.0, config.steps + 1)
    found = np.full((config.bins, len(steps)), np.nan)
    place = length_bins(minutes, config)
    for number in range(config.bins):
        plays = np.sort(progress[place == number])
        if len(plays) >= config.plays:
            found[number] = np.searchsorted(plays, steps, side="left") / len(plays)
    return found


def debiased(progress: Floats, minutes: Floats, shares: Floats, config: Attention) -> Floats:
    """
    Return for each play the share of others that got less far, in [0, 1]; the progress as it is where nothing is known.

    progress   (n,) in [0, 1], NaN where not known and then NaN again
    minutes    (n,) NaN where not known
    shares     as `curves` returns them for the same config
    """
    steps = np.linspace(0.0, 1.0, config.steps + 1)
    found = progress.astype(np.float64)
    place = length_bins(minutes, config)
    for number in np.unique(place[place >= 0]):
        if not np.isnan(shares[number, 0]):
            inside = place == number
            found[inside] = np.interp(progress[inside], steps, shares[number])
    return found
