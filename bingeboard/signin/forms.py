"""Forms: what signing up must not be, and the admin's log-in behind the same locks as everybody's."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from bingeboard.users.models import User


class SignUp(forms.Form):
    """Joined to the library's own form, which compares a password with nothing."""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("password"):
            try:
                validate_password(
                    said["password"], User(username=said.get("username", ""), email=said.get("email", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return said

    def signup(self, request: Any, user: User) -> None:
        """Leave the new user as they are."""
