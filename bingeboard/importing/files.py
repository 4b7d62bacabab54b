"""Files that commands write: refused early where they cannot be, and seen only when they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from bingeboard.errors import Invalid


def check_target(path: Path, *, option: str) -> Path:
    """
    Return where a command is to write, before it begins to work.

    Raises Invalid, naming the option, for a folder, a device, a folder that is not there or may not be written.
    """
    if path.is_dir():
        raise Invalid(f"{option} {path} is a folder; name a file", field=option)
    if path.exists() and not path.is_file():
        raise Invalid(f"{option} {path} is no ordinary file; name one that may be replaced", field=option)
    if not path.parent.is_dir():
        raise Invalid(f"{option} {path}: there is no folder {path.parent}", field=option)
    if not os.access(path.parent, os.W_OK):
        raise Invalid(f"{option} {path}: the folder {path.parent} may not be written to", field=option)
    return path


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """Open a text file that appears under its name when all of it is written, and never in part."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
