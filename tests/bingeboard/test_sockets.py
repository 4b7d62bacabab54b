"""Clients that stop half way, drip, or lie about lengths: the real web server goes on answering the others."""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from bingeboard.embedded.processes import free_port
from bingeboard.embedded.programs import programs

pytestmark = pytest.mark.servers
ASKED = b'{"query": "{ __typename }"}'
HEAD = b"POST /graphql/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n"
# Seconds in which the others are answered, whatever goes on beside them.
SOON = 5.0
# Ten times as many as are worked on at a time, and fewer than can be read from.
CROWD = 40
HALF_REQUESTS = {
    "a body in chunks that stop": HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"que',
    "a header that stops": HEAD + b"X-Long: " + b"x" * 1000,
    "a request line that stops": b"POST /gra",
    "nothing at all": b"",
}
ODD_REQUESTS = {
    "a length that is no number": HEAD + b"Content-Length: many\r\n\r\n" + ASKED,
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n" + ASKED,
    "a length beyond 64 bits": HEAD + LENGTH % 2**70 + ASKED,
    "two lengths": HEAD + b"Content-Length: 5\r\n" + LENGTH % len(ASKED) + ASKED,
    "a length that is too short": HEAD + LENGTH % 5 + ASKED,
    "a length beside chunks": HEAD
    + b"Transfer-Encoding: chunked\r\n"
    + LENGTH % 5
    + b"1b\r\n"
    + ASKED
    + b"\r\n0\r\n\r\n",
    "chunks of nonsense": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + ASKED,
    "a huge header": HEAD + b"X-Long: " + b"x" * 2_000_000 + b"\r\n" + LENGTH % len(ASKED) + ASKED,
    "ten thousand headers": HEAD + b"X-A: 1\r\n" * 10_000 + LENGTH % len(ASKED) + ASKED,
    "a huge request line": b"GET /" + b"x" * 2_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a line break in a header": HEAD + b"X-A: 1\n X-B: 2\r\n" + LENGTH % len(ASKED) + ASKED,
    "a host of its own": HEAD.replace(b"localhost", b"evil.example") + LENGTH % len(ASKED) + ASKED,
    "no host": HEAD.replace(b"Host: localhost\r\n", b"") + LENGTH % len(ASKED) + ASKED,
    "a version nobody speaks": HEAD.replace(b"1.1", b"9.9") + LENGTH % len(ASKED) + ASKED,
    "bytes of another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the web server as the supervisor runs it; asked for nothing that needs a table."""
    port = free_port()
    [child] = [
        child
        for child in programs(port=port, socket_port=free_port(), secret_key=secrets.token_hex(32))
        if child.name == "web"
    ]
    home = tmp_path_factory.mktemp("home")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        **child.env,
        "DJANGO_SETTINGS_MODULE": "bingeboard.settings",
        "BINGEBOARD_HOME": str(home),
    }
    with (home / "web.log").open("w") as log:
        process = subprocess.Popen(child.command, env=env, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 60
            while not _answers(port):
                assert process.poll() is None and time.monotonic() < end, (home / "web.log").read_text()[-2000:]  # noqa: PT018
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        answer = httpx.post(
            f"http://127.0.0.1:{port}/graphql/",
            content=ASKED,
            headers={"Content-Type": "application/json", "Host": "localhost"},
            timeout=SOON,
            trust_env=False,
        )
        return answer.status_code == 200 and answer.json()["data"] == {"__typename": "Query"}
    return False


def _open(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=SOON)
    with contextlib.suppress(OSError):
        connection.sendall(sent)
    return connection


def _said(connection: socket.socket) -> bytes:
    """Return what the server says until it falls silent, closes or resets."""
    said = b""
    with contextlib.suppress(OSError):
        connection.settimeout(1)
        while piece := connection.recv(65536):
            said += piece
    return said


@pytest.mark.parametrize(
    "sent",
    [
        *(pytest.param(sent, id=name) for name, sent in HALF_REQUESTS.items()),
        pytest.param(HEAD + LENGTH % 1000 + ASKED[:10], id="a body that stops"),
        pytest.param(HEAD + LENGTH % 1000, id="a body that never starts"),
    ],
)
def test_a_crowd_that_stops_half_way_keeps_nobody_waiting(web: int, sent: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(contextlib.closing(_open(web, sent)))

        assert all(_answers(web) for _ in range(10))
    assert _answers(web)


def test_a_crowd_that_drips_keeps_nobody_waiting(web: int) -> None:
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(contextlib.closing(_open(web, HEAD + LENGTH % 1000))) for _ in range(CROWD)]
        for letter in ASKED[:10]:
            for connection in crowd:
                connection.sendall(bytes([letter]))

            assert _answers(web)


@pytest.mark.parametrize("sent", ODD_REQUESTS.values(), ids=ODD_REQUESTS)
def test_an_odd_request_is_refused_or_answered_without_a_5xx(web: int, sent: bytes) -> None:
    with contextlib.closing(_open(web, sent)) as connection:
        said = _said(connection)

    assert not said or said.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.0 4")), said[:300]
    assert b"Traceback" not in said
    assert b".py" not in said
    assert _answers(web)


def test_whoever_leaves_in_the_middle_of_an_answer_harms_nobody(web: int) -> None:
    for _ in range(CROWD):
        _open(web, HEAD + LENGTH % len(ASKED) + ASKED).close()

    assert _answers(web)
