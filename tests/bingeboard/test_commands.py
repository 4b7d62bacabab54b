"""Ctrl-C ends a command, wherever it strikes."""

import contextlib
import os
import signal
from typing import Any

import pytest
from django.core.management.base import CommandError

from bingeboard.commands import Command


class Deaf(Command):
    """Presses Ctrl-C on itself where nobody hears it, as in a destructor, and goes on or not."""

    requires_system_checks: list[str] = []
    steps_taken = 0

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        if options["asks"]:
            self.go_on()
        self.steps_taken += 1


@pytest.mark.parametrize(("asks", "steps_taken"), [(True, 0), (False, 1)])
def test_an_interrupt_that_was_swallowed_ends_the_command_all_the_same(asks: bool, steps_taken: int) -> None:
    command = Deaf()

    with pytest.raises(CommandError, match="stopped") as ended:
        command.execute(asks=asks, force_color=False, no_color=True, skip_checks=True)

    assert ended.value.returncode == 130
    assert command.steps_taken == steps_taken
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
