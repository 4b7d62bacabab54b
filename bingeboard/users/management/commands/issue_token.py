"""Issue a bearer token; the token alone goes to stdout, so that a script can keep it."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from bingeboard.users.queries import user_named
from bingeboard.users.services import SCOPES, VIEWER, issue_token

LONGEST_DAYS = 3650


class Command(BaseCommand):
    """Prints a new token, which is shown this once and kept as a hash."""

    help = "Issue a bearer token for a user and print it; it is kept only as a hash and can not be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="whose token it is: a users.id or a username")
        parser.add_argument(
            "--scope",
            action="append",
            metavar="SCOPE",
            help=f"what it allows, once for each: {', '.join(SCOPES)} (default: {VIEWER})",
        )
        parser.add_argument("--name", default="", help="a note to recognise it by")
        parser.add_argument(
            "--days", metavar="N", help=f"expire after so many days, 1 to {LONGEST_DAYS} (default: never)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        _, plain = issue_token(
            user_id=user_named(name=options["user"]).id,
            scopes=options["scope"] or [VIEWER],
            name=options["name"],
            expires_at=_expiry(options["days"], now),
            now=now,
        )
        self.say(plain)


def _expiry(days: str | int | None, now: dt.datetime) -> dt.datetime | None:
    if days is None:
        return None
    text = str(days)
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= LONGEST_DAYS):
        raise Invalid(f"--days takes a whole number in 1 to {LONGEST_DAYS}, got {text!r}")
    return now + dt.timedelta(days=int(text))
