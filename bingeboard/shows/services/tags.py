"""The words that viewers put on titles, from a file."""

import datetime as dt
from typing import Any

from django.db.backends.utils import CursorWrapper

from bingeboard.importing import (
    CsvFormat,
    Rejects,
    Source,
    Staging,
    Summary,
    create_missing_viewers,
    import_transaction,
    mark_taken_names,
)
from bingeboard.importing.staging import ADDED, UNCHANGED, UPDATED
from bingeboard.importing.values import moment, required_text
from bingeboard.importing.viewers import USER_ID_LETTERS
from bingeboard.shows.services.catalogue import OUTER_ID_LETTERS, show_id_of

TAG_LETTERS = 200

_TAGS = Staging(
    table="staged_tags",
    parsed={"user_id": "text", "show": "text", "show_id": "bigint", "tag": "text", "tagged_at": "timestamptz"},
)


def import_tags(*, source: Source, rejects: Rejects, now: dt.datetime, dry_run: bool = False) -> Summary:
    """Bring in the words that viewers put on titles, each once; viewers nobody knows yet are made, titles are not."""

    def parse(record: dict[str, Any]) -> tuple[Any, ...]:
        return (
            required_text("user_id", record["user_id"], most=USER_ID_LETTERS),
            *named_show(record["show_id"]),
            required_text("tag", record["tag"], most=TAG_LETTERS),
            moment("timestamp", record["timestamp"], now=now),
        )

    form = CsvFormat(required=("user_id", "show_id", "tag"), optional=("timestamp",))
    with import_transaction("tags", dry_run=dry_run) as cursor:
        read = _TAGS.fill(cursor, source=source, form=form, parse=parse, rejects=rejects)
        mark_unknown_shows(cursor, table=_TAGS.table)
        mark_taken_names(cursor, table=_TAGS.table, column="user_id")
        _TAGS.reject_problems(cursor, rejects=rejects)
        overruled = _TAGS.drop_overruled(cursor, key="user_id, show_id, tag")
        viewers = create_missing_viewers(cursor, table=_TAGS.table, column="user_id", now=now)
        _write_tags(cursor)
        summary = _TAGS.summary(cursor, read=read, overruled=overruled, rejects=rejects)
        summary.note("new viewers", viewers)
    return summary


def named_show(value: str) -> tuple[str, int]:
    """Return a title as the line names it, and its key; for the columns `show` and `show_id` of a staging table."""
    return required_text("show_id", value, most=OUTER_ID_LETTERS), show_id_of(value, name="show_id")


def mark_unknown_shows(cursor: CursorWrapper, *, table: str) -> None:
    """Mark staged lines about titles that are not there."""
    cursor.execute(
        f"""
        UPDATE {table} s SET problem = 'there is no show ' || s.show
        WHERE s.problem IS NULL AND NOT EXISTS (SELECT 1 FROM shows t WHERE t.id = s.show_id)
        """  # noqa: S608 - names from our own code
    )


def _write_tags(cursor: CursorWrapper) -> None:
    cursor.execute(
        """
        UPDATE staged_tags s SET state = CASE WHEN t.id IS NULL THEN %s WHEN t.created_at <> s.tagged_at THEN %s
                                              ELSE %s END
        FROM staged_tags o LEFT JOIN show_tags t
          ON t.user_id = o.user_id AND t.show_id = o.show_id AND t.tag = o.tag
        WHERE o.line = s.line
        """,
        [ADDED, UPDATED, UNCHANGED],
    )
    cursor.execute(
        """
        INSERT INTO show_tags (user_id, show_id, tag, created_at)
        SELECT user_id, show_id, tag, tagged_at FROM staged_tags WHERE state <> %s ORDER BY line
        ON CONFLICT (user_id, show_id, tag) DO UPDATE SET created_at = excluded.created_at
        """,
        [UNCHANGED],
    )
