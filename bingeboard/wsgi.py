"""
WSGI entry: what `make demo` and most deployments serve.

A thread is lent to each request from its first byte to its last. So that whoever is slow to send keeps nobody waiting,
there are many more threads than can work: bodies are read whole first, and then only some go on at a time.
"""

import contextlib
import io
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

# Requests that are worked on at a time, a third of the connections in the pool: Python works on one of them, the others
# wait for the database. Those who wait to be read are not among them.
AT_ONCE = 4
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def read_first(application: Application, *, at_once: int) -> Application:
    """Return the application, begun only when a request's body is there, by so many requests at a time."""
    turn = threading.BoundedSemaphore(at_once)

    def read_and_answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        # What is longer is refused unread, or is a file, which is written to disk as it comes.
        if length.isdecimal() and 0 < int(length[:20]) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            # Of whoever broke off, as much as came: no request that can be read.
            with contextlib.suppress(OSError):
                environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with turn:
            return application(environ, start_response)

    return read_and_answer


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")
application = read_first(get_wsgi_application(), at_once=AT_ONCE)
