"""Lines that could not be taken in: counted, and written to a file with their number and the reason."""

import csv
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bingeboard.importing.files import written_whole


class Rejects:
    """
    Where rejected lines go, one by one, so that a file of nothing but bad lines needs no memory either.

    The file is begun with the first of them and appears when all is done: no rejects, no file; a failure, no file.

    path   where to; None counts only
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.count = 0
        self.first: tuple[int, str] | None = None
        self._writer: Any = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        self._writer = None

    def add(self, number: int, reason: str, line: bytes | str) -> None:
        """Note one line. What is not UTF-8 in it is written as \\xNN."""
        self.count += 1
        if self.first is None:
            self.first = (number, reason)
        if self.path is None:
            return
        if self._writer is None:
            self._writer = csv.writer(self._open.enter_context(written_whole(self.path)))
            self._writer.writerow(["line", "reason", "content"])
        content = line if isinstance(line, str) else line.decode("utf-8", "backslashreplace")
        self._writer.writerow([number, reason, content])
