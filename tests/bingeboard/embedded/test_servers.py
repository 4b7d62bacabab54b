"""Who starts the servers of a home, who joins, who ends them, and what a kill leaves: nothing."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from bingeboard.embedded import postgres, valkey
from bingeboard.embedded.home import Home
from bingeboard.embedded.leftovers import noted_pid
from bingeboard.embedded.servers import ensure_servers, revive

from .conftest import eventually, is_alive, run_python

pytestmark = pytest.mark.servers

# Starts or joins, says what it got, and holds on until a line comes in.
HOLDER = """
import json, signal, sys
from pathlib import Path
from bingeboard.embedded import servers
from bingeboard.embedded.home import Home
from bingeboard.embedded.leftovers import noted_pid
with servers.ensure_servers(Home(Path(sys.argv[1]))) as found:
    pids = [entry.server.process.pid for fleet in servers._fleets for entry in fleet.started]
    print(json.dumps([found.database_url, found.redis_url, found.started_here, pids]), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """One home for this module: a data folder is made once."""
    path = Path(tempfile.mkdtemp(prefix="bingeboard home "))
    path.chmod(0o711)
    yield path
    # A server that was killed with its starter may still be putting its files away.
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def home(used_folder: Path, no_addresses: None) -> Iterator[Home]:
    """The module's home, with nothing in the environment, that nobody holds on to after the test."""
    yield Home(used_folder / "home")
    for process in Holder.running:
        process.kill()
        process.communicate()
    Holder.running.clear()


class Holder:
    """Another process that uses the servers of a home."""

    running: ClassVar[list["subprocess.Popen[str]"]] = []

    def __init__(self, home: Home) -> None:
        self.process = run_python(HOLDER, str(home.path))
        self.running.append(self.process)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.database_url, self.redis_url, self.started_here, self.pids = json.loads(line)

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def gone(self, *, seconds: float = 60) -> tuple[int, str]:
        """Wait for its end; returns its exit code and what it said on stderr."""
        said = self.process.communicate(timeout=seconds)[1]
        self.running.remove(self.process)
        return self.process.returncode, said


def test_the_first_starts_the_next_joins_and_only_the_first_ends(home: Home) -> None:
    with ensure_servers(home) as first:
        with ensure_servers(home) as second:
            assert (first.started_here, second.started_here) == (True, False)
            assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
        assert postgres.answers(first.database_url)
        assert valkey.answers(first.redis_url)
        assert stat.S_IMODE((home.path / "servers.json").stat().st_mode) == 0o600

    assert not postgres.answers(first.database_url)
    assert not valkey.answers(first.redis_url)
    assert not (home.path / "servers.json").exists()


def test_two_homes_run_side_by_side_and_keep_their_passwords_apart(home: Home, folder: Path) -> None:
    with ensure_servers(home) as one, ensure_servers(Home(folder / "other")) as two:
        assert one.started_here
        assert two.started_here
        assert one.database_url.rsplit("@", 1)[1] != two.database_url.rsplit("@", 1)[1]
        crossed = one.database_url.rsplit("@", 1)[0] + "@" + two.database_url.rsplit("@", 1)[1]
        assert not postgres.answers(crossed)
        crossed = one.redis_url.rsplit("@", 1)[0] + "@" + two.redis_url.rsplit("@", 1)[1]
        assert not valkey.answers(crossed)


def test_a_starter_waits_for_who_joined(home: Home) -> None:
    starter = Holder(home)
    joined = Holder(home)
    assert (starter.started_here, joined.started_here) == (True, False)

    secrets = home.read("secrets.json")
    lines = [(Path("/proc") / str(pid) / "cmdline").read_text() for pid in starter.pids if Path("/proc/self").exists()]
    assert not any(secrets[name] in line for name in ("postgres", "valkey") for line in lines), "passwords are hidden"

    starter.let_go()
    assert starter.process.stderr is not None
    assert "waiting for other commands" in starter.process.stderr.readline()
    assert postgres.answers(joined.database_url)
    joined.let_go()

    assert joined.gone()[0] == 0
    assert starter.gone()[0] == 0
    assert not postgres.answers(joined.database_url)


def test_an_impatient_starter_ends_the_servers_all_the_same(home: Home) -> None:
    starter = Holder(home)
    joined = Holder(home)

    starter.let_go()
    assert starter.process.stderr is not None
    starter.process.stderr.readline()
    starter.process.send_signal(signal.SIGINT)

    starter.gone()
    assert not any(is_alive(pid) for pid in starter.pids)
    joined.let_go()
    assert joined.gone() == (0, "")


def test_a_killed_starter_leaves_nothing_and_the_next_finds_every_row(home: Home) -> None:
    starter = Holder(home)
    with contextlib.closing(psycopg.connect(starter.database_url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT i FROM generate_series(1, 500) AS i")
        connection.commit()
        pids = [*starter.pids, connection.info.backend_pid]
        starter.process.kill()
        starter.gone()

        # At once: the old servers may still answer, for the last time.
        with ensure_servers(home) as servers, psycopg.connect(servers.database_url) as afterwards:
            assert servers.started_here
            assert servers.redis_url != starter.redis_url
            assert afterwards.execute("SELECT count(*), sum(i) FROM kept").fetchone() == (500, 125250)
            afterwards.execute("DROP TABLE kept")
    eventually(lambda: not any(is_alive(pid) for pid in pids), "the servers end with their starter")


def test_a_server_that_died_is_started_again_at_its_address(home: Home) -> None:
    with ensure_servers(home) as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE revived AS SELECT 7 AS i")
        assert revive() == []
        pid = noted_pid(home.data_folder() / "data")
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        eventually(lambda: revive() == ["postgres"], "the death is noticed")

        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT i FROM revived").fetchone() == (7,)
    assert not postgres.answers(servers.database_url)


def test_servers_named_by_the_environment_are_used_and_nothing_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(folder / "home")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")

    with ensure_servers(home) as servers:
        assert servers.database_url == "postgresql://elsewhere/db"
        assert servers.redis_url == "redis://elsewhere/0"
        assert not servers.started_here

    assert not home.path.exists()


def test_only_what_the_environment_does_not_name_is_started(
    folder: Path, no_addresses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(folder / "home")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")

    with ensure_servers(home) as servers:
        assert servers.database_url == "postgresql://elsewhere/db"
        assert valkey.answers(servers.redis_url)

    assert not (home.path / "postgres").exists()
    assert not (home.path / "servers.json").exists()
