"""Acts that speak for titles, the titles' genres and who is friends with whom: what trends are made from."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import sparse

from bingeboard.shows.queries import all_platforms
from recommendations.engine.arrays import Vocabulary
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.features import genres_of
from recommendations.engine.trending import Acts
from recommendations.queries.behavior import ids_allowed
from recommendations.queries.copying import read_records
from social.queries import friend_network

Rows = NDArray[np.int64]
# What speaks for a title; where a viewer says how well it was, they must not have disliked it either.
FOR_A_TITLE = ("play", "complete", "like", "share", "add_to_list")


@dataclass(frozen=True)
class TrendActs:
    """
    Acts that speak for active titles, numbered.

    acts         one a (viewer, title, service, unit of time); segment is a row of platforms, -1 where not told
    show_ids     ascending; acts.title is a row of it
    viewers      ids ascending; acts.viewer is a row of it
    platforms    slugs; what is no service of ours keeps its own name in small letters
    """

    acts: Acts
    show_ids: Rows
    viewers: list[str]
    platforms: list[str]


def acts_for_titles(
    *, since: dt.datetime, as_of: dt.datetime, unit: dt.timedelta, config: EngineConfig = DEFAULT
) -> TrendActs:
    """Return the acts since a moment up to another, each viewer's latest a title, service and unit of time."""
    viewers = ids_allowed(
        "SELECT DISTINCT e.user_id AS id FROM user_behavior_events e WHERE e.created_at > %s AND e.created_at <= %s",
        [since, as_of],
    )
    service_of = _services()
    platforms = sorted(set(service_of.values()))
    rows = [platforms.index(slug) for slug in service_of.values()]
    found = read_records(
        select="""
            SELECT v.row::int4 - 1, e.content_id, coalesce(p.row, -1),
                   (min(extract(epoch FROM %s - e.created_at)) / 86400)::float8
            FROM user_behavior_events e
            JOIN unnest(%s::text[]) WITH ORDINALITY v(id, row) ON v.id = e.user_id
            JOIN shows s ON s.id = e.content_id AND s.is_active
            LEFT JOIN unnest(%s::text[], %s::int4[]) p(name, row) ON p.name = e.platform_source
            WHERE e.created_at > %s AND e.created_at <= %s AND e.event_type = ANY(%s) AND e.engagement_score >= %s
            GROUP BY 1, 2, 3, floor(extract(epoch FROM %s - e.created_at) / %s)
        """,
        columns=[("viewer", "int4"), ("show", "int8"), ("platform", "int4"), ("age", "float8")],
        params=[
            as_of,
            viewers,
            list(service_of),
            rows,
            since,
            as_of,
            list(FOR_A_TITLE),
            config.trending.min_engagement,
            as_of,
            unit.total_seconds(),
        ],
    )
    show_ids, title = np.unique(found["show"].astype(np.int64), return_inverse=True)
    acts = Acts(
        segment=found["platform"].astype(np.int64),
        title=title,
        viewer=found["viewer"].astype(np.int64),
        age=found["age"].astype(np.float64),
    )
    return TrendActs(acts, show_ids, viewers, platforms)


def _services() -> dict[str, str]:
    """Return what events call services -> the slug; people write names, slugs and capitals as they like."""
    known = {word.strip().lower(): p.slug for p in all_platforms() for word in (p.name, p.slug)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT platform_source FROM user_behavior_events WHERE platform_source IS NOT NULL")
        written = sorted(row[0] for row in cursor.fetchall())
    tidy = {name: name.strip().lower() for name in written}
    return {name: known.get(word, word) for name, word in tidy.items() if word}


def genres_of_titles(*, show_ids: Rows) -> tuple[list[str], sparse.csr_matrix]:
    """Return (genres ascending, csr (n_titles, n_genres)) of titles, genres in our vocabulary."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, genres FROM shows WHERE id = ANY(%s)", [show_ids.tolist()])
        told = {show_id: genres_of(raw) for show_id, raw in cursor.fetchall()}
    genres = Vocabulary(sorted({genre for found in told.values() for genre in found}))
    per_title = [told.get(show_id, ()) for show_id in show_ids.tolist()]
    columns = genres.rows([genre for found in per_title for genre in found])
    ends = np.cumsum([0, *(len(found) for found in per_title)])
    shape = (len(show_ids), len(genres))
    return list(genres), sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)


def friends_among(*, viewers: Sequence[str], at_least: int) -> tuple[list[str], Rows, Rows]:
    """
    Return (viewer ids, viewer rows, friend rows), a pair of rows for each friend of whoever has enough of them.

    A viewer's row is one of the ids returned, a friend's one of `viewers`; friends who are not there did nothing
    and are left out. Both share with friends.
    """
    known = Vocabulary(viewers)
    ids: list[str] = []
    pairs: list[tuple[int, int]] = []
    for viewer, friends in friend_network():
        rows = known.known_rows(friends)
        rows = rows[rows >= 0]
        if len(rows) >= at_least:
            pairs += [(len(ids), row) for row in rows.tolist()]
            ids.append(viewer)
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ids, table[:, 0], table[:, 1]
