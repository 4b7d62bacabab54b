"""
What benchmarks and tests of faults share: a whole house of one's own, a client, and one table at the end.

A house is what `make demo` runs, in a folder that goes with it: PostgreSQL as it keeps real data, Valkey, the demo's
catalogue with made-up viewers, the pipeline's results, and the real web, worker and beat processes. Nothing of the
environment's servers, or of the Django of whoever asks, is touched: what needs Django runs in processes of its own.
"""

import base64
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import httpx
import numpy as np
import orjson
import psycopg
import redis
from psycopg import sql

from bingeboard.embedded.home import Home
from bingeboard.embedded.processes import free_port
from bingeboard.embedded.programs import programs
from bingeboard.embedded.servers import Fleet, Started, ensure_servers, fleets
from bingeboard.embedded.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 90
SERVERS = ("postgres", "valkey")
BATCH = 100
EVENT_TYPES = ("VIEW", "CLICK", "PLAY", "PAUSE", "SKIP", "LIKE", "DISLIKE", "SHARE", "COMPLETE", "ABANDON")
TRACK = """mutation Track($events: [EventInput!]!) {
  trackEvents(events: $events) { accepted duplicates rejected outcomes { eventId status code } }
}"""
LIST = "query List { recommendations(first: 20) { requestId edges { node { position show { id title } } } } }"
Event = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the JSON, the headers, and how long it took in seconds."""

    status: int
    body: Any
    headers: Mapping[str, str]
    seconds: float

    @property
    def data(self) -> Any:
        """Return the data of an answer without errors."""
        assert self.status == 200 and not self.body.get("errors"), (self.status, self.body)  # noqa: PT018
        return self.body["data"]


class Client:
    """Asks as a service that acts for viewers, over one connection that stays open."""

    def __init__(self, url: str, token: str, *, timeout: float = 10.0) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        # Without the proxy that the environment may name: this never leaves the machine.
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, query: str, *, viewer: str, **variables: Any) -> Answer:
        """Return the answer to a query; raises httpx.HTTPError where none came."""
        started = time.perf_counter()
        body = orjson.dumps({"query": query, "variables": variables})
        got = self.http.post("/graphql/", content=body, headers={"X-Viewer-Id": viewer})
        return Answer(got.status_code, orjson.loads(got.content), got.headers, time.perf_counter() - started)

    def track(self, events: Sequence[Event], *, viewer: str) -> Answer:
        """Send acts of a viewer."""
        return self.ask(TRACK, viewer=viewer, events=list(events))

    def recommendations(self, *, viewer: str) -> Answer:
        """Ask for a viewer's list."""
        return self.ask(LIST, viewer=viewer)


def made_up(rng: random.Random, n: int, *, shows: Sequence[int], session: str, now: datetime | None = None) -> list:
    """Return n acts as clients send them, of the hour before now, all on titles."""
    now = now or datetime.now(UTC)
    return [
        {
            "eventId": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "sessionId": session,
            "eventType": rng.choice(EVENT_TYPES),
            "showId": base64.b64encode(f"Show:{rng.choice(shows)}".encode()).decode(),
            "contentType": "MOVIE",
            "platformSource": rng.choice((None, "netflix", "max")),
            "context": {"device": rng.choice(("tv", "phone")), "progress_percent": rng.randrange(101)},
            "occurredAt": (now - timedelta(seconds=rng.randrange(3600))).isoformat(),
        }
        for _ in range(n)
    ]


@dataclass
class House:
    """A running house. Whoever leads it keeps calling run(): that is what starts again what died."""

    home: Home
    url: str
    socket_url: str
    database_url: str
    token: str
    viewers: list[str]
    shows: list[int]
    env: Mapping[str, str]
    fleet: Fleet
    supervisor: Supervisor
    log: Path
    # Servers that are left dead until they are taken out again.
    held: set[str] = field(default_factory=set)

    def client(self, *, timeout: float = 10.0) -> Client:
        """Return a new client with a connection of its own."""
        return Client(self.url, self.token, timeout=timeout)

    def run(self, until: Callable[[], bool], what: str, *, seconds: float = READY_SECONDS) -> float:
        """Lead the house until something holds; returns the seconds that took, fails where it takes too many."""
        started = time.monotonic()

        def over() -> bool:
            return until() or time.monotonic() - started > seconds

        self.supervisor.run(until=over, tend=self._revive)
        took = time.monotonic() - started
        assert took <= seconds or until(), f"waited {seconds:.0f} s in vain: {what}; the log ends:\n{self.last_words()}"
        return took

    def run_for(self, seconds: float) -> None:
        """Lead the house for a while."""
        end = time.monotonic() + seconds
        self.run(lambda: time.monotonic() >= end, "time passes", seconds=seconds + 1)

    def run_until_ready(self) -> float:
        """Lead the house until its web process serves requests; returns the seconds that took."""
        return self.run(self.is_ready, "the web process is ready")

    def is_ready(self) -> bool:
        """Return whether the web process and its database answer."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/health/ready/", timeout=2, trust_env=False).status_code == 200
        return False

    def _revive(self) -> None:
        if not self.held:
            self.fleet.revive()
            return
        others = Fleet(self.home, self.fleet.durable, [e for e in self.fleet.started if e.kind.name not in self.held])
        others.revive()

    def child(self, name: str) -> Child:
        """Return web, worker or beat."""
        return next(child for child in self.supervisor.children if child.name == name)

    def server(self, name: str) -> Started:
        """Return postgres or valkey."""
        return next(entry for entry in self.fleet.started if entry.kind.name == name)

    def pid(self, name: str) -> int | None:
        """Return the process id of a program or server, None while it is being started again."""
        if name in SERVERS:
            return self.server(name).server.process.pid
        process = self.child(name).process
        return None if process is None else process.pid

    def kill(self, name: str, *, hold: bool = False) -> None:
        """Kill -9 a program with its children, or a server; `hold` leaves a server dead until let_go()."""
        if hold:
            self.held.add(name)
        _send(self._family(name), signal.SIGKILL)
        if name in SERVERS:
            self.server(name).server.process.wait(10)

    def let_go(self, name: str) -> None:
        """Have a server that was held dead started again, now."""
        self.held.discard(name)
        self._revive()

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Kill a server, and leave it dead for the length of the block."""
        self.kill(name, hold=True)
        try:
            yield
        finally:
            self.let_go(name)

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a program or server in its tracks for the length of the block: it takes connections and says nothing."""
        pids = self._family(name)
        _send(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _send(pids, signal.SIGCONT)

    def _family(self, name: str) -> list[int]:
        """Return the process ids of a program or server and of all below it."""
        pid = self.pid(name)
        found = [] if pid is None else [pid]
        for each in found:
            found += below(each)
        return found

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the house's database, committed; [] for what returns none."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def holding(self, table: str) -> Iterator[None]:
        """Let nobody read or write a table for the length of the block."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
            yield

    def flush_broker(self) -> None:
        """Forget every message."""
        with redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=10) as broker:
            broker.flushall()

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a manage.py command against the house."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def last_words(self, lines: int = 30) -> str:
        """Return the end of what the programs said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _send(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def below(pid: int) -> list[int]:
    """Return the processes that a process started, as /proc has them; [] elsewhere than on Linux."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextlib.contextmanager
