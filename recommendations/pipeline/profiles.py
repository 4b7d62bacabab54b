"""Events -> user_taste_profiles: how much each viewer likes each feature, and what they say about services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from numpy.typing import NDArray
from scipy import sparse

from bingeboard.shows.models import Platform
from recommendations.engine.arrays import rows_in
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.features import FEATURE_TYPES, FeatureMatrix
from recommendations.engine.profiles import Sums, affinities, fold
from recommendations.models import PlatformUserPreference
from recommendations.pipeline import habits
from recommendations.pipeline.problems import Problem
from recommendations.queries.catalogue import load_feature_matrix
from recommendations.queries.events import SECONDS_PER_DAY, EventArrays, load_events

# Viewers computed and written at once: bounds memory at about 100 MB for histories of a few hundred titles.
VIEWERS_AT_ONCE = 200
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Strengths:
    """How strongly titles have the features that profiles use: csr (n_shows, n_keys) float64, show ids ascending."""

    show_ids: NDArray[np.int64]
    matrix: sparse.csr_matrix
    keys: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ProfileRows:
    """Rows of user_taste_profiles: whose (a row of `users`), of which (type, value), and the sums they hold."""

    users: Sequence[str]
    user: NDArray[np.int64]
    keys: Sequence[tuple[str, str]]
    sums: Sums


def rebuild(
    *,
    now: dt.datetime,
    user_ids: Sequence[str] | None = None,
    config: EngineConfig = DEFAULT,
    progress: Progress | None = None,
) -> int:
    """
    Recompute profiles, habits and use of services from the events; returns the number of profile rows.

    What viewers stated, forgot or excluded is kept to. Each chunk of viewers is written in a transaction of its own, so
    readers never see half a profile and a killed run loses one chunk. Repeating it changes nothing.
    """
    whole = None
    if user_ids is None:
        features = load_feature_matrix()
        store_strengths(features=features, config=config)
        whole = strengths_of(features, config)
    total = 0
    for chunk in _chunks(_viewers(user_ids), VIEWERS_AT_ONCE):
        with transaction.atomic():
            # An event that arrives meanwhile waits, and is then counted on top.
            habits.lock(user_ids=chunk)
            total += rebuild_held(user_ids=chunk, strengths=whole, config=config)
        if progress is not None:
            progress(len(chunk))
    return total


def rebuild_held(*, user_ids: Sequence[str], strengths: Strengths | None = None, config: EngineConfig = DEFAULT) -> int:
    """Recompute viewers whom the caller holds (see habits.lock); returns the number of profile rows."""
    rows = derived(user_ids=user_ids, strengths=strengths, config=config)
    _write(user_ids, rows, config)
    habits.refresh(user_ids=user_ids, config=config)
    habits.mark_folded(user_ids=user_ids)
    return len(rows.user)


def derived(
    *,
    user_ids: Sequence[str],
    strengths: Strengths | None = None,
    only: Sequence[int] | None = None,
    config: EngineConfig = DEFAULT,
) -> ProfileRows:
    """
    Return the profiles as acts and checkpoints give them, one row a (viewer, feature) that was touched; writes nothing.

    strengths   None: as they are stored beside the features, read for the titles that occur
    only        of the acts, those with these ids
    """
    events = load_events(user_ids=user_ids, only=only, config=config)
    if strengths is None:
        strengths = stored_strengths(show_ids=np.unique(events.show_id))
    return learned(events=events, strengths=strengths, kept=taste_kept(user_ids=user_ids), config=config)


def derived_without_forgetting(*, user_id: str, config: EngineConfig = DEFAULT) -> dict[tuple[str, str], float]:
    """Return what a viewer's affinities would be had they forgotten nothing; writes nothing."""
    events = load_events(user_ids=[user_id], config=config)
    strengths = stored_strengths(show_ids=np.unique(events.show_id))
    kept = KeptTaste(taste_kept(user_ids=[user_id]).gone, [])
    rows = learned(events=events, strengths=strengths, kept=kept, config=config)
    affinity, _ = affinities(rows.sums, config.profiles.prior)
    return dict(zip(rows.keys, affinity.tolist(), strict=True))


