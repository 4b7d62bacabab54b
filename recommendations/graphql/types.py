"""Lists as they are served, with every part of a score and every reason; trends, taste, and what mutations answer."""

import datetime as dt
import uuid

import strawberry

from bingeboard.graphql.nodes import Node
from bingeboard.graphql.paging import PageInfo
from bingeboard.graphql.problems import UserError
from bingeboard.shows.graphql.enums import FeatureType
from bingeboard.shows.graphql.types import ContentFeature, Platform, Show
from bingeboard.users.graphql.types import User
from recommendations.graphql.enums import Algorithm, EventStatus, TimeWindow, TrendType


@strawberry.type(description="What one algorithm gave to a title's base score.")
class AlgorithmScore:
    """One part of the base score."""

    algorithm: Algorithm = strawberry.field(description="Who gave it.")
    score: float = strawberry.field(description="How good it thinks the title is, 0 to 1 in its own list.")
    weight: float = strawberry.field(description="How much its word counts here.")
    rank: int | None = strawberry.field(
        description="Where the title stands in its own list; null where it is not in it."
    )


@strawberry.type(
    description="finalScore = baseScore + popularityBoost + recencyBoost - diversityPenalty + availabilityBoost"
    " + socialBoost, to 1e-6."
)
class ScoreBreakdown:
    """Every part of a score."""

    base_score: float = strawberry.field(description="What the algorithms say together.")
    popularity_boost: float = strawberry.field(description="For being well known.")
    recency_boost: float = strawberry.field(description="For being new.")
    diversity_penalty: float = strawberry.field(description="Taken off for being like titles above it.")
    availability_boost: float = strawberry.field(description="For being on a service the viewer has.")
    social_boost: float = strawberry.field(description="For what friends did.")
    final_score: float = strawberry.field(description="The sum, which the list is ordered by.")
    algorithms: list[AlgorithmScore] = strawberry.field(description="the parts of baseScore, by algorithm")


@strawberry.type(description="Why a title is not in the viewer's list, or where it stands in it.")
class WhyNot:
    """As the contract has it; see pipeline.explaining."""

    show: Show = strawberry.field(description="The title.")
    position: int | None = strawberry.field(description="Where it stands, from 1; null where it is not in the list.")
    removed_by: list[str] = strawberry.field(
        description="What keeps it out whatever it scores: seen, dismissed, resting, inactive, no_candidate,"
        " not_in_model, no_model, or filter. and the name of the filter's field."
    )
    breakdown: ScoreBreakdown | None = strawberry.field(
        description="Every part of its score as things are; null where nothing proposes it."
    )
    cutoff_score: float | None = strawberry.field(description="The score of the list's last title.")
    displaced_by: list[Show] = strawberry.field(description="Titles that stand where it does not.")
    would_appear_if: list[str] = strawberry.field(
        description="Conditions under which it is in the list: each was tried, save the score it would take."
    )
    text: str = strawberry.field(description="All of it in a sentence or two.")


@strawberry.type(description="Why a title is in a list; the evidence it names is what put it there.")
class Reason:
    """One reason, as the schema has it; what its fields are read from is in lists."""

    kind: str = strawberry.field(description="What kind of evidence it is.")
    text: str = strawberry.field(description="One sentence, for the viewer.")
    weight: float = strawberry.field(description="How much of the score it accounts for.")
    shows: list[Show] = strawberry.field(description="The viewer's titles that it points back to.")
    feature: ContentFeature | None = strawberry.field(description="The thing about the title that it is about.")
    friends: list[User] = strawberry.field(description="The friends whose acts it is about.")
    platform: Platform | None = strawberry.field(description="The service it is about.")


@strawberry.type(description="A title in a viewer's list, where it stood and why.")
class Recommendation(Node):
    """One place of a served list."""

    show: Show = strawberry.field(description="The title.")
    position: int = strawberry.field(description="Its place in the served list, from 1.")
    algorithm: Algorithm = strawberry.field(description="Whose list it is.")
    score: float = strawberry.field(description="The final score of the breakdown.")
    breakdown: ScoreBreakdown = strawberry.field(description="Every part of the score.")
    reasons: list[Reason] = strawberry.field(
        description="In order of weight; at least one. Text is built from the evidence alone."
    )
    propensity: float = strawberry.field(
        description="Probability that this title was shown at this position, where chance had a part; 1 where it had"
        " none."
    )
    generated_at: dt.datetime = strawberry.field(description="When its candidates were made.")
    expires_at: dt.datetime = strawberry.field(description="When they stop counting as fresh.")


