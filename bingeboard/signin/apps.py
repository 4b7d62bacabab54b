"""App config of sign-in."""

from django.apps import AppConfig


class SigninConfig(AppConfig):
    name = "bingeboard.signin"
    label = "signin"
    verbose_name = "Sign-in"

    def ready(self) -> None:
        from bingeboard.signin import checks  # noqa: F401 - registers them
