"""
What a list and a home page cost the web process, beside the same rows by plain psycopg and orjson.

    python -m tests.benchmarks api --requests 300

Each is asked over one connection of one worker of the same server, warm, and by turns, so that a machine that grows
slower does so for all. What is counted is the CPU time of the web process, by what the kernel says of it; that of its
database is not in it.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bingeboard.embedded.processes import free_port
from tests.benchmarks.harness import ROOT, Client, House, below, house, table

# What is promised: a list beside the raw endpoint, a home page beside a list.
LIST, HOME = 8.0, 5.0
WARM_UP = 40
ROUNDS = 10
RECOMMENDATIONS = """query List { recommendations(first: 20) { edges { node { position score
  show { id title releaseYear posterPath }
  breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost finalScore }
  reasons { kind text } } } } }"""
HOME_PAGE = """query Home { home(rows: 8, perRow: 20) { requestId rows { title items { position score
  show { id title releaseYear posterPath }
  breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost finalScore }
  reasons { kind text } } } } }"""
TINY = "query Tiny { __typename }"


def main(args: list[str]) -> int:
    """Measure, print one table, and return 1 where something costs more than promised."""
    parser = argparse.ArgumentParser(
        prog="api", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300, metavar="N", help="of each kind; default: 300")
    given = parser.parse_args(args)
    with house(n_viewers=20, run=("web",)) as built, _raw(built) as raw, built.client(timeout=60) as client:
        web = [built.pid("web") or 0]
        kinds: dict[str, tuple[list[int], Callable[[str], object]]] = {
            "raw endpoint": ([raw[0]], raw[1]),
            "the least GraphQL": (web, _asker(client, TINY)),
            "list of 20": (web, _asker(client, RECOMMENDATIONS)),
            "home, 8 rows of 20": (web, _asker(client, HOME_PAGE)),
        }
        spent = _spent(kinds, built.viewers, given.requests)
    base = spent["raw endpoint"]
    rows = [(name, cpu * 1000, wall * 1000, cpu / base[0], wall / base[1]) for name, (cpu, wall) in spent.items()]
    print(table(("what", "CPU ms", "ms", "CPU of raw", "time of raw"), rows))
    listed, page = spent["list of 20"][0], spent["home, 8 rows of 20"][0]
    print(f"\nlist / raw {listed / base[0]:.1f} (at most {LIST:g}); home / list {page / listed:.1f} (at most {HOME:g})")
    return 0 if listed <= LIST * base[0] and page <= HOME * listed else 1


def _asker(client: Client, query: str) -> Callable[[str], object]:
    def ask(viewer: str) -> object:
        return client.ask(query, viewer=viewer).data

    return ask


def _spent(
    kinds: dict[str, tuple[list[int], Callable[[str], object]]], viewers: list[str], n: int
) -> dict[str, tuple[float, float]]:
    """Return the CPU time and the time that passed for one request of each kind, in seconds."""
    spent = dict.fromkeys(kinds, (0.0, 0.0))
    a_round = max(1, n // ROUNDS)
    for turn in range(-1, ROUNDS):
        for name, (pids, ask) in kinds.items():
            before, began = _cpu_seconds(pids), time.perf_counter()
            for number in range(WARM_UP if turn < 0 else a_round):
                ask(viewers[number % len(viewers)])
            if turn >= 0:
                cpu, passed = spent[name]
                cpu, passed = cpu + _cpu_seconds(pids) - before, passed + time.perf_counter() - began
                spent[name] = cpu, passed
    return {name: (cpu / (a_round * ROUNDS), passed / (a_round * ROUNDS)) for name, (cpu, passed) in spent.items()}


def _cpu_seconds(pids: list[int]) -> float:
    """Return what these processes and those below them have used, in seconds."""
    ticks = 0
    for one in {one for pid in pids for one in (pid, *below(pid))}:
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _raw(built: House) -> Iterator[tuple[int, Callable[[str], object]]]:
    """Serve the raw endpoint as the web is served; gives its process and who asks it."""
    port = free_port()
    command = next(list(child.command) for child in built.supervisor.children if child.name == "web")
    place = command.index("--port") + 1
    command[place], command[-1] = str(port), "tests.benchmarks.raw_endpoint:application"
    env = {**built.env, "DATABASE_URL": built.database_url}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=sys.stderr)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:

            def ask(viewer: str) -> object:
                got = client.post("/", content=b"{}", headers={"X-Viewer-Id": viewer}).json()
                assert len(got["data"]["recommendations"]) == 20
                return got

            _wait(lambda: client.get("/", headers={"X-Viewer-Id": built.viewers[0]}))
            yield process.pid, ask
    finally:
        process.terminate()
        process.wait()


def _wait(knock: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            knock()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
