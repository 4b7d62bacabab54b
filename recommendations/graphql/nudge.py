"""
Tell a worker that something is due, without ever waiting for the broker.

What is due stands in PostgreSQL; a message only makes it sooner. So messages leave from a thread of their own: a
broker that is down, or that takes the connection and then says nothing, costs the mutation nothing, and the sweep
finds what was not told.
"""

import logging
import math
import os
import queue
import threading
import time
from contextvars import Context, copy_context
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)
# Messages kept while the broker does not answer; more would only be told late.
MOST_WAITING = 1000
# Whoever acts in bursts is refreshed once, at the end of this many seconds, and not once an act.
DEBOUNCE = 1.0
# Viewers remembered for that; forgetting one costs a message.
MOST_REMEMBERED = 10_000


class Messenger:
    """One background thread, started with the first message, in the process that sends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._waiting: queue.Queue[tuple[Context, Task, dict[str, Any]]] = queue.Queue(MOST_WAITING)
        self._last: dict[tuple[str, str], float] = {}

    def send(self, task: Task, arguments: dict[str, Any]) -> None:
        """
        Hand over a message and return at once.

        It is carried out DEBOUNCE seconds later; the same one again before that says nothing new, and is dropped. So is
        what comes when too many wait already.
        """
        self._start()
        if self._told_lately(task.name, str(sorted(arguments.items()))):
            return
        try:
            # With it goes the id of the request that it follows from.
            self._waiting.put_nowait((copy_context(), task, arguments))
        except queue.Full:
            logger.warning("dropped a nudge of %s: %d wait already", task.name, MOST_WAITING)

    def _told_lately(self, task: str, arguments: str) -> bool:
        now, message = time.monotonic(), (task, arguments)
        with self._lock:
            if now - self._last.get(message, -math.inf) < DEBOUNCE:
                return True
            if len(self._last) >= MOST_REMEMBERED:
                self._last.clear()
            self._last[message] = now
        return False

    def wait(self) -> None:
        """Return when every message handed over so far was sent or given up."""
        self._waiting.join()

    def _start(self) -> None:
        with self._lock:
            # A forked worker inherits this object but not its thread.
            if self._process != os.getpid():
                self._process = os.getpid()
                self._last = {}
                self._waiting = queue.Queue(MOST_WAITING)
                threading.Thread(target=self._run, args=(self._waiting,), daemon=True, name="nudges").start()

    def _run(self, waiting: "queue.Queue[tuple[Context, Task, dict[str, Any]]]") -> None:
        while True:
            context, task, arguments = waiting.get()
            try:
                context.run(task.apply_async, kwargs=arguments, retry=False, countdown=DEBOUNCE)
            except Exception as error:  # whatever the broker's client raises: nobody is waiting for it
                logger.warning("could not nudge %s: %s: %s", task.name, type(error).__name__, error)
            finally:
                waiting.task_done()


messenger = Messenger()


def nudge(task: Task, **arguments: Any) -> None:
    """Send a task once the transaction is committed; never fails, never waits."""
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        transaction.on_commit(lambda: task.apply_async(kwargs=arguments))
    else:
        transaction.on_commit(lambda: messenger.send(task, arguments))
