"""Which secrets are none: shipped with something, typed in a hurry, or short enough to be tried out."""

from urllib.parse import unquote, urlsplit

# What installations are shipped with and guessers try first.
DEFAULTS = frozenset(
    """admin admin123 admin1234 administrator bingeboard change-me change_me changeme curator default demo example guest
    insecure letmein manager pass passwd password password1 password123 postgres qwerty root secret secret-key staff
    superuser test user welcome 1234 12345 123456 12345678""".split()  # noqa: SIM905 - words read better as words
)
SHORTEST_KEY = 32
FEWEST_LETTERS = 8
LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})


def weakness_of_key(key: str) -> str:
    """Return what is wrong with a secret key; '' where nothing is."""
    if key.startswith("django-insecure-"):
        return "is the one that a new Django project is made with"
    if len(key) < SHORTEST_KEY:
        return f"has {len(key)} letters; it takes {SHORTEST_KEY}"
    if len(set(key)) < FEWEST_LETTERS:
        return f"is made of {len(set(key))} different letters; it takes {FEWEST_LETTERS}"
    if any(word in key.lower() for word in ("changeme", "change-me", "change_me", "insecure", "your-secret")):
        return "is a placeholder"
    return ""


def weakness_of_address(url: str) -> str:
    """Return what is wrong with the password in a server's address; '' where nothing is, or it is this machine's."""
    parts = urlsplit(url)
    if (parts.hostname or "") in LOOPBACK:
        return ""
    password = unquote(parts.password or "")
    if not password:
        return ""
    if is_default(password, parts.username or ""):
        return f"names the password that {parts.hostname} was shipped with"
    return ""


def is_default(password: str, *names: str) -> bool:
    """Return whether a password is one that everybody knows: on the list, or its owner's name."""
    said = password.lower()
    return said in DEFAULTS or said in {name.lower() for name in names if name}
