"""Reads: titles by id, by the catalogue's ids and page by page; services, and where a title can be watched."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL

from bingeboard.errors import Invalid
from bingeboard.shows.models import Platform, Show, ShowPlatform

Place = tuple[float | None, int]


class ShowFacts(NamedTuple):
    """What a page shows of a title, a row's worth; nothing stands for what is not known."""

    id: int
    tmdb_id: int | None
    title: str
    content_type: str
    overview: str | None
    release_year: int | None
    runtime_minutes: int | None
    poster_path: str | None
    rating: float | None
    popularity: float | None


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """A service."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True)
class ShowChoice:
    """Which titles a catalogue page is about; an empty tuple and None leave that question open."""

    content_types: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    min_rating: float | None = None
    max_runtime_minutes: int | None = None


COLUMNS = (
    "id",
    "tmdb_id",
    "title",
    "content_type",
    "overview",
    "release_year",
    "runtime_minutes",
    "poster_path",
    "vote_average",
    "popularity",
)


def shows_by_id(*, show_ids: Sequence[int]) -> dict[int, ShowFacts]:
    """Return the titles with these ids, by id; those that are not there are left out."""
    # Every answer asks; putting a statement together anew costs four times as much as running it.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM shows WHERE id = ANY(%s)", [list(show_ids)])  # noqa: S608
        return {row[0]: ShowFacts._make(row) for row in cursor.fetchall()}


def show_by_tmdb_id(*, tmdb_id: int) -> ShowFacts | None:
    """Return the title that TMDB has under this number; films before series, whose numbers overlap."""
    return next(iter(_facts(Show.objects.filter(tmdb_id=tmdb_id).order_by("content_type", "id")[:1])), None)


def catalogue_page(*, choice: ShowChoice, first: int, after: Place | None, today: dt.date) -> list[ShowFacts]:
    """Return the next titles, most popular first, then by id; titles whose popularity is not known come last."""
    shows = _chosen(choice, today)
    if after is not None:
        popularity, show_id = after
        unknown = Q(popularity__isnull=True)
        if popularity is None:
            shows = shows.filter(unknown, id__gt=show_id)
        else:
            shows = shows.filter(Q(popularity__lt=popularity) | Q(popularity=popularity, id__gt=show_id) | unknown)
    return _facts(shows.order_by(F("popularity").desc(nulls_last=True), "id")[:first])


def chosen_ids(*, choice: ShowChoice, today: dt.date) -> list[int] | None:
    """Return the ids of the titles a choice is about, ascending; None where it leaves every question open."""
    if choice == ShowChoice():
        return None
    return list(_chosen(choice, today).order_by("pk").values_list("pk", flat=True))


def _chosen(choice: ShowChoice, today: dt.date) -> QuerySet[Show]:
    shows = Show.objects.filter(is_active=True)
    if choice.content_types:
        shows = shows.filter(content_type__in=choice.content_types)
    if choice.genres:
        shows = shows.filter(_has_genre(choice.genres))
    if choice.platforms:
        slugs = platform_slugs(names=choice.platforms)
        shows = shows.filter(pk__in=_available(today).filter(platform__slug__in=slugs).values("show"))
    bounds = {
        "release_year__gte": choice.year_from,
        "release_year__lte": choice.year_to,
        "vote_average__gte": choice.min_rating,
        "runtime_minutes__lte": choice.max_runtime_minutes,
    }
    return shows.filter(**{bound: value for bound, value in bounds.items() if value is not None})


def _has_genre(genres: Sequence[str]) -> RawSQL:
    """Return the condition that a title has any of the genres, whatever their capitals."""
    lowered = [genre.lower() for genre in genres]
    return RawSQL(
        "EXISTS (SELECT 1 FROM unnest(shows.genres) AS genre WHERE lower(genre) = ANY(%s))",
        [lowered],
        output_field=BooleanField(),
    )


def _facts(shows: QuerySet[Show]) -> list[ShowFacts]:
    return [ShowFacts._make(row) for row in shows.values_list(*COLUMNS)]


def _available(today: dt.date) -> QuerySet[ShowPlatform]:
    """Return what can be watched on a day, whatever the region."""
    return ShowPlatform.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=today),
        Q(valid_until__isnull=True) | Q(valid_until__gte=today),
        platform__is_active=True,
    )


def platforms_of(*, show_ids: Sequence[int], today: dt.date, region: str = "") -> dict[int, list[PlatformFacts]]:
    """
    Return where each title can be watched today, services by name.

    region   ISO 3166 code of the viewer's country; '' where it is not known, and then every region counts
    """
    rows = _available(today).filter(show__in=show_ids)
    if region:
        rows = rows.filter(region__in=["", region])
    found: dict[int, list[PlatformFacts]] = {}
    columns = ("show_id", "platform_id", "platform__slug", "platform__name")
    for show_id, *platform in rows.order_by("platform__name", "platform_id").values_list(*columns).distinct():
        found.setdefault(show_id, []).append(PlatformFacts(*platform))
    return found


def all_platforms() -> list[PlatformFacts]:
    """Return every service in use, by name."""
    return _platform_facts(Platform.objects.filter(is_active=True))


def platforms_by_id(*, platform_ids: Sequence[int]) -> dict[int, PlatformFacts]:
    """Return the services with these ids, by id."""
    return {p.id: p for p in _platform_facts(Platform.objects.filter(pk__in=platform_ids))}


def platforms_by_slug(*, slugs: Sequence[str]) -> dict[str, PlatformFacts]:
    """Return the services with these slugs, by slug."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, slug, name FROM platforms WHERE slug = ANY(%s) ORDER BY name, id", [list(slugs)])
        return {row[1]: PlatformFacts(*row) for row in cursor.fetchall()}


def _platform_facts(platforms: QuerySet[Platform]) -> list[PlatformFacts]:
    rows = platforms.order_by("name", "id").values_list("id", "slug", "name")
    return [PlatformFacts(*row) for row in rows]


def platform_slugs(*, names: Sequence[str]) -> list[str]:
    """Return the slugs of services called by slug or name, in that order; Invalid naming one that is none of ours."""
    known = {word.lower(): p.slug for p in all_platforms() for word in (p.name, p.slug)}
    unknown = [name for name in names if name.strip().lower() not in known]
    if unknown:
        raise Invalid(f"there is no platform {unknown[0][:64]!r}; platforms lists those there are", field="platforms")
    return [known[name.strip().lower()] for name in names]
