"""doctor: one line a check, advice with what is wrong, and no check takes another down."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from bingeboard.embedded.home import Home
from bingeboard.embedded.management.commands import doctor


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("BINGEBOARD_HOME", str(tmp_path / "home"))
    # Asking for workers is waiting for the silence of those that are not there.
    monkeypatch.setattr(doctor, "WORKER_PATIENCE", 0.1)
    return Home(tmp_path / "home")


def examine(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit:
        return out.getvalue(), 1
    return out.getvalue(), 0


@pytest.mark.django_db
def test_a_sound_environment_without_data_is_told_how_to_get_some() -> None:
    said, code = examine()

    assert code == 0
    assert "FAIL" not in said
    for promised in (
        "Python 3.",
        "extension vector",
        "extension pg_trgm",
        "all migrations applied",
        "the broker answers",
    ):
        assert promised in said
    assert "0 titles\n                    -> manage.py import_shows FILE, or load_demo" in said
    assert "0 Celery workers answer\n                    -> celery -A bingeboard worker" in said


@pytest.mark.django_db
def test_warnings_fail_only_where_that_is_asked_for() -> None:
    assert examine("--strict")[1] == 1


def test_each_check_stands_alone_when_much_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def falls_over() -> Iterator[doctor.Finding]:
        raise OSError("the disk is gone\nand more")
        yield

    checks = (("first", falls_over), ("second", falls_over), ("python", dict(doctor.CHECKS)["python"]))
    monkeypatch.setattr(doctor, "CHECKS", checks)

    said, code = examine()

    assert code == 1
    assert said.splitlines()[:2] == [
        "FAIL  first         could not be checked: the disk is gone",
        "FAIL  second        could not be checked: the disk is gone",
    ]
    assert said.splitlines()[2].startswith("ok    python")


def test_secrets_that_others_can_read_fail(home: Home) -> None:
    home.prepare()
    home.secret("django")
    (home.path / "secrets.json").chmod(0o644)

    findings = list(dict(doctor.CHECKS)["home"]())

    assert findings[0].state == doctor.FAIL
    assert findings[0].advice == f"chmod 600 {home.path / 'secrets.json'}"


def test_a_missing_program_fails_unless_real_servers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINGEBOARD_VALKEY_BIN", "/nowhere")

    monkeypatch.delenv("REDIS_URL")
    assert [finding.state for finding in dict(doctor.CHECKS)["binaries"]()] == [doctor.OK, doctor.FAIL]
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    assert [finding.state for finding in dict(doctor.CHECKS)["binaries"]()] == [doctor.OK, doctor.WARN]


def test_a_running_demo_is_named_by_its_address(home: Home) -> None:
    home.prepare()
    home.write("info.json", {"url": "http://127.0.0.1:8123"})

    with home.locked("demo.lock"):
        assert [finding.said for finding in dict(doctor.CHECKS)["ports"]()] == ["a demo runs at http://127.0.0.1:8123"]
    assert "8123" not in next(dict(doctor.CHECKS)["ports"]()).said


def test_what_is_not_safe_is_said(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (("security", dict(doctor.CHECKS)["security"]),))
    monkeypatch.setenv("BINGEBOARD_SECRET_KEY", "k3y-of-this-test-with-enough-letters-in-it")
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:n0t-shipped-with-it@db.example/b")
    settings.DEBUG = False
    assert examine() == ("ok    security      a secret key is set\n", 0)

    monkeypatch.setenv("BINGEBOARD_SECRET_KEY", "changeme")
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:postgres@db.example/b")
    settings.DEBUG = settings.PRODUCTION = True
    settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE = ["*"], False
    said, _ = examine()

    assert said.count("warn") == 6
    assert "postgres:" not in said
