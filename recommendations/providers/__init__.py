"""Who turns text into vectors, by name: minilm (local model), openai (their API), lexical (no model at all)."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, Embeddings
from recommendations.providers.base import TextEmbedder
from recommendations.providers.lexical import LexicalEmbedder
from recommendations.providers.minilm import MiniLMEmbedder
from recommendations.providers.openai import OpenAIEmbedder


def _openai(config: Embeddings) -> TextEmbedder:
    return OpenAIEmbedder(api_key=settings.OPENAI_API_KEY, base_url=settings.OPENAI_BASE_URL, config=config)


_MAKERS: dict[str, Callable[[Embeddings], TextEmbedder]] = {
    "minilm": MiniLMEmbedder,
    "openai": _openai,
    "lexical": lambda config: LexicalEmbedder(),
}
NAMES = tuple(_MAKERS)


def get(name: str | None = None, *, config: Embeddings = DEFAULT.embeddings) -> TextEmbedder:
    """
    Return the provider of this name (None: the one the settings name), loaded at most once a process.

    Raises Invalid for an unknown name, or where what it needs is missing (OpenAI's key).
    """
    chosen = settings.EMBEDDING_PROVIDER if name is None else name
    if chosen not in _MAKERS:
        raise Invalid(f"there is no embedding provider {chosen!r}; use one of {', '.join(NAMES)}", field="provider")
    if chosen == "openai":
        # Not kept: its key may be set or changed while the process runs, and making one costs nothing.
        return _openai(config)
    return _kept(chosen, config)


@lru_cache(maxsize=4)
def _kept(name: str, config: Embeddings) -> TextEmbedder:
    return _MAKERS[name](config)
