"""App config of users."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "bingeboard.users"
    label = "users"
    verbose_name = "Viewers and tokens"