def checkpointed(rows: ProfileRows) -> list[list[Any]]:
    """Return one viewer's rows as viewer_checkpoints.taste keeps them."""
    sums = (rows.sums.evidence.tolist(), rows.sums.signed.tolist(), rows.sums.day.tolist())
    return [[*key, *values] for key, *values in zip(rows.keys, *sums, strict=True)]


def learned(
    *, events: EventArrays, strengths: Strengths, kept: KeptTaste | None = None, config: EngineConfig = DEFAULT
) -> ProfileRows:
    """Return what acts, and sums of acts that are gone, say about features, save what a viewer had forgotten."""
    kept = kept or KeptTaste([], [])
    users, keys = Growing(events.users), Growing(strengths.keys)
    place = rows_in(strengths.show_ids, events.show_id)
    use = np.flatnonzero((place >= 0) & (events.evidence > 0))
    matrix = strengths.matrix
    counts = np.diff(matrix.indptr)[place[use]]
    act = np.repeat(use, counts)
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    entry = np.repeat(matrix.indptr[place[use]], counts) + inside
    evidence = matrix.data[entry] * events.evidence[act]
    user, column = events.user[act], matrix.indices[entry].astype(np.int64)
    signed, day = matrix.data[entry] * events.signed[act], events.day[act]
    # What has left the events is one act a feature, as heavy as all of them together.
    gone = [(users.row(u), keys.row((t, v)), w, s, d) for u, t, v, w, s, d in kept.gone]
    forgotten = [(users.row(u), keys.row((t, v)), seconds) for u, t, v, seconds in kept.forgotten]
    width = max(len(keys), 1)
    pair = user * width + column
    heard = _after(pair, events.received[act], {u * width + c: seconds for u, c, seconds in forgotten})
    extra = np.array(gone, dtype=np.float64).reshape(-1, 5)
    pairs = np.concatenate([pair[heard], (extra[:, 0] * width + extra[:, 1]).astype(np.int64)])
    key, row = np.unique(pairs, return_inverse=True)
    sums = fold(
        row,
        np.concatenate([evidence[heard], extra[:, 2]]),
        np.concatenate([signed[heard], extra[:, 3]]),
        np.concatenate([day[heard], extra[:, 4]]),
        n_keys=len(key),
        rate=config.profiles.decay_rate,
    )
    named = list(keys)
    return ProfileRows(list(users), key // width, [named[c] for c in (key % width).tolist()], sums)


def _after(pair: NDArray[np.int64], received: NDArray[np.float64], forgotten: dict[int, float]) -> NDArray[np.bool_]:
    """Return which acts were received after the forgetting of what they are about."""
    heard = np.ones(len(pair), bool)
    for key, seconds in forgotten.items():
        heard &= (pair != key) | (received > seconds)
    return heard


@dataclass(frozen=True)
class KeptTaste:
    """
    What is known beside the acts.

    gone        (viewer, type, value, evidence, signed evidence, day): sums of acts that have left the events
    forgotten   (viewer, type, value, seconds since 1970): acts received up to then say nothing about the feature
    """

    gone: list[tuple[str, str, str, float, float, float]]
    forgotten: list[tuple[str, str, str, float]]


def taste_kept(*, user_ids: Sequence[str]) -> KeptTaste:
    """Return what checkpoints and forgettings say about these viewers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, taste FROM viewer_checkpoints WHERE user_id = ANY(%s)", [list(user_ids)])
        gone = [
            (user_id, kind, value, evidence, signed, day)
            for user_id, taste in cursor.fetchall()
            for kind, value, evidence, signed, day in (orjson.loads(taste) if isinstance(taste, str) else taste)
        ]
        cursor.execute(
            "SELECT user_id, feature_type, feature_value, extract(epoch FROM forgotten_at)::float8"
            " FROM user_taste_profiles WHERE user_id = ANY(%s) AND forgotten_at IS NOT NULL",
            [list(user_ids)],
        )
        return KeptTaste(gone, cursor.fetchall())


class Growing(dict[Any, int]):
    """Rows of names, in order; a new name gets the next row."""

    def __init__(self, names: Iterable[Any]) -> None:
        super().__init__((name, place) for place, name in enumerate(names))

    def row(self, name: Any) -> int:
        return self.setdefault(name, len(self))


def strengths_of(features: FeatureMatrix, config: EngineConfig = DEFAULT) -> Strengths:
    """Return a whole catalogue's strengths as profiles use them."""
    keys = list(zip(type_names(features), features.values, strict=True))
    return Strengths(features.show_ids, profiled(features, config), keys)


def stored_strengths(*, show_ids: NDArray[np.int64]) -> Strengths:
    """Return these titles' strengths as they are kept beside the features; show ids ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_id, feature_type, feature_value, strength FROM content_features"
            " WHERE content_id = ANY(%s) AND strength > 0 ORDER BY content_id, feature_type, feature_value",
            [show_ids.tolist()],
        )
        rows = cursor.fetchall()
    keys = Growing([])
    columns = [keys.row((kind, value)) for _, kind, value, _ in rows]
    places = rows_in(show_ids, np.array([row[0] for row in rows], dtype=np.int64))
    data = np.array([row[3] for row in rows], dtype=np.float64)
    matrix = sparse.csr_matrix((data, (places, columns)), shape=(len(show_ids), len(keys)))
    return Strengths(show_ids, matrix, list(keys))


def profiled(features: FeatureMatrix, config: EngineConfig = DEFAULT):
    """Return the strengths with the columns emptied that too few titles share to say anything about another."""
    titles = np.bincount(features.strengths.indices, minlength=features.strengths.shape[1])
    enough = max(config.features.min_titles_in_profile, config.features.rare_share * features.strengths.shape[0])
    strengths = features.strengths.copy()
    strengths.data = np.where(titles[strengths.indices] >= enough, strengths.data, 0.0)
    strengths.eliminate_zeros()
    return strengths


def store_strengths(*, features: FeatureMatrix, config: EngineConfig = DEFAULT) -> int:
    """Keep each feature's strength beside it, where a single event's update reads it; returns the rows changed."""
    strengths = profiled(features, config).tocoo()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE new_strengths (content_id bigint, feature_type text, feature_value text,"
            " strength float8) ON COMMIT DROP"
        )
        with cursor.copy("COPY new_strengths FROM STDIN") as copy:
            types, values = type_names(features), features.values
            for show, column, x in zip(strengths.row, strengths.col, strengths.data, strict=True):
                copy.write_row((int(features.show_ids[show]), types[column], values[column], float(x)))
        cursor.execute("ANALYZE new_strengths")
        cursor.execute(
            """
            UPDATE content_features f SET strength = n.strength
            FROM content_features o LEFT JOIN new_strengths n USING (content_id, feature_type, feature_value)
            WHERE f.id = o.id AND o.strength IS DISTINCT FROM n.strength
            """
        )
        changed = cursor.rowcount
        cursor.execute("DROP TABLE new_strengths")
        return changed


def type_names(features: FeatureMatrix) -> list[str]:
    """Return each column's feature type by name."""
    return [FEATURE_TYPES[code] for code in features.types]


def _viewers(user_ids: Sequence[str] | None) -> list[str]:
    if user_ids is not None:
        return sorted(user_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT user_id FROM user_behavior_events UNION SELECT DISTINCT user_id FROM user_taste_profiles"
            " ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _write(chunk: Sequence[str], rows: ProfileRows, config: EngineConfig) -> None:
    affinity, confidence = affinities(rows.sums, config.profiles.prior)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE new_taste (user_id text, feature_type text, feature_value text, affinity float8,"
            " confidence float8, seen timestamptz) ON COMMIT DROP"
        )
        with cursor.copy("COPY new_taste FROM STDIN") as copy:
            for user, key, a, c, day in zip(
                rows.user.tolist(),
                rows.keys,
                affinity.tolist(),
                confidence.tolist(),
                rows.sums.day.tolist(),
                strict=True,
            ):
                copy.write_row((rows.users[user], *key, a, c, from_day(day)))
        cursor.execute("ANALYZE new_taste")
        cursor.execute(_FORGET, {"users": list(chunk)})
        cursor.execute(_LEARN, {"rate": config.profiles.decay_rate})
        cursor.execute("DROP TABLE new_taste")


def from_day(day: float) -> dt.datetime:
    """Return the moment of a count of days since 1970-01-01 UTC, to the microsecond that the database keeps."""
    return dt.datetime.fromtimestamp(round(day * SECONDS_PER_DAY, 6), tz=dt.UTC)


_FORGET = """
WITH gone AS (
    SELECT p.id, p.stated_affinity IS NOT NULL OR p.forgotten_at IS NOT NULL AS chosen FROM user_taste_profiles p
    WHERE p.user_id = ANY(%(users)s) AND NOT EXISTS (
        SELECT 1 FROM new_taste n WHERE n.user_id = p.user_id AND n.feature_type = p.feature_type
        AND n.feature_value = p.feature_value)
), unlearned AS (
    UPDATE user_taste_profiles p SET affinity_score = 0, confidence = 0
    FROM gone g WHERE p.id = g.id AND g.chosen AND (p.affinity_score <> 0 OR p.confidence <> 0)
)
DELETE FROM user_taste_profiles p USING gone g WHERE p.id = g.id AND NOT g.chosen
"""
_LEARN = """
INSERT INTO user_taste_profiles
    (user_id, feature_type, feature_value, affinity_score, confidence, last_updated, decay_rate)
SELECT user_id, feature_type, feature_value, affinity, confidence, seen, %(rate)s FROM new_taste
ORDER BY user_id, feature_type, feature_value
ON CONFLICT (user_id, feature_type, feature_value) DO UPDATE
SET affinity_score = excluded.affinity_score, confidence = excluded.confidence,
    last_updated = excluded.last_updated, decay_rate = excluded.decay_rate
WHERE (user_taste_profiles.affinity_score, user_taste_profiles.confidence, user_taste_profiles.last_updated,
       user_taste_profiles.decay_rate)
   IS DISTINCT FROM (excluded.affinity_score, excluded.confidence, excluded.last_updated, excluded.decay_rate)
"""


@dataclass(frozen=True)
class PlatformChoice:
    """What a viewer says about a service: its slug or name, whether they have it, and how they like it (0 to 1)."""

    platform: str
    has_subscription: bool
    preference_score: float | None = None


def set_platforms(*, user_id: str, choices: Sequence[PlatformChoice], now: dt.datetime) -> list[Problem]:
    """Keep what a viewer says about services; each good choice counts even where another is refused."""
    slugs = {name: p.slug for p in Platform.objects.all() for name in (p.slug, p.name.lower())}
    problems, rows = [], {}
    for index, choice in enumerate(choices):
        slug = slugs.get(choice.platform.strip().lower())
        if slug is None:
            problems.append(Problem(index, "platform", "NOT_FOUND", f"there is no platform {choice.platform!r}"))
        elif choice.preference_score is not None and not 0 <= choice.preference_score <= 1:
            said = choice.preference_score
            problems.append(Problem(index, "preferenceScore", "BAD_INPUT", f"it lies in 0 to 1, got {said}"))
        else:
            rows[slug] = choice
    with transaction.atomic():
        habits.touch(user_id=user_id, now=now)
        PlatformUserPreference.objects.bulk_create(
            [
                PlatformUserPreference(
                    user_id=user_id,
                    platform_name=slug,
                    has_subscription=choice.has_subscription,
                    preference_score=_stated_preference(choice),
                    is_stated=True,
                    last_updated=now,
                )
                for slug, choice in sorted(rows.items())
            ],
            update_conflicts=True,
            unique_fields=["user", "platform_name"],
            update_fields=["has_subscription", "preference_score", "is_stated", "last_updated"],
        )
    return problems


def _stated_preference(choice: PlatformChoice) -> float:
    if choice.preference_score is not None:
        return choice.preference_score
    return 0.75 if choice.has_subscription else 0.25
