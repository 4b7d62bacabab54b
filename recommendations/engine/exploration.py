"""
Places of a list that are drawn by chance, so that there is something to learn from.

A list that always shows what it thinks best never hears about the rest. At every so many places the title is drawn
from all that are left, with softmax probabilities: place by place this is Plackett-Luce (Luce, Individual Choice
Behavior, 1959; Plackett, J. Royal Statistical Society C 24, 1975). So the probability with which each title came to
its place, given those above it, is known exactly, and feedback can be weighed by it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp

import numpy as np

from recommendations.engine.config import Exploration


@dataclass(frozen=True)
class Explored:
    """
    A list with its drawn places.

    order        (n,) which entry of the list stands at each place
    propensity   (n,) in (0, 1]: how likely it was to stand there, given those above it; 1 where nothing was drawn
    """

    order: list[int]
    propensity: list[float]


def explore(scores: Sequence[float], *, seed: int, config: Exploration) -> Explored:
    """
    Return a list in which some places are drawn by chance; the others go to the first that is left, in order.

    scores   (n,) of the entries, in the order of the list
    seed     the same seed gives the same list
    """
    n = len(scores)
    places = drawn_places(n, config)
    order: list[int] = []
    propensity = [1.0] * n
    left, logits = list(range(n)), [score / config.temperature for score in scores]
    # A list is short, and every answer waits for it: plain numbers take a quarter of the time of arrays.
    chances = np.random.default_rng(seed).random(len(places)).tolist() if places else []
    for place, chance in zip(places, chances, strict=True):
        ahead = place - len(order)
        # Up to there, in order.
        order += left[:ahead]
        del left[:ahead], logits[:ahead]
        best = max(logits)
        weights = [exp(logit - best) for logit in logits]
        sums = list(accumulate(weights))
        drawn = min(bisect_right(sums, chance * sums[-1]), len(left) - 1)
        propensity[place] = weights[drawn] / sums[-1]
        order.append(left.pop(drawn))
        del logits[drawn]
    return Explored(order + left, propensity)


def drawn_places(n: int, config: Exploration) -> range:
    """Return which places of a list of n are drawn, from 0; the last title left is no choice."""
    return range(config.first - 1, n - 1, config.every) if config.every else range(0)
