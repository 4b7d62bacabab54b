"""
The session engine: Django's own of the database, with keys kept as hashes and the user in a column of their own.

So a copy of the table signs nobody in, and all sessions of a user are found, ended or erased by one condition.
"""

import datetime as dt
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.utils import timezone

from bingeboard.signin.names import hashed
from bingeboard.users.models import User

# Whoever is not signed in by then begins anew; until then their session may hold an address that anybody typed.
UNDER_WAY_FOR = dt.timedelta(hours=1)
# Where the library notes whose sign-in is under way, while a code from a mail is still to come.
_UNDER_WAY = "account_login"
_BY_CODE = ("account_email_verification_code", "account_password_reset_verification")


def kept(session_key: str) -> str:
    """Return what the table holds of a session's key; 165 random bits need no slow hash."""
    return hashed(session_key)


class SessionStore(DatabaseSessionStore):
    """Sessions of the table `sessions`."""

    @classmethod
    def get_model_class(cls) -> Any:
        from bingeboard.signin.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        key = kept(self.session_key or "")
        held = self.model.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        if held is None:
            self._session_key = None
        return held

    async def _aget_session_from_db(self) -> Any:
        return await sync_to_async(self._get_session_from_db)()

    def exists(self, session_key: str) -> bool:
        return super().exists(kept(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(kept(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        return _owned(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Any:
        return await sync_to_async(_owned)(await super().acreate_model_instance(data), data)

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            super().delete(kept(session_key))

    async def adelete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            await super().adelete(kept(session_key))


def _owned(row: Any, data: dict[str, Any]) -> Any:
    row.session_key = kept(row.session_key)
    row.user_id = data.get(SESSION_KEY) or _expected(data)
    if SESSION_KEY not in data:
        row.expire_date = min(row.expire_date, timezone.now() + UNDER_WAY_FOR)
    return row


def _expected(data: dict[str, Any]) -> str | None:
    """Return the user whose sign-in is under way; None where it is nobody's."""
    named = (data.get(_UNDER_WAY) or {}).get("user_pk")
    for name in _BY_CODE:
        named = named or (data.get(name) or {}).get("user_id")
    return named if named and User.objects.filter(pk=named).exists() else None
