"""Bring titles in from a file of JSON lines."""

from datetime import datetime
from typing import Any

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.importing.command import ImportCommand
from bingeboard.shows.services import import_shows

FIELDS = """\
one JSON object a line:
  id            a whole number, kept as it is; or a text, of which a number is made
  title         required
  media_type    movie or tv (film, show and series are understood); without: movie
  year, runtime (minutes), release_date (1995-11-22), overview, poster_path
  genres, cast, directors, keywords, moods, themes, user_tags, platforms    lists of texts
  popularity, vote_average (0 to 10), vote_count, tmdb_id, imdb_id
  ml_show_id    beside a text id: the title that this line is about, where it is there

What a line gives replaces what is there; what it leaves out, null and [] change nothing. A line with a text id
that is about a title that is there already (by ml_show_id, else by imdb_id) fills what is empty there and
overwrites nothing, so import the catalogue whose ids are whole numbers first. Of two lines about one title the
last counts. Other fields are ignored. Importing a file again changes nothing."""


class Command(ImportCommand):
    """`import_shows FILE`."""

    help = "Import titles from JSON lines, gzipped or plain."
    what = "shows"
    details = FIELDS

    def bring_in(
        self, *, source: Source, rejects: Rejects, now: datetime, dry_run: bool, options: dict[str, Any]
    ) -> Summary:
        return import_shows(source=source, rejects=rejects, now=now, dry_run=dry_run)
