"""What clients send: events, feedback, services, filters and the moment; each turns into what a pipeline takes."""

import datetime as dt
import math
import uuid
import zoneinfo
from collections.abc import Sequence

import strawberry
from strawberry.scalars import JSON

from bingeboard.errors import Invalid
from bingeboard.graphql.inputs import made_at_once
from bingeboard.graphql.nodes import number_of, uuid_of
from bingeboard.shows.graphql.enums import ContentType, FeatureType
from bingeboard.shows.graphql.inputs import check_bounds
from bingeboard.shows.queries import platform_slugs
from recommendations.graphql.enums import EventType, FeedbackType
from recommendations.pipeline.events import NewEvent
from recommendations.pipeline.feedback import NewFeedback
from recommendations.pipeline.profiles import PlatformChoice
from recommendations.pipeline.ranking import ListFilter, Moment
from recommendations.pipeline.taste import TasteChange
from recommendations.queries.moments import DAYS, TIMES_OF_DAY

# Longest word about a moment ("living-room tv"), as wide as the column that counts them.
LONGEST_WORD = 64
MINUTES_A_DAY = 24 * 60


@made_at_once
@strawberry.input(description="One act of the viewer.")
class EventInput:
    """As the contract has it."""

    event_id: uuid.UUID = strawberry.field(description="Made by the client; sent again, it counts once.")
    session_id: str = strawberry.field(description="The sitting it belongs to.")
    event_type: EventType = strawberry.field(description="What was done.")
    show_id: strawberry.ID | None = strawberry.field(default=None, description="To which title, where to one.")
    content_type: ContentType = strawberry.field(description="What kind of thing it was done to.")
    platform_source: str | None = strawberry.field(default=None, description="Slug of the service it was done on.")
    context: JSON | None = strawberry.field(
        default=None, description="A JSON object about the circumstances: device, progress_percent, rating, mood."
    )
    occurred_at: dt.datetime | None = strawberry.field(
        default=None, description="the client's clock; the server's where left out"
    )

    def event(self) -> NewEvent:
        """Return the act; Invalid where its title's id is none."""
        return NewEvent(
            event_id=self.event_id,
            session_id=self.session_id,
            event_type=self.event_type.value,
            show_id=None if self.show_id is None else number_of(self.show_id, "Show", field="showId"),
            content_type=self.content_type.value,
            platform_source=self.platform_source,
            context=self.context,
            occurred_at=self.occurred_at,
        )


@made_at_once
@strawberry.input(description="What became of one recommendation.")
class FeedbackInput:
    """As the contract has it."""

    feedback_type: FeedbackType = strawberry.field(description="What became of it.")
    show_id: strawberry.ID = strawberry.field(description="The title.")
    request_id: strawberry.ID | None = strawberry.field(
        default=None, description="The requestId of the list it stood in."
    )
    position: int | None = strawberry.field(default=None, description="Where it stood there, from 1.")
    value: float | None = strawberry.field(default=None, description="A number that goes with it, such as a rating.")
    context: JSON | None = strawberry.field(default=None, description="A JSON object about the circumstances.")
    occurred_at: dt.datetime | None = strawberry.field(
        default=None, description="the client's clock; the server's where left out"
    )

    def feedback(self) -> NewFeedback:
        """Return what was said; Invalid where an id is none."""
        return NewFeedback(
            feedback_type=self.feedback_type.value,
            show_id=number_of(self.show_id, "Show", field="showId"),
            request_id=None if self.request_id is None else uuid_of(self.request_id, field="requestId"),
            position=self.position,
            value=self.value,
            context=self.context,
            occurred_at=self.occurred_at,
        )


@strawberry.input(description="affinity -1 to 1; null forgets what was learned")
class TasteChangeInput:
    """As the contract has it, and restore."""

    feature_type: FeatureType = strawberry.field(description="What kind of thing it is.")
    feature_value: str = strawberry.field(description="The thing itself, in any case of letters.")
    affinity: float | None = strawberry.field(
        default=None, description="How the viewer likes it, -1 to 1; 0 mutes it; null forgets what was learned of it."
    )
    restore: bool | None = strawberry.field(
        default=False, description="Take back what was stated or forgotten: the entry is what the acts say again."
    )

    def change(self) -> TasteChange:
        """Return what is wanted."""
        return TasteChange(
            feature_type=self.feature_type.value,
            feature_value=self.feature_value,
            affinity=self.affinity,
            restore=bool(self.restore),
        )


@strawberry.input(description="What the viewer says of one service.")
class PlatformPreferenceInput:
    """As the contract has it."""

    platform: str = strawberry.field(description="The service, by slug or name.")
    has_subscription: bool = strawberry.field(description="Does the viewer have it?")
    preference_score: float | None = strawberry.field(default=None, description="How they like it, 0 to 1.")

    def choice(self) -> PlatformChoice:
        """Return what was said."""
        return PlatformChoice(
            platform=self.platform, has_subscription=self.has_subscription, preference_score=self.preference_score
        )


