"""The embedded Valkey: its password stays out of sight, and nothing of it stays on disk."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bingeboard.embedded import valkey
from bingeboard.embedded.processes import ServerError

pytestmark = pytest.mark.servers


@pytest.fixture
def server(folder: Path) -> Iterator[valkey.Valkey]:
    started = valkey.start(folder=folder / "valkey", password="right")
    yield started
    started.stop()


def test_it_answers_only_who_knows_the_password(server: valkey.Valkey) -> None:
    assert valkey.answers(server.url)
    assert not valkey.answers(server.url.replace(":right@", ":wrong@"))
    with redis.Redis.from_url(server.url.replace(":right@", "")) as client:
        with pytest.raises(redis.AuthenticationError):
            client.ping()


def test_its_password_stands_in_a_private_file_and_in_no_command_line(server: valkey.Valkey, folder: Path) -> None:
    config = folder / "valkey" / "valkey.conf"

    assert "requirepass right" in config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    arguments = server.process.args
    assert isinstance(arguments, list)
    assert "right" not in " ".join(arguments)


def test_it_writes_nothing_of_what_it_holds_to_disk(server: valkey.Valkey, folder: Path) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("canary", "x" * 1000)
    server.stop()

    assert sorted(path.name for path in (folder / "valkey").iterdir()) == ["valkey.conf", "valkey.log"]


def test_a_port_that_was_taken_meanwhile_is_not_insisted_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = valkey.free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(valkey, "free_port", iter([taken.getsockname()[1], free]).__next__)

        started = valkey.start(folder=folder / "valkey", password="right")

    assert f":{free}/" in started.url
    started.stop()


def test_one_left_by_a_dead_starter_can_be_ended_by_its_address(server: valkey.Valkey) -> None:
    valkey.end_leftover(server.url)

    assert server.process.wait(10) == 0
    valkey.end_leftover(server.url)
    valkey.end_leftover(None)


def test_a_binary_named_wrongly_is_named_in_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINGEBOARD_VALKEY_BIN", "/nowhere/valkey-server")

    with pytest.raises(ServerError, match="/nowhere/valkey-server, which is not there"):
        valkey.find_binary()
