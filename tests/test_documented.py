"""What a newcomer looks for stands in the README: every table, command, stage and setting."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OURS = ("bingeboard", "recommendations", "experiments", "social")


def test_every_table_is_named() -> None:
    tables = [
        model._meta.db_table
        for config in apps.get_app_configs()
        if config.name.startswith(OURS)
        for model in config.get_models()
    ]

    assert [table for table in tables if f"`{table}`" not in README] == []


def test_every_command_is_named() -> None:
    commands = [name for name, app in get_commands().items() if app.startswith(OURS)]

    assert len(commands) > 10
    assert [name for name in commands if not re.search(rf"`{name}\b", README)] == []


def test_every_stage_is_named() -> None:
    from recommendations.pipeline.rebuild import NAMES

    assert [name for name in NAMES if f"| {name} |" not in README] == []


def test_every_setting_read_from_the_environment_is_named() -> None:
    settings = (ROOT / "bingeboard" / "settings.py").read_text(encoding="utf-8")
    names = re.findall(r'env\.\w+\("(\w+)"', settings)

    assert [name for name in names if f"`{name}`" not in README] == []


@pytest.mark.parametrize("name", ["requirements.lock", ".ci/uv.txt", "pyproject.toml", "README.md", "Makefile"])
def test_no_package_host_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"pypi\.org|pythonhosted|index-url\s*=|--index-url\s", text)
