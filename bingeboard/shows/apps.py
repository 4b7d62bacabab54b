"""App config of shows."""

from django.apps import AppConfig


class ShowsConfig(AppConfig):
    name = "bingeboard.shows"
    label = "shows"
    verbose_name = "Catalogue"
