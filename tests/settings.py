"""
The project's settings with a handful of overrides for tests.

Importing this starts the servers that the environment does not name, since pytest-django reads the settings before any
hook of ours runs. The process that leads the run does so once; its xdist workers inherit the addresses.
"""

import atexit
import os

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from bingeboard.embedded.testing import start_for_tests

    atexit.register(start_for_tests())

from bingeboard.settings import *  # noqa: F403
from bingeboard.settings import DATABASES

SECRET_KEY = "tests-only"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The text model is real but slow; the tests that are about it ask for it by name.
EMBEDDING_PROVIDER = "lexical"
LOG_LEVEL = "WARNING"
# All tests ask from one address; those about budgets give themselves one.
BUDGET_PER_MINUTE = 1_000_000_000
# A pool would hold connections open while the test database is dropped.
DATABASES["default"]["OPTIONS"].pop("pool", None)
