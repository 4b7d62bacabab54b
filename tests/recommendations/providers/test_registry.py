"""Providers by name."""

import pytest

from bingeboard.errors import Invalid
from recommendations import checks, providers
from recommendations.providers.lexical import LexicalEmbedder


def test_the_settings_name_the_default(settings):
    settings.EMBEDDING_PROVIDER = "lexical"

    assert isinstance(providers.get(), LexicalEmbedder)


def test_the_checks_know_every_provider():
    assert set(checks.PROVIDERS) == set(providers.NAMES)


def test_an_unknown_name_is_refused_with_what_would_be_right():
    with pytest.raises(Invalid, match="'bert'; use one of minilm, openai, lexical"):
        providers.get("bert")


def test_openai_without_a_key_is_refused(settings):
    settings.OPENAI_API_KEY = ""

    with pytest.raises(Invalid, match="OPENAI_API_KEY is empty"):
        providers.get("openai")
