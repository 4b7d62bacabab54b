"""App config of recommendations; registers the system checks."""

import gc

from django.apps import AppConfig

# New objects, less those that went, until Python looks for cycles among the newest (700 by default), and how often it
# looks further. A chunk of reasons is some 100,000 small objects without any cycle: looking took a third of the time.
COLLECTED_AFTER = (50_000, 20, 50)


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        gc.set_threshold(*COLLECTED_AFTER)
        from experiments.services import register_config_validator
        from recommendations import checks  # noqa: F401 - importing registers them
        from recommendations.engine.config import DEFAULT
        from recommendations.pipeline import circle
        from social.services import register_watcher

        register_config_validator(DEFAULT.with_overrides)
        register_watcher(circle)
