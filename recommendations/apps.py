"""App config of recommendations; registers the system checks."""

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from experiments.services import register_config_validator
        from recommendations import checks  # noqa: F401 - importing registers them
        from recommendations.engine.config import DEFAULT
        from recommendations.pipeline import circle
        from social.services import register_watcher

        register_config_validator(DEFAULT.with_overrides)
        register_watcher(circle)
