"""
One parent for web, worker and beat on one machine.

Each runs in a session of its own and is told to stop when we die; its lines come out with its name before them. One
that dies is started again, with growing patience; one that keeps dying ends the lot, with its last words.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from bingeboard.embedded.processes import ServerError, end_session, spawn

# A process that lived this long was well; its next death counts as the first.
WELL_AFTER = 30.0
MAX_QUICK_DEATHS = 5
FIRST_PAUSE = 0.5
PATIENCE = 10.0
COLOURS = ("36", "33", "35", "32", "34")


@dataclass
class Child:
    """One supervised program: its name, its command, and what became of it so far."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    quick_deaths: int = 0
    restart_at: float = 0.0
    last_lines: "deque[str]" = field(default_factory=lambda: deque(maxlen=5))


class Supervisor:
    """Runs its children until it is asked to stop. Use it from the main thread: the kernel ties children to threads."""

    def __init__(self, children: Sequence[Child], *, output: TextIO | None = None) -> None:
        self.children = list(children)
        self.output = output or sys.stdout
        self._stopping = False
        self._width = max(len(child.name) for child in children)
        self._writing = threading.Lock()

    def start(self) -> None:
        """Start all children, in order."""
        for child in self.children:
            self._launch(child)

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """
        Watch the children until `until()` is true or somebody interrupts.

        Raises ServerError where one dies too often.
        """
        while not until():
            for child in self.children:
                self._look_after(child)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop all children, the last started first; whatever does not go in time is killed, with its own children."""
        self._stopping = True
        alive = [child for child in reversed(self.children) if child.process is not None]
        for child in alive:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in alive:
            if child.process is None:
                continue
            try:
                child.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.say(child.name, "does not stop; killing it")
            end_session(child.process)
            child.process = None

    def say(self, name: str, line: str) -> None:
        """Write one line with a name before it."""
        colour = COLOURS[next((i for i, c in enumerate(self.children) if c.name == name), 0) % len(COLOURS)]
        label = f"{name:<{self._width}} |"
        if self.output.isatty():
            label = f"\x1b[{colour}m{label}\x1b[0m"
        with self._writing:
            self.output.write(f"{label} {line}\n")
            self.output.flush()

    def _launch(self, child: Child) -> None:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **child.env}
        child.process = spawn(child.command, death_signal=signal.SIGTERM, env=env, output=subprocess.PIPE)
        child.started_at = time.monotonic()
        threading.Thread(target=self._relay, args=(child, child.process), daemon=True).start()

    def _relay(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            return
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                if line:
                    child.last_lines.append(line)
                    self.say(child.name, line)
        except ValueError:
            # The pipe was closed under us: the child is gone.
            return

    def _look_after(self, child: Child) -> None:
        if self._stopping:
            return
        if child.process is None:
            if time.monotonic() >= child.restart_at:
                self._launch(child)
            return
        code = child.process.poll()
        if code is None:
            return
        end_session(child.process)
        child.process = None
        lived = time.monotonic() - child.started_at
        child.quick_deaths = 1 if lived > WELL_AFTER else child.quick_deaths + 1
        if child.quick_deaths > MAX_QUICK_DEATHS:
            said = " / ".join(child.last_lines) or "nothing"
            raise ServerError(f"{child.name} keeps dying (exit code {code}); its last words: {said}")
        pause = FIRST_PAUSE * 2 ** (child.quick_deaths - 1)
        child.restart_at = time.monotonic() + pause
        self.say(child.name, f"ended with exit code {code} after {lived:.0f} s; starting it again in {pause:.1f} s")
