"""What the import commands share: their arguments, the bar, the summary, the exit code."""

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bingeboard.commands import Command, add_dry_run
from bingeboard.errors import Invalid
from bingeboard.importing.files import check_target
from bingeboard.importing.reading import Source
from bingeboard.importing.rejects import Rejects
from bingeboard.importing.staging import Summary


class ImportCommand(Command):
    """Import one file. Exit code 2 where it is a bad file, or where not one of its lines could be taken in."""

    what = ""
    # What the file must look like; stands under the options in --help.
    details = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs.update(formatter_class=RawDescriptionHelpFormatter, epilog=self.details)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def bring_in(
        self, *, source: Source, rejects: Rejects, now: datetime, dry_run: bool, options: dict[str, Any]
    ) -> Summary:
        """Import the file by calling one function below."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the file, gzipped or plain")
        add_dry_run(parser)
        parser.add_argument(
            "--rejects",
            metavar="FILE",
            type=Path,
            help="where lines that cannot be taken in are listed, with line number and reason;"
            " default: FILE.rejects.csv in the current folder. Written only where there are any",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        path: Path = options["file"]
        target = self._rejects_path(path, options["rejects"])
        with self._watched(path) as source, Rejects(target) as rejects:
            summary = self.bring_in(
                source=source, rejects=rejects, now=timezone.now(), dry_run=options["dry_run"], options=options
            )
        if summary.read and summary.rejected == summary.read:
            raise Invalid(_nothing_left(path, summary, rejects))
        self._report(summary, rejects, seconds=time.monotonic() - began, dry_run=options["dry_run"])

    def _rejects_path(self, path: Path, chosen: Path | None) -> Path:
        target = check_target(chosen or Path.cwd() / f"{path.name}.rejects.csv", option="--rejects")
        if target.exists() and path.exists() and target.samefile(path):
            raise Invalid(f"--rejects {target} is the file to import itself; name another", field="--rejects")
        return target

    @contextmanager
    def _watched(self, path: Path) -> Iterator[Source]:
        """Give the file, with a bar of how much of it has been read where somebody watches."""
        target: Any = self.stderr
        console = Console(file=target)
        bar = Progress(
            TextColumn("{task.description:<26}"),
            BarColumn(bar_width=32),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        size = path.stat().st_size if path.is_file() else None
        with bar:
            reading = bar.add_task(f"reading {self.what}", total=size)
            writing = bar.add_task(f"writing {self.what}", total=None, start=False, visible=False)

            def watch(position: int) -> None:
                bar.update(reading, completed=position)
                if position == size:
                    bar.start_task(writing)
                    bar.update(writing, visible=True)

            yield Source(path, watch=watch)

    def _report(self, summary: Summary, rejects: Rejects, *, seconds: float, dry_run: bool) -> None:
        would = "dry run, nothing was kept; it would be: " if dry_run else ""
        self.say(
            f"{self.what}: {would}{summary.read:,} read, {summary.added:,} added, {summary.updated:,} updated,"
            f" {summary.unchanged:,} unchanged, {summary.rejected:,} rejected in {seconds:.1f} s"
        )
        for note in summary.notes:
            self.say(f"  {note}")
        if rejects.count:
            self.say(f"  the rejected lines are in {rejects.path}")


def _nothing_left(path: Path, summary: Summary, rejects: Rejects) -> str:
    number, reason = rejects.first or (0, "")
    return (
        f"{path}: none of its {summary.read:,} lines can be taken in; the first, line {number}: {reason}"
        f" (all are in {rejects.path})"
    )
