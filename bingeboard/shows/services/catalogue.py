"""Titles and where they can be watched, from a catalogue file."""

import datetime as dt
import hashlib
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.utils.text import slugify

from bingeboard.importing import (
    JsonLines,
    Rejected,
    Rejects,
    Source,
    Staging,
    Summary,
    import_transaction,
)
from bingeboard.importing.staging import ADDED, UNCHANGED, UPDATED
from bingeboard.importing.values import day, number, required_text, shown, text, whole, words

# Ids that are no whole numbers become numbers from here on. All stay below 2^53, the last whole number that
# JavaScript clients can hold; 52 bits of a hash make a clash among a million titles a matter of 1 in 9,000.
OUTER_IDS = 2**52
OUTER_ID_LETTERS = 200
MEDIA_TYPES = {"movie": "movie", "film": "movie", "tv": "tv", "show": "tv", "series": "tv"}
TITLE_LETTERS, OVERVIEW_LETTERS, WORD_LETTERS, PATH_LETTERS, IMDB_LETTERS = 500, 20_000, 300, 300, 16
MOST_WORDS = 500
MOST_MINUTES = 32_767
MOST_VOTES = 2**31 - 1
SLUG_LETTERS, PLATFORM_LETTERS = 64, 120

LISTS = ("genres", "cast", "directors", "keywords", "moods", "themes", "user_tags")
# The columns of `shows` that a line can carry. In staging what is not known is NULL, also in lists and texts.
FACTS = {
    "title": "text",
    "content_type": "text",
    "overview": "text",
    "release_year": "smallint",
    "release_date": "date",
    "runtime_minutes": "smallint",
    "poster_path": "text",
    "popularity": "float8",
    "vote_average": "float8",
    "vote_count": "integer",
    "tmdb_id": "integer",
    "imdb_id": "text",
    **dict.fromkeys(LISTS, "varchar[]"),
}
_SHOWS = Staging(
    table="staged_shows",
    parsed={
        "own_id": "bigint",
        "linked_id": "bigint",
        **FACTS,
        "platform_slugs": "varchar[]",
        "platform_names": "varchar[]",
    },
    derived={"show_id": "bigint", "is_link": "boolean DEFAULT false"},
    keeps_lines=False,
)


def import_shows(*, source: Source, rejects: Rejects, now: dt.datetime, dry_run: bool = False) -> Summary:
    """
    Bring in titles from JSON lines, by their ids; importing a file again changes nothing.

    What a line gives replaces what is there; what it does not give, null or an empty list stays as it was. A line
    whose id is no whole number and that is about a title that is there already (by ml_show_id, else by imdb_id)
    only fills what is empty there; otherwise it becomes a title of its own, under a number made from its id.
    """
    with import_transaction("shows", dry_run=dry_run) as cursor:
        read = _SHOWS.fill(cursor, source=source, form=JsonLines(), parse=_show, rejects=rejects)
        overruled = _SHOWS.drop_overruled(cursor, key="own_id")
        _find_titles(cursor)
        overruled += _SHOWS.drop_overruled(cursor, key="show_id", order="is_link, line DESC")
        _merge(cursor)
        clashes = _drop_clashing_tmdb_ids(cursor)
        platforms = _add_platforms(cursor)
        _set_show_states(cursor)
        _write_shows(cursor, now)
        _write_availability(cursor)
        summary = _SHOWS.summary(cursor, read=read, overruled=overruled, rejects=rejects)
        summary.note("lines about titles that were there, which only fill gaps", _count_links(cursor))
        summary.note("tmdb_ids left out because another title has them", clashes)
        summary.note("new platforms", platforms)
        if summary.added and not dry_run:
            _advance_ids(cursor)
    return summary


