"""Compare what is derived with a recomputation from the events."""

from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from bingeboard.users.models import User
from recommendations.pipeline.audit import Difference, Findings, audit

SHOWN = 20
# Neither bad input nor a crash: a script can tell that something was found.
DIFFERS_EXIT = 3


class Command(BaseCommand):
    help = "Compare tastes, habits and use of services with a recomputation from the events; changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", nargs="+", metavar="ID", help="only these viewers (default: all)")
        parser.add_argument("--show", type=int, default=SHOWN, metavar="N", help=f"differences to list ({SHOWN})")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["users"] is not None:
            known = set(User.objects.filter(pk__in=options["users"]).values_list("pk", flat=True))
            for user_id in options["users"]:
                if user_id not in known:
                    raise Invalid(f"there is no viewer {user_id!r}", field="users")
        with self.progress() as bars:
            total = len(options["users"]) if options["users"] else User.objects.count()
            findings = audit(
                user_ids=options["users"], progress=partial(bars.advance, bars.add_task("viewers", total=total))
            )
        self._report(findings, options["show"])
        if not findings.is_clean:
            raise CommandError(
                "what is stored differs from what the events give;"
                " `python manage.py rebuild --only profiles --users ID` works a viewer out anew",
                returncode=DIFFERS_EXIT,
            )

    def _report(self, findings: Findings, shown: int) -> None:
        self.say(f"{findings.viewers} viewers, {findings.waiting} of them with acts that waited to be folded in")
        for table, count in findings.rows.items():
            wrong = sum(difference.table == table for difference in findings.differences)
            self.say(f"  {table:<28} {count:>9,} rows, {wrong:,} differ")
        for rule, count in findings.broken_rules.items():
            self.say(f"  broken in {count:,} rows: {rule}")
        for difference in findings.differences[:shown]:
            self.say(f"  {_told(difference)}")
        if len(findings.differences) > shown:
            self.say(f"  and {len(findings.differences) - shown:,} more")


def _told(found: Difference) -> str:
    key = " ".join(str(part) for part in found.key)
    stored, anew = (
        "nothing" if row is None else ", ".join(str(value) for value in row) for row in (found.stored, found.recomputed)
    )
    return f"{found.table} of {found.user_id}, {key}: stored {stored}; recomputed {anew}"
