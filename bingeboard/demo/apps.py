"""App config of the demo catalogue."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "bingeboard.demo"
    label = "demo"
    verbose_name = "Demo catalogue"
