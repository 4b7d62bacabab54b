"""
How many viewers' candidates are computed and stored in a second, and what they take on disk, time after time.

    python -m tests.benchmarks candidates --ratings ratings.csv.gz --shows shows.jsonl.gz
    python -m tests.benchmarks candidates --database URL

Computed is one core's work, in CPU time; stored is everything, in time that passes. `implicit`, where it is installed,
recommends as many titles to the same viewers from the same likes. With ratings and titles a scratch database is made of
them, and gone afterwards; otherwise it is the demo's catalogue.
"""

import argparse
import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from tests.benchmarks.harness import table
from tests.benchmarks.worlds import world

# What is promised: viewers a second a core computed, viewers a second stored, kilobytes a viewer.
COMPUTED, STORED, KILOBYTES = 300, 50, 150
KEPT = ("recommendation_candidates", "viewer_states")
# Of each viewer, as `implicit` is asked for: all that five lists hold.
TITLES = 220


def main(args: list[str]) -> int:
    """Measure, print two tables, and return 1 where less is reached than promised."""
    parser = argparse.ArgumentParser(
        prog="candidates", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", metavar="URL", help="a rebuilt database")
    parser.add_argument("--ratings", type=Path, metavar="FILE", help="as import_ratings reads them")
    parser.add_argument("--shows", type=Path, metavar="FILE", help="as import_shows reads them")
    parser.add_argument("--viewers", type=int, default=500, metavar="N", help="default: 500")
    parser.add_argument("--times", type=int, default=10, metavar="N", help="regenerations; default: 10")
    given = parser.parse_args(args)
    if (given.ratings is None) != (given.shows is None):
        parser.error("--ratings and --shows go together")
    with world(database=given.database, n_viewers=given.viewers), _filled(given.ratings, given.shows) as now:
        speeds = _speeds(given.viewers, now)
        kept = _regenerated(given.viewers, given.times, now)
    print(table(("what", "viewers a second", "of ours computed"), [(*row, row[1] / speeds[0][1]) for row in speeds]))
    print()
    print(table(("regeneration", "viewers a second", "kB a viewer", "rows a viewer"), kept))
    fast = speeds[0][1] >= COMPUTED and min(row[1] for row in kept) >= STORED
    return 0 if fast and max(row[2] for row in kept) <= KILOBYTES else 1


@contextlib.contextmanager
def _filled(ratings: Path | None, shows: Path | None) -> Iterator[dt.datetime]:
    """Work on a database made of these files, where there are any; gives the moment for which lists are made."""
    from django.utils import timezone

    if ratings is None or shows is None:
        yield timezone.now()
        return
    from recommendations.evaluation.run import make_world, needed_stages, scratch

    @contextlib.contextmanager
    def watch(title: str, total: int | None = None) -> Iterator[Callable[..., None]]:
        print(title, flush=True)
        yield lambda *_: None

    now = timezone.now()
    with scratch(watch):
        from recommendations.engine.config import DEFAULT

        stages = needed_stages()
        make_world(train=ratings, shows=shows, viewers=[], clock=now, config=DEFAULT, watch=watch, stages=stages)
        yield now


def _viewers(n: int) -> list[str]:
    from bingeboard.users.models import User

    return list(User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)[:n])


def _speeds(n: int, now: dt.datetime) -> list[tuple[str, float]]:
    """Return what was done and how many viewers a second of one core's time it was done for."""
    from recommendations.engine.candidates import ALL_ALGORITHMS
    from recommendations.pipeline import candidates

    users = _viewers(n)
    known = candidates.snapshot(now=now)
    viewers = candidates.viewers_of(user_ids=users, known=known, now=now)

    def computed() -> list[Any]:
        return candidates.proposals_for(viewers=viewers, known=known, now=now, algorithms=ALL_ALGORITHMS)

    def explained() -> None:
        for proposal in computed():
            assert len(proposal.reasons) == len(proposal.parts) == len(proposal.rests)

    def read_and_computed() -> None:
        candidates.generate(user_ids=users, now=now, known=known)

    works: list[tuple[str, Callable[[], Any]]] = [
        ("five lists computed", computed),
        ("and every reason named", explained),
        ("and what viewers did read", read_and_computed),
        *_peers(viewers, known),
    ]
    with threadpool_limits(limits=1):
        computed()
        return [(name, len(viewers) / _cpu_seconds(work)) for name, work in works]


def _cpu_seconds(work: Callable[[], Any]) -> float:
    """Return the CPU time that work takes at its best of three, in seconds."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def _peers(viewers: list[Any], known: Any) -> list[tuple[str, Callable[[], Any]]]:
    """Return what `implicit` does for the same viewers and titles; nothing where it is not installed."""
    try:
        from implicit.als import AlternatingLeastSquares  # type: ignore[import-not-found, unused-ignore]
        from implicit.nearest_neighbours import TFIDFRecommender  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        print("implicit is not installed: no peer is measured")
        return []
    import numpy as np
    from scipy import sparse

    rows = np.repeat(np.arange(len(viewers)), [len(v.history) for v in viewers])
    columns = np.concatenate([v.history for v in viewers])
    liked = np.concatenate([v.liked for v in viewers]).astype(np.float32)
    matrix = sparse.csr_matrix((liked, (rows, columns)), shape=(len(viewers), len(known)))
    matrix.eliminate_zeros()
    found: list[tuple[str, Callable[[], Any]]] = []
    for name, model in (
        ("implicit, tf-idf neighbours", TFIDFRecommender(K=50, num_threads=1)),
        ("implicit, ALS", AlternatingLeastSquares(factors=64, num_threads=1)),
    ):
        model.fit(matrix, show_progress=False)
        found.append(
            (name, lambda model=model: model.recommend(np.arange(len(viewers)), matrix, N=TITLES))  # type: ignore[misc]
        )
    return found


def _regenerated(n: int, times: int, now: dt.datetime) -> list[tuple[int, float, float, float]]:
    """Return, regeneration by regeneration: viewers a second, kilobytes and rows a viewer, indexes and all."""
    from django.db import connection

    from recommendations.pipeline import candidates

    users = _viewers(n)
    found = []
    for number in range(1, times + 1):
        began = time.perf_counter()
        rows = candidates.rebuild(now=now + dt.timedelta(minutes=number), user_ids=users)
        seconds = time.perf_counter() - began
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(pg_total_relation_size(t::regclass)) FROM unnest(%s::text[]) AS t", [list(KEPT)])
            size = int(cursor.fetchone()[0])
        found.append((number, len(users) / seconds, size / 1024 / len(users), rows / len(users)))
    return found
