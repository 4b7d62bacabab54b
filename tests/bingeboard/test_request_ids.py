"""One id from the request to the log and to the task: over the real server, and through the real broker."""

import io
import logging
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.conf import settings

from bingeboard import request_ids
from bingeboard.celery import app
from bingeboard.embedded.processes import free_port
from recommendations.graphql.nudge import Messenger
from tests.door import Door

ROOT = Path(__file__).resolve().parents[2]
QUEUE = f"tests-{uuid.uuid4().hex}"
heard: list[str] = []


@shared_task(name="tests.listen", queue=QUEUE)
def listen() -> None:
    """Say which request this follows from."""
    heard.append(request_ids.current())


@contextmanager
def granian(environment: dict[str, str], log: Path) -> Iterator[str]:
    """The server that `make demo` runs."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--no-ws", "--log-level", "warning", "bingeboard.wsgi:application"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            _wait(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        try:
            httpx.get(f"{address}/health/", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not come up")


@pytest.mark.servers
def test_a_surprise_is_found_in_the_servers_log_by_the_id_that_the_client_has(tmp_path: Path) -> None:
    database = settings.DATABASES["default"]
    address = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    # A database without a single table: any read of one is a surprise.
    environment = {
        "DJANGO_SETTINGS_MODULE": "bingeboard.settings",
        "DATABASE_URL": f"postgresql://{address}/template1",
        "REDIS_URL": settings.REDIS_URL,
        "BINGEBOARD_HOME": str(tmp_path / "home"),
    }
    query = {"query": "{ platforms { name } }"}
    with granian(environment, tmp_path / "log") as server:
        asked = [
            httpx.post(f"{server}/graphql/", json=query, headers=headers, trust_env=False)
            for headers in ({}, {"X-Request-Id": "from-the-client"}, {"X-Request-Id": "no id\tat all"})
        ]
    log = (tmp_path / "log").read_text()

    ids = [answer.headers["X-Request-Id"] for answer in asked]
    assert len(set(ids)) == 3
    assert ids[1] == "from-the-client"
    for answer, request_id in zip(asked, ids, strict=True):
        assert answer.status_code == 200
        error = answer.json()["errors"][0]
        assert error == {
            "message": f"something went wrong; request id {request_id}",
            "extensions": {"code": "INTERNAL"},
            "path": ["platforms"],
            "locations": [{"line": 1, "column": 3}],
        }
        assert answer.json()["extensions"]["cost"]["requested"] == 11
        assert f"[{request_id}]: request {request_id} failed" in log
    assert 'relation "platforms" does not exist' in log


def test_a_task_follows_from_the_request_that_sent_it() -> None:
    heard.clear()
    messenger = Messenger()
    with request_ids.during("first"):
        listen.delay()
        # By the way that acts take, from a thread of its own.
        messenger.send(listen, {})
    messenger.wait()
    listen.delay()
    with request_ids.during("first\nforged line"):
        listen.delay()
    with start_worker(app, pool="solo", queues=[QUEUE], perform_ping_check=False, loglevel="ERROR"):
        until = time.monotonic() + 30
        while len(heard) < 4 and time.monotonic() < until:
            time.sleep(0.05)
    app.connection_for_write().default_channel.client.delete(QUEUE)

    assert len(heard) == 4
    assert heard.count("first") == 2
    assert heard.count("") == 1
    # Nothing goes into a log that could break its line.
    assert not any("\n" in one for one in heard)
    assert request_ids.current() == ""


def test_log_lines_carry_the_id_of_their_request_and_of_no_other() -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.addFilter(request_ids.WithRequestId())
    handler.setFormatter(logging.Formatter(settings.LOGGING["formatters"]["plain"]["format"]))
    logger = logging.Logger("house")
    logger.addHandler(handler)

    logger.warning("before")
    with request_ids.during("abc"):
        logger.warning("within")
    logger.warning("after")

    assert [line.partition("house")[2] for line in said.getvalue().splitlines()] == [
        ": before",
        " [abc]: within",
        ": after",
    ]


def test_the_id_ends_with_the_request(db: None, door: Door) -> None:
    response: Any = door.post({"query": "{ me { id } }"}, HTTP_X_REQUEST_ID="mine")

    assert response["X-Request-Id"] == "mine"
    assert request_ids.current() == ""
