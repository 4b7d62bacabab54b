"""STAND-IN by the lead so that the tree imports: the helper who owns this file replaces it whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
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
from bingeboard.importing.values import number, required_text, shown
from bingeboard.importing.viewers import USER_ID_LETTERS
from social.models import FriendshipStatus


@dataclass(frozen=True)
class Act:
    user_id: str
    show_id: int
    kind: str
    happened_at: dt.datetime
    strength: float | None


def record_signals(*, acts: Sequence[Act], now: dt.datetime) -> int:
    return 0


# --- Friendships from a file --------------------------------------------------------------------------------

_FRIENDS = Staging(
    table="staged_friends",
    parsed={"user_id": "varchar", "friend_id": "varchar", "status": "varchar", "shares": "boolean"},
)
_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no")


def import_friends(
    *, source: Source, rejects: Rejects, now: dt.datetime, share: bool = False, dry_run: bool = False
) -> Summary:
    """
    Bring in friendships, one a pair whichever way round it is told; importing a file again changes nothing.

    Consent to be seen by friends stays as it is, and off for viewers who are made here, but for those whose line
    says `share`, and for everyone in the file where `share` is given: the caller then vouches that they agreed.
    """
    form = CsvFormat(required=("user_id", "friend_id"), optional=("status", "trust", "share"))
    with import_transaction("friends", dry_run=dry_run) as cursor:
        read = _FRIENDS.fill(cursor, source=source, form=form, parse=_friends, rejects=rejects)
        for column in ("user_id", "friend_id"):
            mark_taken_names(cursor, table=_FRIENDS.table, column=column)
        _FRIENDS.reject_problems(cursor, rejects=rejects)
        viewers = sum(
            create_missing_viewers(cursor, table=_FRIENDS.table, column=column, now=now)
            for column in ("user_id", "friend_id")
        )
        agreed = _note_consent(cursor, everyone=share)
        overruled = _FRIENDS.drop_overruled(cursor, key="least(user_id, friend_id), greatest(user_id, friend_id)")
        _write_friendships(cursor, now)
        summary = _FRIENDS.summary(cursor, read=read, overruled=overruled, rejects=rejects)
        summary.note("new viewers", viewers)
        summary.note("viewers who now share with friends", agreed)
    return summary


def _friends(record: dict[str, Any]) -> tuple[Any, ...]:
    user_id = required_text("user_id", record["user_id"], most=USER_ID_LETTERS)
    friend_id = required_text("friend_id", record["friend_id"], most=USER_ID_LETTERS)
    if user_id == friend_id:
        raise Rejected(f"{user_id!r} cannot be their own friend")
    status = record["status"].strip().lower() or FriendshipStatus.ACCEPTED.value
    if status not in FriendshipStatus.values:
        raise Rejected(f"status must be one of {', '.join(FriendshipStatus.values)}, got {shown(record['status'])}")
    trust = number("trust", record["trust"])
    if trust is not None and trust <= 0:
        raise Rejected(f"trust must be above 0 where two are friends, got {shown(record['trust'])}")
    said = record["share"].strip().lower()
    if said not in (*_YES, *_NO):
        raise Rejected(f"share must be true or false, got {shown(record['share'])}")
    return user_id, friend_id, status, said in _YES


def _note_consent(cursor: CursorWrapper, *, everyone: bool) -> int:
    cursor.execute(
        """
        UPDATE users SET share_with_friends = true
        WHERE NOT share_with_friends AND id IN (
            SELECT user_id FROM staged_friends WHERE shares OR %(everyone)s
            UNION SELECT friend_id FROM staged_friends WHERE %(everyone)s)
        """,
        {"everyone": everyone},
    )
    return int(cursor.rowcount)


def _write_friendships(cursor: CursorWrapper, now: dt.datetime) -> None:
    cursor.execute(
        """
        UPDATE staged_friends s SET state = CASE WHEN f.id IS NULL THEN %s WHEN f.status <> s.status THEN %s
                                                 ELSE %s END
        FROM staged_friends o LEFT JOIN friendships f
          ON least(f.user_id, f.friend_id) = least(o.user_id, o.friend_id)
         AND greatest(f.user_id, f.friend_id) = greatest(o.user_id, o.friend_id)
        WHERE o.line = s.line
        """,
        [ADDED, UPDATED, UNCHANGED],
    )
    cursor.execute(
        """
        INSERT INTO friendships (user_id, friend_id, status, created_at, answered_at)
        SELECT user_id, friend_id, status, %(now)s, CASE WHEN status <> 'requested' THEN %(now)s::timestamptz END
        FROM staged_friends WHERE state <> %(unchanged)s ORDER BY line
        ON CONFLICT (least(user_id, friend_id), greatest(user_id, friend_id)) DO UPDATE
        SET status = excluded.status, answered_at = excluded.answered_at
        """,
        {"now": now, "unchanged": UNCHANGED},
    )
