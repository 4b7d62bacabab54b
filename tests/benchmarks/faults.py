"""
Kill and freeze web, worker, beat, PostgreSQL and Valkey under a stream of events, and look whether the books agree.

    python -m tests.benchmarks faults --rounds 50 --rate 1000

A client sends batches of 100 and keeps books; every round one of the faults strikes, at random. At the end each event
that was acknowledged is stored once, nothing is stored that was not sent, and what is derived is what a recomputation
gives.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable

from tests.benchmarks.harness import House, house, spread, table
from tests.benchmarks.ledger import Ledger, Stream, is_settled

FROZEN, APART, SETTLED = 1.0, 1.0, 600.0


def main(args: list[str]) -> int:
    """Run the rounds, print what came out, and return 1 where the books do not agree."""
    parser = argparse.ArgumentParser(
        prog="faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="faults injected; default: 20")
    parser.add_argument("--rate", type=float, default=1000, metavar="N", help="events a second in all; default: 1000")
    parser.add_argument("--connections", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--seed", type=int, default=20260601, metavar="N")
    given = parser.parse_args(args)
    rng, ledger, struck = random.Random(given.seed), Ledger(), Counter[str]()
    with house() as built:
        streams = [
            Stream(built, ledger, viewer=viewer, rate=given.rate / given.connections, seed=given.seed + place)
            for place, viewer in enumerate(built.viewers[: given.connections])
        ]
        for stream in streams:
            stream.start()
        started = time.monotonic()
        recoveries = []
        for number in range(given.rounds):
            built.run_for(APART * (0.5 + rng.random()))
            name, strike = rng.choice(FAULTS)
            strike(built)
            struck[name] += 1
            recoveries.append(built.run_until_ready())
            print(f"{number + 1:>4} of {given.rounds}  {name:<16} ready again after {recoveries[-1]:.1f} s", flush=True)
        for stream in streams:
            stream.finishing.set()
        built.run(lambda: all(stream.is_done for stream in streams), "the unknown is sent again", seconds=SETTLED)
        seconds = time.monotonic() - started
        settled = built.run(lambda: is_settled(built), "all candidates are up to date", seconds=SETTLED)
        complaints = ledger.complaints(built)
        audit = built.manage("audit")
    rows = [
        ("events acknowledged", len(ledger.acknowledged)),
        ("events a second", len(ledger.acknowledged) / seconds),
        ("answers that were refusals or none", ledger.answers.total() - ledger.answers["200"]),
        ("slowest refusal, seconds", ledger.slow_refusal),
        ("batch acknowledged, median ms", spread(ledger.latencies, scale=1000)[1]),
        ("ready again, worst seconds", max(recoveries)),
        ("candidates up to date after, seconds", settled),
        ("complaints of the books", len(complaints)),
        ("exit code of the audit", audit.returncode),
    ]
    print(table(("what", "figure"), rows))
    print("struck:", ", ".join(f"{name} {count}" for name, count in sorted(struck.items())))
    print(*complaints, sep="\n")
    if audit.returncode:
        print(audit.stdout, audit.stderr)
    return 1 if complaints or audit.returncode else 0


def _kill(name: str) -> tuple[str, Callable[[House], None]]:
    return f"kill {name}", lambda built: built.kill(name)


def _freeze(name: str) -> tuple[str, Callable[[House], None]]:
    def strike(built: House) -> None:
        with built.frozen(name):
            built.run_for(FROZEN)

    return f"freeze {name}", strike


PROGRAMS = ("web", "worker", "beat", "postgres", "valkey")
FAULTS = [*map(_kill, PROGRAMS), *map(_freeze, PROGRAMS), ("flush the broker", House.flush_broker)]
