"""
How often the next query does not know what was just acknowledged, with no worker alive.

    python -m tests.benchmarks next_query --trials 10000
"""

import argparse
import sys
import time

from tests.benchmarks.worlds import world

SHOWN, TOLD_EVERY = 20, 500


def main(args: list[str]) -> int:
    """Run the trials on the demo's catalogue, print what came out, and return 1 where anything was stale."""
    parser = argparse.ArgumentParser(prog="next_query", description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--viewers", type=int, default=200, metavar="N", help="who act, at random; default: 200")
    parser.add_argument("--seed", type=int, default=20260601, metavar="N")
    given = parser.parse_args(args)
    with world(database=None, n_viewers=given.viewers):
        from bingeboard.shows.models import Show
        from bingeboard.users.models import User
        from tests.door import Door, token_of
        from tests.next_query import stale_trials

        tokens = {user.pk: token_of(user) for user in User.objects.filter(is_active=True, is_staff=False)}
        show_ids = sorted(Show.objects.values_list("pk", flat=True))
        started = time.perf_counter()
        stale = stale_trials(
            door=Door(), tokens=tokens, show_ids=show_ids, n_trials=given.trials, seed=given.seed, progress=_tell
        )
        seconds = time.perf_counter() - started
    print(f"{'trials':>8} {'stale':>6} {'seconds':>8}")
    print(f"{given.trials:>8} {len({line.split(',')[0] for line in stale}):>6} {seconds:>8.1f}")
    for line in stale[:SHOWN]:
        print(line)
    return 1 if stale else 0


def _tell(trial: int, lines: int) -> None:
    if trial % TOLD_EVERY == 0:
        print(f"{trial:>8} trials, {lines} stale", file=sys.stderr, flush=True)
