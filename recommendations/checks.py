"""System checks recommendations.E001...: what can be wrong before anything runs."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

PROVIDERS = ("minilm", "openai", "lexical")
INDEX_METHODS = ("hnsw", "ivfflat")


@register()
def check_engine_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the engine's settings."""
    found: list[CheckMessage] = []
    if settings.EMBEDDING_PROVIDER not in PROVIDERS:
        found.append(
            Error(
                f"EMBEDDING_PROVIDER is {settings.EMBEDDING_PROVIDER!r}",
                hint=f"Use one of {', '.join(PROVIDERS)}.",
                id="recommendations.E001",
            )
        )
    if settings.VECTOR_INDEX_METHOD not in INDEX_METHODS:
        found.append(
            Error(
                f"VECTOR_INDEX_METHOD is {settings.VECTOR_INDEX_METHOD!r}",
                hint=f"Use one of {', '.join(INDEX_METHODS)}.",
                id="recommendations.E002",
            )
        )
    return found
