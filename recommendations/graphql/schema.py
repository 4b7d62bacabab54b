"""Query.recommendations, similarShows, trending, tasteProfile; Mutation.trackEvents, sendFeedback and their kin."""

from typing import Annotated
from uuid import UUID

import strawberry

from bingeboard.context import Context, Info
from bingeboard.errors import Invalid, NotFound
from bingeboard.graphql.nodes import NodeReaders, number_of
from bingeboard.graphql.paging import cursor_of, page_info, page_size, place_of
from bingeboard.graphql.problems import user_error
from bingeboard.shows.graphql.enums import FeatureType, SimilarityType
from bingeboard.shows.graphql.types import SimilarShow, platform_node
from bingeboard.shows.queries import all_platforms, platform_slugs
from bingeboard.users.graphql.types import user_node
from recommendations import tasks
from recommendations.engine.features import canonical_genres
from recommendations.graphql import batches, items, lists
from recommendations.graphql.enums import Algorithm, TimeWindow, TrendType
from recommendations.graphql.inputs import (
    EventInput,
    FeedbackInput,
    PlatformPreferenceInput,
    RecommendationFilter,
    TasteChangeInput,
    ViewingContext,
)
from recommendations.graphql.nudge import nudge
from recommendations.graphql.types import (
    PlatformsPayload,
    RecommendationConnection,
    RefreshPayload,
    SendFeedbackPayload,
    TasteConnection,
    TasteEdge,
    TasteEntry,
    TastePayload,
    TastePreview,
    TrackEventsPayload,
    TrendingShow,
    WhyNot,
)
from recommendations.models import ServedList
from recommendations.pipeline import explaining, folding, profiles, ranking, served, taste
from recommendations.pipeline.ranking import ListFilter
from recommendations.queries import serving

LIST_SHOWN, SIMILAR_SHOWN, TRENDS_SHOWN, TASTES_SHOWN = 20, 20, 20, 50
# What a freshly made list counts, in rows: the candidates it was chosen from, so that aliases can not ask for many.
ROWS_A_LIST = 500
NODES: NodeReaders = {"Recommendation": lists.read_recommendation}

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")]


