"""What of the accounts library is different here: closed sign-up, names that tell nothing, locks that hold."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from bingeboard.signin.names import free_name


class VerificationOfWhoSignedUp(EmailVerificationStage):
    """Asks for a code from a mail only where people gave their address themselves; imports vouch for theirs."""

    def handle(self) -> Any:
        user = self.login.user
        if user is not None and not self.login.signup and not EmailAddress.objects.filter(user_id=user.pk).exists():
            return None, True
        return super().handle()


class AccountAdapter(DefaultAccountAdapter):
    """Accounts of BingeBoard."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        # Whether it is taken is no matter: chance goes behind it.
        return super().clean_username(username, shallow=True)

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        user.username = free_name(user.username or "viewer")

    def get_login_stages(self) -> list[str]:
        ours = f"{__name__}.{VerificationOfWhoSignedUp.__name__}"
        return [ours if name.endswith(".EmailVerificationStage") else name for name in super().get_login_stages()]

    def get_client_ip(self, request: HttpRequest) -> str:
        try:
            return super().get_client_ip(request)
        except ImproperlyConfigured:
            # Somebody came past the proxies: who is at the other end of the line is known all the same.
            return request.META["REMOTE_ADDR"]

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # The library's own names the host that was asked for, and each port that one makes up would be a new lock.
        return str(credentials.get("email") or credentials.get("username") or "").lower()