@strawberry.type(description="A recommendation in a page, and where it stands.")
class RecommendationEdge:
    """The usual Relay edge."""

    cursor: str = strawberry.field(description="Names the served list and the place in it.")
    node: Recommendation = strawberry.field(description="The recommendation.")


@strawberry.type(description="A page of a served list.")
class RecommendationConnection:
    """The usual Relay connection, and what list it is a page of."""

    request_id: strawberry.ID = strawberry.field(
        description="Names this served list: feedback and paging point back to it."
    )
    experiment: str | None = strawberry.field(description="experiment name and variant, where one shaped this list")
    variant: str | None = strawberry.field(description="The variant of that experiment.")
    edges: list[RecommendationEdge] = strawberry.field(description="The recommendations, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


@strawberry.type(description="A title that does better than was to be expected.")
class TrendingShow:
    """A row of trending_cache."""

    show: Show = strawberry.field(description="The title.")
    rank: int = strawberry.field(description="Its place, from 1.")
    score: float = strawberry.field(description="How surprising its rise is, 0 to 1 within its window and scope.")
    window: TimeWindow = strawberry.field(description="How long was looked at.")
    scope: TrendType = strawberry.field(description="Among whom.")


@strawberry.type(description="How much the viewer likes one thing about titles.")
class TasteEntry:
    """A row of user_taste_profiles."""

    feature_type: FeatureType = strawberry.field(description="What kind of thing it is.")
    feature_value: str = strawberry.field(description="The thing itself.")
    affinity_score: float = strawberry.field(description="-1 dislikes to 1 likes, as of lastUpdated.")
    confidence: float = strawberry.field(description="How much it was seen, 0 to below 1.")
    decay_rate: float = strawberry.field(description="How fast it fades, per week.")
    last_updated: dt.datetime = strawberry.field(description="When the latest act that shaped it happened.")
    source: str = strawberry.field(
        description="learned; or stated by the viewer, which wins; or muted by them, which counts as nothing."
    )


@strawberry.type(description="A taste in a page, and where it stands.")
class TasteEdge:
    """The usual Relay edge."""

    cursor: str = strawberry.field(description="Where this taste stands in the list.")
    node: TasteEntry = strawberry.field(description="The taste.")


@strawberry.type(description="A page of the viewer's taste.")
class TasteConnection:
    """The usual Relay connection."""

    edges: list[TasteEdge] = strawberry.field(description="The tastes, the most liked first.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


@strawberry.type(description="The viewer's taste after a change.")
class TastePayload:
    """What changed, and what did not."""

    taste: TasteConnection = strawberry.field(description="The first page of the taste as it is now.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with single changes.")


@strawberry.type(description="What changes of taste would do to the viewer's list; nothing of it is stored.")
class TastePreview:
    """Two lists and what is between them."""

    before: list[Show] = strawberry.field(description="The list as it is.")
    after: list[Show] = strawberry.field(description="The list as it would be.")
    entered: list[Show] = strawberry.field(description="What would come in, in the order of the list.")
    left: list[Show] = strawberry.field(description="What would go, in the order of the list.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with single changes.")


@strawberry.type(description="What became of one event.")
class EventOutcome:
    """One event's fate."""

    event_id: uuid.UUID = strawberry.field(description="The event's id, as sent.")
    status: EventStatus = strawberry.field(description="Whether it counted.")
    code: str | None = strawberry.field(description="Why it was rejected; null where it was not.")


@strawberry.type(description="outcomes stand in the order of the events sent; the counts sum to their number")
class TrackEventsPayload:
    """What became of a batch of events."""

    accepted: int = strawberry.field(description="How many counted.")
    duplicates: int = strawberry.field(description="How many were known already.")
    rejected: int = strawberry.field(description="How many could not be right.")
    outcomes: list[EventOutcome] = strawberry.field(description="One for each event, in the order sent.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with those rejected.")


@strawberry.type(description="What became of a batch of feedback.")
class SendFeedbackPayload:
    """The counts, and ids that undoFeedback takes."""

    accepted: int = strawberry.field(description="How many counted.")
    duplicates: int = strawberry.field(description="How many were known already.")
    feedback_ids: list[strawberry.ID] = strawberry.field(
        description="Those that count now, in the order sent; rejected ones have none."
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with those rejected.")


@strawberry.type(description="The services as the viewer now has them.")
class PlatformsPayload:
    """What changed, and what did not."""

    platforms: list[Platform] = strawberry.field(description="All services, with what the viewer says of each.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with single items.")


@strawberry.type(description="That a refresh is due.")
class RefreshPayload:
    """Whose lists are made anew."""

    user: User = strawberry.field(description="Whose lists are made anew.")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty when nothing did.")
