"""
How much less is seen of what is close to a dismissed title, and of what three dismissed titles share.

    python -m tests.benchmarks not_interested
    python -m tests.benchmarks not_interested --database postgresql://... --cases 200

Each case is one viewer and what they were recommended. The next recommendations after the dismissal are counted against
the next without it, the dismissed titles themselves apart. Nothing is kept.
"""

import argparse
import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.worlds import world

# Where dismissed titles are picked from; how many recommendations are counted after; what is promised.
FIRST, NEXT, LESS = 20, 200, 0.8
# Of a small catalogue fewer are counted: among half of all titles the resting ones fill the page.
SHARE = 5
VIEWERS = 300


@dataclass(frozen=True)
class Case:
    """Titles dismissed, the titles that should be seen less, and how many of those were seen without and with it."""

    dismissed: Sequence[int]
    close: frozenset[int]
    without: int
    after: int


def main(args: list[str]) -> int:
    """Measure, print a table, and return 1 where less than promised was gained or fewer cases were found."""
    parser = argparse.ArgumentParser(prog="not_interested", description=__doc__)
    parser.add_argument("--database", metavar="URL", help="a rebuilt database; the demo's catalogue where left out")
    parser.add_argument("--cases", type=int, default=100, metavar="N", help="of each kind; default: 100")
    parser.add_argument("--seed", type=int, default=20260601, metavar="N")
    given = parser.parse_args(args)
    with world(database=given.database, n_viewers=VIEWERS):
        from bingeboard.shows.models import Show

        n_next = min(NEXT, Show.objects.count() // SHARE)
        kinds = {
            "close neighbours of one title": _one_title,
            "director of three titles": _three_of("director"),
            "genre of three titles": _three_of("genre"),
        }
        found = {name: _cases(choose, given.cases, given.seed, n_next) for name, choose in kinds.items()}
    print(f"the next {n_next} recommendations")
    print(f"{'dismissed':<30} {'cases':>6} {'without':>8} {'after':>6} {'less':>7} {'cases at 80 %':>14}")
    kept = True
    for name, cases in found.items():
        without, after = sum(case.without for case in cases), sum(case.after for case in cases)
        less = 1 - after / without if without else 0.0
        there = [case for case in cases if case.without]
        enough = sum(case.after <= (1 - LESS) * case.without for case in there)
        print(f"{name:<30} {len(cases):>6} {without:>8} {after:>6} {less:>7.1%} {enough:>7} of {len(there):>3}")
        kept = kept and less >= LESS and bool(cases)
    return 0 if kept else 1


Choice = tuple[list[int], set[int]]


def _cases(
    choose: Callable[[list[int], random.Random], Choice | None], n_cases: int, seed: int, n_next: int
) -> list[Case]:
    """Return up to n_cases of viewers drawn at random, each tried at most a few times."""
    from recommendations.models import UserTasteProfile

    dice = random.Random(seed)
    users = sorted(set(UserTasteProfile.objects.values_list("user_id", flat=True)))
    found: list[Case] = []
    for _ in range(5 * n_cases):
        if len(found) < n_cases:
            case = _case(dice.choice(users), choose, dice, n_next)
            found += [case] if case else []
    return found


def _case(
    user_id: str, choose: Callable[[list[int], random.Random], Choice | None], dice: random.Random, n_next: int
) -> Case | None:
    from django.db import transaction
    from django.utils import timezone

    from recommendations.pipeline.feedback import NewFeedback, record_feedback

    now = timezone.now()
    before = _next(user_id, now, n_next)
    choice = choose(before, dice)
    if choice is None:
        return None
    dismissed, close = choice
    with transaction.atomic():
        answers = [NewFeedback("not_interested", show) for show in dismissed]
        record_feedback(user_id=user_id, items=answers, now=now)
        after = _next(user_id, now, n_next)
        transaction.set_rollback(True)
    close -= set(dismissed)
    without = [show for show in before if show not in dismissed][:n_next]
    return Case(dismissed, frozenset(close), len(close & set(without)), len(close & set(after[:n_next])))


def _next(user_id: str, now: dt.datetime, n_next: int) -> list[int]:
    """Return the viewer's next recommendations, scored as a request scores them; some over, for those dismissed."""
    from recommendations.pipeline import candidates

    known = candidates.snapshot(now=now)
    sizes = {"hybrid": n_next + 3}
    [made] = candidates.generate(user_ids=[user_id], now=now, algorithms=["hybrid"], sizes=sizes, known=known)
    return known.show_ids[made.slate.rows].tolist()


def _one_title(listed: list[int], dice: random.Random) -> Choice | None:
    """Choose a recommended title; close to it is what its page shows."""
    from recommendations.queries.serving import similar_to

    show = dice.choice(listed[:FIRST])
    return [show], {like.show_id for like in similar_to(show_ids=[show], kind=None, first=20).get(show, [])}


def _three_of(kind: str) -> Callable[[list[int], random.Random], Choice | None]:
    """Choose three recommended titles of one director or genre, where there are more of it to be seen."""

    def choose(listed: list[int], dice: random.Random) -> Choice | None:
        from recommendations.models import ContentFeature

        rows = ContentFeature.objects.filter(feature_type=kind, content__in=listed)
        of: dict[str, set[int]] = {}
        for value, show in rows.values_list("feature_value", "content_id"):
            of.setdefault(value, set()).add(show)
        # A genre is dismissed by who is shown it at once; of a director there are few titles in any list.
        within = set(listed if kind == "director" else listed[:FIRST])
        values = sorted(value for value, shows in of.items() if len(shows) > 3 and len(shows & within) >= 3)
        if not values:
            return None
        value = dice.choice(values)
        everywhere = ContentFeature.objects.filter(feature_type=kind, feature_value=value)
        return dice.sample(sorted(of[value] & within), 3), set(everywhere.values_list("content_id", flat=True))

    return choose
