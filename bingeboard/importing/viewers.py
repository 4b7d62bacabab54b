"""Viewers whom an imported file names and nobody knows yet: set-based, for every import of what viewers did."""

import datetime as dt

from django.db.backends.utils import CursorWrapper

USER_ID_LETTERS = 64


def mark_taken_names(cursor: CursorWrapper, *, table: str, column: str) -> None:
    """Mark staged lines whose viewer would be new but whose id is already somebody else's user name."""
    cursor.execute(
        f"""
        UPDATE {table} s SET problem = 'the name ' || s.{column} || ' belongs to another user'
        FROM users u
        WHERE s.problem IS NULL AND u.username = s.{column} AND u.id <> s.{column}
          AND NOT EXISTS (SELECT 1 FROM users k WHERE k.id = s.{column})
        """  # noqa: S608 - names from our own code
    )


def create_missing_viewers(cursor: CursorWrapper, *, table: str, column: str, now: dt.datetime) -> int:
    """Make the viewers that a staging table names and that are not there; returns how many. None has a password."""
    cursor.execute(
        f"""
        INSERT INTO users (id, username, date_joined)
        SELECT DISTINCT {column}, {column}, %s::timestamptz FROM {table} ORDER BY 1
        ON CONFLICT (id) DO NOTHING
        """,  # noqa: S608 - names from our own code
        [now],
    )
    return cursor.rowcount
