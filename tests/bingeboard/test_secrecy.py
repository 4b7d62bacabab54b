"""Nothing starts with a secret that is none, unless somebody is debugging on their own machine."""

import os
import subprocess
import sys

import pytest

from bingeboard.secrecy import is_default, weakness_of_address, weakness_of_key

GOOD = "Zk3v-9qLw_81xTn7Yb2RmC5sJd0HgPfA4uEoXi6"
READ = "import bingeboard.settings as s; print(s.DEBUG, s.SECRET_KEY)"


def started(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Read the settings in a process of their own, with nothing in the environment but this."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    return subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False, env=env)


WEAK = ["changeme", "secret", "x" * 60, "ab" * 40, "django-insecure-" + GOOD, "changeme-" + GOOD, GOOD[:31]]


@pytest.mark.parametrize("key", WEAK)
def test_a_weak_key_starts_nothing_unless_debugging(key: str) -> None:
    refused = started(BINGEBOARD_SECRET_KEY=key)

    assert refused.returncode != 0
    assert "ImproperlyConfigured: BINGEBOARD_SECRET_KEY" in refused.stderr
    assert key not in refused.stderr
    assert started(BINGEBOARD_SECRET_KEY=key, BINGEBOARD_DEBUG="1").stdout == f"True {key}\n"


def test_a_good_key_starts_and_without_one_every_start_has_its_own() -> None:
    assert started(BINGEBOARD_SECRET_KEY=GOOD).stdout == f"False {GOOD}\n"
    keys = {started().stdout for _ in range(2)}
    assert len(keys) == 2
    assert not any(weakness_of_key(said.split()[1]) for said in keys)


def test_production_takes_a_key_and_a_password_of_its_own() -> None:
    where = {"BINGEBOARD_ENVIRONMENT": "production"}

    assert "BINGEBOARD_SECRET_KEY is not set" in started(**where).stderr
    shipped = started(**where, BINGEBOARD_SECRET_KEY=GOOD, DATABASE_URL="postgresql://postgres:postgres@db/b")
    assert "DATABASE_URL names the password" in shipped.stderr
    assert "postgres:" not in shipped.stderr
    assert (
        started(**where, BINGEBOARD_SECRET_KEY=GOOD, DATABASE_URL=f"postgresql://postgres:{GOOD}@db/b").returncode == 0
    )
    assert started(DATABASE_URL="postgresql://postgres:postgres@db/b").returncode == 0


@pytest.mark.parametrize("command", ["check", "demo"])
def test_commands_say_so_in_one_line(command: str) -> None:
    env = {"PATH": os.environ["PATH"], "BINGEBOARD_SECRET_KEY": "changeme", "DATABASE_URL": "postgresql://x@127.0.0.1:1/x",
           "REDIS_URL": "redis://127.0.0.1:1/0"}  # fmt: skip

    done = subprocess.run([sys.executable, "manage.py", command], capture_output=True, text=True, check=False, env=env)

    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: ImproperlyConfigured: BINGEBOARD_SECRET_KEY has 8 letters")
    assert done.stderr.count("\n") == 1


def test_passwords_that_everybody_knows() -> None:
    assert weakness_of_address("postgresql://app:p%61ssword@db/b")
    assert weakness_of_address("postgresql://app:APP@db/b")
    assert not weakness_of_address("postgresql://app:password@127.0.0.1/b")
    assert not weakness_of_address("postgresql://app@db/b")
    assert not weakness_of_address("")
    assert is_default("Admin")
    assert is_default("Ada", "x", "ada")
    assert not is_default("", "")
    assert not is_default("correct horse", "ada", "")
