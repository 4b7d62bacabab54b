"""One id from a request to the log lines and the tasks that follow from it."""

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

# The message header that carries it to a worker.
HEADER = "bingeboard_request_id"
_current: ContextVar[str] = ContextVar("request_id", default="")
_tokens: dict[str, Token[str]] = {}


def given_or_new(given: str) -> str:
    """Return a client's id where it is one that can stand in a log, else a new one."""
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex


@contextmanager
def during(request_id: str) -> Iterator[None]:
    """Have everything within the block follow from this request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """Return the id of the request that this follows from; '' where it follows from none."""
    return _current.get()


class WithRequestId(logging.Filter):
    """Gives every record its request's id, in brackets, for the formatter."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = f" [{current()}]" if current() else ""
        return True


def add_to_message(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Let a message carry the id, on Celery's signal before it leaves."""
    if headers is not None and current():
        headers[HEADER] = current()


def take_from_message(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Take a message's id up, on Celery's signal before its task runs."""
    request_id = task.request.get(HEADER) if task is not None else None
    if isinstance(request_id, str):
        _tokens[task_id] = _current.set(given_or_new(request_id))


def put_down(task_id: str = "", **_: Any) -> None:
    """Put it down again, on Celery's signal after the task ran."""
    token = _tokens.pop(task_id, None)
    if token is not None:
        _current.reset(token)