def house(
    *, n_viewers: int = 20, run: Sequence[str] = ("worker", "beat", "sockets", "web"), preload: tuple[int, int] = (0, 0)
) -> Iterator[House]:
    """
    Run a house for the length of the block; use it from the main thread, to which the kernel ties its processes.

    n_viewers   of the demo, with candidates and all that the pipeline makes
    run         which programs
    preload     (viewers, events each) beside those, of whom nothing is derived
    """
    folder = Path(tempfile.mkdtemp(prefix="bingeboard-house-"))
    # PostgreSQL may have to run as another user, who must get through.
    folder.chmod(0o711)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        home = Home(folder / "home")
        with _nothing_named():
            servers = stack.enter_context(ensure_servers(home))
        port, socket_port = free_port(), free_port()
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "BINGEBOARD_HOME": str(home.path),
            "BINGEBOARD_SECRET_KEY": home.secret("django"),
            # What is measured is the work, and all of it comes from a few viewers; counting it is part of it.
            "BINGEBOARD_BUDGET_PER_MINUTE": "1000000000",
            "DJANGO_SETTINGS_MODULE": "bingeboard.settings",
            "EMBEDDING_PROVIDER": "lexical",
        }
        made = _prepared(env, n_viewers, preload)
        log = folder / "programs.log"
        output = stack.enter_context(log.open("w", encoding="utf-8"))
        built = House(
            home=home,
            url=f"http://127.0.0.1:{port}",
            socket_url=f"ws://127.0.0.1:{socket_port}/graphql/",
            database_url=servers.database_url,
            env=env,
            fleet=next(fleet for fleet in fleets() if fleet.home is home),
            supervisor=_supervisor(port, socket_port, env, run, output),
            log=log,
            **made,
        )
        stack.callback(built.supervisor.stop)
        built.supervisor.start()
        if "web" in run:
            built.run_until_ready()
        yield built


@contextlib.contextmanager
def _nothing_named() -> Iterator[None]:
    """Name no server in the environment, as on a machine of one's own."""
    before = {name: os.environ.pop(name, None) for name in ("DATABASE_URL", "REDIS_URL")}
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _prepared(env: Mapping[str, str], n_viewers: int, preload: tuple[int, int]) -> dict[str, Any]:
    """Fill a house's database in a process with a Django of its own; returns the token, viewers and titles."""
    command = [sys.executable, "-m", "tests.benchmarks.prepare", str(n_viewers), *map(str, preload)]
    done = subprocess.run(command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def _supervisor(port: int, socket_port: int, env: Mapping[str, str], run: Sequence[str], output: TextIO) -> Supervisor:
    children = programs(port=port, socket_port=socket_port, secret_key=env["BINGEBOARD_SECRET_KEY"])
    children = [replace(child, env={**env, **child.env}) for child in children if child.name in run]
    return Supervisor(children, output=output)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return one aligned table: words to the left, numbers to the right with three significant digits."""
    shown = [[_shown(value) for value in row] for row in rows]
    widths = [max(len(column), *(len(row[i]) for row in shown)) for i, column in enumerate(columns)]
    words = [isinstance(value, str) for value in (rows[0] if rows else columns)]
    lines = [list(columns), ["-" * width for width in widths], *shown]
    return "\n".join(
        "  ".join(cell.ljust(w) if left else cell.rjust(w) for cell, w, left in zip(line, widths, words, strict=True))
        for line in lines
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def spread(values: Sequence[float], *, scale: float = 1.0) -> tuple[float, float, float]:
    """Return (minimum, median, maximum)."""
    a = np.array(values, dtype=np.float64) * scale
    return float(a.min()), float(np.median(a)), float(a.max())
