"""manage.py: which commands need servers, how it ends, and what it never shows: a traceback."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bingeboard.embedded import postgres

from .conftest import ROOT

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def manage() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manage", ROOT / "manage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "line",
    ["", "help", "help migrate", "--help", "--version", "version", "migrate --help", "demo -h", "reset --yes"],
)
def test_commands_that_touch_no_server_start_none(manage: ModuleType, line: str) -> None:
    assert not manage.needs_servers(line.split())


@pytest.mark.parametrize("line", ["migrate", "demo --port 8000", "doctor", "rebuild --from profiles", "makemigrations"])
def test_all_others_have_servers_to_talk_to(manage: ModuleType, line: str) -> None:
    assert manage.needs_servers(line.split())


def run_manage(*arguments: str, python: tuple[str, ...] = (sys.executable,)) -> "subprocess.CompletedProcess[str]":
    command = [*python, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=120)


def test_a_python_without_the_dependencies_is_told_what_to_run(no_addresses: None) -> None:
    ended = run_manage("migrate", python=(sys.executable, "-S"))

    assert ended.returncode == 1
    assert ended.stderr == "manage.py: No module named 'django'; run `make setup`, then use .venv/bin/python\n"


def test_an_address_of_the_wrong_kind_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me:hunter2@db/x")

    ended = run_manage("migrate")

    assert ended.returncode == 1
    assert "DATABASE_URL is 'mysql://me:…@db/x'; it should start with postgresql://" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_folder_of_somebody_elses_is_refused_in_one_line(
    no_addresses: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "thesis.txt").write_text("years of work")
    monkeypatch.setenv("BINGEBOARD_HOME", str(folder))

    ended = run_manage("migrate")

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert f"the home {folder} holds other files" in ended.stderr
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_database_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/nothing")

    ended = run_manage("showmigrations")

    assert ended.returncode != 0
    assert "Traceback" not in ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_terminated_command_ends_its_servers_and_says_nothing(home: object, folder: Path) -> None:
    wait = "import os, sys, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", wait],
        cwd=ROOT,
        env={**os.environ, "BINGEBOARD_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert postgres.answers(url)

    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 130
    assert not postgres.answers(url)
    assert not (folder / "home" / "servers.json").exists()
