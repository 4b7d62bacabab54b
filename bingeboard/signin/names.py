"""Names that tell nothing: of who has one already, or of what a name stands for."""

import hashlib
import secrets

from bingeboard.users.models import User

# Letters of chance behind a name: whoever signs up does not learn whether somebody has that name already.
LETTERS = 6
LONGEST_NAME = 150


def free_name(wished: str) -> str:
    """Return a name nobody has, from the one that was wished for and a few letters of chance."""
    while True:
        name = f"{wished[: LONGEST_NAME - LETTERS - 1]}-{secrets.token_hex(LETTERS // 2)}"
        if not User.objects.filter(username__iexact=name).exists():
            return name


def hashed(text: str) -> str:
    """Return what may be kept in place of a name."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def cache_key(key: str, prefix: str, version: int) -> str:
    """Return under which key the cache keeps something: a hash, which names nobody."""
    return hashed(f"{prefix}:{version}:{key}")
