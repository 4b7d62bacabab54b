"""
How much CPU the GraphQL door spends on each attack of tests/attacks.py before it refuses it.

    python -m tests.benchmarks hostile
    python -m tests.benchmarks hostile --only fragments

The view runs in this process, so that its own CPU is what is measured, without the database's. Of several runs the
least counts: what else the machine does can only add to it. What is remembered of documents is forgotten before each.
"""

import argparse
import functools
import gc
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.harness import table
from tests.benchmarks.worlds import world

if TYPE_CHECKING:
    from tests.attacks import Siege

LIMIT_MS = 50.0
# Whose functions are cached by document.
DOCUMENTS = ("graphql.", "strawberry.schema", "bingeboard.graphql.limits", "bingeboard.graphql.costs")


def main(args: list[str]) -> int:
    """Measure, print a table, and return 1 where an attack cost more than promised or got another answer."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks hostile", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="of each attack; default: 7")
    parser.add_argument("--only", default="", metavar="WORDS", help="those attacks whose name has these words")
    parser.add_argument("--limit", type=float, default=LIMIT_MS, metavar="MS", help=f"of CPU; default: {LIMIT_MS:g}")
    given = parser.parse_args(args)
    with world(database=None, n_viewers=20):
        rows = _measured(given.only, given.runs)
    rows.sort(key=lambda row: -row[3])
    print(table(("attack", "status", "code", "CPU ms", "flaws"), rows))
    beyond = [name for name, _, _, spent, flaws in rows if spent > given.limit or flaws]
    print(f"{len(rows)} attacks, {len(beyond)} beyond {given.limit:g} ms or with another answer than promised")
    return 1 if beyond or not rows else 0


def _measured(only: str, runs: int) -> list[tuple[str, str, str, float, str]]:
    from django.db import transaction

    from tests.attacks import ATTACKS, besieged, flaws

    rows = []
    with transaction.atomic():
        siege = besieged()
        caches = _caches_of_documents(siege)
        # What is there by now is no attack's garbage to look through.
        gc.collect()
        gc.freeze()
        for name, attack in ATTACKS.items():
            if only in name:
                least, response = float("inf"), None
                for _ in range(runs):
                    for cache in caches:
                        cache.cache_clear()
                    started = time.process_time()
                    response = siege.send(attack)
                    least = min(least, (time.process_time() - started) * 1000)
                wrong = "; ".join(flaws(attack, response))[:100]
                rows.append((name, str(attack.status), attack.code or "none", least, wrong))
        transaction.set_rollback(True)
    return rows


def _caches_of_documents(siege: "Siege") -> list[Any]:
    """Return what remembers documents by their text or tree: they are there once one was answered."""
    from tests.attacks import asks

    siege.send(asks("{ __typename }"))
    kept = [thing for thing in gc.get_objects() if type(thing) is functools._lru_cache_wrapper]
    found = [cache for cache in kept if (cache.__module__ or "").startswith(DOCUMENTS)]
    assert len(found) >= 2, "the caches of parsed and validated documents are not where they were"
    return found
