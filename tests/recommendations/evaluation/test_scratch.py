"""The scratch database is a database of its own, and is gone however the work in it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from bingeboard.errors import Invalid
from bingeboard.users.models import User
from recommendations.evaluation.scratch import MARK, scratch_database
from tests.recommendations.evaluation.worlds import some_ratings, write_ratings, write_shows

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


def databases(beside: str | None = None) -> set[str]:
    """Return the scratch databases beside one, our own where left out: other tests may be at work beside theirs."""
    with connection.cursor() as cursor:
        prefix = f"{beside or connection.settings_dict['NAME']}{MARK}"
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return {row[0] for row in cursor.fetchall()}


def here() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return cursor.fetchone()[0]


def test_work_is_done_in_a_database_and_a_folder_of_its_own_and_both_are_gone_afterwards(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    User.objects.create(id="ours", username="ours")
    before, at = databases(), here()

    with scratch_database() as name:
        assert here() == name != at
        assert databases(at) == before | {name}
        assert User.objects.count() == 0
        User.objects.create(id="theirs", username="theirs")
        model = Path(default_storage.path(default_storage.save("models/one.txt", ContentFile("x"))))
        assert model.exists()

    assert here() == at
    assert databases() == before
    assert not model.exists()
    assert list(User.objects.values_list("pk", flat=True)) == ["ours"]
    assert Path(default_storage.path("a")) == tmp_path / "a"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_is_gone_however_the_work_ends(error):
    before, at = databases(), here()

    with pytest.raises(error), scratch_database():
        raise error("enough")

    assert (databases(), here()) == (before, at)


def test_what_a_killed_run_has_left_is_dropped_and_what_another_run_works_in_is_not():
    at = here()
    prefix = f"{at}{MARK}"
    params = {**connection.get_connection_params(), "autocommit": True}
    left, busy = f"{prefix}{'a' * 12}", f"{prefix}{'b' * 12}"
    with psycopg.connect(**params) as run:
        try:
            for name in (left, busy):
                run.execute(f'CREATE DATABASE "{name}"')
            run.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [busy])

            with scratch_database():
                assert {left, busy} & databases(at) == {busy}
        finally:
            for name in (left, busy):
                run.execute(f'DROP DATABASE IF EXISTS "{name}"')


def test_a_role_that_may_not_make_databases_is_told_so():
    before = dict(connection.settings_dict)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_special LOGIN PASSWORD 'x'")
    try:
        connection.close()
        connection.settings_dict.update(USER="nobody_special", PASSWORD="x")
        with pytest.raises(Invalid, match=r"nobody_special may not create databases.*CREATEDB"):
            with scratch_database():
                pass
    finally:
        connection.close()
        connection.settings_dict.update(before)
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE nobody_special")


def test_ctrl_c_leaves_no_database_behind(tmp_path):
    ratings = write_ratings(tmp_path / "ratings.csv", some_ratings())
    shows = write_shows(tmp_path / "shows.jsonl")
    configured = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])["dbname"]
    before = databases(configured)
    command = [sys.executable, ROOT / "manage.py", "evaluate", "--ratings", ratings, "--shows", shows]
    run = subprocess.Popen(
        command,
        env={**os.environ, "EMBEDDING_PROVIDER": "lexical", "DJANGO_SETTINGS_MODULE": "bingeboard.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while databases(configured) == before:
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)

        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()

    assert run.returncode == 130, said
    assert "Traceback" not in said
    assert databases(configured) == before == set()
