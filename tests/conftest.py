"""Fixtures everyone needs: servers, a user, a clock, a seeded generator, the demo and the shared data where present."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_stop: Callable[[], None] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded servers once, in the process that leads the run; xdist workers inherit their address."""
    global _stop
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    from bingeboard.embedded.testing import start_for_tests

    _stop = start_for_tests()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if _stop is not None:
        _stop()


@pytest.fixture
def now() -> datetime:
    """A fixed moment: nothing in the tests depends on today."""
    return datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded, so that a failure can be repeated."""
    return np.random.default_rng(20260601)


@pytest.fixture
def user(db: None) -> Any:
    """A viewer."""
    from bingeboard.users.models import User

    return User.objects.create_user("ada", id="ada")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input, where it stands beside the project."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("BINGEBOARD_SHARED", root.parent / "shared"))
    if not (folder / "data" / "ratings.csv.gz").exists():
        pytest.skip(f"no real input at {folder}; set BINGEBOARD_SHARED to where it is")
    return folder
