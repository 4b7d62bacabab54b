"""
A database of its own for the length of a block, beside the configured one, which is not touched.

Within the block this process works on the scratch database and on a scratch folder for models; after it, however it
ends, the process is where it was and both are gone. What a killed run has left is dropped by the next.
"""

import contextlib
import re
import signal
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from bingeboard.errors import Invalid
from recommendations.pipeline import artifacts, candidates

# PostgreSQL cuts names at 63 letters: what says that it is a scratch database must not be cut off.
LONGEST_NAME = 63
MARK = "_evaluate_"
CREATE = "CREATE DATABASE {}"
# A psycopg connection; its rows are typed by a factory that Django chooses.
Keeper = Any


@contextlib.contextmanager
def scratch_database() -> Iterator[str]:
    """
    Make an empty, migrated database and a folder for models, work on them within the block, and drop both.

    Yields the database's name. Raises Invalid where the role may not create databases.
    """
    keeper = _beside()
    name = f"{_prefix()}{uuid.uuid4().hex[:12]}"
    try:
        _drop_leftovers(keeper)
        _lock(keeper, name)
        try:
            _create(keeper, name)
            with tempfile.TemporaryDirectory(prefix="bingeboard-evaluate-") as folder, _working_on(name, Path(folder)):
                call_command("migrate", verbosity=0, interactive=False)
                yield name
        finally:
            with _undisturbed():
                _drop(keeper, name)
    finally:
        keeper.close()


def _beside() -> Keeper:
    """Return a connection of our own to the configured database, which stays there while the usual one moves."""
    # So that a server that is not there is told of as it always is.
    connection.ensure_connection()
    params = {**connection.get_connection_params(), "autocommit": True}
    return psycopg.connect(**params)


def _prefix() -> str:
    return f"{connection.settings_dict['NAME']}"[: LONGEST_NAME - len(MARK) - 12] + MARK


def _create(keeper: Keeper, name: str) -> None:
    try:
        keeper.execute(SQL(CREATE).format(Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        role = keeper.info.user
        raise Invalid(
            f"the role {role} may not create databases, and the evaluation needs one of its own;"
            f" ALTER ROLE {role} CREATEDB, or name another role in DATABASE_URL",
            field="DATABASE_URL",
        ) from error


def _drop(keeper: Keeper, name: str) -> None:
    keeper.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _drop_leftovers(keeper: Keeper) -> None:
    """Drop the scratch databases whose process is gone: nobody holds their lock any more."""
    prefix = _prefix()
    found = keeper.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]).fetchall()
    for (name,) in found:
        if re.fullmatch(r"[0-9a-f]{12}", name.removeprefix(prefix)) and _lock(keeper, name):
            try:
                _drop(keeper, name)
            finally:
                keeper.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _lock(keeper: Keeper, name: str) -> bool:
    """Tell other runs that somebody is at work in a database, until the connection ends; False where somebody is."""
    return bool(keeper.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()[0])


@contextlib.contextmanager
def _working_on(name: str, folder: Path) -> Iterator[None]:
    """Point this process at a database and at a folder for its models, and back."""
    settings, storage = connection.settings_dict, cast(Any, default_storage)
    before_name, before_options, before_storage = settings["NAME"], settings["OPTIONS"], storage._wrapped
    _leave()
    try:
        # A pool would keep connections open to a database that is to be dropped.
        settings["NAME"] = name
        settings["OPTIONS"] = {key: value for key, value in before_options.items() if key != "pool"}
        storage._wrapped = FileSystemStorage(location=folder)
        # While somebody is half-way in, a database is not dropped, and who was interrupted half-way waits for ever.
        with _undisturbed():
            connection.ensure_connection()
        _check_where(name)
        yield
    finally:
        with _undisturbed():
            _leave()
            settings["NAME"], settings["OPTIONS"] = before_name, before_options
            storage._wrapped = before_storage


def _leave() -> None:
    """Close the usual connection and forget what was read through it."""
    connection.close()
    if connection.settings_dict["OPTIONS"].get("pool"):
        cast(Any, connection).close_pool()
    candidates.forget_snapshot()
    artifacts.forget_loaded()


def _check_where(name: str) -> None:
    """Make sure, before anything is written, that it will not be written into somebody's real database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        found = cursor.fetchone()[0]
    if found != name:
        raise RuntimeError(f"this process should be at {name}, and is at {found}; nothing was written")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C for a few statements, and hear it after them: who presses it twice would leave a database."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for heard in came[:1]:
        signal.raise_signal(heard)
