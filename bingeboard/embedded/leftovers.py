"""
What a dead starter may leave behind: a PostgreSQL that still runs, or the mark of one that does not.

Two servers on one data folder would destroy it. PostgreSQL guards against that with postmaster.pid and the shared
memory it names, so that file is never removed here; it is only freed of a number that now belongs to somebody else.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from bingeboard.embedded.processes import ServerError

# When a server is told to stop fast, then at once, then is killed, in seconds; and when we give up.
FAST, AT_ONCE, KILLED, GIVEN_UP = 0.0, 15.0, 20.0, 25.0
PROCESSES = Path("/proc")


def end_leftovers(data: Path) -> None:
    """
    End every PostgreSQL process of a data folder, and leave its postmaster.pid so that the next server starts.

    Raises ServerError where one can not be ended.
    """
    begun = time.monotonic()
    steps = [(FAST, signal.SIGINT), (AT_ONCE, signal.SIGQUIT), (KILLED, signal.SIGKILL)]
    while running := processes_of(data):
        waited = time.monotonic() - begun
        postmaster = noted_pid(data)
        if postmaster not in running:
            # Nobody leads them: they end by themselves at their next rest, which a long query may never take.
            _signal(running, signal.SIGKILL)
        elif steps and waited >= steps[0][0]:
            _signal({postmaster}, steps.pop(0)[1])
        if waited > GIVEN_UP:
            raise ServerError(f"another PostgreSQL (process {min(running)}) runs on {data} and does not end; stop it")
        time.sleep(0.02)
    _free_from_stranger(data)


def processes_of(data: Path) -> set[int]:
    """Return the processes that are a PostgreSQL of this folder."""
    if not (PROCESSES / "self").exists():
        pid = noted_pid(data)
        return {pid} if pid is not None and _ps_says_so(pid, data) else set()
    return {int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit() and _is_of(entry, data)}


def noted_pid(data: Path) -> int | None:
    """Return the process that postmaster.pid names."""
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_of(entry: Path, data: Path) -> bool:
    """Return whether a process is a PostgreSQL that works in this folder; what vanishes meanwhile is not."""
    try:
        if (entry / "comm").read_text().strip() != "postgres":
            return False
        try:
            return (entry / "cwd").samefile(data)
        except PermissionError:
            # Even root may not look where a container withholds that right; a postmaster's command line names it.
            return str(data) in (entry / "cmdline").read_text()
    except OSError:
        return False


def _ps_says_so(pid: int, data: Path) -> bool:
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in asked.stdout and str(data) in asked.stdout


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _free_from_stranger(data: Path) -> None:
    """
    Where the noted number now belongs to another program, put ours in its place.

    PostgreSQL would take a live process for a server, but never its own parent; it still looks at the shared memory.
    """
    pid = noted_pid(data)
    if pid is None or not _is_alive(pid):
        return
    file = data / "postmaster.pid"
    lines = file.read_text().splitlines(keepends=True)
    lines[0] = f"{os.getpid()}\n"
    file.write_text("".join(lines))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
