"""The admin's log-in, behind the same locks as everybody's."""

from typing import Any

from allauth.account.adapter import get_adapter
from unfold.forms import AuthenticationForm


class StaffLogin(AuthenticationForm):
    """Asks by way of the adapter, which counts the attempts: here, in apps and in browsers together."""

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("username") and said.get("password"):
            self.user_cache = get_adapter().authenticate(
                self.request, username=said["username"], password=said["password"]
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return said
