"""The set-up script: what it says where it can not work."""

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing but what set-up reads, in a folder with a space."""
    path = tmp_path / "a clone"
    (path / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "setup", path / ".ci" / "setup")
    (path / "requirements.lock").write_text("")
    return path


def run_setup(clone: Path, path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", str(clone / ".ci" / "setup")], env={"PATH": str(path)}, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the everyday tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("dirname", "cat", "rm", "sed", "head"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def test_a_machine_without_a_fitting_python_is_told_so_in_one_line(clone: Path, tools: Path) -> None:
    too_old = tools / "python3"
    too_old.write_text("#!/bin/sh\nexit 1\n")
    too_old.chmod(0o755)

    ended = run_setup(clone, tools)

    assert ended.returncode == 1
    assert ended.stderr.startswith("setup: no Python 3.11, 3.12 or 3.13 with venv was found;")
    assert len(ended.stderr.splitlines()) == 1
    assert not (clone / ".venv").exists()


def test_an_environment_that_is_whole_is_left_alone(clone: Path, tools: Path) -> None:
    bin_folder = clone / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    python = bin_folder / "python"
    python.write_text("#!/bin/sh\necho lock 3.11.7 here\n")
    python.chmod(0o755)
    (clone / ".venv" / ".complete").write_text("lock 3.11.7 here\n")

    ended = run_setup(clone, tools)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_one_made_for_another_lock_place_or_python_is_not_taken_for_whole(clone: Path, tools: Path) -> None:
    bin_folder = clone / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    python = bin_folder / "python"
    python.write_text("#!/bin/sh\necho lock 3.11.7 elsewhere\n")
    python.chmod(0o755)
    (clone / ".venv" / ".complete").write_text("lock 3.11.7 here\n")

    ended = run_setup(clone, tools)

    assert ended.returncode == 1, "there is no Python to make it anew with"
    assert "no Python" in ended.stderr
