"""The embedded PostgreSQL: what it refuses, what it survives."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bingeboard.embedded import leftovers, postgres
from bingeboard.embedded.processes import ServerError, server_account, spawn

from .conftest import eventually, is_alive

pytestmark = pytest.mark.servers
Start = Callable[[], postgres.Postgres]


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data folder for this module: a cold start is paid for once."""
    path = Path(tempfile.mkdtemp(prefix="bingeboard pg "))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start(shared_folder: Path) -> Iterator[Start]:
    """Start the server of the module's folder; what a test leaves running is stopped."""
    running: list[postgres.Postgres] = []

    def start_it() -> postgres.Postgres:
        server = postgres.start(
            data=shared_folder / "data",
            spare=shared_folder,
            log=shared_folder / "postgres.log",
            password="right",
            account=server_account(),
        )
        running.append(server)
        return server

    yield start_it
    for server in running:
        server.stop()


def rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT i FROM kept ORDER BY i")]


def test_it_speaks_only_on_loopback_and_only_to_who_knows_the_password(start: Start, shared_folder: Path) -> None:
    server = start()

    assert postgres.answers(server.url)
    assert not postgres.answers(server.url.replace(":right@", ":wrong@"))
    assert not postgres.answers(server.url.replace(":right@", "@"))
    with psycopg.connect(server.url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("listen_addresses", "unix_socket_directories", "password_encryption", "fsync", "jit")
        }
        locale = connection.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert shown == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "fsync": "on",
        "jit": "off",
    }
    assert locale == ("b", "C.UTF-8")
    assert stat.S_IMODE((shared_folder / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((shared_folder / "postgres.log").stat().st_mode) == 0o600
    assert sorted(path.name for path in shared_folder.glob("*.secret")) == []


def test_vectors_and_trigrams_are_there(start: Start) -> None:
    with psycopg.connect(start().url) as connection:
        found = connection.execute(
            "SELECT name FROM pg_available_extensions WHERE name IN ('vector', 'pg_trgm') ORDER BY name"
        ).fetchall()

    assert found == [("pg_trgm",), ("vector",)]


def test_committed_rows_survive_a_kill_and_the_stale_mark_it_leaves(start: Start, shared_folder: Path) -> None:
    server = start()
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT i FROM generate_series(1, 1000) AS i")

    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert (shared_folder / "data" / "postmaster.pid").exists()

    assert rows(start().url) == list(range(1, 1001))


def test_a_busy_child_of_a_killed_server_is_ended_before_another_writes(start: Start, shared_folder: Path) -> None:
    server = start()
    with contextlib.closing(psycopg.connect(server.url)) as connection:
        backend = connection.info.backend_pid
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 2000000000)")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()

        restarted = start()

    assert not is_alive(backend)
    assert postgres.answers(restarted.url)


def test_a_mark_whose_number_belongs_to_a_stranger_is_freed(start: Start, shared_folder: Path) -> None:
    server = start()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    stranger = spawn(["sleep", "600"], death_signal=signal.SIGKILL, account=server_account())
    mark = shared_folder / "data" / "postmaster.pid"
    lines = mark.read_text().splitlines(keepends=True)
    mark.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))

    restarted = start()

    assert postgres.answers(restarted.url)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_server_that_outlived_its_starter_is_ended_first(start: Start, shared_folder: Path) -> None:
    left = start()

    second = start()

    left.process.wait(10)
    assert leftovers.noted_pid(shared_folder / "data") == second.pid
    assert postgres.answers(second.url)


def test_a_port_that_was_taken_meanwhile_is_not_insisted_on(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    free = postgres.free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(postgres, "free_port", iter([taken.getsockname()[1], free]).__next__)

        server = start()

    assert f":{free}/" in server.url


def test_a_half_made_data_folder_is_never_used(start: Start, shared_folder: Path) -> None:
    partial = shared_folder / "data.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("1\n")

    assert postgres.answers(start().url)


def test_it_ends_within_its_patience_and_leaves_no_child(start: Start, shared_folder: Path) -> None:
    server = start()
    with psycopg.connect(server.url) as connection:
        backend = connection.info.backend_pid

        server.stop()

        assert server.process.poll() is not None
        eventually(lambda: not is_alive(backend), "the backend ends")
    assert leftovers.processes_of(shared_folder / "data") == set()


def test_binaries_are_looked_for_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = postgres.find_binaries()

    monkeypatch.setenv("BINGEBOARD_PG_BIN", str(found))
    assert postgres.find_binaries() == found
    monkeypatch.setenv("BINGEBOARD_PG_BIN", str(tmp_path))
    with pytest.raises(ServerError, match=f"{tmp_path}, which does not hold initdb and postgres"):
        postgres.find_binaries()


def test_a_server_that_can_not_start_says_why(start: Start, shared_folder: Path) -> None:
    start().stop()
    auto = shared_folder / "data" / "postgresql.auto.conf"
    before = auto.read_bytes()
    auto.write_text("shared_buffers = nonsense\n")

    with pytest.raises(ServerError, match="PostgreSQL did not start: ") as refused:
        start()

    auto.write_bytes(before)
    assert str(shared_folder / "postgres.log") in str(refused.value)
    assert os.linesep not in str(refused.value)
