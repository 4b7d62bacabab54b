"""Writes: titles, where they can be watched, and viewers' tags, from import files."""

from bingeboard.shows.services.catalogue import OUTER_IDS, import_shows, platform_slug, show_id_of
from bingeboard.shows.services.tags import import_tags, mark_unknown_shows, named_show

__all__ = [
    "OUTER_IDS",
    "import_shows",
    "import_tags",
    "mark_unknown_shows",
    "named_show",
    "platform_slug",
    "show_id_of",
]
