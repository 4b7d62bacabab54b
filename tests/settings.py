"""The project's settings with a handful of overrides for tests."""

from bingeboard.settings import *  # noqa: F403
from bingeboard.settings import DATABASES

SECRET_KEY = "tests-only"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The text model is real but slow; the tests that are about it ask for it by name.
EMBEDDING_PROVIDER = "lexical"
LOG_LEVEL = "WARNING"
# A pool would hold connections open while the test database is dropped.
DATABASES["default"]["OPTIONS"].pop("pool", None)
