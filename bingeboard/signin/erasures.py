"""Who was erased, by a hash: so that a provider's token of before does not make them anew."""

from django.core.cache import cache

from bingeboard.signin.names import hashed

# For so long (s); a token that holds for longer is none that a provider should give.
REMEMBERED_FOR = 30 * 86_400


def remember(*, user_id: str, at: float) -> None:
    """Keep that a viewer was erased at a moment (seconds since 1970)."""
    cache.set(_key(user_id), at, REMEMBERED_FOR)


def erased_at(*, user_id: str) -> float | None:
    """Return when a viewer was erased; None where they were not, or long ago."""
    found: float | None = cache.get(_key(user_id))
    return found


def _key(user_id: str) -> str:
    return f"erased:{hashed(user_id)}"