@strawberry.input(description="Which titles a list may hold; what is left out leaves that question open.")
class RecommendationFilter:
    """As the contract has it."""

    content_types: list[ContentType] | None = strawberry.field(default=None, description="Films, series or both.")
    genres: list[str] | None = strawberry.field(default=None, description="Any of these genres.")
    exclude_genres: list[str] | None = strawberry.field(default=None, description="None of these genres.")
    platforms: list[str] | None = strawberry.field(
        default=None, description="On any of these services today, by slug or name."
    )
    only_my_platforms: bool | None = strawberry.field(
        default=False, description="Only what can be watched on a service the viewer has."
    )
    year_from: int | None = strawberry.field(default=None, description="Came out in this year or later.")
    year_to: int | None = strawberry.field(default=None, description="Came out in this year or earlier.")
    min_rating: float | None = strawberry.field(default=None, description="Rated this or better, 0 to 10.")
    max_runtime_minutes: int | None = strawberry.field(default=None, description="No longer than this.")
    exclude_show_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="None of these titles.")
    include_seen: bool | None = strawberry.field(default=False, description="Also what the viewer has watched.")
    diversity: float | None = strawberry.field(
        default=None,
        description="0 = closest to taste, 1 = as varied as can be; the server's own balance where left out",
    )

    def list_filter(self) -> ListFilter:
        """Return the filter as ranking takes it; Invalid naming what can not be right."""
        check_bounds(self.year_from, self.year_to, self.min_rating, self.max_runtime_minutes)
        if self.diversity is not None and not (math.isfinite(self.diversity) and 0 <= self.diversity <= 1):
            raise Invalid(f"diversity must be in 0 to 1, got {self.diversity}", field="diversity")
        excluded = [number_of(show_id, "Show", field="excludeShowIds") for show_id in self.exclude_show_ids or ()]
        return ListFilter(
            content_types=[kind.value for kind in self.content_types or ()] or None,
            genres=self.genres or None,
            exclude_genres=self.exclude_genres or None,
            platforms=platform_slugs(names=self.platforms) if self.platforms else None,
            only_my_platforms=bool(self.only_my_platforms),
            year_from=self.year_from,
            year_to=self.year_to,
            min_rating=self.min_rating,
            max_runtime_minutes=self.max_runtime_minutes,
            exclude_show_ids=excluded or None,
            include_seen=bool(self.include_seen),
            diversity=self.diversity,
        )


@strawberry.input(
    description="What the client knows about now. The server fills in what is left out from the clock and the viewer's"
    " habits."
)
class ViewingContext:
    """As the contract has it."""

    device: str | None = strawberry.field(default=None, description="What it is watched on: tv, phone, tablet, laptop.")
    time_of_day: str | None = strawberry.field(default=None, description="night, morning, afternoon or evening.")
    day_of_week: str | None = strawberry.field(default=None, description="monday to sunday.")
    session_id: str | None = strawberry.field(default=None, description="The sitting this list is for.")
    session_minutes: int | None = strawberry.field(default=None, description="How long there is, in minutes.")
    mood: str | None = strawberry.field(default=None, description="What the viewer is in the mood for.")
    timezone: str | None = strawberry.field(default=None, description="Where the viewer is, like Europe/Berlin.")

    def moment(self) -> Moment:
        """Return the moment as ranking takes it; Invalid naming what can not be right."""
        if self.session_minutes is not None and not 1 <= self.session_minutes <= MINUTES_A_DAY:
            message = f"sessionMinutes must be in 1 to {MINUTES_A_DAY}, got {self.session_minutes}"
            raise Invalid(message, field="sessionMinutes")
        return Moment(
            device=_word("device", self.device),
            time_of_day=_one_of("timeOfDay", self.time_of_day, TIMES_OF_DAY),
            day_of_week=_one_of("dayOfWeek", self.day_of_week, DAYS),
            session_id=_word("sessionId", self.session_id, longest=128),
            session_minutes=self.session_minutes,
            mood=_word("mood", self.mood),
            timezone=_timezone(self.timezone),
        )


def _word(field: str, text: str | None, *, longest: int = LONGEST_WORD) -> str | None:
    if text is not None and len(text) > longest:
        raise Invalid(f"{field} may have {longest} letters, got {len(text)}", field=field)
    return text


def _one_of(field: str, text: str | None, known: Sequence[str]) -> str | None:
    word = _word(field, text)
    if word is not None and word.strip().lower() not in known:
        raise Invalid(f"{field} must be one of {', '.join(known)}, got {word!r}", field=field)
    return None if word is None else word.strip().lower()


def _timezone(name: str | None) -> str | None:
    if name is not None:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid(
                f"timezone {name[:64]!r} is unknown; use a name like Europe/Berlin", field="timezone"
            ) from None
    return name
