"""Session tokens: how an app, which keeps no cookies, names its session."""

import re

from allauth.headless.internal.sessionkit import lookup_session
from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

# So that a token found somewhere says what it is, and none is taken for another kind.
PREFIX = "bs_"
FORM = re.compile(r"bs_([0-9a-z]{32})")


def key_of(token: str) -> str | None:
    """Return the session key in a token; None where it is no session's token."""
    found = FORM.fullmatch(token)
    return found[1] if found else None


class SessionTokens(SessionTokenStrategy):
    """
    Tokens that are as good as their row in `sessions`, asked for with every request.

    Signed out, with another password, shut out or erased, somebody is refused at once; a signed token (JWT) of our own
    would hold until it expires.
    """

    def get_session_token(self, request: HttpRequest) -> str | None:
        # One header will do for both doors.
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return request.headers.get("X-Session-Token") or (token.strip() if scheme.lower() == "bearer" else None)

    def create_session_token(self, request: HttpRequest) -> str:
        return PREFIX + super().create_session_token(request)

    def lookup_session(self, session_token: str) -> SessionBase | None:
        key = key_of(session_token)
        return None if key is None else lookup_session(key)
