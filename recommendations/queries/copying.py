"""
Rows of fixed width between PostgreSQL and numpy, by binary COPY.

A column of numbers or of equally long vectors is the same bytes in PostgreSQL's binary format and in a numpy array
of big-endian records, so a table of ten thousand vectors is read or written in one go instead of number by number.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

# Signature, flags and extension length; see "Binary Format" in PostgreSQL's page on COPY.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NUMBERS = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float4": ">f4", "float8": ">f8", "bool": "?"}


def record(columns: Sequence[tuple[str, str]]) -> np.dtype:
    """
    Return what one row looks like on the wire.

    columns   (name, type) in order; a type is one of NUMBERS or "vector(n)". None may be NULL.

    Raises ValueError for another type.
    """
    fields: list[tuple[Any, ...]] = [("n_columns", ">i2")]
    for name, kind in columns:
        fields.append((f"{name} length", ">i4"))
        if kind.startswith("vector("):
            width = int(kind[len("vector(") : -1])
            fields += [(f"{name} width", ">i2"), (f"{name} unused", ">i2"), (name, ">f4", (width,))]
        elif kind in NUMBERS:
            fields.append((name, NUMBERS[kind]))
        else:
            raise ValueError(f"a column's type is one of {', '.join(NUMBERS)} or vector(n), got {kind!r}")
    return np.dtype(fields)


def read_records(*, select: str, columns: Sequence[tuple[str, str]], params: Sequence[Any] = ()) -> NDArray[np.void]:
    """
    Return what a SELECT gives as an array of records; array["name"] is a column, big-endian.

    select   its columns must have exactly these types and no NULL

    Raises ValueError where a row is not as long as the columns say.
    """
    form = record(columns)
    with connection.cursor() as cursor:
        # Filled in here: what counts statements takes a COPY without parameters only.
        statement = cursor.mogrify(select, params) if params else select
        with cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)") as copy:
            received = b"".join(bytes(part) for part in copy)
    body = len(received) - len(HEADER) - len(TRAILER)
    if body % form.itemsize:
        raise ValueError(f"{body} bytes are no whole number of {form.itemsize}-byte rows: a NULL or a wrong type?")
    return np.frombuffer(received, dtype=form, count=body // form.itemsize, offset=len(HEADER))


def write_records(
    *, table: str, columns: Sequence[tuple[str, str]], values: Sequence[NDArray[Any]], rows_at_once: int = 4096
) -> None:
    """
    Append rows to a table by COPY.

    table    a name of our own, never a user's
    values   one array a column, all of one length; a vector's is (n_rows, width), or narrower: zeros follow
    """
    form = record(columns)
    names = ", ".join(name for name, _ in columns)
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(HEADER)
            for start in range(0, len(values[0]), rows_at_once):
                copy.write(_as_records(form, columns, [v[start : start + rows_at_once] for v in values]))
            copy.write(TRAILER)


def _as_records(form: np.dtype, columns: Sequence[tuple[str, str]], values: Sequence[NDArray[Any]]) -> bytes:
    rows = np.zeros(len(values[0]), dtype=form)
    rows["n_columns"] = len(columns)
    for (name, kind), value in zip(columns, values, strict=True):
        if kind.startswith("vector("):
            width = form[name].shape[0]
            rows[f"{name} length"] = 4 + 4 * width
            rows[f"{name} width"] = width
            rows[name][:, : value.shape[1]] = value
        else:
            rows[f"{name} length"] = form[name].itemsize
            rows[name] = value
    return rows.tobytes()


def fresh_table(*, name: str, columns: str) -> None:
    """
    Create an empty temporary table that goes with the transaction.

    name, columns   of our own making: they go into the statement as they are
    """
    with connection.cursor() as cursor:
        # A transaction inside another one (a savepoint) may find the table of the one before.
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
