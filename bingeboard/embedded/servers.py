"""
Who starts and who ends the servers of a home.

The first who needs them starts them, everybody after that joins, and they are ended by whoever started them once nobody
else holds users.lock. They can not be handed over: the kernel ties a server to its starter so that a killed starter
leaves nothing behind, hence the starter waits. One that is killed takes the servers along; those who had joined meet
what any client meets whose server goes, and the next start recovers what was committed.

An address in servers.json is believed only while its starter holds the server's lock, which ends with the process: a
server that answers for its last moment is not joined.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Protocol
from urllib.parse import urlsplit

from bingeboard.embedded import postgres, valkey
from bingeboard.embedded.home import Home, lock
from bingeboard.embedded.processes import ServerError, server_account, undisturbed

# How long a server whose owner lives may take to answer: the owner may be starting it again.
ANSWER_SECONDS = 15.0


class Server(Protocol):
    """What both servers are, once they run."""

    process: "subprocess.Popen[bytes]"
    url: str

    def stop(self) -> None:
        """Stop it."""


@dataclass(frozen=True)
class Kind:
    """What differs between the servers: name, variable and form of an address, how to start and to ask one."""

    name: str
    variable: str
    schemes: tuple[str, ...]
    start: Callable[[Home, bool, int | None], Server]
    answers: Callable[[str], bool]


@dataclass
class Started:
    """A server that this process started, and the lock that says so."""

    kind: Kind
    server: Server
    owned: IO[str]


@dataclass(frozen=True)
class Servers:
    """Addresses of the servers in use, and whether this process started any of them."""

    database_url: str
    redis_url: str
    started_here: bool


@dataclass
class Fleet:
    """The servers of one home, seen from one process: joined, or started here."""

    home: Home
    durable: bool
    started: list[Started] = field(default_factory=list)

    def address_of(self, kind: Kind) -> str:
        """Return the address of a running server: another process's, or one that is now ours."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            owned = self.home.try_lock(f"{kind.name}.lock")
            if owned is not None:
                return self._start(kind, owned)
            url = self.home.read("servers.json").get(kind.name)
            if url and kind.answers(url):
                return str(url)
            time.sleep(0.05)
        raise ServerError(f"{kind.name} of {self.home.path} has an owner but does not answer; end the other command")

    def _start(self, kind: Kind, owned: IO[str]) -> str:
        try:
            server = kind.start(self.home, self.durable, None)
        except BaseException:
            owned.close()
            raise
        self.started.append(Started(kind, server, owned))
        self.home.write("servers.json", self.home.read("servers.json") | {kind.name: server.url})
        return server.url

    def revive(self) -> list[str]:
        """Start those of ours that died again, at their old addresses; returns their names."""
        dead = [entry for entry in self.started if entry.server.process.poll() is not None]
        for entry in dead:
            entry.server = entry.kind.start(self.home, self.durable, urlsplit(entry.server.url).port)
        return [entry.kind.name for entry in dead]

    def stop(self) -> None:
        """Stop ours, the last started first; nothing interrupts that."""
        with undisturbed():
            for entry in reversed(self.started):
                entry.server.stop()
                entry.owned.close()
            gone = {entry.kind.name for entry in self.started}
            self.started.clear()
            left = {name: url for name, url in self.home.read("servers.json").items() if name not in gone}
            if left:
                self.home.write("servers.json", left)
            else:
                self.home.remove("servers.json")


def _start_postgres(home: Home, durable: bool, port: int | None) -> Server:
    folder = home.data_folder()
    return postgres.start(
        data=folder / "data",
        spare=folder,
        log=home.path / "postgres.log",
        password=home.secret("postgres"),
        account=server_account(),
        durable=durable,
        port=port,
    )


def _start_valkey(home: Home, durable: bool, port: int | None) -> Server:
    if port is None:
        valkey.end_leftover(home.read("servers.json").get("valkey"))
    return valkey.start(folder=home.path / "valkey", password=home.secret("valkey"), port=port)


POSTGRES = Kind("postgres", "DATABASE_URL", ("postgresql://", "postgres://"), _start_postgres, postgres.answers)
VALKEY = Kind("valkey", "REDIS_URL", ("redis://", "rediss://", "unix://"), _start_valkey, valkey.answers)
# The fleets of this process, for revive(): a Django command can not be handed what manage.py holds.
_fleets: list[Fleet] = []


def fleets() -> list[Fleet]:
    """Return the fleets that this process uses now."""
    return list(_fleets)


def revive() -> list[str]:
    """Start those servers again that this process started and that died; returns their names."""
    return [name for fleet in _fleets for name in fleet.revive()]


@contextlib.contextmanager
def ensure_servers(home: Home, *, durable: bool = True) -> Iterator[Servers]:
    """
    Have the servers of a home running for the length of the block: join them, or start them and end them afterwards.

    A server whose address stands in the environment (DATABASE_URL, REDIS_URL) is not ours to start.
    """
    urls = {kind.name: _given(kind) for kind in (POSTGRES, VALKEY)}
    missing = [kind for kind in (POSTGRES, VALKEY) if not urls[kind.name]]
    if not missing:
        yield Servers(urls["postgres"], urls["valkey"], started_here=False)
        return
    home.prepare()
    fleet = Fleet(home, durable)
    with contextlib.ExitStack() as stack:
        with home.locked("start.lock", waiting_for="another command that starts or ends these servers"):
            try:
                urls |= {kind.name: fleet.address_of(kind) for kind in missing}
                in_use = stack.enter_context(home.locked("users.lock", shared=True))
            except BaseException:
                fleet.stop()
                raise
        _fleets.append(fleet)
        try:
            yield Servers(urls["postgres"], urls["valkey"], started_here=bool(fleet.started))
        finally:
            _fleets.remove(fleet)
            if fleet.started:
                _end(fleet, in_use)


def _given(kind: Kind) -> str:
    """Return the address that the environment names, "" where it names none; ServerError where it can not be one."""
    url = os.environ.get(kind.variable, "")
    if url and not url.startswith(kind.schemes):
        shown = re.sub(r":[^:@/]*@", ":…@", url)
        raise ServerError(f"{kind.variable} is {shown!r}; it should start with {kind.schemes[0]}")
    return url


def _end(fleet: Fleet, in_use: IO[str]) -> None:
    """Stop what we started, once nobody else uses it; Ctrl-C while waiting stops it at once."""
    fcntl.flock(in_use, fcntl.LOCK_UN)
    others = "other commands that use these servers (Ctrl-C stops the servers anyway)"
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(fleet.home.locked("start.lock", waiting_for=others))
            lock(in_use, waiting_for=others)
        finally:
            fleet.stop()
