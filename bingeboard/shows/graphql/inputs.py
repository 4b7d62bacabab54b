"""ShowFilter: which titles a catalogue page is about."""

import math

import strawberry

from bingeboard.errors import Invalid
from bingeboard.shows.graphql.enums import ContentType
from bingeboard.shows.queries import ShowChoice

Years = tuple[int | None, int | None]


@strawberry.input(description="Which titles; what is left out, or an empty list, leaves that question open.")
class ShowFilter:
    """As the contract has it."""

    content_types: list[ContentType] | None = strawberry.field(default=None, description="Films, series or both.")
    genres: list[str] | None = strawberry.field(default=None, description="Any of these genres.")
    platforms: list[str] | None = strawberry.field(
        default=None, description="On any of these services today, by slug or name."
    )
    year_from: int | None = strawberry.field(default=None, description="Came out in this year or later.")
    year_to: int | None = strawberry.field(default=None, description="Came out in this year or earlier.")
    min_rating: float | None = strawberry.field(default=None, description="Rated this or better, 0 to 10.")
    max_runtime_minutes: int | None = strawberry.field(default=None, description="No longer than this.")

    def choice(self) -> ShowChoice:
        """Return what was asked; Invalid naming what can not be right."""
        check_bounds(self.year_from, self.year_to, self.min_rating, self.max_runtime_minutes)
        return ShowChoice(
            content_types=tuple(kind.value for kind in self.content_types or ()),
            genres=tuple(self.genres or ()),
            platforms=tuple(self.platforms or ()),
            year_from=self.year_from,
            year_to=self.year_to,
            min_rating=self.min_rating,
            max_runtime_minutes=self.max_runtime_minutes,
        )


def check_bounds(
    year_from: int | None, year_to: int | None, min_rating: float | None, max_runtime_minutes: int | None
) -> None:
    """Refuse bounds that no title could meet by being what they are."""
    for name, year in (("yearFrom", year_from), ("yearTo", year_to)):
        if year is not None and not 1 <= year <= 9999:
            raise Invalid(f"{name} must be a year in 1 to 9999, got {year}", field=name)
    if year_from is not None and year_to is not None and year_from > year_to:
        raise Invalid(f"yearFrom {year_from} is after yearTo {year_to}", field="yearFrom")
    if min_rating is not None and not (math.isfinite(min_rating) and 0 <= min_rating <= 10):
        raise Invalid(f"minRating must be in 0 to 10, got {min_rating}", field="minRating")
    if max_runtime_minutes is not None and not 1 <= max_runtime_minutes <= 32_000:
        message = f"maxRuntimeMinutes must be in 1 to 32000, got {max_runtime_minutes}"
        raise Invalid(message, field="maxRuntimeMinutes")
