"""Writes: ask for, answer and end friendships; tell friends what a viewer did; take friendships in from a file."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from bingeboard.errors import Invalid, NotAllowed, NotFound, Stale
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
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from social.models import Friendship, FriendshipStatus, SignalKind, SocialSignal
from social.queries import friends_of

# What each kind of act counts where the caller does not say; the same numbers as the engine's section `social`.
DEFAULT_STRENGTH = {"watched": 0.5, "liked": 0.8, "recommended": 1.0, "shared": 0.7, "rated": 0.6}
# Letters of the note that goes with a recommendation to a friend: a few sentences, not a letter.
NOTE_LETTERS = 500


class Watcher(Protocol):
    """
    Whoever keeps something that was made from what friends see; this app knows nothing of lists or trends.

    Both are called inside the transaction that makes the change, before it touches social_signals.
    """

    def hidden(self, *, user_id: str, others: Sequence[str], now: dt.datetime) -> None:
        """Drop what a viewer and each of these others were shown of each other."""

    def told(self, *, user_id: str, now: dt.datetime) -> None:
        """A viewer has been told of something."""


_watchers: list[Watcher] = []


def register_watcher(watcher: Watcher) -> None:
    """Have what is kept elsewhere follow what friends may see."""
    if watcher not in _watchers:
        _watchers.append(watcher)


@dataclass(frozen=True)
class Act:
    """What a viewer did with a title, as friends may hear of it; strength None takes the kind's own."""

    user_id: str
    show_id: int
    kind: str
    happened_at: dt.datetime
    strength: float | None = None


