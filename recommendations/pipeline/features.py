"""Shows -> content_features: what is true of each title, told by its facts, its viewers' tags or inferred."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from django.db import connection, transaction

from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.features import Facts, feature_rows
from recommendations.queries.copying import fresh_table

Progress = Callable[[int], None]
TITLES_PER_STEP = 500
# Two runs at once would each delete what the other has not written yet; the number is this stage's own.
LOCK = 20260923_01


def rebuild(
    *,
    now: dt.datetime,
    show_ids: Sequence[int] | None = None,
    config: EngineConfig = DEFAULT,
    progress: Progress | None = None,
) -> dict[str, int]:
    """
    Make the features of these titles (None: of all) what the titles' facts and tags say.

    One transaction: readers see the old features or the new ones. What a curator wrote is never touched, and nothing
    is added beside it under the same name; weight 0 is how a curator silences a feature. Unchanged rows are not
    rewritten, so repeating it changes nothing.

    now        every stage is handed it; features have no date
    progress   called with the number of titles done

    Returns how many titles were looked at, and how many rows were added, changed and removed.
    """
    chosen = None if show_ids is None else sorted(set(show_ids))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        titles = _facts(chosen)
        _stage(titles, config, progress)
        if chosen is None:
            # Right after a first load PostgreSQL still thinks the table empty, and would take hours row by row.
            cursor.execute("SET LOCAL enable_nestloop = off")
        removed = _remove(chosen)
        added, changed = _upsert()
        if chosen is None and (added or removed):
            cursor.execute("ANALYZE content_features")
    return {"titles": len(titles), "added": added, "changed": changed, "removed": removed}


def _facts(show_ids: Sequence[int] | None) -> list[Facts]:
    """Return what is known of the titles, with viewers' tags counted by viewer."""
    chosen = "" if show_ids is None else "WHERE s.id = ANY(%s)"
    query = f"""
        SELECT s.id, s.title, s.overview, s.genres, s."cast", s.directors, s.keywords, s.moods, s.themes, s.user_tags,
               t.tags, t.viewers
        FROM shows s
        LEFT JOIN LATERAL (
            SELECT array_agg(tag) AS tags, array_agg(viewers) AS viewers
            FROM (SELECT lower(btrim(tag)) AS tag, count(DISTINCT user_id) AS viewers
                  FROM show_tags WHERE show_id = s.id GROUP BY 1) AS said
        ) t ON true
        {chosen} ORDER BY s.id
    """  # noqa: S608 - the only thing put in is one of two constants
    with connection.cursor() as cursor:
        cursor.execute(query, [] if show_ids is None else [list(show_ids)])
        return [_as_facts(row) for row in cursor.fetchall()]


def _as_facts(row: Sequence) -> Facts:
    *known, imported, tags, viewers = row
    show_id, title, overview, genres, cast, directors, keywords, moods, themes = known
    # A tag that came with the title was said by somebody, we do not know by how many.
    said = {**dict.fromkeys(imported, 1), **dict(zip(tags or (), viewers or (), strict=True))}
    return Facts(show_id, title, overview, genres, cast, directors, keywords, moods, themes, said)


def _stage(titles: Sequence[Facts], config: EngineConfig, progress: Progress | None) -> None:
    """Put the wanted rows into a temporary table, computing as it goes."""
    fresh_table(
        name="wanted_features",
        columns="content_id bigint, feature_type text, feature_value text, weight float8, source text,"
        " confidence float8",
    )
    with connection.cursor() as cursor:
        with cursor.copy("COPY wanted_features FROM STDIN") as copy:
            for chunk in _chunks(titles):
                for facts in chunk:
                    for row in feature_rows(facts, config.features):
                        copy.write_row(row)
                if progress is not None:
                    progress(len(chunk))
        cursor.execute("ANALYZE wanted_features")


def _chunks(titles: Sequence[Facts]) -> Iterator[Sequence[Facts]]:
    for start in range(0, len(titles), TITLES_PER_STEP):
        yield titles[start : start + TITLES_PER_STEP]


def _remove(show_ids: Sequence[int] | None) -> int:
    """Delete what is no longer true of the titles; returns the number of rows."""
    chosen = "" if show_ids is None else "AND f.content_id = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM content_features f
            WHERE f.source <> 'curated' {chosen} AND NOT EXISTS (
                SELECT FROM wanted_features w
                WHERE w.content_id = f.content_id AND w.feature_type = f.feature_type
                    AND w.feature_value = f.feature_value)
            """,  # noqa: S608 - the only thing put in is one of two constants
            [] if show_ids is None else [list(show_ids)],
        )
        return cursor.rowcount


def _upsert() -> tuple[int, int]:
    """Write what is new or different, past what a curator wrote; returns (added, changed)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE content_features f
            SET weight = w.weight, source = w.source, confidence = w.confidence
            FROM wanted_features w
            WHERE w.content_id = f.content_id AND w.feature_type = f.feature_type
                AND w.feature_value = f.feature_value AND f.source <> 'curated'
                AND (f.weight, f.source, f.confidence) IS DISTINCT FROM (w.weight, w.source, w.confidence)
            """
        )
        changed = cursor.rowcount
        # A curator may be adding the same row at this moment: theirs stays.
        cursor.execute(
            """
            INSERT INTO content_features (content_id, feature_type, feature_value, weight, source, confidence)
            SELECT w.content_id, w.feature_type, w.feature_value, w.weight, w.source, w.confidence
            FROM wanted_features w
            WHERE NOT EXISTS (
                SELECT FROM content_features f
                WHERE f.content_id = w.content_id AND f.feature_type = w.feature_type
                    AND f.feature_value = w.feature_value)
            ORDER BY w.content_id, w.feature_type, w.weight DESC, w.feature_value
            ON CONFLICT (content_id, feature_type, feature_value) DO NOTHING
            """
        )
        return cursor.rowcount, changed
