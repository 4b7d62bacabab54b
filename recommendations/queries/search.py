"""Titles found by what they are about, by the words that stand in them and by name, in one order."""

import datetime as dt
import hashlib
import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from bingeboard.errors import Invalid
from bingeboard.shows.queries import ShowChoice, chosen_ids
from recommendations import providers
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.fusion import fused
from recommendations.engine.spelling import bare, slips
from recommendations.providers.base import ProviderError
from recommendations.queries.neighbours import nearest

logger = logging.getLogger(__name__)
# As the index idx_shows_words has it, or it is not used.
WORDS = """shows_words(title, overview, ("cast" || directors)::text[],
    (genres || keywords || moods || themes || user_tags)::text[])"""
# Each word is looked up by itself, so that no title's words need be worked out: a title scores the sum of its words'
# ln(1 + titles / titles with the word), and one with all the words comes before most with some.
_BY_WORDS = f"""
    WITH hits AS MATERIALIZED (
        SELECT words.word, s.id, s.popularity
        FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.english', %(text)s))) AS words(word)
        CROSS JOIN LATERAL (
            SELECT id, popularity FROM shows
            WHERE {WORDS} @@ plainto_tsquery('pg_catalog.simple', words.word) AND is_active {{among}}) AS s
    ), weights AS (
        SELECT word, ln(1 + (SELECT count(*) FROM shows)::float8 / count(*)) AS weight FROM hits GROUP BY word
    )
    SELECT id FROM hits JOIN weights USING (word)
    GROUP BY id, popularity ORDER BY sum(weight) DESC, popularity DESC NULLS LAST, id LIMIT %(depth)s
"""  # noqa: S608 - put together from constants
# The operators read their thresholds from settings, and only operators use the index.
_BY_NAME = """
    SELECT id, title, near FROM (
        SELECT id, title, popularity, greatest(similarity(title, %(text)s), word_similarity(%(text)s, title)) AS near
        FROM shows WHERE (title %% %(text)s OR %(text)s <%% title) AND is_active {among}) AS found
    ORDER BY near DESC, popularity DESC NULLS LAST, id LIMIT %(depth)s
"""


@dataclass(frozen=True)
class Found:
    """A title that a search found, and how well: the sum over the ways it was found of weight / (fusion + rank)."""

    show_id: int
    score: float


Place = tuple[float, int]


def search(
    *,
    text: str,
    choice: ShowChoice | None = None,
    first: int = 20,
    after: Place | None = None,
    today: dt.date,
    config: EngineConfig = DEFAULT,
) -> list[Found]:
    """
    Return the titles that fit a text best, best first, then by id; those behind a place where one is given.

    Three ways of looking, each with search.depth titles, are fused by reciprocal rank. The choice is made before each
    is cut, so that it never shortens a page. Without an answer from the provider of vectors the other two go on.

    Raises Invalid for a text without a letter or digit, or too long a one.
    """
    asked = tidied(text, config)
    among = chosen_ids(choice=choice or ShowChoice(), today=today)
    if among is not None and not among:
        return []
    c = config.search
    meant, alike = _by_name(asked, among, config)
    ways = [
        (c.meaning_weight, _by_meaning(asked, among, config)),
        (c.words_weight, _by_words(asked, among, config)),
        (c.name_weight, meant),
        (c.part_weight, alike),
    ]
    best = [Found(show_id, score) for show_id, score in fused(ways, k=c.fusion)]
    if after is not None:
        score, show_id = after
        best = [found for found in best if (-found.score, found.show_id) > (-score, show_id)]
    return best[:first]


def tidied(text: str, config: EngineConfig = DEFAULT) -> str:
    """Return a query in one spelling: composed, spaces single; Invalid where it can find nothing."""
    asked = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(asked) > config.search.longest:
        raise Invalid(f"query may have {config.search.longest} letters, got {len(asked)}", field="query")
    if not any(letter.isalnum() for letter in asked):
        raise Invalid(f"query must hold a letter or a digit, got {text[:40]!r}", field="query")
    return asked


def digest(*, text: str, choice: ShowChoice) -> str:
    """Return what tells one search from another, so that a cursor is of one search only."""
    return hashlib.blake2b(repr((tidied(text).casefold(), choice)).encode(), digest_size=6).hexdigest()


def _by_meaning(text: str, among: Sequence[int] | None, config: EngineConfig) -> list[int]:
    try:
        vector, version = query_vector(text.casefold(), config)
    except ProviderError as error:
        logger.warning("a search went on without meaning: %s", error.message)
        return []
    if not vector.any() or not _of_this_model(version):
        return []
    found = nearest(vector=vector, kind="description", first=config.search.depth, show_ids=among, config=config)
    close = [show_id for show_id, cosine in found if cosine >= config.search.meaning_floor]
    return _active(close) if among is None else close


def query_vector(text: str, config: EngineConfig) -> tuple[NDArray[np.float32], str]:
    """Return a text's vector and whose it is; kept in memory, whichever viewer asked."""
    provider = providers.get(config=config.embeddings)
    return _vector(provider.model_version, text), provider.model_version


@lru_cache(maxsize=DEFAULT.search.vectors_kept)
def _vector(model_version: str, text: str) -> NDArray[np.float32]:
    provider = providers.get()
    return provider.embed([text])[0]


def _of_this_model(version: str) -> bool:
    """Return whether the titles' vectors are of this model; those of two can not be compared."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT model_version FROM content_embeddings WHERE embedding_type = 'description'"
            " AND embedding IS NOT NULL LIMIT 1"
        )
        found = cursor.fetchone()
    return found is not None and found[0] == version


def _active(show_ids: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shows WHERE id = ANY(%s) AND is_active", [list(show_ids)])
        active = {row[0] for row in cursor.fetchall()}
    return [show_id for show_id in show_ids if show_id in active]


def _by_words(text: str, among: Sequence[int] | None, config: EngineConfig) -> list[int]:
    return [row[0] for row in _rows(_BY_WORDS, {"text": text, "depth": config.search.depth}, among)]


def _by_name(text: str, among: Sequence[int] | None, config: EngineConfig) -> tuple[list[int], list[int]]:
    """Return the titles whose name this is, but for a slip or two, and those whose name is otherwise like it."""
    c, wanted = config.search, bare(text)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true),"
            " set_config('pg_trgm.word_similarity_threshold', %s, true)",
            [str(c.name_floor), str(c.part_floor)],
        )
        found = _rows(_BY_NAME, {"text": wanted, "depth": c.names}, among)
    apart = slips(wanted, [bare(title) for _, title, _ in found])
    # Who types a name as it is means it, and no other that differs by a letter.
    most = 0 if np.any(apart == 0) else max(1, len(wanted) // c.letters_a_slip)
    # Equals keep the order of likeness and popularity, but for a name that is the very letters typed.
    other = np.array([title.casefold() != text.casefold() for _, title, _ in found], dtype=bool)
    order = np.lexsort((other, apart)).tolist()
    meant = [found[i][0] for i in order if apart[i] <= most]
    known = set(meant)
    return meant, [show_id for show_id, _, near in found if near >= c.alike_floor and show_id not in known][: c.depth]


def _rows(statement: str, given: dict[str, Any], among: Sequence[int] | None) -> list[tuple[Any, ...]]:
    chosen = "" if among is None else "AND id = ANY(%(among)s)"
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=chosen), {**given, "among": list(among or ())})
        return cursor.fetchall()
