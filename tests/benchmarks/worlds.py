"""The world a benchmark runs in: the demo's, made for it and dropped after, or a database that is there already."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import django


@contextmanager
def world(*, database: str | None, n_viewers: int) -> Iterator[None]:
    """
    Set Django up on a database for the length of the block.

    database    its URL, rebuilt already, with BINGEBOARD_HOME naming where its models are; None: the demo's catalogue
                with so many viewers, in a database of its own on servers of its own
    """
    if database is not None:
        os.environ["DATABASE_URL"] = database
        os.environ["DJANGO_SETTINGS_MODULE"] = "bingeboard.settings"
        django.setup()
        yield
        return
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    with tempfile.TemporaryDirectory(prefix="bingeboard-benchmark-") as folder, _test_database(folder):
        _load_demo(n_viewers)
        yield


@contextmanager
def _test_database(folder: str) -> Iterator[None]:
    from django.db import connection
    from django.test.utils import override_settings, setup_test_environment, teardown_test_environment

    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with override_settings(MEDIA_ROOT=folder):
            yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


def _load_demo(n_viewers: int) -> None:
    from django.utils import timezone

    from bingeboard.demo.loader import load
    from recommendations.pipeline import rebuild

    now = timezone.now()
    load(now=now, n_viewers=n_viewers)
    for stage in rebuild.STAGES:
        rebuild.run_stage(stage=stage, now=now)
