"""App config of the embedded servers."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "bingeboard.embedded"
    label = "embedded"
