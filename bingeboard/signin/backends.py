"""Whose password it is: by name or mail address, and never one that everybody knows."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from bingeboard.users.models import User

# What installations are shipped with and guessers try first.
DEFAULT_PASSWORDS = frozenset(
    """admin administrator bingeboard changeme change-me curator default demo guest letmein manager password pass
    passwd postgres qwerty root secret staff superuser test user welcome 1234 12345 123456 12345678 password1 admin123
    password123 admin1234""".split()  # noqa: SIM905 - a list of words reads better as words
)


class Backend(AuthenticationBackend):
    """The library's, which takes as long for nobody as for somebody; without DEBUG it refuses default passwords."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None and not settings.DEBUG and is_default(str(credentials.get("password", "")), user):
            return None
        return user


def is_default(password: str, user: User) -> bool:
    """Return whether a password is one that is shipped or guessed first: on the list, or the name itself."""
    said = password.lower()
    return said in DEFAULT_PASSWORDS or said in {name.lower() for name in (user.username, user.pk, user.email) if name}
