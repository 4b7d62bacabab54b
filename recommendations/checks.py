"""System checks recommendations.E001...: what can be wrong before anything runs."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from bingeboard.errors import Invalid
from bingeboard.graphql.trusted import trusted_documents

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


@register()
def check_door_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the limits and the trusted documents of the GraphQL door."""
    found: list[CheckMessage] = []
    if settings.COST_LIMIT < 1:
        found.append(
            Error(
                f"BINGEBOARD_COST_LIMIT is {settings.COST_LIMIT}",
                hint="Give the points that one operation may cost: 1 or more.",
                id="recommendations.E003",
            )
        )
    if settings.BUDGET_PER_MINUTE and settings.BUDGET_PER_MINUTE < settings.COST_LIMIT:
        found.append(
            Error(
                f"BINGEBOARD_BUDGET_PER_MINUTE is {settings.BUDGET_PER_MINUTE}, less than one operation may cost",
                hint=f"Give at least BINGEBOARD_COST_LIMIT, {settings.COST_LIMIT}; or 0 for no budget at all.",
                id="recommendations.E004",
            )
        )
    if settings.TRUSTED_DOCUMENTS:
        try:
            trusted_documents(settings.TRUSTED_DOCUMENTS)
        except Invalid as error:
            found.append(
                Error(
                    f"BINGEBOARD_TRUSTED_DOCUMENTS: {error.message}",
                    hint="Name a folder of .graphql files, or a manifest written by `manage.py trust_documents`.",
                    id="recommendations.E005",
                )
            )
    return found
