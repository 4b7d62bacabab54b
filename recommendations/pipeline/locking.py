"""Only one at a time: a lock for a stage whose work spans several transactions."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from bingeboard.errors import Stale


@contextmanager
def only_one(stage: str) -> Iterator[None]:
    """
    Hold a stage's lock while inside; it belongs to the database connection and goes with it.

    Raises Stale at once where another process holds it: to wait would keep a worker busy with nothing.
    """
    key = f"bingeboard {stage}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        if not cursor.fetchone()[0]:
            raise Stale(f"{stage} are being rebuilt by another process; try again when it is done")
    try:
        yield
    finally:
        # A connection that is lost, or whose transaction has failed, takes no statement; the lock goes with it.
        if connection.is_usable() and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
