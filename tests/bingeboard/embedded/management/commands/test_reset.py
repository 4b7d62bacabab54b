"""reset: deletes a home of ours, and nothing else."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bingeboard.embedded.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("BINGEBOARD_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def reset(*arguments: str) -> str:
    out = StringIO()
    call_command("reset", *arguments, stdout=out)
    return out.getvalue()


def test_a_home_goes_with_all_that_is_in_it_and_twice_is_once(home: Home) -> None:
    home.prepare()
    home.secret("postgres")
    (home.path / "media" / "models").mkdir(parents=True)

    assert reset("--yes") == f"deleted {home.path}\n"
    assert not home.path.exists()
    assert reset("--yes") == f"{home.path} is not there; nothing to delete\n"


def test_a_folder_without_our_mark_stays(home: Home) -> None:
    home.path.mkdir()
    (home.path / "thesis.txt").write_text("years of work")

    with pytest.raises(CommandError, match="does not look like a home of ours") as refused:
        reset("--yes")

    assert refused.value.returncode == 2
    assert (home.path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("answer", ["", "y", "no"])
def test_anything_but_yes_keeps_everything(home: Home, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    home.prepare()
    monkeypatch.setattr("builtins.input", lambda _: answer)

    with pytest.raises(CommandError, match="nothing was deleted"):
        reset()

    assert home.is_ours


@pytest.mark.parametrize("held", ["users.lock", "demo.lock", "start.lock"])
def test_a_home_in_use_stays(home: Home, held: str) -> None:
    home.prepare()
    with home.locked(held, shared=held == "users.lock"):
        with pytest.raises(CommandError, match="in use; end `make demo`"):
            reset("--yes")

    assert home.is_ours
