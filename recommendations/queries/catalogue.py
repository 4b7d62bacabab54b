"""The catalogue as arrays: titles' facts, their features' strengths and their vectors."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.arrays import rows_in
from recommendations.engine.features import TYPE_CODES, FeatureMatrix, build_matrix, genres_of
from recommendations.queries.copying import read_records

CONTENT_TYPES = ("movie", "tv")


@dataclass(frozen=True)
class ShowFacts:
    """
    What is known of every title; all arrays have n_shows entries, in the order of show_ids.

    show_ids          int64, ascending
    content_type      int8, an index into CONTENT_TYPES
    release_ordinal   float64, days as date.toordinal() counts them; mid-year where only the year is known, else NaN
    runtime           float32 minutes, popularity float64 on any scale, vote_average float32 0-10; NaN where not known
    vote_count        int64, 0 where not known
    is_active         bool; others are never recommended
    genres            in our vocabulary (engine.features), most characteristic first
    platforms         slugs, ascending; on_platform is (n_shows, n_platforms) bool: can be watched there today
    """

    show_ids: NDArray[np.int64]
    content_type: NDArray[np.int8]
    release_ordinal: NDArray[np.float64]
    runtime: NDArray[np.float32]
    popularity: NDArray[np.float64]
    vote_average: NDArray[np.float32]
    vote_count: NDArray[np.int64]
    is_active: NDArray[np.bool_]
    genres: list[tuple[str, ...]]
    titles: list[str]
    platforms: list[str]
    on_platform: sparse.csr_matrix

    def __len__(self) -> int:
        return len(self.show_ids)

    def rows(self, show_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where titles stand, -1 where they are not there."""
        return rows_in(self.show_ids, show_ids)


def load_show_facts(*, today: dt.date) -> ShowFacts:
    """Return the facts of every title; platforms are those that have it today, in whatever region."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, (content_type = 'tv')::int,
                   (coalesce(release_date, make_date(release_year, 7, 2)) - DATE '0001-01-01' + 1)::float8,
                   runtime_minutes::float8, popularity, vote_average, coalesce(vote_count, 0), is_active, genres, title
            FROM shows ORDER BY id
            """
        )
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 10
    show_ids = np.array(columns[0], dtype=np.int64)
    platforms, on_platform = _availability(show_ids, today)
    return ShowFacts(
        show_ids=show_ids,
        content_type=np.array(columns[1], dtype=np.int8),
        # None becomes NaN on the way into a float array.
        release_ordinal=np.array(columns[2], dtype=np.float64),
        runtime=np.array(columns[3], dtype=np.float32),
        popularity=np.array(columns[4], dtype=np.float64),
        vote_average=np.array(columns[5], dtype=np.float32),
        vote_count=np.array(columns[6], dtype=np.int64),
        is_active=np.array(columns[7], dtype=np.bool_),
        genres=[genres_of(raw) for raw in columns[8]],
        titles=list(columns[9]),
        platforms=platforms,
        on_platform=on_platform,
    )


def _availability(show_ids: NDArray[np.int64], today: dt.date) -> tuple[list[str], sparse.csr_matrix]:
    """Return the active platforms' slugs and which titles each has today."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, slug FROM platforms WHERE is_active ORDER BY slug")
        platforms = cursor.fetchall()
    found = read_records(
        select="""
            SELECT DISTINCT show_id, platform_id FROM show_platforms
            WHERE (valid_from IS NULL OR valid_from <= %s) AND (valid_until IS NULL OR valid_until >= %s)
        """,
        params=[today, today],
        columns=[("show_id", "int8"), ("platform_id", "int8")],
    )
    place = {key: column for column, (key, _) in enumerate(platforms)}
    columns = np.array([place.get(key, -1) for key in found["platform_id"].tolist()], dtype=np.int64)
    rows = rows_in(show_ids, found["show_id"].astype(np.int64))
    known = (rows >= 0) & (columns >= 0)
    entries = (np.ones(int(known.sum()), dtype=np.bool_), (rows[known], columns[known]))
    shape = (len(show_ids), len(platforms))
    return [slug for _, slug in platforms], sparse.csr_matrix(entries, shape=shape)


def load_feature_matrix() -> FeatureMatrix:
    """Return every title's feature strengths, from content_features; a title without features is a row of zeros."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shows ORDER BY id")
        show_ids = np.array([show_id for (show_id,) in cursor.fetchall()], dtype=np.int64)
        cursor.execute("SELECT content_id, feature_type, feature_value, weight, confidence FROM content_features")
        rows = cursor.fetchall()
    return feature_matrix_from(show_ids=show_ids, rows=rows)


def feature_matrix_from(
    *, show_ids: NDArray[np.int64], rows: Sequence[tuple[int, str, str, float, float]]
) -> FeatureMatrix:
    """Return the matrix of (title, type, value, weight, confidence) rows; those of unknown titles are left out."""
    titles, kinds, names, weights, confidences = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    keys = [(TYPE_CODES[kind], name) for kind, name in zip(kinds, names, strict=True)]
    distinct = sorted(set(keys))
    column = {key: place for place, key in enumerate(distinct)}
    row_shows = np.array(titles, dtype=np.int64)
    # A title may be deleted between the two reads.
    known = rows_in(show_ids, row_shows) >= 0
    return build_matrix(
        show_ids=show_ids,
        row_shows=row_shows[known],
        row_columns=np.array([column[key] for key in keys], dtype=np.int64)[known],
        weights=np.array(weights, dtype=np.float64)[known],
        confidences=np.array(confidences, dtype=np.float64)[known],
        types=np.array([code for code, _ in distinct], dtype=np.int8),
        values=[name for _, name in distinct],
    )


def runtimes() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (show ids ascending, their minutes, NaN where not known)."""
    found = read_records(
        select="SELECT id, coalesce(runtime_minutes::float8, 'NaN') FROM shows ORDER BY id",
        columns=[("show_id", "int8"), ("minutes", "float8")],
    )
    return found["show_id"].astype(np.int64), found["minutes"].astype(np.float64)


def load_embeddings(
    *, kind: str = "hybrid", model_version: str | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """
    Return (show ids ascending, vectors (n, d) float32 without the zeros they were padded with).

    kind            "description", "metadata" or "hybrid"
    model_version   only those of this model; vectors of two must not meet, so None means: of the one that more titles
                    have (of equals, the later name), should a change of model be half done
    """
    found = read_records(
        select="""
            SELECT content_id, embedding FROM content_embeddings
            WHERE embedding_type = %s AND embedding IS NOT NULL AND model_version = coalesce(%s, (
                SELECT model_version FROM content_embeddings
                WHERE embedding_type = %s AND embedding IS NOT NULL
                GROUP BY model_version ORDER BY count(*) DESC, model_version DESC LIMIT 1))
            ORDER BY content_id
        """,
        params=[kind, model_version, kind],
        columns=[("content_id", "int8"), ("embedding", "vector(1536)")],
    )
    used = np.flatnonzero(np.any(found["embedding"] != 0, axis=0)) if len(found) else np.zeros(0, dtype=np.int64)
    width = int(used[-1]) + 1 if len(used) else 0
    return found["content_id"].astype(np.int64), np.ascontiguousarray(found["embedding"][:, :width], dtype=np.float32)