def record_signals(*, acts: Sequence[Act]) -> int:
    """
    Tell friends of these acts, where both agreed to share; returns how many signals are new or newer.

    One signal a (viewer, friend, title, kind): the newest act's, of equally new ones the strongest. So neither the
    order nor the number of deliveries matters. One round trip, whatever the number of acts. A signal
    is as old as its act: told by the clock, a second delivery would make it younger.

    Raises ValueError for a kind that is none.
    """
    if not acts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH acts AS (
                SELECT DISTINCT ON (actor, show_id, kind) actor, show_id, kind, strength, happened_at
                FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::float8[], %s::timestamptz[])
                    AS a(actor, show_id, kind, strength, happened_at)
                ORDER BY actor, show_id, kind, happened_at DESC, strength DESC
            ), told AS (
                SELECT CASE WHEN f.user_id = a.actor THEN f.friend_id ELSE f.user_id END AS listener, a.*
                FROM acts a
                JOIN users me ON me.id = a.actor AND me.share_with_friends
                JOIN friendships f ON f.status = 'accepted' AND (f.user_id = a.actor OR f.friend_id = a.actor)
            )
            INSERT INTO social_signals (user_id, friend_id, content_id, signal_type, signal_strength, created_at)
            SELECT t.listener, t.actor, t.show_id, t.kind, t.strength, t.happened_at
            FROM told t JOIN users them ON them.id = t.listener AND them.share_with_friends
            ORDER BY 1, 2, 3, 4
            ON CONFLICT (user_id, friend_id, content_id, signal_type) DO UPDATE
            SET created_at = excluded.created_at, signal_strength = excluded.signal_strength
            WHERE (social_signals.created_at, social_signals.signal_strength)
                < (excluded.created_at, excluded.signal_strength)
            """,
            [
                [act.user_id for act in acts],
                [act.show_id for act in acts],
                [act.kind for act in acts],
                [_strength(act) for act in acts],
                [act.happened_at for act in acts],
            ],
        )
        return int(cursor.rowcount)


def _strength(act: Act) -> float:
    if act.kind not in DEFAULT_STRENGTH:
        raise ValueError(f"kind must be one of {', '.join(DEFAULT_STRENGTH)}, got {act.kind!r}")
    return DEFAULT_STRENGTH[act.kind] if act.strength is None else act.strength


def withdraw_signals(*, user_id: str, show_id: int, kinds: Sequence[str]) -> int:
    """Take back what friends were told of a viewer and a title; returns how many signals went."""
    return SocialSignal.objects.filter(friend_id=user_id, content_id=show_id, signal_type__in=kinds).delete()[0]


def restate_signals(*, user_id: str, taken_back: Sequence[tuple[int, str]], standing: Sequence[Act]) -> int:
    """
    Make right what friends were told, after acts of the viewer were taken back; returns how many signals changed.

    taken_back   (title, kind) of those acts
    standing     the newest act that is left of each, where one is: the signal is as old as that again, the rest goes
    """
    left = {(act.show_id, act.kind) for act in standing}
    gone = [pair for pair in taken_back if pair not in left]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM social_signals WHERE friend_id = %s"
            " AND (content_id, signal_type) IN (SELECT * FROM unnest(%s::bigint[], %s::text[]))",
            [user_id, [show for show, _ in gone], [kind for _, kind in gone]],
        )
        changed = cursor.rowcount
        cursor.execute(
            """
            UPDATE social_signals s SET created_at = a.happened_at, signal_strength = a.strength
            FROM unnest(%s::bigint[], %s::text[], %s::float8[], %s::timestamptz[])
                AS a(show_id, kind, strength, happened_at)
            WHERE s.friend_id = %s AND s.content_id = a.show_id AND s.signal_type = a.kind
                AND s.created_at > a.happened_at
            """,
            [
                [act.show_id for act in standing],
                [act.kind for act in standing],
                [_strength(act) for act in standing],
                [act.happened_at for act in standing],
                user_id,
            ],
        )
        return int(changed + cursor.rowcount)


def request_friendship(*, user_id: str, friend_id: str, now: dt.datetime) -> Friendship:
    """
    Ask somebody to be friends; asking twice asks once, asking back is a yes.

    Who was declined may not ask again; who declined may: that is a new request, the other way round.

    Raises Invalid for oneself and where they declined, NotFound for somebody who is not there.
    """
    if user_id == friend_id:
        raise Invalid("nobody is their own friend", field="userId")
    if not User.objects.filter(pk=friend_id, is_active=True).exists():
        raise NotFound("there is no such viewer", field="userId")
    with transaction.atomic():
        # Two who ask each other at once meet in one row: the second finds the first's, and it is a yes.
        asked = Friendship(user_id=user_id, friend_id=friend_id, created_at=now)
        Friendship.objects.bulk_create([asked], ignore_conflicts=True)
        pair = _pair(user_id, friend_id)
        if pair is None:
            raise Stale("this friendship has just been ended; ask again", field="userId")
        if pair.status == FriendshipStatus.DECLINED:
            return _asked_anew(pair, user_id, now)
        if pair.status == FriendshipStatus.REQUESTED and pair.friend_id == user_id:
            return _answered(pair, FriendshipStatus.ACCEPTED, now)
        return pair


def answer_friendship(*, user_id: str, asker_id: str, accept: bool, now: dt.datetime) -> Friendship:
    """
    Say yes or no to somebody's request; saying the same again changes nothing.

    Raises NotFound where that somebody has not asked, or was answered otherwise.
    """
    answer = FriendshipStatus.ACCEPTED if accept else FriendshipStatus.DECLINED
    with transaction.atomic():
        pair = _pair(user_id, asker_id)
        if pair is None or pair.friend_id != user_id or pair.status not in (FriendshipStatus.REQUESTED, answer):
            raise NotFound("there is no request to answer", field="userId")
        return pair if pair.status == answer else _answered(pair, answer, now)


def end_friendship(*, user_id: str, friend_id: str, now: dt.datetime) -> None:
    """
    End a friendship or take back a request, with everything the two were told of each other.

    Raises NotFound where the two are no friends.
    """
    with transaction.atomic():
        pair = _pair(user_id, friend_id)
        if pair is None or pair.status == FriendshipStatus.DECLINED:
            raise NotFound("you are no friends", field="userId")
        pair.delete()
        hide(user_id=user_id, others=[friend_id], now=now)


def hide(*, user_id: str, others: Sequence[str], now: dt.datetime) -> None:
    """Drop everything that a viewer and each of these others were told of each other, wherever it is kept."""
    with transaction.atomic():
        for watcher in _watchers:
            watcher.hidden(user_id=user_id, others=others, now=now)
        both = Q(user_id=user_id, friend_id__in=others) | Q(user_id__in=others, friend_id=user_id)
        SocialSignal.objects.filter(both).delete()


def set_sharing(*, user_id: str, share: bool, now: dt.datetime) -> bool:
    """
    Keep whether a viewer shares with friends; returns whether that is a change.

    Taken back, it ends at once, both ways: friends see nothing of the viewer, nor the viewer of them. Given, it begins
    with the next act; what came before is told when signals are next worked out.

    Raises NotFound where there is no such viewer.
    """
    with transaction.atomic():
        # Not a key update: rows that refer to the viewer need not wait.
        viewer = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if viewer is None:
            raise NotFound("there is no such viewer", field="userId")
        if viewer.share_with_friends == share:
            return False
        viewer.share_with_friends = share
        viewer.save(update_fields=["share_with_friends"])
        if not share:
            told = SocialSignal.objects.filter(Q(user_id=user_id) | Q(friend_id=user_id))
            known = {other for pair in told.values_list("user_id", "friend_id") for other in pair} - {user_id}
            hide(user_id=user_id, others=sorted({*friends_of(user_id=user_id), *known}), now=now)
    return True


def recommend(*, user_id: str, friend_id: str, show_id: int, note: str | None, now: dt.datetime) -> SocialSignal:
    """
    Tell a friend of a title, with a note where there is one; telling again replaces the note.

    Raises NotFound where the two are no friends or there is no such title, NotAllowed unless both share with friends,
    Invalid for a note that is too long or that no table can hold.
    """
    said = _checked_note(note)
    with transaction.atomic():
        # Whoever takes their consent back meanwhile waits, and then finds this too.
        pair_of_users = User.objects.select_for_update(no_key=True).filter(pk__in=[user_id, friend_id])
        sharing = [user.share_with_friends and user.is_active for user in pair_of_users.order_by("pk")]
        pair = _pair(user_id, friend_id)
        if pair is None or pair.status != FriendshipStatus.ACCEPTED:
            raise NotFound("you are no friends", field="friendId")
        if not all(sharing):
            raise NotAllowed("friends see nothing of each other until both share with friends", field="friendId")
        if not Show.objects.filter(pk=show_id, is_active=True).exists():
            raise NotFound("there is no such show", field="showId")
        for watcher in _watchers:
            watcher.told(user_id=friend_id, now=now)
        kind = SignalKind.RECOMMENDED.value
        signal, _ = SocialSignal.objects.update_or_create(
            user_id=friend_id,
            friend_id=user_id,
            content_id=show_id,
            signal_type=kind,
            defaults={
                "signal_strength": DEFAULT_STRENGTH[kind],
                "metadata": {"note": said} if said else None,
                "created_at": now,
            },
        )
    return signal


def _checked_note(note: str | None) -> str:
    said = (note or "").strip()
    if len(said) > NOTE_LETTERS:
        raise Invalid(f"a note may have {NOTE_LETTERS} letters, got {len(said)}", field="note")
    if "\0" in said or any("\ud800" <= letter <= "\udfff" for letter in said):
        raise Invalid("a note may hold no NUL character and no half of a surrogate pair", field="note")
    return said


def _pair(one: str, other: str) -> Friendship | None:
    both = Q(user_id=one, friend_id=other) | Q(user_id=other, friend_id=one)
    return Friendship.objects.select_for_update().filter(both).first()


def _asked_anew(pair: Friendship, user_id: str, now: dt.datetime) -> Friendship:
    if pair.user_id == user_id:
        raise Invalid("this request was declined", field="userId")
    pair.user_id, pair.friend_id = pair.friend_id, pair.user_id
    pair.status, pair.created_at, pair.answered_at = FriendshipStatus.REQUESTED, now, None
    pair.save()
    return pair


def _answered(pair: Friendship, status: FriendshipStatus, now: dt.datetime) -> Friendship:
    pair.status, pair.answered_at = status, now
    pair.save(update_fields=["status", "answered_at"])
    return pair


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