def show_id_of(value: Any, *, name: str = "id") -> int:
    """Return the key of a title as import files name it: a whole number stands for itself, a text for its hash."""
    plain = value.strip() if isinstance(value, str) else value
    try:
        found = whole(name, plain, low=1, high=OUTER_IDS - 1)
    except Rejected:
        # A text that is meant as a number, and a wrong one, is no name of a title.
        if not isinstance(plain, str) or plain.lstrip("+-").replace(".", "", 1).isdigit():
            raise Rejected(f"{name} must be a whole number in 1 to 2^52 or a text, got {shown(value)}") from None
        found = None
    if found is not None:
        return found
    outer = required_text(name, plain, most=OUTER_ID_LETTERS)
    return OUTER_IDS + int.from_bytes(hashlib.sha256(outer.encode()).digest()[:8]) % OUTER_IDS


# --- One line of a catalogue --------------------------------------------------------------------------------


def _show(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return a staged row: what the line gives in our types, None for what it does not."""
    slugs, names = _platforms(record.get("platforms"))
    return (
        show_id_of(record.get("id")),
        whole("ml_show_id", record.get("ml_show_id"), low=1, high=OUTER_IDS - 1),
        required_text("title", record.get("title"), most=TITLE_LETTERS),
        _media_type(record.get("media_type")),
        text("overview", record.get("overview"), most=OVERVIEW_LETTERS),
        whole("year", record.get("year"), low=1850, high=2200),
        day("release_date", record.get("release_date")),
        # Catalogues write 0 where they do not know.
        whole("runtime", record.get("runtime"), low=0, high=MOST_MINUTES) or None,
        text("poster_path", record.get("poster_path"), most=PATH_LETTERS),
        number("popularity", record.get("popularity")),
        number("vote_average", record.get("vote_average"), low=0, high=10),
        whole("vote_count", record.get("vote_count"), low=0, high=MOST_VOTES),
        whole("tmdb_id", record.get("tmdb_id"), low=1, high=2**31 - 1),
        text("imdb_id", record.get("imdb_id"), most=IMDB_LETTERS),
        *(words(name, record.get(name), most=MOST_WORDS, letters=WORD_LETTERS) for name in LISTS),
        slugs,
        names,
    )


def _media_type(value: Any) -> str | None:
    found = text("media_type", value, most=32)
    if found is None:
        return None
    if found.lower() not in MEDIA_TYPES:
        raise Rejected(f"media_type must be one of {', '.join(MEDIA_TYPES)}, got {shown(value)}")
    return MEDIA_TYPES[found.lower()]


def platform_slug(name: str) -> str:
    """Return what events and preferences call a service: 'Apple TV+' is apple-tv-plus."""
    spoken = name.replace("+", " plus")
    return slugify(spoken) or slugify(spoken, allow_unicode=True)


def _platforms(value: Any) -> tuple[list[str] | None, list[str] | None]:
    names = words("platforms", value, most=MOST_WORDS, letters=PLATFORM_LETTERS)
    if names is None:
        return None, None
    by_slug = {platform_slug(name): name for name in reversed(names)}
    for slug, name in by_slug.items():
        if not slug or len(slug) > SLUG_LETTERS:
            raise Rejected(f"platforms: {shown(name)} has no name of 1 to {SLUG_LETTERS} letters or digits")
    slugs = sorted(by_slug)
    return slugs, [by_slug[slug] for slug in slugs]


# --- All lines at once --------------------------------------------------------------------------------------


def _find_titles(cursor: CursorWrapper) -> None:
    """
    Say which title each line is about, the same on every run.

    A line with an outer id goes, in this order: to the title it names by ml_show_id; to its own, where it has one
    from an earlier run; to the title with its imdb_id, there already or earlier in the file; to a new one.
    """
    cursor.execute("UPDATE staged_shows SET show_id = own_id WHERE own_id < %s", [OUTER_IDS])
    cursor.execute(
        """
        UPDATE staged_shows s SET show_id = linked_id, is_link = true
        WHERE show_id IS NULL AND (EXISTS (SELECT 1 FROM shows t WHERE t.id = s.linked_id)
                                   OR EXISTS (SELECT 1 FROM staged_shows o WHERE o.show_id = s.linked_id))
        """
    )
    cursor.execute(
        "UPDATE staged_shows s SET show_id = own_id FROM shows t WHERE s.show_id IS NULL AND t.id = s.own_id"
    )
    cursor.execute(
        """
        WITH holders AS (
            SELECT coalesce(o.imdb_id, t.imdb_id) AS imdb_id, min(coalesce(t.id, o.own_id)) AS id
            FROM shows t
            FULL JOIN (SELECT own_id, imdb_id FROM staged_shows WHERE show_id = own_id) o ON o.own_id = t.id
            GROUP BY 1
        )
        UPDATE staged_shows s SET show_id = h.id, is_link = true
        FROM holders h WHERE s.show_id IS NULL AND h.imdb_id = s.imdb_id
        """
    )
    cursor.execute(
        """
        WITH firsts AS (
            SELECT line, first_value(own_id) OVER (PARTITION BY coalesce(imdb_id, own_id::text) ORDER BY line) AS id
            FROM staged_shows WHERE show_id IS NULL
        )
        UPDATE staged_shows s SET show_id = f.id, is_link = (f.id <> s.own_id) FROM firsts f WHERE f.line = s.line
        """
    )


def _known(column: str) -> str:
    """Return the SQL for a column of `shows` t, NULL where it holds nothing."""
    if column in LISTS:
        return f"nullif(t.\"{column}\", '{{}}')"
    return "nullif(t.overview, '')" if column == "overview" else f't."{column}"'


def _merge(cursor: CursorWrapper) -> None:
    """Make of each line the title as it shall be; lines about a new title keep state 'added'."""
    merged = ", ".join(
        f'"{c}" = CASE WHEN s.is_link THEN coalesce({_known(c)}, s."{c}") ELSE coalesce(s."{c}", {_known(c)}) END'
        for c in FACTS
    )
    cursor.execute("UPDATE staged_shows SET state = %s", [ADDED])
    cursor.execute(
        f"UPDATE staged_shows s SET state = %s, {merged} FROM shows t WHERE t.id = s.show_id",  # noqa: S608
        [UNCHANGED],
    )
    cursor.execute("UPDATE staged_shows SET content_type = 'movie' WHERE content_type IS NULL")
    # A title that is on some service already needs no filling.
    cursor.execute(
        """
        UPDATE staged_shows s SET platform_slugs = NULL, platform_names = NULL
        WHERE is_link AND EXISTS (SELECT 1 FROM show_platforms a WHERE a.show_id = s.show_id)
        """
    )


def _drop_clashing_tmdb_ids(cursor: CursorWrapper) -> int:
    """Take the tmdb_id from lines whose title is not the one that has it already, or else the first to claim it."""
    cursor.execute(
        """
        WITH claims AS (
            SELECT s.line, row_number() OVER (
                PARTITION BY s.content_type, s.tmdb_id ORDER BY (h.id IS NOT NULL) DESC, s.line) AS place
            FROM staged_shows s
            LEFT JOIN shows h ON h.id = s.show_id AND h.tmdb_id = s.tmdb_id AND h.content_type = s.content_type
            WHERE s.tmdb_id IS NOT NULL
        )
        UPDATE staged_shows s SET tmdb_id = NULL FROM claims c
        WHERE c.line = s.line AND (c.place > 1 OR EXISTS (
            SELECT 1 FROM shows t
            WHERE t.tmdb_id = s.tmdb_id AND t.content_type = s.content_type AND t.id <> s.show_id
              AND NOT EXISTS (SELECT 1 FROM staged_shows o WHERE o.show_id = t.id)))
        """
    )
    return cursor.rowcount


def _add_platforms(cursor: CursorWrapper) -> int:
    cursor.execute(
        """
        INSERT INTO platforms (slug, name)
        SELECT DISTINCT ON (w.slug) w.slug, w.name
        FROM staged_shows s, unnest(s.platform_slugs, s.platform_names) AS w(slug, name)
        ORDER BY w.slug, s.line
        ON CONFLICT (slug) DO NOTHING
        """
    )
    return cursor.rowcount


# Where a line says on which services a title is: rows that are wanted and not there, and imported ones that no
# longer are. What a curator entered (another source, a region) is left alone.
_MISSING = """
    SELECT s.show_id, p.id AS platform_id FROM staged_shows s
    CROSS JOIN unnest(s.platform_slugs) AS w(slug) JOIN platforms p ON p.slug = w.slug
    WHERE NOT EXISTS (SELECT 1 FROM show_platforms a
                      WHERE a.show_id = s.show_id AND a.platform_id = p.id AND a.region = '')
"""
_SURPLUS = """
    SELECT a.id, a.show_id FROM show_platforms a
    JOIN staged_shows s ON s.show_id = a.show_id JOIN platforms p ON p.id = a.platform_id
    WHERE a.source = 'import' AND a.region = '' AND p.slug <> ALL (s.platform_slugs)
"""


def _set_show_states(cursor: CursorWrapper) -> None:
    ours = ", ".join(f's."{c}"' for c in FACTS)
    theirs = ", ".join(_known(c) for c in FACTS)
    cursor.execute(
        f"""
        UPDATE staged_shows s SET state = %s FROM shows t
        WHERE t.id = s.show_id AND (({ours}) IS DISTINCT FROM ({theirs})
            OR s.show_id IN (SELECT show_id FROM ({_MISSING}) m) OR s.show_id IN (SELECT show_id FROM ({_SURPLUS}) g))
        """,  # noqa: S608 - put together from constants
        [UPDATED],
    )


def _write_shows(cursor: CursorWrapper, now: dt.datetime) -> None:
    # Two titles may swap their tmdb_ids, and the unique key is held row by row: first they let go.
    cursor.execute(
        """
        UPDATE shows t SET tmdb_id = NULL FROM staged_shows s
        WHERE s.state = %s AND t.id = s.show_id AND t.tmdb_id IS NOT NULL
          AND (t.tmdb_id, t.content_type) IS DISTINCT FROM (s.tmdb_id, s.content_type)
        """,
        [UPDATED],
    )
    columns = ", ".join(f'"{c}"' for c in FACTS)
    values = ", ".join(
        f"coalesce(\"{c}\", '{{}}')" if c in LISTS else "coalesce(overview, '')" if c == "overview" else f'"{c}"'
        for c in FACTS
    )
    replaced = ", ".join(f'"{c}" = excluded."{c}"' for c in FACTS)
    cursor.execute(
        f"""
        INSERT INTO shows (id, created_at, updated_at, {columns})
        SELECT show_id, %(now)s, %(now)s, {values} FROM staged_shows WHERE state <> %(unchanged)s ORDER BY show_id
        ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, {replaced}
        """,  # noqa: S608 - put together from constants
        {"now": now, "unchanged": UNCHANGED},
    )


def _write_availability(cursor: CursorWrapper) -> None:
    cursor.execute(f"DELETE FROM show_platforms WHERE id IN (SELECT id FROM ({_SURPLUS}) g)")  # noqa: S608 - constants
    cursor.execute(
        f"INSERT INTO show_platforms (show_id, platform_id, region, source)"  # noqa: S608 - constants
        f" SELECT show_id, platform_id, '', 'import' FROM ({_MISSING}) m ORDER BY 1, 2 ON CONFLICT DO NOTHING"
    )


def _count_links(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT count(*) FROM staged_shows WHERE is_link")
    return int(cursor.fetchone()[0])


def _advance_ids(cursor: CursorWrapper) -> None:
    """Let the next title that is made by hand have an id above those that were brought along."""
    cursor.execute("SELECT max(id) FROM shows WHERE id < %s", [OUTER_IDS])
    highest = cursor.fetchone()[0]
    if highest is not None:
        cursor.execute(
            "SELECT setval(q, greatest(%s, pg_sequence_last_value(q::regclass)))"
            " FROM pg_get_serial_sequence('shows', 'id') q",
            [highest],
        )
