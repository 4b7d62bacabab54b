"""
How much each part counts in the blend, learned from what viewers answered to lists.

A logistic regression from the parts' scores of a title that was shown to whether it was taken up, weighed by the
inverse of the probability with which it was shown (Horvitz and Thompson, JASA 47, 1952; clipped, as Bottou et al., JMLR
14, 2013), so that what chance put there counts for all that it might have put there. Where a title stood is a term of
its own: what stands first is looked at first. What was believed before counts as so many titles more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from recommendations.engine.blending import Learned, knots
from recommendations.engine.config import EngineConfig
from recommendations.engine.scoring import unlearned_weights
from recommendations.engine.snapshot import BLENDED, Blend

Floats = NDArray[np.float64]
# What is known of a viewer, in titles: from these on they belong to the next knot.
BANDS = (10, 100)
# How far a part may move from what was believed at one fit; the next one starts from there.
LEAST, MOST = 0.25, 4.0


@dataclass(frozen=True)
class Shown:
    """
    Titles that were shown, one entry each.

    viewer       (n,) a number for each viewer
    known        (n,) how many titles were known of the viewer then
    parts        (n, 4) the scores by the parts of BLENDED, in [0, 1]
    position     (n,) from 1
    propensity   (n,) in (0, 1], with which it came to stand there
    taken        (n,) whether it was taken up, and not regretted
    day          (n,) when the list was served
    """

    viewer: NDArray[np.int64]
    known: Floats
    parts: Floats
    position: Floats
    propensity: Floats
    taken: NDArray[np.bool_]
    day: Floats

    def __len__(self) -> int:
        return len(self.viewer)

    def where(self, kept: NDArray[np.bool_]) -> Shown:
        """Return the entries of a mask (n,)."""
        return Shown(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def from_answers(shown: Shown, *, believed: Blend, config: EngineConfig) -> Learned:
    """
    Return the shares that foretell the latest answers surely better than what was believed, band by band.

    A band with fewer than `blending.min_answers` positive answers keeps what was believed.
    """
    places = knots(config)
    factors = {name: believed.at(name, np.array(places, float)).tolist() for name in BLENDED}
    band = np.digitize(shown.known, BANDS)
    asked, gains = [], []
    for place, knot in enumerate(places):
        mine = shown.where(band == place)
        asked.append(int(mine.taken.sum()))
        gains.append(0.0)
        if asked[-1] < config.blending.min_answers or mine.taken.all():
            continue
        gain, moved = _learned(mine, believed, config)
        if gain > 0:
            gains[-1] = gain
            for name, factor in _of_one_sum(knot, place, factors, moved, config).items():
                factors[name][place] = factor
    return Learned(Blend(places, factors), asked, gains)


def _of_one_sum(
    knot: int, place: int, factors: dict[str, list[float]], moved: Floats, config: EngineConfig
) -> dict[str, float]:
    """Return the moved factors, scaled so that the weights at the knot sum to what they did: shares have no scale."""
    weights = unlearned_weights(np.array([knot], float), config)
    before = np.array([weights[name][0] * factors[name][place] for name in BLENDED])
    scale = before.sum() / float(before @ moved)
    return {name: factors[name][place] * float(moved[i]) * scale for i, name in enumerate(BLENDED)}


def _learned(shown: Shown, believed: Blend, config: EngineConfig) -> tuple[float, Floats]:
    """Return what is won in nats a shown title, 0 where it is not sure, and by how much each part moves."""
    cut = np.quantile(shown.day, 1 - config.blending.held_out)
    earlier, later = shown.where(shown.day <= cut), shown.where(shown.day > cut)
    stay = np.ones(len(BLENDED))
    if len(later) == 0 or not earlier.taken.any() or earlier.taken.all():
        return 0.0, stay
    plain = _fit_plain(earlier, believed, config)
    if plain[2] <= 0:
        # The lists do not foretell anything: there is nothing to be moved in proportion to.
        return 0.0, stay
    fitted = fit(earlier, plain, believed, config)
    won = _loss(later, _whole(plain), believed, config) - _loss(later, fitted, believed, config)
    _, viewer = np.unique(later.viewer, return_inverse=True)
    per_viewer = np.bincount(viewer, weights=won)
    error = per_viewer.std() / np.sqrt(len(per_viewer))
    if per_viewer.mean() <= config.blending.surely * error:
        return 0.0, stay
    plain = _fit_plain(shown, believed, config)
    moved = fit(shown, plain, believed, config)[2:] / plain[2]
    return float(won.mean()), moved


def _inputs(shown: Shown, believed: Blend, config: EngineConfig) -> Floats:
    """Return what each part adds to the blend as it is believed, (n, 4), before shares are made of it."""
    weights = unlearned_weights(shown.known, config)
    believed_weights = np.stack([weights[name] * believed.at(name, shown.known) for name in BLENDED], axis=1)
    inputs: Floats = shown.parts * believed_weights / believed_weights.sum(axis=1, keepdims=True)
    return inputs


def trust(shown: Shown, config: EngineConfig) -> Floats:
    """Return how much each entry counts, (n,): 1 / propensity, clipped; 1 on average."""
    weight = np.minimum(1.0 / shown.propensity, config.blending.clip)
    trusted: Floats = weight / weight.mean()
    return trusted


def _fit_plain(shown: Shown, believed: Blend, config: EngineConfig) -> Floats:
    """Return (bias, slope of the place's logarithm, slope of the blend): the parts in the believed proportions."""
    columns = np.stack(
        [np.ones(len(shown)), -np.log(shown.position), _inputs(shown, believed, config).sum(axis=1)], axis=1
    )
    return _logistic(columns, shown.taken, trust(shown, config), start=np.zeros(3))


def fit(shown: Shown, plain: Floats, believed: Blend, config: EngineConfig) -> Floats:
    """
    Return (bias, slope of the place's logarithm, slope of each part (4,)): the parts by themselves.

    plain   the fit in the believed proportions, bias and slopes (3,); each part is drawn to its slope as if
            `blending.prior_answers` more titles had said so
    """
    z, weight = _inputs(shown, believed, config), trust(shown, config)
    columns = np.hstack([np.ones((len(shown), 1)), -np.log(shown.position)[:, None], z])
    chance = 1 / (1 + np.exp(-columns @ _whole(plain)))
    told = (weight * chance * (1 - chance)) @ z**2 / len(shown)
    pull = np.r_[0.0, 0.0, config.blending.prior_answers * told]
    ends = (plain[2] * LEAST, plain[2] * MOST)
    return _logistic(columns, shown.taken, weight, start=_whole(plain), pull=pull, ends=ends)


def _whole(plain: Floats) -> Floats:
    whole: Floats = np.r_[plain[:2], np.full(len(BLENDED), plain[2])]
    return whole


def _logistic(
    columns: Floats,
    taken: NDArray[np.bool_],
    weight: Floats,
    *,
    start: Floats,
    pull: Floats | None = None,
    ends: tuple[float | None, float | None] = (None, None),
) -> Floats:
    """
    Return the coefficients (k,) with the least weighed log loss plus pull (c - start)^2 / 2.

    columns   (n, k); the first two are bias and place, the others' coefficients must lie between `ends`
    """
    strength = np.zeros(columns.shape[1]) if pull is None else pull
    sign = np.where(taken, 1.0, -1.0)

    def loss(c: Floats) -> tuple[float, Floats]:
        margin = sign * (columns @ c)
        gradient = -(columns.T @ (weight * sign / (1 + np.exp(margin)))) + strength * (c - start)
        return float(weight @ np.logaddexp(0.0, -margin) + 0.5 * strength @ (c - start) ** 2), gradient

    bounds = [(None, None)] * 2 + [ends] * (columns.shape[1] - 2)
    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8}
    )
    coefficients: Floats = found.x
    return coefficients


def _loss(shown: Shown, coefficients: Floats, believed: Blend, config: EngineConfig) -> Floats:
    """Return each entry's weighed log loss (n,), in nats."""
    columns = np.hstack([np.ones((len(shown), 1)), -np.log(shown.position)[:, None], _inputs(shown, believed, config)])
    margin = np.where(shown.taken, 1.0, -1.0) * (columns @ coefficients)
    losses: Floats = trust(shown, config) * np.logaddexp(0.0, -margin)
    return losses
