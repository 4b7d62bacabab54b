"""Bring ratings in, as the events they stand for."""

from datetime import datetime
from typing import Any

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.importing.command import ImportCommand
from recommendations.engine.config import DEFAULT
from recommendations.pipeline.imports import import_ratings

_EVENTS = DEFAULT.events
COLUMNS = f"""\
CSV; the first line names the columns, in any order:
  user_id      who rated: up to 64 letters; viewers nobody knows yet are made, without a password
  show_id      the title, which must be there (import_shows)
  rating       {_EVENTS.rating_low:g} to {_EVENTS.rating_high:g}
  timestamp    optional: seconds since 1970, or 2012-05-01T20:15:00Z; without: 2000-01-01

A rating becomes a `complete` event, and a `like` from {_EVENTS.rating_like:g} up or a `dislike` from \
{_EVENTS.rating_dislike:g} down. Of two ratings
of one title by one viewer the last counts. Other columns are ignored. A record ends where its line ends.
Importing a file again changes nothing; a rating that changed replaces the events it had."""


class Command(ImportCommand):
    """`import_ratings FILE`."""

    help = "Import ratings from CSV, gzipped or plain."
    what = "ratings"
    details = COLUMNS

    def bring_in(
        self, *, source: Source, rejects: Rejects, now: datetime, dry_run: bool, options: dict[str, Any]
    ) -> Summary:
        return import_ratings(source=source, rejects=rejects, now=now, dry_run=dry_run)
