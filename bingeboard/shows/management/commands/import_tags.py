"""Bring in the words that viewers put on titles."""

from datetime import datetime
from typing import Any

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.importing.command import ImportCommand
from bingeboard.shows.services import import_tags

COLUMNS = """\
CSV; the first line names the columns, in any order:
  user_id      who said it: up to 64 letters; viewers nobody knows yet are made, without a password
  show_id      the title, which must be there
  tag          up to 200 letters
  timestamp    optional: seconds since 1970, or 2012-05-01T20:15:00Z; without: 2000-01-01

Other columns are ignored. A record ends where its line ends. Importing a file again changes nothing."""


class Command(ImportCommand):
    """`import_tags FILE`."""

    help = "Import viewers' tags from CSV, gzipped or plain."
    what = "tags"
    details = COLUMNS

    def bring_in(
        self, *, source: Source, rejects: Rejects, now: datetime, dry_run: bool, options: dict[str, Any]
    ) -> Summary:
        return import_tags(source=source, rejects=rejects, now=now, dry_run=dry_run)
