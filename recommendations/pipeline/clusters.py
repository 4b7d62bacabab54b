"""user_taste_profiles, events and what viewers gave of themselves -> user_clusters: who is grouped with whom."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from recommendations.engine.arrays import Vocabulary
from recommendations.engine.clusters import (
    Groups,
    demographic_label,
    free_names,
    group,
    group_count,
    habit_vectors,
    heirs,
    taste_vectors,
)
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models.fields import ClusterType
from recommendations.queries.behavior import given_demographics, habits, stored_groups, taste_strengths
from recommendations.queries.copying import fresh_table

Progress = Callable[[int], None]
# Cosines beyond are rounding, and would touch rows that have not changed.
DECIMALS = 6


@dataclass(frozen=True)
class Membership:
    """Who is in which group of one kind, and how close to its centre."""

    viewers: Sequence[str]
    groups: Sequence[str]
    similarity: Sequence[float]


def rebuild(
    *, now: dt.datetime, as_of: dt.datetime, config: EngineConfig = DEFAULT, progress: Progress | None = None
) -> dict[str, int]:
    """
    Group viewers by taste, by habits and by what they gave of themselves; returns the number of rows of each kind.

    Who belongs together is a function of the data alone; what a group is called continues from what is stored (see
    engine.clusters.heirs), so repeating it changes nothing. One transaction: readers see the old groups or the new.

    as_of      acts after this moment are not counted yet
    progress   called with 1 for each kind
    """
    stages: dict[ClusterType, Callable[[], Membership]] = {
        ClusterType.TASTE_BASED: lambda: by_taste(config=config),
        ClusterType.BEHAVIOR_BASED: lambda: by_habits(as_of=as_of, config=config),
        ClusterType.DEMOGRAPHIC: by_what_they_gave,
    }
    found: dict[str, Membership] = {}
    for kind, members in stages.items():
        found[kind.value] = members()
        if progress is not None:
            progress(1)
    _replace(found, now)
    return {kind: len(members.viewers) for kind, members in found.items()}


def by_taste(*, config: EngineConfig = DEFAULT) -> Membership:
    """Return the groups of viewers who like the same things."""
    viewers, strengths = taste_strengths(config=config)
    return _named(viewers, taste_vectors(strengths, config.clusters), ClusterType.TASTE_BASED, config)


def by_habits(*, as_of: dt.datetime, config: EngineConfig = DEFAULT) -> Membership:
    """Return the groups of viewers who watch in the same way, whatever they watch."""
    viewers, found = habits(as_of=as_of, config=config)
    return _named(viewers, habit_vectors(found, config.clusters), ClusterType.BEHAVIOR_BASED, config)


def by_what_they_gave() -> Membership:
    """Return the groups by decade of birth, country and gender; who gave nothing is in none."""
    labels = {
        viewer: demographic_label(birth_year=born, country=country, gender=gender)
        for viewer, born, country, gender in given_demographics()
    }
    told = {viewer: label for viewer, label in labels.items() if label is not None}
    return Membership(list(told), list(told.values()), [1.0] * len(told))


def _named(viewers: Sequence[str], vectors: NDArray[np.float32], kind: ClusterType, config: EngineConfig) -> Membership:
    """Return the groups by name: of the group they continue, or the first free one."""
    n_groups = group_count(len(viewers), config.clusters)
    if n_groups == 0:
        return Membership([], [], [])
    found = group(vectors, n_groups, config.clusters)
    names = _names(viewers, found, stored_groups(kind=kind.value), kind.value.partition("_")[0])
    placed = np.flatnonzero(found.label >= 0).tolist()
    return Membership(
        [viewers[row] for row in placed],
        [names[found.label[row]] for row in placed],
        [round(float(found.similarity[row]), DECIMALS) for row in placed],
    )


def _names(viewers: Sequence[str], found: Groups, stored: Mapping[str, str], prefix: str) -> list[str]:
    """Return a name for each group."""
    known = Vocabulary(sorted(set(stored.values())))
    before = known.known_rows([stored.get(viewer, "") for viewer in viewers])
    n = len(found.centres)
    inherited = heirs(before, found.label, n_old=len(known), n_new=n)
    new = iter(free_names(prefix, list(known), n))
    return [known[row] if row >= 0 else next(new) for row in inherited.tolist()]


def _replace(found: Mapping[str, Membership], now: dt.datetime) -> None:
    """Make the stored groups what was found; only rows that differ are written."""
    with transaction.atomic(), connection.cursor() as cursor:
        fresh_table(name="wanted_groups", columns="user_id text, kind text, cluster text, similarity float8")
        with cursor.copy("COPY wanted_groups FROM STDIN") as copy:
            for kind, members in found.items():
                for row in zip(members.viewers, members.groups, members.similarity, strict=True):
                    copy.write_row((row[0], kind, *row[1:]))
        cursor.execute("ANALYZE wanted_groups")
        cursor.execute(
            "DELETE FROM user_clusters c WHERE NOT EXISTS"
            " (SELECT FROM wanted_groups w WHERE w.user_id = c.user_id AND w.kind = c.cluster_type)"
        )
        cursor.execute(
            """
            INSERT INTO user_clusters (user_id, cluster_type, cluster_id, similarity_score, updated_at)
            SELECT w.user_id, w.kind, w.cluster, w.similarity, %s
            -- Somebody may have left, or taken their consent back, meanwhile.
            FROM wanted_groups w JOIN users u ON u.id = w.user_id AND u.personalisation AND u.is_active
            ORDER BY w.user_id, w.kind
            ON CONFLICT (user_id, cluster_type) DO UPDATE
            SET cluster_id = excluded.cluster_id, similarity_score = excluded.similarity_score,
                updated_at = excluded.updated_at
            WHERE (user_clusters.cluster_id, user_clusters.similarity_score)
               IS DISTINCT FROM (excluded.cluster_id, excluded.similarity_score)
            """,
            [now],
        )
