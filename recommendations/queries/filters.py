"""What a client's filter lets through: a list filter -> titles."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from recommendations.engine.arrays import rows_in
from recommendations.engine.features import canonical_genres
from recommendations.engine.snapshot import Snapshot


@dataclass(frozen=True)
class ListFilter:
    """What may stand in a list; None and empty let everything through. `diversity` is the dial, 0 to 1."""

    content_types: Sequence[str] | None = None
    genres: Sequence[str] | None = None
    exclude_genres: Sequence[str] | None = None
    platforms: Sequence[str] | None = None
    only_my_platforms: bool = False
    year_from: int | None = None
    year_to: int | None = None
    min_rating: float | None = None
    max_runtime_minutes: int | None = None
    exclude_show_ids: Sequence[int] | None = None
    include_seen: bool = False
    diversity: float | None = None

    @property
    def narrows(self) -> bool:
        """Return whether it changes which titles may stand in the list, or in what balance."""
        return self != ListFilter()


_HAS_GENRE = """EXISTS (SELECT 1 FROM content_features f WHERE f.content_id = s.id AND f.feature_type = 'genre'
    AND lower(f.feature_value) = ANY(%s))"""
_ON_PLATFORM = """EXISTS (SELECT 1 FROM show_platforms a JOIN platforms p ON p.id = a.platform_id
    WHERE a.show_id = s.id AND (a.valid_from IS NULL OR a.valid_from <= %s)
    AND (a.valid_until IS NULL OR a.valid_until >= %s) AND {which})"""
_NAMED = "(p.slug = ANY(%s) OR lower(p.name) = ANY(%s))"
_SUBSCRIBED = """p.slug IN (SELECT platform_name FROM platform_user_preferences
    WHERE user_id = %s AND has_subscription)"""


def allowed_rows(*, chosen: ListFilter, user_id: str, known: Snapshot, today: dt.date) -> NDArray[np.bool_] | None:
    """Return which rows of the snapshot the filter lets through, None for all."""
    conditions, values = _conditions(chosen, user_id, today)
    allowed = None
    if conditions:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.id FROM shows s WHERE " + " AND ".join(conditions),  # noqa: S608 - constants joined
                values,
            )
            ids = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        rows = rows_in(known.show_ids, ids)
        allowed = np.zeros(len(known), dtype=bool)
        allowed[rows[rows >= 0]] = True
    if chosen.exclude_show_ids:
        allowed = np.ones(len(known), dtype=bool) if allowed is None else allowed
        rows = rows_in(known.show_ids, np.array(chosen.exclude_show_ids, dtype=np.int64))
        allowed[rows[rows >= 0]] = False
    return allowed


def still_active(*, known: Snapshot) -> NDArray[np.bool_]:
    """Return which rows may be shown at all as of now: the model may be hours old, and a curator quicker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shows WHERE NOT is_active")
        ids = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    active: NDArray[np.bool_] = known.active & ~np.isin(known.show_ids, ids)
    return active


def _conditions(chosen: ListFilter, user_id: str, today: dt.date) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []

    def add(condition: str, *given: Any) -> None:
        conditions.append(condition)
        values.extend(given)

    if chosen.content_types:
        add("s.content_type = ANY(%s)", list(chosen.content_types))
    if chosen.genres:
        add(_HAS_GENRE, _spelled(chosen.genres))
    if chosen.exclude_genres:
        add(f"NOT {_HAS_GENRE}", _spelled(chosen.exclude_genres))
    if chosen.platforms:
        names = [name.lower() for name in chosen.platforms]
        add(_ON_PLATFORM.format(which=_NAMED), today, today, names, names)
    if chosen.only_my_platforms:
        add(_ON_PLATFORM.format(which=_SUBSCRIBED), today, today, user_id)
    if chosen.year_from is not None:
        add("s.release_year >= %s", chosen.year_from)
    if chosen.year_to is not None:
        add("s.release_year <= %s", chosen.year_to)
    if chosen.min_rating is not None:
        add("s.vote_average >= %s", chosen.min_rating)
    if chosen.max_runtime_minutes is not None:
        add("s.runtime_minutes <= %s", chosen.max_runtime_minutes)
    return conditions, values


def _spelled(genres: Sequence[str]) -> list[str]:
    """Return genres as features may spell them: as they were given, and in our vocabulary ("Sci-Fi" is two words)."""
    return sorted({name.lower() for genre in genres for name in (genre, *canonical_genres(genre))})
