"""Writes: bearer tokens issued, recognised and revoked."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

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


@dataclass(frozen=True)
class Identity:
    """Who a token speaks for: its holder, and the viewer it acts for, where there is one."""

    caller: User
    viewer: User | None
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
    token = _holding_token(plain, now)
    identity = speaking_for(caller=token.user, scopes=frozenset(token.scopes), viewer_id=viewer_id)
    _note_use(token, now)
    return identity


def speaking_for(*, caller: User, scopes: frozenset[str], viewer_id: str | None) -> Identity:
    """Return the viewer that a caller acts for: themselves, or, with the scope for it, whom they named."""
    if viewer_id is None or viewer_id == caller.id:
        # A service's token alone is nobody's: it must say whom it means.
        speaks_for_holder = bool(scopes - {ACT_AS}) or viewer_id == caller.id
        viewer = caller if speaks_for_holder else None
    elif ACT_AS in scopes:
        viewer = _viewer(viewer_id)
    else:
        raise NotAllowed("this token speaks for its holder alone: X-Viewer-Id needs the scope act_as")
    return Identity(caller=caller, viewer=viewer, scopes=scopes)


def _holding_token(plain: str, now: dt.datetime) -> ApiToken:
    token = None
    if TOKEN_FORM.fullmatch(plain):
        token = ApiToken.objects.select_related("user").filter(token_hash=hash_of(plain)).first()
    holds = (
        token is not None
        and token.revoked_at is None
        and (token.expires_at is None or token.expires_at > now)
        and token.user.is_active
    )
    if token is None or not holds:
        raise Unauthenticated(REFUSED)
    return token


def _viewer(viewer_id: str) -> User:
    found = User.objects.filter(pk=viewer_id, is_active=True).first() if "\0" not in viewer_id else None
    if found is None:
        raise NotFound(f"there is no viewer {viewer_id[:64]!r}")
    return found


def _note_use(token: ApiToken, now: dt.datetime) -> None:
    before = now - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= before:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