@strawberry.type
class RecommendationsQuery:
    """What the engine has to say."""

    @strawberry.field(
        description="The viewer's ranked list. Reflects every event and feedback acknowledged before the query was"
        " sent."
    )
    def recommendations(
        self,
        info: Info,
        first: First = LIST_SHOWN,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="The cursor after which to go on: pages come from the list as it was first served, whatever"
                " else is asked."
            ),
        ] = None,
        algorithm: Annotated[
            Algorithm | None, strawberry.argument(description="Whose list; HYBRID is all of them together.")
        ] = Algorithm.HYBRID,
        filter: Annotated[
            RecommendationFilter | None, strawberry.argument(description="Which titles the list may hold.")
        ] = None,
        context: Annotated[
            ViewingContext | None, strawberry.argument(description="What the client knows about now.")
        ] = None,
    ) -> RecommendationConnection:
        size = page_size(first, LIST_SHOWN)
        if after is not None:
            kept, start = _kept(info.context, after)
        else:
            kept, start = _fresh(info.context, algorithm or Algorithm.HYBRID, filter, context, size), 0
        return lists.connection(info.context, kept, start=start, size=size, after=after)

    @strawberry.field(description="Why a title is not in the viewer's list, or where it stands in it.")
    def why_not(
        self,
        info: Info,
        show_id: Annotated[strawberry.ID, strawberry.argument(description="The title.")],
        algorithm: Annotated[
            Algorithm | None, strawberry.argument(description="Whose list; HYBRID is all of them together.")
        ] = Algorithm.HYBRID,
        filter: Annotated[
            RecommendationFilter | None, strawberry.argument(description="Which titles the list may hold.")
        ] = None,
    ) -> WhyNot:
        viewer = info.context.require_user()
        info.context.spend(2 * ROWS_A_LIST)
        key = number_of(show_id, "Show", field="showId")
        found = explaining.why_not(
            user_id=viewer.id,
            show_id=key,
            algorithm=(algorithm or Algorithm.HYBRID).value,
            filter=filter.list_filter() if filter else None,
            now=info.context.now,
        )
        shows = batches.shows(info.context, [key, *found.displaced_by])
        return WhyNot(
            show=shows[key],
            position=found.position,
            removed_by=found.removed_by,
            breakdown=None if found.breakdown is None else lists.breakdown(found.breakdown, found.breakdown["parts"]),
            cutoff_score=found.cutoff,
            displaced_by=[shows[show] for show in found.displaced_by if show in shows],
            would_appear_if=found.would_appear_if,
            text=found.text,
        )

    @strawberry.field(description="Titles like one title, the most alike first.")
    def similar_shows(
        self,
        info: Info,
        show_id: Annotated[strawberry.ID, strawberry.argument(description="The title.")],
        by: Annotated[
            SimilarityType | None,
            strawberry.argument(description="In what respect; where left out, whichever each is most alike in."),
        ] = None,
        first: First = SIMILAR_SHOWN,
    ) -> list[SimilarShow]:
        key = number_of(show_id, "Show", field="showId")
        size = page_size(first, SIMILAR_SHOWN)
        if info.context.loader("shows").get(key) is None:
            raise NotFound(f"there is no show {show_id}", field="showId")
        return info.context.loader("similar", by.value if by else None, size).get(key) or []

    @strawberry.field(description="What does better now than was to be expected, the most surprising first.")
    def trending(
        self,
        info: Info,
        window: Annotated[TimeWindow, strawberry.argument(description="How long to look at.")] = TimeWindow.WEEK,
        scope: Annotated[
            TrendType, strawberry.argument(description="Among whom; FRIEND_NETWORK is the viewer's own friends.")
        ] = TrendType.GLOBAL,
        genre: Annotated[str | None, strawberry.argument(description="The genre, with scope GENRE.")] = None,
        platform: Annotated[
            str | None, strawberry.argument(description="The service's slug or name, with scope PLATFORM.")
        ] = None,
        first: First = TRENDS_SHOWN,
    ) -> list[TrendingShow]:
        segment = _segment(info.context, scope, genre, platform)
        found = serving.trending(
            window=window.value,
            scope=scope.value,
            segment=segment,
            first=page_size(first, TRENDS_SHOWN),
            now=info.context.now,
        )
        info.context.spend(len(found))
        shows = batches.shows(info.context, [show_id for show_id, _ in found])
        return [
            TrendingShow(show=shows[show_id], rank=rank, score=score, window=window, scope=scope)
            for rank, (show_id, score) in enumerate(found, start=1)
            if show_id in shows
        ]

    @strawberry.field(description="What the viewer likes, the most liked first.")
    def taste_profile(
        self,
        info: Info,
        feature_type: Annotated[
            FeatureType | None, strawberry.argument(description="Only this kind; all where left out.")
        ] = None,
        first: First = TASTES_SHOWN,
        after: After = None,
    ) -> TasteConnection:
        viewer = info.context.require_user()
        return _tastes(info.context, viewer.id, feature_type.value if feature_type else None, first, after)

    @strawberry.field(description="The list as it would be with these changes, and what moved; nothing is stored.")
    def preview_taste(
        self,
        info: Info,
        changes: Annotated[list[TasteChangeInput], strawberry.argument(description="What would be changed.")],
        first: First = LIST_SHOWN,
    ) -> TastePreview:
        viewer = info.context.require_user()
        info.context.spend(2 * ROWS_A_LIST)
        found = taste.preview_taste(
            user_id=viewer.id,
            changes=[change.change() for change in changes],
            first=page_size(first, LIST_SHOWN),
            now=info.context.now,
        )
        shows = batches.shows(info.context, list({*found.before, *found.after}))
        named = {name: [shows[i] for i in getattr(found, name) if i in shows] for name in ("before", "after")}
        return TastePreview(
            **named,
            entered=[show for show in named["after"] if show.pk not in found.before],
            left=[show for show in named["before"] if show.pk not in found.after],
            user_errors=[user_error(problem) for problem in found.problems],
        )


