"""What scoring reads: the catalogue and the fitted models as aligned arrays, and one viewer as small arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.arrays import unit_rows
from recommendations.engine.followers import NOBODY, Followers

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


# What is blended: the algorithms, and what is popular with those who liked the same, for whom few titles are known of.
BLENDED = ("collaborative", "content_based", "trending", "popular")


@dataclass(frozen=True)
class Blend:
    """
    What was learned about the parts' shares: each part's usual weight is multiplied by its factor.

    knots     (k,) numbers of known titles, ascending
    factors   part -> (k,) 0 or more; 1 is the usual, and what a part has that is not named
    """

    knots: Sequence[float] = ()
    factors: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def at(self, part: str, known: NDArray[np.floating]) -> Floats:
        """Return a part's factor for viewers of whom so many titles are known, (n,): between knots by logarithms."""
        if part not in self.factors:
            return np.ones(len(known))
        knots, factors = np.asarray(self.knots, dtype=np.float64), np.asarray(self.factors[part], dtype=np.float64)
        found: Floats = np.interp(np.log1p(known), np.log1p(knots), factors)
        return found


@dataclass(frozen=True)
class Snapshot:
    """
    The catalogue as the models know it; n titles, all arrays aligned on show_ids.

    show_ids      (n,) ascending
    active        (n,) may be recommended at all
    items         (m,) rows of the titles that the item-item model knows, ascending
    item_item     (m, m) float32 weights; column j scores title j
    outside       (o,) rows that the model reaches by what they are like: with their traits, csr (o, n_traits) float32,
                  and the bridge, (m, n_traits) float32, a history q scores them q bridge traits'
    fade          histories fade by the config's exponent times this, as the data ask for
    strengths     csr (n, n_features) float32, what each title is like
    features      (type, value) of each column of strengths
    likeness      csr like strengths with rows of length 1, whose products are how alike titles are; where left out,
                  the strengths so scaled
    vectors       (n, d) float32 unit rows, zeros where a title has none
    popularity    (n,) in [0, 1]: the share of titles that are less watched of late
    fame          (n,) in [0, 1]: by how many it was liked, ever, in logarithms; where left out, the popularity
    trend         (n,) in [0, 1]: how surprisingly well it does; 0 where nothing is known
    release_day   (n,) days since 1970-01-01, NaN where not known
    available     csr (n, n_platforms) bool, where it can be watched
    platforms     the platforms' slugs
    blend         what was learned about the parts' shares
    followers     what comes next after a title, rows as here
    """

    show_ids: Rows
    active: NDArray[np.bool_]
    items: Rows
    item_item: NDArray[np.float32]
    strengths: sparse.csr_matrix
    features: Sequence[tuple[str, str]]
    vectors: NDArray[np.float32]
    popularity: Floats
    trend: Floats
    release_day: Floats
    available: sparse.csr_matrix
    platforms: Sequence[str]
    version: str = ""
    fame: Floats = field(default_factory=lambda: np.zeros(0))
    outside: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    outside_traits: sparse.csr_matrix = field(default_factory=lambda: sparse.csr_matrix(np.zeros((0, 0), np.float32)))
    bridge: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    fade: float = 1.0
    blend: Blend = field(default_factory=Blend)
    followers: Followers = NOBODY
    likeness: sparse.csr_matrix = field(default_factory=lambda: sparse.csr_matrix(np.zeros((0, 0), np.float32)))
    item_of_row: Rows = field(init=False)
    outside_of_row: Rows = field(init=False)
    feature_column: Mapping[tuple[str, str], int] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.show_ids)
        for name in ("active", "popularity", "trend", "release_day"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} must have {n} entries, got {len(getattr(self, name))}")
        if self.item_item.shape != (len(self.items), len(self.items)):
            raise ValueError(f"item_item must be square over {len(self.items)} items, got {self.item_item.shape}")
        if len(self.fame) == 0:
            object.__setattr__(self, "fame", self.popularity)
        if self.outside_traits.shape != (len(self.outside), self.bridge.shape[1]):
            raise ValueError(
                f"outside_traits must be ({len(self.outside)}, {self.bridge.shape[1]}), got {self.outside_traits.shape}"
            )
        if self.likeness.shape != self.strengths.shape:
            object.__setattr__(self, "likeness", unit_rows(self.strengths))
        item_of_row = np.full(n, -1, dtype=np.int64)
        item_of_row[self.items] = np.arange(len(self.items))
        object.__setattr__(self, "item_of_row", item_of_row)
        outside_of_row = np.full(n, -1, dtype=np.int64)
        outside_of_row[self.outside] = np.arange(len(self.outside))
        object.__setattr__(self, "outside_of_row", outside_of_row)
        object.__setattr__(self, "feature_column", {key: column for column, key in enumerate(self.features)})

    def __len__(self) -> int:
        return len(self.show_ids)

    @cached_property
    def genres(self) -> Floats:
        """Return each title's shares of genres, (n, n_genres); a row sums to 1, or to 0 where none is known."""
        columns = [column for column, (kind, _) in enumerate(self.features) if kind == "genre"]
        has = (self.strengths[:, columns] > 0).toarray().astype(np.float64)
        shares: Floats = has / np.maximum(has.sum(axis=1, keepdims=True), 1.0)
        return shares


@dataclass(frozen=True)
class FriendAct:
    """What a friend did with a title: whose act, on which row, of which kind, and how much it counts now (0 to 1)."""

    friend_id: str
    row: int
    kind: str
    strength: float


@dataclass(frozen=True)
class Answers:
    """
    What a viewer lately answered to recommendations, or left unanswered; days since 1970-01-01.

    dismissed   (d,) rows of the titles they are not interested in, with dismissed_day (d,)
    near        (p,) rows that rest with a dismissed title: it and its close neighbours; near_dismissed (p,) its place
    enjoyed     (e,) rows of titles they finished or liked, one an act, with enjoyed_day (e,)
    shown       (s,) rows of titles they let pass, one an impression, with shown_day (s,)
    """

    dismissed: Rows
    dismissed_day: Floats
    near: Rows
    near_dismissed: Rows
    enjoyed: Rows
    enjoyed_day: Floats
    shown: Rows
    shown_day: Floats


@dataclass(frozen=True)
class Viewer:
    """
    One viewer as scoring sees them; rows are rows of the snapshot.

    history       (h,) titles acted on, with liked (h,) of `collaborative.liking` and day (h,) of the latest act
    columns       (f,) features of the profile, with affinity (f,) in [-1, 1], and which of them the viewer stated (f,)
    dealt_with    rows that are not to be proposed: watched, begun, judged or dismissed
    subscribed    columns of snapshot.available
    friends       what friends did, as far as the viewer may see it
    answers       None where there are none that matter
    """

    user_id: str
    history: Rows
    liked: Floats
    day: Floats
    columns: Rows
    affinity: Floats
    dealt_with: Rows
    subscribed: Rows
    friends: Sequence[FriendAct] = ()
    is_stated: NDArray[np.bool_] | None = None
    answers: Answers | None = None
