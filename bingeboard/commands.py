"""What all our management commands share: clear one-line errors, exit code 2 for bad input, a progress bar."""

import logging
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError, InterfaceError, OperationalError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from bingeboard.errors import BingeBoardError

logger = logging.getLogger(__name__)
BAD_INPUT_EXIT = 2
INTERRUPTED_EXIT = 130
# PostgreSQL's code for a table that is not there.
UNDEFINED_TABLE = "42P01"


class Command(BaseCommand):
    """
    A command whose user never meets a traceback.

    Bad input (our errors, validation, argparse) ends with one line and exit code 2; a database that cannot
    be reached or anything unforeseen with one line and exit code 1. `--traceback` shows the whole story.
    """

    # Set by Ctrl-C: where it struck inside a callback or a destructor, Python drops the exception that it raised.
    interrupted = False

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            with self._hearing_interrupts():
                done = super().execute(*args, **options)
            self.go_on()
            return done
        except KeyboardInterrupt:
            raise CommandError("stopped", returncode=INTERRUPTED_EXIT) from None
        except CommandError as error:
            error.returncode = BAD_INPUT_EXIT if error.returncode == 1 else error.returncode
            raise
        except Exception as error:
            if options.get("traceback"):
                raise
            if self.interrupted:
                # What was broken off in the middle may fail while it is cleared away.
                raise CommandError("stopped", returncode=INTERRUPTED_EXIT) from None
            raise _as_command_error(error) from error

    def go_on(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed and went unheard; long work asks between its steps."""
        if self.interrupted:
            raise KeyboardInterrupt

    @contextmanager
    def _hearing_interrupts(self) -> Iterator[None]:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def hear(number: int, frame: Any) -> None:
            self.interrupted = True
            raise KeyboardInterrupt

        signal.signal(signal.SIGINT, hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def progress(self) -> Progress:
        """Return a progress display on stderr: bars on a terminal, silent where nobody watches."""
        return new_progress(self.stderr)

    def say(self, message: str) -> None:
        """Write one line to stdout, at once: whoever reads a log wants to see where it is."""
        self.stdout.write(message)
        self.stdout.flush()


def _as_command_error(error: Exception) -> CommandError:
    """Return the one line, and the exit code, that say what went wrong."""
    if isinstance(error, BingeBoardError):
        return CommandError(error.message, returncode=BAD_INPUT_EXIT)
    if isinstance(error, ValidationError):
        return CommandError("; ".join(error.messages), returncode=BAD_INPUT_EXIT)
    if isinstance(error, ImproperlyConfigured | FileNotFoundError | IsADirectoryError | PermissionError):
        return CommandError(" ".join(str(error).split()), returncode=BAD_INPUT_EXIT)
    if isinstance(error, OperationalError | InterfaceError):
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return CommandError(f"the database did not answer: {first} (try `python manage.py doctor`)", returncode=1)
    if isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == UNDEFINED_TABLE:
        return CommandError("the database lacks a table; run `python manage.py migrate` first", returncode=1)
    first = (str(error).strip().splitlines() or [""])[0]
    return CommandError(
        f"unexpected {type(error).__name__}: {first} (run again with --traceback for the details)",
        returncode=1,
    )


def new_progress(stream: OutputWrapper | None = None) -> Progress:
    """Return a rich progress display on stderr that draws only where it is a terminal."""
    target: Any = stream if stream is not None else sys.stderr
    console = Console(file=target)
    return Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


@contextmanager
def step(progress: Progress, title: str, total: int | None = None) -> Iterator[Any]:
    """Show one step of a longer job; yields `advance(n=1)`."""
    task = progress.add_task(title, total=total)

    def advance(n: int = 1) -> None:
        progress.update(task, advance=n)

    yield advance
    progress.update(task, total=progress.tasks[task].completed or 1, completed=progress.tasks[task].completed or 1)


def add_dry_run(parser: ArgumentParser) -> None:
    """Add the --dry-run flag, meaning the same everywhere."""
    parser.add_argument(
        "--dry-run", action="store_true", help="do everything but keep nothing, and say what would change"
    )
