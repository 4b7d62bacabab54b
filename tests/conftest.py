"""Fixtures everyone needs: a user, a clock, a seeded generator, and the real input where it is there."""

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from xdist.scheduler import LoadScopeScheduling

# A shell that starts the tests in the background has Ctrl-C ignored, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What shares a house, a world or a server that takes long to start is run by one worker.
TOGETHER = (
    "tests/faults/",
    "tests/recommendations/evaluation/",
    "tests/bingeboard/demo/",
    "tests/bingeboard/test_sockets.py",
)


class _Together(LoadScopeScheduling):
    """Every test for itself, but those of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in TOGETHER if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Keep together what belongs together; xdist's own marks do nothing with this pytest."""
    return _Together(config, log) if config.getvalue("dist") == "loadgroup" else None


@receiver(post_migrate)
def _lay_schedules(sender: AppConfig, **kwargs: Any) -> None:
    """Lay down the rows that migrations make, which a test that empties all tables takes with it."""
    if sender.label == "django_celery_beat":
        for path in sorted((Path(__file__).parent.parent / "recommendations/migrations").glob("*_schedule*.py")):
            import_module(f"recommendations.migrations.{path.stem}").add(apps, None)


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


@pytest.fixture
def unexplored(monkeypatch: pytest.MonkeyPatch) -> None:
    """No place of a served list is drawn by chance, so that its order is what the scores say."""
    from recommendations.engine.config import DEFAULT, Exploration
    from recommendations.pipeline import ranking

    monkeypatch.setattr(ranking, "DEFAULT", replace(DEFAULT, exploration=Exploration(every=0)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input, where it stands beside the project."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("BINGEBOARD_SHARED", root.parent / "shared"))
    if not (folder / "data" / "ratings.csv.gz").exists():
        pytest.skip(f"no real input at {folder}; set BINGEBOARD_SHARED to where it is")
    return folder