@strawberry.type
class RecommendationsMutation:
    """What the viewer tells the engine."""

    @strawberry.mutation(
        description="At most 500 events a call. An event whose eventId was seen before counts once, whenever and"
        " however often it comes."
    )
    def track_events(
        self,
        info: Info,
        events: Annotated[list[EventInput], strawberry.argument(description="What was done, in any order.")],
    ) -> TrackEventsPayload:
        viewer = info.context.require_user()
        payload = items.track(user_id=viewer.id, inputs=events, now=info.context.now)
        if payload.accepted:
            nudge(tasks.refresh_viewer, user_id=viewer.id)
        return payload

    @strawberry.mutation(description="What became of a recommendation. One per viewer, request, title and kind counts.")
    def send_feedback(
        self,
        info: Info,
        feedback: Annotated[list[FeedbackInput], strawberry.argument(description="At most 500 a call.")],
    ) -> SendFeedbackPayload:
        viewer = info.context.require_user()
        payload = items.give_feedback(user_id=viewer.id, inputs=feedback, now=info.context.now)
        if payload.accepted:
            nudge(tasks.refresh_viewer, user_id=viewer.id)
        return payload

    @strawberry.mutation(
        description="Take feedback back: all is as if it had never been sent, and it may be sent again. Of the payload,"
        " `accepted` and `feedbackIds` say which was taken back, `duplicates` how much of it was named twice."
    )
    def undo_feedback(
        self,
        info: Info,
        feedback_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="As sendFeedback returned them; at most 500 a call.")
        ],
    ) -> SendFeedbackPayload:
        viewer = info.context.require_user()
        payload = items.take_back(user_id=viewer.id, feedback_ids=feedback_ids, now=info.context.now)
        if payload.accepted:
            nudge(tasks.refresh_viewer, user_id=viewer.id)
        return payload

    @strawberry.mutation(
        description="State, mute, forget or restore entries of the viewer's taste; the next list reflects it."
    )
    def update_taste(
        self,
        info: Info,
        changes: Annotated[list[TasteChangeInput], strawberry.argument(description="At most 100 a call.")],
    ) -> TastePayload:
        viewer = info.context.require_user()
        problems = taste.change_taste(
            user_id=viewer.id, changes=[change.change() for change in changes], now=info.context.now
        )
        if len(problems) < len(changes):
            nudge(tasks.refresh_viewer, user_id=viewer.id)
        return TastePayload(
            taste=_tastes(info.context, viewer.id), user_errors=[user_error(problem) for problem in problems]
        )

    @strawberry.mutation(
        description="Take a session or a title out of the taste profile ('it was for the kids'), exactly; or put it"
        " back."
    )
    def exclude_from_taste(
        self,
        info: Info,
        session_id: Annotated[str | None, strawberry.argument(description="Which sitting; any where left out.")] = None,
        show_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Which title; any where left out.")
        ] = None,
        exclude: Annotated[bool, strawberry.argument(description="false puts it back.")] = True,
    ) -> TastePayload:
        viewer = info.context.require_user()
        taste.exclude_from_taste(
            user_id=viewer.id,
            session_id=session_id,
            show_id=None if show_id is None else number_of(show_id, "Show", field="showId"),
            exclude=exclude,
            now=info.context.now,
        )
        nudge(tasks.refresh_viewer, user_id=viewer.id)
        return TastePayload(taste=_tastes(info.context, viewer.id), user_errors=[])

    @strawberry.mutation(
        description="Say which services the viewer has and how they like them; the rest stay as they are."
    )
    def set_platforms(
        self,
        info: Info,
        platforms: Annotated[
            list[PlatformPreferenceInput], strawberry.argument(description="One for each service to be changed.")
        ],
    ) -> PlatformsPayload:
        viewer = info.context.require_user()
        choices = [platform.choice() for platform in platforms]
        problems = profiles.set_platforms(user_id=viewer.id, choices=choices, now=info.context.now)
        if len(problems) < len(choices):
            nudge(tasks.refresh_viewer, user_id=viewer.id)
        return PlatformsPayload(
            platforms=[platform_node(facts) for facts in all_platforms()], user_errors=[user_error(p) for p in problems]
        )

    @strawberry.mutation(
        description="Have the viewer's candidates made anew, soon. Lists reflect what was acknowledged without it; this"
        " widens what they are chosen from."
    )
    def refresh_recommendations(self, info: Info) -> RefreshPayload:
        viewer = info.context.require_user()
        ranking.mark_stale(user_id=viewer.id)
        nudge(tasks.refresh_viewer, user_id=viewer.id)
        return RefreshPayload(user=user_node(viewer.id, viewer.username), user_errors=[])


