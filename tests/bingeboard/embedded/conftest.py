"""Homes of their own, and ways to look at processes from outside."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bingeboard.embedded.home import Home

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of the server can reach, unlike pytest's own where we are root."""
    path = Path(tempfile.mkdtemp(prefix="bingeboard home "))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def home(folder: Path, no_addresses: None) -> Home:
    """A home that nobody has used yet, with nothing in the environment."""
    return Home(folder / "home")


@pytest.fixture
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is named by the environment, as on a fresh machine."""
    for name in ("DATABASE_URL", "REDIS_URL", "BINGEBOARD_HOME", "BINGEBOARD_SECRET_KEY", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.delenv(name, raising=False)


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that is dead and not yet reaped does not."""
    asked = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip() != "" and not asked.stdout.strip().startswith("Z")


def eventually(holds: Callable[[], bool], what: str, *, seconds: float = 20.0) -> None:
    """Wait until something holds; fail with what it is where it does not within a generous time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.02)


def run_python(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a script of its own session that speaks by lines on its pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
