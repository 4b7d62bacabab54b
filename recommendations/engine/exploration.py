"""
Places of a list that are drawn by chance, so that there is something to learn from.

A list that always shows what it thinks best never hears about the rest. At every so many places the title is drawn
from all that are left, by adding Gumbel noise to the scores and taking the best, which draws with softmax probabilities
(Yellott, J. Math. Psychology 15, 1977): place by place this is Plackett-Luce. So the probability with which each title
came to its place, given those above it, is known exactly, and feedback can be weighed by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.config import Exploration

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Explored:
    """
    A list with its drawn places.

    order        (n,) which entry of the list stands at each place
    propensity   (n,) in (0, 1]: how likely it was to stand there, given those above it; 1 where nothing was drawn
    """

    order: NDArray[np.int64]
    propensity: Floats


def explore(scores: Floats, *, seed: int, config: Exploration) -> Explored:
    """
    Return a list in which some places are drawn by chance; the others go to the first that is left, in order.

    scores   (n,) of the entries, in the order of the list
    seed     the same seed gives the same list
    """
    n = len(scores)
    order, propensity = np.empty(n, dtype=np.int64), np.ones(n)
    chance = np.random.default_rng(seed)
    left = np.arange(n)
    done = 0
    for place in drawn_places(n, config):
        # Up to there, in order.
        order[done:place], left = left[: place - done], left[place - done :]
        logits = scores[left] / config.temperature
        drawn = int(np.argmax(logits + chance.gumbel(size=len(left))))
        order[place], propensity[place] = left[drawn], softmax(logits)[drawn]
        left = np.delete(left, drawn)
        done = place + 1
    order[done:] = left
    return Explored(order, propensity)


def drawn_places(n: int, config: Exploration) -> range:
    """Return which places of a list of n are drawn, from 0; the last title left is no choice."""
    return range(config.first - 1, n - 1, config.every) if config.every else range(0)


def softmax(logits: Floats) -> Floats:
    """Return probabilities in proportion to e^logits."""
    weights = np.exp(logits - logits.max())
    found: Floats = weights / weights.sum()
    return found
