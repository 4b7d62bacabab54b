"""Ratings from a file -> user_behavior_events: a rating becomes the acts it stands for, once."""

import datetime as dt
from typing import Any

from django.db.backends.utils import CursorWrapper

from bingeboard.importing import (
    CsvFormat,
    Rejected,
    Rejects,
    Source,
    Staging,
    Summary,
    create_missing_viewers,
    import_transaction,
    mark_taken_names,
)
from bingeboard.importing.staging import ADDED, UNCHANGED, UPDATED
from bingeboard.importing.values import moment, number, required_text
from bingeboard.importing.viewers import USER_ID_LETTERS
from bingeboard.shows.services import mark_unknown_shows, named_show
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.pipeline import folding

SESSION = "import"

_RATINGS = Staging(
    table="staged_ratings",
    parsed={
        "user_id": "varchar",
        "show": "text",
        "show_id": "bigint",
        "rating": "float8",
        "rated_at": "timestamptz",
    },
)


def import_ratings(
    *, source: Source, rejects: Rejects, now: dt.datetime, dry_run: bool = False, config: EngineConfig = DEFAULT
) -> Summary:
    """
    Bring in ratings as the events they stand for; importing a file again changes nothing.

    A rating is a `complete` whose engagement is the rating's place between the lowest and the highest, and besides
    a `like` from events.rating_like up, or a `dislike` from events.rating_dislike down. Their event ids follow from
    viewer, title and kind, so that a rating has them once; one that changed has all of them replaced. Viewers
    nobody knows yet are made, titles are not. Profiles are not touched: their stage reads the events.
    """
    form = CsvFormat(required=("user_id", "show_id", "rating"), optional=("timestamp",))
    with import_transaction("ratings", dry_run=dry_run) as cursor:
        read = _RATINGS.fill(cursor, source=source, form=form, parse=_parser(now, config), rejects=rejects)
        mark_unknown_shows(cursor, table=_RATINGS.table)
        mark_taken_names(cursor, table=_RATINGS.table, column="user_id")
        _RATINGS.reject_problems(cursor, rejects=rejects)
        overruled = _RATINGS.drop_overruled(cursor, key="user_id, show_id")
        viewers = create_missing_viewers(cursor, table=_RATINGS.table, column="user_id", now=now)
        _work_out_events(cursor, config)
        _set_states(cursor)
        touched = _touch_viewers(cursor)
        _write_events(cursor, now)
        summary = _RATINGS.summary(cursor, read=read, overruled=overruled, rejects=rejects)
        summary.note("new viewers", viewers)
        summary.note("viewers whose lists are due to be made anew", touched)
    return summary


def _parser(now: dt.datetime, config: EngineConfig) -> Any:
    low, high = config.events.rating_low, config.events.rating_high

    def parse(record: dict[str, Any]) -> tuple[Any, ...]:
        rating = number("rating", record["rating"], low=low, high=high)
        if rating is None:
            raise Rejected(f"rating is empty; it must be a number in {low:g} to {high:g}")
        return (
            required_text("user_id", record["user_id"], most=USER_ID_LETTERS),
            *named_show(record["show_id"]),
            rating,
            moment("timestamp", record["timestamp"], now=now),
        )

    return parse


def _work_out_events(cursor: CursorWrapper, config: EngineConfig) -> None:
    """Write down for each rating the three events it may have, and which of them it shall have."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.wanted_events")
    cursor.execute(
        """
        CREATE TEMP TABLE wanted_events ON COMMIT DROP AS
        SELECT r.line, r.user_id, md5(format('rating:%%s:%%s:%%s', r.user_id, r.show_id, k.kind))::uuid AS event_id,
               k.kind, k.place, k.due, k.engagement, r.show_id, t.content_type, r.rated_at,
               jsonb_build_object('rating', r.rating, 'source', 'import') AS context
        FROM staged_ratings r JOIN shows t ON t.id = r.show_id
        CROSS JOIN LATERAL (VALUES
            ('complete', 1, true, (r.rating - %(low)s) / (%(high)s - %(low)s)),
            ('like', 2, r.rating >= %(like)s, 1),
            ('dislike', 3, r.rating <= %(dislike)s, 0)) AS k(kind, place, due, engagement)
        """,
        {
            "low": config.events.rating_low,
            "high": config.events.rating_high,
            "like": config.events.rating_like,
            "dislike": config.events.rating_dislike,
        },
    )
    cursor.execute("ANALYZE wanted_events")


def _set_states(cursor: CursorWrapper) -> None:
    cursor.execute(
        """
        WITH found AS (
            SELECT w.line, bool_or(e.id IS NOT NULL) AS known, bool_or(
                w.due <> (e.id IS NOT NULL) OR e.id IS NOT NULL AND
                (e.event_type, e.content_id, e.content_type, e.engagement_score, e.created_at, e.context)
                IS DISTINCT FROM (w.kind, w.show_id, w.content_type, w.engagement, w.rated_at, w.context)) AS differs
            FROM wanted_events w
            LEFT JOIN user_behavior_events e ON e.user_id = w.user_id AND e.event_id = w.event_id
            GROUP BY w.line
        )
        UPDATE staged_ratings r SET state = CASE WHEN NOT f.known THEN %s WHEN f.differs THEN %s ELSE %s END
        FROM found f WHERE f.line = r.line
        """,
        [ADDED, UPDATED, UNCHANGED],
    )


def _touch_viewers(cursor: CursorWrapper) -> int:
    """Mark whose behaviour changed, in key order; their rows stay locked, so a fold into a profile waits its turn."""
    cursor.execute(
        """
        INSERT INTO viewer_states (user_id, behavior_version, last_event_at, unprofiled, profiled_through)
        SELECT user_id, 1, max(rated_at), true, %s
        FROM staged_ratings WHERE state <> %s GROUP BY user_id ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET behavior_version = viewer_states.behavior_version + 1,
            last_event_at = greatest(viewer_states.last_event_at, excluded.last_event_at),
            unprofiled = true, profiled_through = excluded.profiled_through
        """,
        [folding.ANEW, UNCHANGED],
    )
    return cursor.rowcount


def _write_events(cursor: CursorWrapper, now: dt.datetime) -> None:
    cursor.execute(
        """
        DELETE FROM user_behavior_events e USING wanted_events w JOIN staged_ratings r ON r.line = w.line
        WHERE r.state = %s AND e.user_id = w.user_id AND e.event_id = w.event_id
        """,
        [UPDATED],
    )
    cursor.execute(
        """
        INSERT INTO user_behavior_events (event_id, user_id, session_id, event_type, content_id, content_type,
            context, engagement_score, created_at, received_at)
        SELECT w.event_id, w.user_id, %s, w.kind, w.show_id, w.content_type, w.context, w.engagement, w.rated_at, %s
        FROM wanted_events w JOIN staged_ratings r ON r.line = w.line
        WHERE w.due AND r.state <> %s
        ORDER BY w.user_id, w.rated_at, w.line, w.place
        """,
        [SESSION, now, UNCHANGED],
    )
