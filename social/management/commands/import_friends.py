"""Bring friendships in."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.importing.command import ImportCommand
from social.services import import_friends

COLUMNS = """\
CSV; the first line names the columns, in any order:
  user_id      who asked: up to 64 letters; viewers nobody knows yet are made, without a password
  friend_id    who was asked
  status       optional: accepted, requested or declined; without: accepted
  trust        optional: a number; 0 and below is no friendship, and rejected
  share        optional: true where user_id agreed that friends see what they liked and finished

A friendship is one row a pair, whichever way round it is told; of two lines about a pair the last counts.
What friends see is off until both agreed: import only what people did agree to. A line without `share` leaves
consent as it is. Other columns are ignored. A record ends where its line ends. Importing a file again changes
nothing."""


class Command(ImportCommand):
    """`import_friends FILE`."""

    help = "Import friendships from CSV, gzipped or plain."
    what = "friends"
    details = COLUMNS

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--share",
            action="store_true",
            help="everyone in the file agreed to share what they liked and finished with their friends",
        )

    def bring_in(
        self, *, source: Source, rejects: Rejects, now: datetime, dry_run: bool, options: dict[str, Any]
    ) -> Summary:
        return import_friends(source=source, rejects=rejects, now=now, share=options["share"], dry_run=dry_run)
