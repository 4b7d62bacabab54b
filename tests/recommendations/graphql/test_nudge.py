"""Messages leave from a thread of their own: nothing that a broker does is felt by whoever sends."""

import os
import threading
from typing import Any

import pytest
from django.db import transaction

from recommendations.graphql import nudge as nudging
from recommendations.graphql.nudge import Messenger, nudge


class Recorder:
    """Stands for a task; notes what was sent, and may be held up."""

    name = "recorder"

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def apply_async(self, *, kwargs: dict[str, Any], **options: Any) -> None:
        assert self.may_go.wait(10)
        self.sent.append((kwargs, options, threading.current_thread().name))


def test_messages_leave_in_order_from_their_own_thread() -> None:
    messenger, task = Messenger(), Recorder()

    for number in range(3):
        messenger.send(task, {"n": number})
    messenger.wait()

    assert task.sent == [({"n": n}, {"retry": False, "countdown": nudging.DEBOUNCE}, "nudges") for n in range(3)]


def test_a_burst_of_one_viewer_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(nudging.time, "monotonic", lambda: clock[0])
    messenger, task = Messenger(), Recorder()

    for seconds in (0.0, 0.4, 0.9, 1.0, 1.1):
        clock[0] = 100.0 + seconds * nudging.DEBOUNCE
        messenger.send(task, {"user_id": "ada"})
        messenger.send(task, {"user_id": f"other at {seconds}"})
    messenger.wait()

    assert [kwargs["user_id"] for kwargs, *_ in task.sent].count("ada") == 2
    assert len(task.sent) == 2 + 5


def test_a_broker_that_says_nothing_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    messenger, task = Messenger(), Recorder()
    task.may_go.clear()

    for number in range(nudging.MOST_WAITING + 50):
        messenger.send(task, {"n": number})
    dropped = caplog.text.count("dropped a nudge")
    task.may_go.set()
    messenger.wait()

    assert 49 <= dropped <= 50
    assert len(task.sent) == nudging.MOST_WAITING + 50 - dropped


def test_a_broker_that_fails_is_logged_and_the_next_message_goes_out(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Recorder):
        def apply_async(self, **_: Any) -> None:
            raise OSError("no broker")

    messenger, task = Messenger(), Recorder()

    messenger.send(Failing(), {})
    messenger.send(task, {"n": 1})
    messenger.wait()

    assert "no broker" in caplog.text
    assert len(task.sent) == 1


def test_a_forked_process_gets_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    messenger, task = Messenger(), Recorder()
    messenger.send(task, {"n": 1})
    messenger.wait()
    parent = messenger._waiting

    monkeypatch.setattr(os, "getpid", lambda: 1)
    messenger.send(task, {"n": 2})
    messenger.wait()

    assert messenger._waiting is not parent
    assert [kwargs["n"] for kwargs, *_ in task.sent] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_before_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    messenger, task = Messenger(), Recorder()
    monkeypatch.setattr(nudging, "messenger", messenger)

    with transaction.atomic():
        nudge(task, user_id="ada")
        assert messenger._waiting.empty()
    with transaction.atomic():
        nudge(task, user_id="bob")
        transaction.set_rollback(True)
    messenger.wait()

    assert [kwargs for kwargs, *_ in task.sent] == [{"user_id": "ada"}]


@pytest.mark.django_db(transaction=True)
def test_eager_tasks_run_at_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    task = Recorder()

    nudge(task, user_id="ada")

    assert [kwargs for kwargs, *_ in task.sent] == [{"user_id": "ada"}]


@pytest.mark.servers
def test_the_real_task_reaches_the_real_broker() -> None:
    from bingeboard.celery import app
    from recommendations.tasks import refresh_viewer

    messenger = Messenger()
    queue = f"nudges-{os.getpid()}"
    task = refresh_viewer.s().clone().set(queue=queue)

    class Sent:
        name = refresh_viewer.name

        def apply_async(self, *, kwargs: dict[str, Any], **options: Any) -> None:
            task.apply_async(kwargs=kwargs, **options)

    messenger.send(Sent(), {"user_id": "ada"})  # type: ignore[arg-type]
    messenger.wait()

    with app.connection_for_read() as connection:
        mailbox = connection.SimpleQueue(queue)
        message = mailbox.get(timeout=5)
        message.ack()
        assert message.payload[1] == {"user_id": "ada"}
        mailbox.queue.delete()
        mailbox.close()
