"""The vector index of content_embeddings: built after the data, set aside while much is written, replaced whole."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg.errors
from django.conf import settings
from django.db import OperationalError, connection, transaction

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig

Progress = Callable[[int], None]
INDEX = "idx_content_embeddings_vector"
METHODS = ("hnsw", "ivfflat")
LOCK = 20260923_03
MOST_LISTS = 32768  # pgvector's own limit
# An index cannot be made or dropped over rows whose foreign keys this transaction has yet to check.
SETTLED = "SET CONSTRAINTS ALL IMMEDIATE"
POLL_SECONDS = 0.25


def build(
    *,
    method: str | None = None,
    lists: int | None = None,
    config: EngineConfig = DEFAULT,
    progress: Progress | None = None,
) -> dict[str, str | int]:
    """
    Build the vector index anew under its name; the old one serves readers until the new one is there.

    method     "hnsw" or "ivfflat"; None: as settings.VECTOR_INDEX_METHOD says
    lists      of ivfflat; None: pgvector's advice, rows / 1000 up to a million rows, then their square root
    progress   told about a hundred steps, as PostgreSQL reports them

    Returns what was built: method, lists (0 for hnsw) and the rows in it.

    Raises Invalid for a method or a number of lists that cannot be.
    """
    chosen = method or settings.VECTOR_INDEX_METHOD
    rows = _rows()
    options, n_lists = _options(chosen, lists, rows, config)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SETTLED)
        # Two at once would both make the same new index.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}_new")
        with _reported(progress):
            _create(f"{INDEX}_new", chosen, options)
        # Only here do readers wait, for the blink of a rename.
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")
        cursor.execute(f"ALTER INDEX {INDEX}_new RENAME TO {INDEX}")
        cursor.execute("ANALYZE content_embeddings")
    return {"method": chosen, "lists": n_lists, "rows": rows}


def _options(method: str, lists: int | None, rows: int, config: EngineConfig) -> tuple[str, int]:
    """Return the index's options as SQL, and its lists."""
    if method not in METHODS:
        raise Invalid(f"the index method is {' or '.join(METHODS)}, got {method!r}", field="method")
    if method == "hnsw":
        if lists is not None:
            raise Invalid(f"lists are for ivfflat, and the method is {method}", field="lists")
        return f"m = {config.embeddings.hnsw_m}, ef_construction = {config.embeddings.hnsw_ef_construction}", 0
    if lists is not None and not 1 <= lists <= MOST_LISTS:
        raise Invalid(f"lists is a number from 1 to {MOST_LISTS}, or auto; got {lists}", field="lists")
    n_lists = advised_lists(rows=rows, config=config) if lists is None else lists
    return f"lists = {n_lists}", n_lists


def advised_lists(*, rows: int, config: EngineConfig = DEFAULT) -> int:
    """Return how many lists pgvector advises for ivfflat: rows / 1000 up to a million rows, then their square root."""
    linear = rows // config.embeddings.ivfflat_rows_per_list
    return max(1, min(linear if rows <= 1_000_000 else int(rows**0.5), MOST_LISTS))


def _rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(embedding) FROM content_embeddings")
        return int(cursor.fetchone()[0])


def _create(name: str, method: str, options: str) -> None:
    statement = (
        f"CREATE INDEX {name} ON content_embeddings USING {method} (embedding vector_cosine_ops) WITH ({options})"
    )
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except OperationalError as error:
            # Parallel workers share memory through /dev/shm, which containers often keep tiny.
            if not isinstance(error.__cause__, psycopg.errors.DiskFull | psycopg.errors.OutOfMemory):
                raise
            cursor.execute("SET LOCAL max_parallel_maintenance_workers = 0")
            cursor.execute(statement)


def exists() -> bool:
    """Return whether the index is there and whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_and(indisvalid) FROM pg_index WHERE indexrelid = to_regclass(%s)", [INDEX])
        return bool(cursor.fetchone()[0])


@contextmanager
def set_aside(*, rows_to_write: int, config: EngineConfig = DEFAULT) -> Iterator[None]:
    """
    Do without the index while many rows are written, and have it again afterwards, also after a failure.

    Without it readers compare every row: slower, and right. A process that is killed inside leaves no index; the next
    run of whatever uses this builds it, since it is also built where it is found missing.
    """
    if rows_to_write > config.embeddings.reindex_above:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SETTLED)
            cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")
    try:
        yield
    finally:
        # A lost connection takes no further statement, nor does a failed transaction, which takes its DROP back.
        if connection.is_usable() and not connection.needs_rollback and not exists():
            build(config=config)


@contextmanager
def _reported(progress: Progress | None) -> Iterator[None]:
    """Pass on how far PostgreSQL says it is with the index that this connection builds."""
    if progress is None:
        yield
        return
    done = threading.Event()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        watcher = threading.Thread(target=_watch, args=(cursor.fetchone()[0], progress, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(pid: int, progress: Progress, done: threading.Event) -> None:
    """Tell progress each further per cent, until done; the connection is this thread's own."""
    told = 0
    try:
        with connection.cursor() as cursor:
            while not done.wait(POLL_SECONDS):
                cursor.execute(
                    "SELECT 100 * greatest(blocks_done::float8 / nullif(blocks_total, 0),"
                    " tuples_done::float8 / nullif(tuples_total, 0))"
                    " FROM pg_stat_progress_create_index WHERE pid = %s",
                    [pid],
                )
                found = cursor.fetchone()
                reached = int(found[0] or 0) if found else told
                progress(max(reached - told, 0))
                told = max(reached, told)
    except OperationalError:
        return  # nothing to show; the build itself goes on
    finally:
        connection.close()
