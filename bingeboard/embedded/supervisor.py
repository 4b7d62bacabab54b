"""
One parent for web, worker and beat on one machine.

Each runs in a session of its own and is told to stop when we die; its lines come out with its name before them. One
that dies is started again, with growing patience; one that keeps dying ends the lot, with its last words.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TextIO

from bingeboard.embedded.processes import ServerError, end_session, spawn, undisturbed

# A process that lived this long, in seconds, was well; its next death counts as the first.
WELL_AFTER = 10.0
MAX_QUICK_DEATHS = 5
# Before the second start of a process, doubled for each that follows, in seconds.
FIRST_PAUSE = 0.5
# How long all children together may take to stop before they are killed, in seconds.
PATIENCE = 12.0
TICK = 0.1
COLOURS = ("36", "33", "35", "32", "34")


@dataclass
class Child:
    """One supervised program: its name, its command, and what became of it so far."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    # What it gets when we are killed: whatever makes it end at once.
    death_signal: signal.Signals = signal.SIGTERM
    process: "subprocess.Popen[bytes] | None" = None
    relay: threading.Thread | None = None
    started_at: float = 0.0
    quick_deaths: int = 0
    restart_at: float = 0.0
    last_lines: "deque[str]" = field(default_factory=lambda: deque(maxlen=5))


class Supervisor:
    """Runs its children until it is asked to stop. Use it from the main thread: the kernel ties children to threads."""

    def __init__(self, children: Sequence[Child], *, output: TextIO | None = None, pause: float = FIRST_PAUSE) -> None:
        self.children = list(children)
        self.output = output or sys.stdout
        self.pause = pause
        self._width = max(len(child.name) for child in children)
        self._writing = threading.Lock()

    def start(self) -> None:
        """Start all children, in order."""
        for child in self.children:
            self._launch(child)

    def run(self, *, until: Callable[[], bool] = lambda: False, tend: Callable[[], object] = lambda: None) -> None:
        """
        Watch the children until `until()` is true or somebody interrupts; `tend()` looks after what else may die.

        Raises ServerError where one dies too often.
        """
        while not until():
            tend()
            for child in self.children:
                self._look_after(child)
            time.sleep(TICK)

    def stop(self) -> None:
        """Stop all children, the last started first; whatever does not go in time is killed, with its own children."""
        deadline = time.monotonic() + PATIENCE
        with undisturbed():
            for child in reversed(self.children):
                if child.process is not None:
                    self._stop(child, child.process, deadline)

    def say(self, name: str, line: str) -> None:
        """Write one line with a name before it."""
        colour = COLOURS[next((i for i, c in enumerate(self.children) if c.name == name), 0) % len(COLOURS)]
        label = f"{name:<{self._width}} |"
        if self.output.isatty():
            label = f"\x1b[{colour}m{label}\x1b[0m"
        # Nobody may read any more, which is no reason to let the children's pipes fill up.
        with self._writing, contextlib.suppress(OSError, ValueError):
            self.output.write(f"{label} {line}\n")
            self.output.flush()

    def _launch(self, child: Child) -> None:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **child.env}
        process = spawn(child.command, death_signal=child.death_signal, env=env, output=subprocess.PIPE)
        child.process = process
        child.started_at = time.monotonic()
        child.relay = threading.Thread(target=self._relay, args=(child, process.stdout), daemon=True)
        child.relay.start()

    def _relay(self, child: Child, stdout: IO[bytes]) -> None:
        with stdout:
            for raw in stdout:
                line = raw.decode(errors="replace").rstrip()
                if line:
                    child.last_lines.append(line)
                    self.say(child.name, line)

    def _look_after(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.restart_at:
                self._launch(child)
            return
        code = child.process.poll()
        if code is None:
            return
        self._bury(child, child.process)
        lived = time.monotonic() - child.started_at
        child.quick_deaths = 1 if lived > WELL_AFTER else child.quick_deaths + 1
        if child.quick_deaths >= MAX_QUICK_DEATHS:
            said = " / ".join(child.last_lines) or "nothing"
            raise ServerError(f"{child.name} died {MAX_QUICK_DEATHS} times (exit code {code}); its last words: {said}")
        pause = self.pause * 2 ** (child.quick_deaths - 1)
        child.restart_at = time.monotonic() + pause
        self.say(child.name, f"ended with exit code {code} after {lived:.0f} s; starting it again in {pause:.1f} s")

    def _stop(self, child: Child, process: "subprocess.Popen[bytes]", deadline: float) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self.say(child.name, "does not stop; killing it")
        self._bury(child, process)

    def _bury(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        """End what is left of a child, and let its last lines come out."""
        end_session(process)
        child.process = None
        if child.relay is not None:
            child.relay.join(1.0)
