"""Whose password it is: by name or mail address, and never one that everybody knows."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from bingeboard.secrecy import is_default


class Backend(AuthenticationBackend):
    """The library's, which takes as long for nobody as for somebody; without DEBUG it refuses default passwords."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is None or settings.DEBUG:
            return user
        password = str(credentials.get("password", ""))
        return None if is_default(password, user.username, user.pk, user.email) else user
