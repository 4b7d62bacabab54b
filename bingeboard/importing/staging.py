"""From lines to rows: COPY into a staging table, set-based work on it, one transaction, one summary."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from bingeboard.errors import Stale
from bingeboard.importing.reading import Format, Source
from bingeboard.importing.rejects import Rejects
from bingeboard.importing.values import Rejected

REJECTS_AT_ONCE = 1000
ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"
Parse = Callable[[dict[str, Any]], Sequence[Any]]


@dataclass
class Summary:
    """
    What became of a file's lines: read = added + updated + unchanged + rejected.

    A line that a later line of the same file overrules changes nothing, so it counts as unchanged; `notes` says so.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, what: str, count: int) -> None:
        """Add a remark about a number of things, where there are any."""
        if count:
            self.notes.append(f"{what}: {count:,}")


@contextmanager
def import_transaction(what: str, *, dry_run: bool) -> Iterator[CursorWrapper]:
    """
    Hold one transaction for a whole import; a dry run does everything and is then rolled back.

    Raises Stale where another import of the same kind is running: two would deadlock over each other's rows.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"bingeboard import of {what}"])
        if not cursor.fetchone()[0]:
            raise Stale(f"another import of {what} is running; try again when it has ended")
        # A long COPY and one sort over the whole file are what this transaction is for.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        yield cursor
        if dry_run:
            transaction.set_rollback(True)


@dataclass(frozen=True)
class Staging:
    """
    A temporary table of parsed lines, gone with the transaction.

    Beside its columns (name -> type; a parsed row has those of `parsed`, in order) each line has its number, its
    text where it may yet be rejected, the problem it is rejected for, and its state: added, updated or unchanged.
    """

    table: str
    parsed: Mapping[str, str]
    derived: Mapping[str, str] = field(default_factory=dict)
    keeps_lines: bool = True

    def fill(self, cursor: CursorWrapper, *, source: Source, form: Format, parse: Parse, rejects: Rejects) -> int:
        """Create the table and COPY every line into it that can be parsed; returns how many lines were read."""
        self._create(cursor)
        copy_in = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self.table), sql.SQL(", ").join(map(sql.Identifier, ("line", "content", *self.parsed)))
        )
        read = 0
        # The raw COPY is not wrapped by Django, so its errors would not be Django's.
        with source.lines() as lines, connection.wrap_database_errors:
            form.start(source.path, lines)
            with cursor.copy(copy_in) as copy:
                for number, line in lines:
                    read += 1
                    try:
                        row = parse(form.record(line))
                    except Rejected as reason:
                        rejects.add(number, str(reason), line)
                        continue
                    copy.write_row((number, line.decode() if self.keeps_lines else None, *row))
        cursor.execute(f"ANALYZE {self.table}")
        return read

    def _create(self, cursor: CursorWrapper) -> None:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in (*self.parsed.items(), *self.derived.items()))
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{self.table}")
        cursor.execute(
            f"CREATE TEMP TABLE {self.table} (line bigint PRIMARY KEY, content text, problem text, state text,"
            f" {columns}) ON COMMIT DROP"
        )

    def reject_problems(self, cursor: CursorWrapper, *, rejects: Rejects) -> None:
        """Move the lines that were marked with a problem to the rejects."""
        with connection.chunked_cursor() as found:
            found.execute(
                f"SELECT line, problem, content FROM {self.table} WHERE problem IS NOT NULL ORDER BY line"  # noqa: S608
            )
            while some := found.fetchmany(REJECTS_AT_ONCE):
                for number, problem, content in some:
                    rejects.add(number, problem, content)
        cursor.execute(f"DELETE FROM {self.table} WHERE problem IS NOT NULL")  # noqa: S608 - our own name

    def drop_overruled(self, cursor: CursorWrapper, *, key: str, order: str = "line DESC") -> int:
        """Keep one line for each key, by default the last; returns how many were dropped."""
        cursor.execute(
            f"""
            DELETE FROM {self.table} s USING (
                SELECT line, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS place FROM {self.table}) o
            WHERE o.line = s.line AND o.place > 1
            """  # noqa: S608 - names from our own code
        )
        return cursor.rowcount

    def summary(self, cursor: CursorWrapper, *, read: int, overruled: int, rejects: Rejects) -> Summary:
        """Count the states."""
        cursor.execute(f"SELECT state, count(*) FROM {self.table} GROUP BY state")  # noqa: S608 - our own name
        counts = dict(cursor.fetchall())
        summary = Summary(
            read=read,
            added=counts.get(ADDED, 0),
            updated=counts.get(UPDATED, 0),
            unchanged=counts.get(UNCHANGED, 0) + overruled,
            rejected=rejects.count,
        )
        summary.note("lines overruled by another line of the same file", overruled)
        return summary
