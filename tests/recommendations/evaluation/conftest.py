"""A small world, measured once."""

import datetime as dt

import pytest
from django.test import override_settings

from recommendations.evaluation.run import ALGORITHMS, Plan, evaluate
from tests.recommendations.evaluation.worlds import some_ratings, unwatched, write_ratings, write_shows

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def small_files(tmp_path_factory):
    """The small world's ratings and titles."""
    folder = tmp_path_factory.mktemp("small-world")
    return write_ratings(folder / "ratings.csv", some_ratings()), write_shows(folder / "shows.jsonl")


@pytest.fixture(scope="session")
def measured(small_files, django_db_setup, django_db_blocker, tmp_path_factory):
    """The small world's result, every algorithm and the dial in it."""
    ratings, shows = small_files
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")), django_db_blocker.unblock():
        return evaluate(
            plan=Plan(ratings=ratings, shows=shows, algorithms=ALGORITHMS, dial=True), now=NOW, step=unwatched
        )
