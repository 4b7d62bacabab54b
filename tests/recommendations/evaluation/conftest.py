"""A small world, measured once."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from recommendations.evaluation import scratch
from recommendations.evaluation.run import ALGORITHMS, Plan, evaluate
from tests.recommendations.evaluation.worlds import some_ratings, unwatched, write_ratings, write_shows

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def small_files(tmp_path_factory):
    """The small world's ratings and titles."""
    folder = tmp_path_factory.mktemp("small-world")
    return write_ratings(folder / "ratings.csv", some_ratings()), write_shows(folder / "shows.jsonl")


@pytest.fixture(scope="session")
def migrated(django_db_setup, django_db_blocker, tmp_path_factory):
    """The name of a migrated database: scratch databases are copies of it, and find nothing left to migrate."""
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_migrated"
        keeper = scratch._beside()
        try:
            scratch._drop(keeper, name)
            scratch._create(keeper, name)
            with scratch._working_on(name, tmp_path_factory.mktemp("migrated")):
                call_command("migrate", verbosity=0, interactive=False)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(scratch, "CREATE", f'CREATE DATABASE {{}} TEMPLATE "{name}"')
                yield name
        finally:
            scratch._drop(keeper, name)
            keeper.close()


@pytest.fixture(autouse=True)
def copied(migrated):
    """Every scratch database of these tests is a copy: most of the time went into migrating empty ones."""


@pytest.fixture(scope="session")
def measured(small_files, migrated, django_db_blocker, tmp_path_factory):
    """The small world's result, every algorithm and the dial in it."""
    ratings, shows = small_files
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")), django_db_blocker.unblock():
        return evaluate(
            plan=Plan(ratings=ratings, shows=shows, algorithms=ALGORITHMS, dial=True), now=NOW, step=unwatched
        )
