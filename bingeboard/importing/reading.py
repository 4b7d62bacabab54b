"""Read a file line by line, gzipped or plain, and each line as JSON or as CSV."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import orjson

from bingeboard.errors import Invalid
from bingeboard.importing.values import Rejected, shown

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A line longer than this is rejected unread: one without an end must not fill the memory.
MAX_LINE_BYTES = 1_000_000
# How often whoever watches is told how far we are.
LINES_PER_NEWS = 200

Lines = Iterator[tuple[int, bytes]]


class Source:
    """
    A file to import. Whether it is gzipped is read off its first bytes, not off its name.

    watch   called now and then with how many bytes of the file have been read
    """

    def __init__(self, path: Path, *, watch: Callable[[int], None] | None = None) -> None:
        self.path = path
        self._watch = watch or (lambda _: None)

    @contextmanager
    def lines(self) -> Iterator[Lines]:
        """
        Open the file and give its lines with their numbers, from 1, without their ends; blank ones are left out.

        Raises Invalid, in one line, for what is no readable file of lines: also half-way, where gzip breaks off.
        """
        with self._opened() as raw:
            yield self._numbered(raw, self._unpacked(raw))

    def _opened(self) -> io.BufferedReader:
        if self.path.is_dir():
            raise Invalid(f"{self.path} is a folder; name a file")
        try:
            return self.path.open("rb")
        except FileNotFoundError:
            raise Invalid(f"there is no file {self.path}") from None
        except (OSError, ValueError) as error:
            raise Invalid(f"{self.path} cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def _unpacked(self, raw: io.BufferedReader) -> BinaryIO:
        start = raw.peek(len(GZIP_MAGIC))[: len(GZIP_MAGIC)]
        if not start:
            raise Invalid(f"{self.path} is empty")
        if start == GZIP_MAGIC:
            return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)), 1 << 16))
        if self.path.suffix == ".gz":
            raise Invalid(f"{self.path} is named .gz but is not gzipped; name it without, or gzip it")
        return raw

    def _numbered(self, raw: BinaryIO, unpacked: BinaryIO) -> Lines:
        number, blank = 0, True
        while line := self._next(unpacked):
            number += 1
            if number % LINES_PER_NEWS == 0:
                self._watch(_position(raw))
            if len(line) > MAX_LINE_BYTES:
                self._skip_rest(line, unpacked)
            elif number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if line.strip():
                blank = False
                yield number, line.rstrip(b"\r\n")
        if blank:
            raise Invalid(f"{self.path} is empty")
        self._watch(_position(raw))

    def _skip_rest(self, line: bytes, unpacked: BinaryIO) -> None:
        while line and not line.endswith(b"\n"):
            line = self._next(unpacked)

    def _next(self, unpacked: BinaryIO) -> bytes:
        try:
            return unpacked.readline(MAX_LINE_BYTES + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise Invalid(f"{self.path} is damaged or cut short: {error}") from error


def _position(raw: BinaryIO) -> int:
    # A pipe has no position; it is then not known how far we are.
    return raw.tell() if raw.seekable() else 0


class Format(Protocol):
    """How a line is to be read."""

    def start(self, path: Path, lines: Lines) -> None:
        """Read what stands before the first record; raise Invalid where the file is not of this format."""

    def record(self, line: bytes) -> dict[str, Any]:
        """Return the line's fields, or reject it."""


class JsonLines:
    """One JSON object a line."""

    def start(self, path: Path, lines: Lines) -> None:
        """Do nothing: every line stands for itself."""

    def record(self, line: bytes) -> dict[str, Any]:
        """Return the object; NaN and infinities, which some writers put there, are no JSON."""
        _check_length(line)
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise Rejected(f"not JSON: {error}") from None
        if not isinstance(found, dict):
            raise Rejected(f"a JSON object is wanted, got {shown(found)}")
        return found


class CsvFormat:
    """
    Comma-separated values under a header that names the columns, in any order; others are ignored.

    A record ends where its line ends: an opened quote would otherwise swallow every good line up to the next one.
    """

    def __init__(self, *, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.required, self.optional = tuple(required), tuple(optional)
        self._header: list[str] = []

    def start(self, path: Path, lines: Lines) -> None:
        """Read the header; raise Invalid where it is none, or lacks a column."""
        _, first = next(lines, (0, b""))
        try:
            self._header = [name.strip().lower() for name in _fields(first)]
        except Rejected as reason:
            raise Invalid(f"{path} has no header: {reason}; {self._wanted()}") from None
        known = [name for name in self._header if name in (*self.required, *self.optional)]
        missing = [name for name in self.required if name not in known]
        if missing:
            raise Invalid(f"{path} has no column {missing[0]}: found {shown(self._header)}; {self._wanted()}")
        if len(known) != len(set(known)):
            twice = next(name for name in known if known.count(name) > 1)
            raise Invalid(f"{path} has two columns {twice}; {self._wanted()}")

    def record(self, line: bytes) -> dict[str, Any]:
        """Return the line's fields by column name; optional columns that the file lacks are ''."""
        fields = _fields(line)
        if len(fields) != len(self._header):
            raise Rejected(f"{len(fields)} fields under a header of {len(self._header)}")
        return {**dict.fromkeys(self.optional, ""), **dict(zip(self._header, fields, strict=True))}

    def _wanted(self) -> str:
        optional = f", optionally {', '.join(self.optional)}" if self.optional else ""
        return f"the first line must name the columns {', '.join(self.required)}{optional}"


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise Rejected(f"longer than {MAX_LINE_BYTES:,} bytes")


def _fields(line: bytes) -> list[str]:
    _check_length(line)
    try:
        decoded = line.decode()
    except UnicodeDecodeError as error:
        raise Rejected(f"not UTF-8: byte {error.start + 1} is 0x{line[error.start]:02x}") from None
    if "\0" in decoded:
        raise Rejected("holds a NUL character")
    if '"' not in decoded:
        return decoded.split(",")
    try:
        return next(csv.reader((decoded,), strict=True), [])
    except csv.Error as error:
        raise Rejected(f"not CSV: {error}") from None
