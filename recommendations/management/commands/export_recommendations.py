"""Write every viewer's list to a file, as the yardstick reads it."""

import csv
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.commands import step
from bingeboard.errors import Invalid
from bingeboard.importing import check_target, written_whole
from bingeboard.users.models import User
from recommendations.models import Algorithm
from recommendations.pipeline.ranking import rank_for_export

MOST_TITLES = 500


class Command(BaseCommand):
    """`export_recommendations --out FILE`."""

    help = "Write every viewer's recommendations as CSV: user_id, show_id, rank (1 is best)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out", metavar="FILE", type=Path, required=True, help="the file; replaced when all is done"
        )
        parser.add_argument(
            "--limit", metavar="N", default="100", help=f"titles a viewer, 1 to {MOST_TITLES} (default: 100)"
        )
        parser.add_argument(
            "--algorithm",
            metavar="NAME",
            default=Algorithm.HYBRID.value,
            help=f"whose lists: {', '.join(Algorithm.values)} (default: hybrid)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        out = check_target(options["out"], option="--out")
        limit, algorithm = _limit(options["limit"]), _algorithm(options["algorithm"])
        viewers = list(User.objects.filter(is_active=True).order_by("id").values_list("id", flat=True))
        lists = rank_for_export(user_ids=viewers, algorithm=algorithm, limit=limit, now=timezone.now())
        rows = 0
        with written_whole(out) as file, self.progress() as bars, step(bars, "viewers", len(viewers)) as advance:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["user_id", "show_id", "rank"])
            for user_id, show_ids in lists:
                writer.writerows((user_id, show_id, rank) for rank, show_id in enumerate(show_ids[:limit], start=1))
                rows += len(show_ids[:limit])
                advance()
        self.say(f"{out}: {rows:,} rows for {len(viewers):,} viewers in {time.monotonic() - began:.1f} s")


def _limit(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= MOST_TITLES):
        raise Invalid(f"--limit must be a whole number in 1 to {MOST_TITLES}, got {given!r}", field="limit")
    return int(given)


def _algorithm(given: str) -> str:
    if given not in Algorithm.values:
        raise Invalid(f"--algorithm must be one of {', '.join(Algorithm.values)}, got {given!r}", field="algorithm")
    return given
