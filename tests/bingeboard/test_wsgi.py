"""Requests are read before they are worked on, and only so many are worked on at a time."""

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.conf import settings

from bingeboard.wsgi import read_first


class Slow(io.BytesIO):
    """A body that comes only when it is let go."""

    def __init__(self, body: bytes, go: threading.Event) -> None:
        super().__init__(body)
        self.go = go

    def read(self, size: int | None = -1) -> bytes:
        assert self.go.wait(20)
        return super().read(size)


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return [environ["wsgi.input"].read()]


def asked(body: io.BytesIO, length: str) -> dict[str, Any]:
    return {"wsgi.input": body, "CONTENT_LENGTH": length}


def test_whoever_is_slow_to_send_takes_nobodys_turn() -> None:
    application, go = read_first(echo, at_once=1), threading.Event()
    said: list[bytes] = []
    waiting = [
        threading.Thread(target=lambda: said.extend(application(asked(Slow(b"slow", go), "4"), print)))
        for _ in range(5)
    ]
    for thread in waiting:
        thread.start()

    assert list(application(asked(io.BytesIO(b"quick"), "5"), print)) == [b"quick"]

    assert said == []
    go.set()
    for thread in waiting:
        thread.join(20)
    assert said == [b"slow"] * 5


def test_only_so_many_are_worked_on_at_a_time() -> None:
    lock, together, entered = threading.Lock(), threading.Barrier(3, timeout=20), [0, 0]

    def meets_two_others(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            entered[0] += 1
            entered[1] = max(entered)
        together.wait()
        with lock:
            entered[0] -= 1
        return []

    application = read_first(meets_two_others, at_once=3)
    threads = [threading.Thread(target=application, args=(asked(io.BytesIO(), ""), print)) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert not together.broken
    assert entered[1] == 3


@pytest.mark.parametrize(
    "length", ["", "0", "-1", "many", "²", str(2**70), str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)]
)
def test_what_is_no_length_or_too_long_is_left_to_who_refuses_it(length: str) -> None:
    body = Slow(b"never read here", threading.Event())

    seen = read_first(lambda environ, _: [environ["wsgi.input"]], at_once=1)(asked(body, length), print)

    assert list(seen) == [body]  # type: ignore[comparison-overlap]


def test_whoever_breaks_off_is_answered_as_far_as_they_came() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    body = Broken()

    assert list(read_first(lambda environ, _: [environ["wsgi.input"]], at_once=1)(asked(body, "9"), print)) == [body]  # type: ignore[comparison-overlap, list-item]