def _fresh(
    context: Context,
    algorithm: Algorithm,
    filter: RecommendationFilter | None,
    moment: ViewingContext | None,
    shown: int,
) -> ServedList:
    viewer = context.require_user()
    context.spend(ROWS_A_LIST)
    return ranking.serve(
        user_id=viewer.id,
        algorithm=algorithm.value,
        filter=filter.list_filter() if filter else ListFilter(),
        moment=moment.moment() if moment else None,
        now=context.now,
        shown=shown,
    )


def _kept(context: Context, after: str) -> tuple[ServedList, int]:
    viewer = context.require_user()
    request_id, position = place_of(after, str, int)
    try:
        key = UUID(request_id)
    except ValueError:
        raise Invalid(f"after: {after[:60]!r} is no cursor of this list", field="after") from None
    return served.read_served(user_id=viewer.id, request_id=key, now=context.now), position


def _segment(context: Context, scope: TrendType, genre: str | None, platform: str | None) -> dict[str, str]:
    """Return which trend is meant; Invalid where scope, genre and platform do not fit together."""
    for name, value, needed in (("genre", genre, TrendType.GENRE), ("platform", platform, TrendType.PLATFORM)):
        if scope is needed and not value:
            raise Invalid(f"trending with scope {needed.name} needs the argument {name}", field=name)
        if scope is not needed and value is not None:
            raise Invalid(f"{name} goes with scope {needed.name}, not with {scope.name}", field=name)
    if genre is not None:
        # Trends are kept by our own names of genres: "Sci-Fi" means "Science Fiction".
        return {"genre": next(iter(canonical_genres(genre)), genre)}
    if platform is not None:
        return {"platform": platform_slugs(names=[platform])[0]}
    return {"user": context.require_user().id} if scope is TrendType.FRIEND_NETWORK else {}


def _tastes(
    context: Context, user_id: str, kind: str | None = None, first: int | None = None, after: str | None = None
) -> TasteConnection:
    """Return a page of what the viewer likes, all their acts counted."""
    size = page_size(first, TASTES_SHOWN)
    affinity_and_row = place_of(after, (int, float), int) if after is not None else None
    folding.settle(user_ids=[user_id])
    tastes = serving.taste_of(
        user_id=user_id,
        kind=kind,
        first=size + 1,
        after=(float(affinity_and_row[0]), affinity_and_row[1]) if affinity_and_row else None,
    )
    context.spend(len(tastes))
    return _taste_page(tastes, size, after)


def _taste_page(tastes: list[serving.Taste], size: int, after: str | None) -> TasteConnection:
    edges = [
        TasteEdge(
            cursor=cursor_of(entry.affinity, entry.id),
            node=TasteEntry(
                feature_type=entry.feature_type,  # type: ignore[arg-type]  # enums take the table's own words
                feature_value=entry.feature_value,
                affinity_score=entry.affinity,
                confidence=entry.confidence,
                decay_rate=entry.decay_rate,
                last_updated=entry.last_updated,
                source=_source(entry),
            ),
        )
        for entry in tastes[:size]
    ]
    cursors = [edge.cursor for edge in edges]
    return TasteConnection(edges=edges, page_info=page_info(cursors, has_next=len(tastes) > size, after=after))


def _source(taste: serving.Taste) -> str:
    if not taste.is_stated:
        return "learned"
    return "stated" if taste.affinity else "muted"
