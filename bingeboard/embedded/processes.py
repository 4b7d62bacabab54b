"""Child processes that never outlive us: each in a session of its own, told to stop when we die, stopped in order."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
UNPRIVILEGED = "nobody"
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServerError(Exception):
    """A server could not be started or stopped; the message says which, why and what to do."""


@dataclass(frozen=True)
class Account:
    """The user a server runs as: itself, or an unprivileged one where we are root."""

    uid: int
    gid: int
    name: str

    @property
    def is_ourselves(self) -> bool:
        """Return whether nothing has to be changed to run as this user."""
        return self.uid == os.geteuid()


def server_account() -> Account:
    """Return who PostgreSQL is to run as: it refuses to run as root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), _own_name())
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ServerError(
            f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED!r} to run it as; use another account"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ServerError(
            f"user {os.geteuid()} has no name on this machine, which PostgreSQL asks for; "
            "run this as a user with a name, or set DATABASE_URL"
        ) from None


def reachable(path: Path, account: Account) -> bool:
    """Return whether a user may look into a folder: every folder on the way lets others, or their owner, through."""
    if account.is_ourselves:
        return True
    for folder in [path, *path.parents]:
        status = folder.stat()
        bit = 0o100 if status.st_uid == account.uid else 0o010 if status.st_gid == account.gid else 0o001
        if not status.st_mode & bit:
            return False
    return True


def free_port() -> int:
    """Return a port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a port could be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    output: int | IO[bytes] = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """
    Start a process in a session of its own that gets `death_signal` when we die, however we die.

    The kernel ties that to the thread that starts the child, so only the main thread may call this. Elsewhere than on
    Linux there is no such tie; the next start finds and replaces what is left.
    """
    with warnings.catch_warnings():
        # From Python 3.12 on: a fork beside threads may deadlock. What runs between fork and exec is four system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            preexec_fn=_before_exec(os.getpid(), death_signal, account),
        )


def _before_exec(parent: int, death_signal: signal.Signals, account: Account | None) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if account is not None and not account.is_ourselves:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        # After the change of user, which clears it.
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def run_as(command: Sequence[str], account: Account, *, cwd: Path | str) -> str:
    """Run a short command as a user; returns what it printed, raises ServerError with its last line where it failed."""
    process = spawn(command, death_signal=signal.SIGKILL, account=account, cwd=cwd, output=subprocess.PIPE)
    printed = process.communicate()[0].decode(errors="replace")
    if process.returncode != 0:
        last = (printed.strip().splitlines() or ["it said nothing"])[-1]
        raise ServerError(f"{Path(command[0]).name} failed with exit code {process.returncode}: {last}")
    return printed


def stop(process: "subprocess.Popen[bytes]", steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send the signals in turn, each with its patience in seconds, until the process is gone; then end its session."""
    for number, patience in steps:
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    end_session(process)


def end_session(process: "subprocess.Popen[bytes]") -> None:
    """Kill whatever of a process's session is left, and reap the process itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)


def private_log(path: Path) -> IO[bytes]:
    """Open a log that only we can read, for more lines: errors of a database quote what people wrote."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no Ctrl-C, SIGTERM or closed terminal interrupt the block: what stops other processes must get to its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not installed from Python; it can not be put back.
            if handler is not None:
                signal.signal(number, handler)
