"""
How often a title's rank falls when the evidence that its first reason names is taken away.

    python -m tests.benchmarks ablation --cases 1000
    python -m tests.benchmarks ablation --database URL
"""

import argparse
from collections import defaultdict

from tests.benchmarks.harness import table
from tests.benchmarks.worlds import world

# Promised: in how many of all cases it falls.
ENOUGH = 0.95


def main(args: list[str]) -> int:
    """Run the cases, print them by kind of reason, and return 1 where too few titles fall."""
    parser = argparse.ArgumentParser(
        prog="ablation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", metavar="URL", help="a rebuilt database; the demo's catalogue where left out")
    parser.add_argument("--cases", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--viewers", type=int, default=300, metavar="N", help="of whom lists are made; default: 300")
    parser.add_argument("--seed", type=int, default=20260601, metavar="N")
    given = parser.parse_args(args)
    with world(database=given.database, n_viewers=given.viewers):
        from django.utils import timezone

        from bingeboard.users.models import User
        from recommendations.pipeline import candidates
        from recommendations.queries.events import to_day
        from tests.ablation import ablate

        now = timezone.now()
        users = list(User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)[: given.viewers])
        proposals = candidates.generate(user_ids=users, now=now, algorithms=["hybrid"])
        cases = ablate(proposals=proposals, today=to_day(now), n_cases=given.cases, seed=given.seed)
    by_kind = defaultdict(list)
    for case in cases:
        by_kind[case.kind].append(case.falls)
    by_kind["all"] = [case.falls for case in cases]
    rows = [(kind, len(falls), sum(falls) / len(falls)) for kind, falls in sorted(by_kind.items())]
    print(table(("first reason", "cases", "rank falls"), rows))
    return 0 if rows and sum(by_kind["all"]) >= ENOUGH * len(cases) else 1
