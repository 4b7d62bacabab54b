"""What the tests of imports share: files to import, commands to run, tables to hold still."""

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection, transaction

TABLES = (
    "shows",
    "platforms",
    "show_platforms",
    "show_tags",
    "users",
    "friendships",
    "user_behavior_events",
    "viewer_states",
)


@dataclass(frozen=True)
class Ran:
    """What became of a command: its exit code, what it said, and the one line it ended with where it failed."""

    code: int
    out: str
    error: str


def run(*args: object) -> Ran:
    """Run a management command as the command line would, short of leaving the process."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            call_command(*map(str, args), stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return Ran(error.returncode, out.getvalue(), str(error))
    return Ran(0, out.getvalue(), "")


def write(path: Path, lines: Iterable[Any]) -> Path:
    """Write a file of lines; what is no text is written as JSON."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def rejects(path: Path) -> list[tuple[int, str, str]]:
    """Read a rejects file."""
    with path.open(newline="") as file:
        return [(int(row["line"]), row["reason"], row["content"]) for row in csv.DictReader(file)]


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back what is done inside, so that each random example begins with the same tables."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that an import may touch."""
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            found[table] = cursor.fetchall()
        return found
