"""App config of sign-in."""

from django.apps import AppConfig


class SigninConfig(AppConfig):
    name = "bingeboard.signin"
    label = "signin"
    verbose_name = "Sign-in"
