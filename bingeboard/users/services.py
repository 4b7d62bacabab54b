"""Writes: bearer tokens issued, recognised and revoked."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from bingeboard.context import Person
from bingeboard.errors import Invalid, NotAllowed, NotFound, Unauthenticated
from bingeboard.users.models import ApiToken, User

# What a token may be for: its holder's own lists, naming other viewers, curating, administering.
VIEWER, ACT_AS, CURATOR, ADMIN = "viewer", "act_as", "curator", "admin"
SCOPES = (VIEWER, ACT_AS, CURATOR, ADMIN)
STAFF_ONLY = frozenset({CURATOR, ADMIN})
# 256 bits: nobody guesses one, so a plain fast hash is enough to keep.
TOKEN_BYTES = 32
TOKEN_FORM = re.compile(r"bb_[A-Za-z0-9_-]{43}")
PREFIX_LETTERS = 11
# One answer to every token that does not hold, of whatever kind.
REFUSED = "this token does not hold: it is unknown, revoked or expired"
# When it was last used is kept to the minute: reads do not become writes.
USE_NOTED_EVERY = dt.timedelta(minutes=1)


@dataclass(slots=True)
class Somebody:
    """What the door needs to know of an active user; every request asks, and a row of the model costs ten times it."""

    id: str
    username: str
    country: str
    is_staff: bool
    is_active: bool = True


@dataclass(frozen=True)
class Identity:
    """Who a token speaks for: its holder, and the viewer it acts for, where there is one."""

    caller: Person
    viewer: Person | None
    scopes: frozenset[str]


def issue_token(
    *, user_id: str, scopes: Sequence[str] = (VIEWER,), name: str = "", expires_at: dt.datetime | None, now: dt.datetime
) -> tuple[ApiToken, str]:
    """Make a token and return it with its plain text, which is kept nowhere."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(f"there is no user {user_id!r}", field="user")
    scopes = tuple(dict.fromkeys(scopes))
    _check_scopes(user, scopes)
    if expires_at is not None and expires_at <= now:
        raise Invalid(f"a token must expire in the future, got {expires_at.isoformat()}", field="expires_at")
    if len(name) > 120 or "\0" in name:
        raise Invalid(f"a token's name may have 120 letters, got {len(name)}", field="name")
    plain = f"bb_{secrets.token_urlsafe(TOKEN_BYTES)}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=plain[:PREFIX_LETTERS],
        token_hash=hash_of(plain),
        scopes=list(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    return token, plain


def _check_scopes(user: User, scopes: Sequence[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        named = f"there is no scope {unknown[0]!r}" if unknown else "a token needs a scope"
        raise Invalid(f"{named}; use {', '.join(SCOPES)}", field="scopes")
    beyond = [scope for scope in scopes if scope in STAFF_ONLY]
    if beyond and not user.is_staff:
        raise Invalid(f"{user.id!r} is not staff, so no token of theirs may have scope {beyond[0]!r}", field="scopes")


def revoke_token(*, token_id: int, now: dt.datetime) -> bool:
    """Make a token worthless from the next request on; False where it already was revoked."""
    return bool(ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True).update(revoked_at=now))


def revoke_tokens_of(*, user_id: str, now: dt.datetime) -> int:
    """Revoke every token of a user; returns how many held until now."""
    return ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True).update(revoked_at=now)


def hash_of(plain: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(plain.encode()).hexdigest()


def identify(*, plain: str, viewer_id: str | None, now: dt.datetime) -> Identity:
    """
    Return who a bearer token speaks for, and note that it was used.

    viewer_id   the viewer that a service acts for (X-Viewer-Id); None where none was named

    A token that never was, was revoked, has expired, or whose holder was shut out is refused with the same words.
    """
    found = None
    if TOKEN_FORM.fullmatch(plain):
        with connection.cursor() as cursor:
            cursor.execute(
                _HOLDER,
                {
                    "hash": hash_of(plain),
                    "now": now,
                    "noted": now - USE_NOTED_EVERY,
                    # A NUL is in nobody's id, and PostgreSQL takes none.
                    "viewer": None if viewer_id is None or "\0" in viewer_id else viewer_id,
                },
            )
            found = cursor.fetchone()
    if found is None:
        raise Unauthenticated(REFUSED)
    token_id, scopes, is_noted, *people = found
    named = Somebody(*people[4:]) if people[4] is not None else None
    caller = Somebody(*people[:4])
    identity = speaking_for(caller=caller, scopes=frozenset(scopes), viewer_id=viewer_id, named=named)
    if not is_noted:
        _note_use(token_id, now)
    return identity


# The token and all it may speak for in one go: this is asked before anything else can be answered.
_HOLDER = """
    SELECT t.id, t.scopes, coalesce(t.last_used_at > %(noted)s, false), u.id, u.username, u.country, u.is_staff,
        v.id, v.username, v.country, v.is_staff
    FROM api_tokens t JOIN users u ON u.id = t.user_id AND u.is_active
        LEFT JOIN users v ON v.id = %(viewer)s AND v.is_active
    WHERE t.token_hash = %(hash)s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
"""


def speaking_for(
    *, caller: Person, scopes: frozenset[str], viewer_id: str | None, named: Person | None = None
) -> Identity:
    """
    Return the viewer that a caller acts for: themselves, or, with the scope for it, whom they named.

    named   the viewer with that id, where they were read already
    """
    if viewer_id is None or viewer_id == caller.id:
        # A service's token alone is nobody's: it must say whom it means.
        speaks_for_holder = bool(scopes - {ACT_AS}) or viewer_id == caller.id
        viewer = caller if speaks_for_holder else None
    elif ACT_AS in scopes:
        viewer = named or _viewer(viewer_id)
    else:
        raise NotAllowed("this token speaks for its holder alone: X-Viewer-Id needs the scope act_as")
    return Identity(caller=caller, viewer=viewer, scopes=scopes)


def _viewer(viewer_id: str) -> User:
    found = User.objects.filter(pk=viewer_id, is_active=True).first() if "\0" not in viewer_id else None
    if found is None:
        raise NotFound(f"there is no viewer {viewer_id[:64]!r}")
    return found


def _note_use(token_id: int, now: dt.datetime) -> None:
    unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    ApiToken.objects.filter(unnoted, pk=token_id).update(last_used_at=now)
