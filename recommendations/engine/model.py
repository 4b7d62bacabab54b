"""Who liked what and what titles are like -> the one item-item model that scoring reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine import collaborative, sequence
from recommendations.engine.calibration import Order, calibrate
from recommendations.engine.collaborative import ItemModel
from recommendations.engine.config import EngineConfig
from recommendations.engine.likes import Likes, most_liked, only_titles, queries

# Histories on which the two parts are brought to one unit; more would change the third digit.
MEASURED = 256


@dataclass(frozen=True)
class Fitted:
    """
    The model, the titles it covers, and the traits of those that it reaches by what they are like.

    items            (m,) rows of the catalogue, ascending: all that somebody liked, or the most liked that fit
    model            weights and bridge over the items
    outside          (o,) the other rows of which anything is known, ascending, and their traits, csr (o, n_traits)
    order            how much order in time means in these data
    """

    items: NDArray[np.int64]
    model: ItemModel
    outside: NDArray[np.int64]
    outside_traits: sparse.csr_matrix
    order: Order


def fit_model(likes: Likes, *, n_titles: int, traits: sparse.csr_matrix, config: EngineConfig) -> Fitted:
    """
    Return the model of who-watched-also-watched, what comes after what, and what titles are like.

    traits   csr (n_titles, n_traits), as of `traits.traits`
    """
    items = most_liked(likes, n_titles, config.collaborative.dense_items)
    weighed = sparse.csr_matrix(traits * np.float32(config.collaborative.trait_weight))
    known = only_titles(likes, items)
    n_viewers = int(known.user.max()) + 1 if len(known) else 0
    order = calibrate(likes, n_titles=n_titles, config=config)
    model = collaborative.fit(known.matrix(n_viewers, len(items)), config.collaborative.ridge, traits=weighed[items])
    titles = most_liked(known, len(items), config.sequence.titles)
    after = sequence.fit(
        *sequence.cuts(
            only_titles(known, titles),
            n_titles=len(titles),
            exponent=config.collaborative.recency_exponent,
            config=config.sequence,
        ),
        config.sequence.ridge,
    )
    histories = queries(
        known, n_titles=len(items), threshold=config.collaborative.like_threshold, exponent=order.exponent
    )
    model = collaborative.blend(model, after, titles, order.share, _some(histories))
    has = np.diff(weighed.indptr) > 0
    has[items] = False
    outside = np.flatnonzero(has).astype(np.int64)
    return Fitted(items, model, outside, weighed[outside], order)


def _some(histories: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return histories that say something, evenly drawn."""
    rows = np.flatnonzero(np.diff(histories.indptr) > 0)
    return histories[rows[:: max(1, -(-len(rows) // MEASURED))]]
