"""Query.home and groupRecommendations: a viewer's whole page, and something for everyone on the sofa."""

from typing import Annotated, cast

import strawberry

from bingeboard.context import Info
from bingeboard.errors import Invalid
from bingeboard.graphql.nodes import key_of
from bingeboard.graphql.paging import page_size
from bingeboard.shows.graphql.types import Show
from bingeboard.users.graphql.types import User
from recommendations.graphql import batches, lists
from recommendations.graphql.inputs import RecommendationFilter, ViewingContext
from recommendations.graphql.schema import ROWS_A_LIST
from recommendations.graphql.types import Reason, Recommendation
from recommendations.pipeline.groups import for_group
from recommendations.pipeline.home import make_home

ROWS_SHOWN, ROW_SHOWN, GROUP_SHOWN = 8, 20, 20
MOST_ROWS = 20

Filter = Annotated[RecommendationFilter | None, strawberry.argument(description="Which titles there may be.")]


@strawberry.type(description="A row of a home page.")
class HomeRow:
    """Some places of the page's list."""

    key: str = strawberry.field(
        description="Names the kind of row, the same every time: continue_watching, top_picks, because:…, your_list,"
        " friends, rising, your_platforms, new_releases, genre:…"
    )
    title: str = strawberry.field(description="What stands above it, for the viewer.")
    items: list[Recommendation] = strawberry.field(description="Its titles; positions count through the whole page.")


@strawberry.type(description="A home page: rows in order, no title twice.")
class HomePage:
    """One served list, in rows."""

    request_id: strawberry.ID = strawberry.field(description="Names this page: feedback points back to it.")
    rows: list[HomeRow] = strawberry.field(description="From the top; rows without anything are left out.")


@strawberry.type(description="What a title is to one of a group.")
class GroupMemberScore:
    """One member's view."""

    user: User = strawberry.field(description="Who.")
    score: float = strawberry.field(description="0 to 1, the best there is for them.")
    reason: Reason | None = strawberry.field(description="Why, as far as the viewer may know; null where they may not.")


@strawberry.type(description="A title for a group.")
class GroupRecommendation:
    """One place of a group's list."""

    show: Show = strawberry.field(description="The title.")
    score: float = strawberry.field(description="0 to 1: half the average, half whoever likes it least.")
    members: list[GroupMemberScore] = strawberry.field(description="The viewer first, then in the order named.")


@strawberry.type
class HomeQuery:
    """What is cut from more than one list."""

    @strawberry.field(description="The whole home page in one answer: rows in order, no title twice.")
    def home(
        self,
        info: Info,
        rows: Annotated[int | None, strawberry.argument(description="How many rows, 1 to 20.")] = ROWS_SHOWN,
        per_row: Annotated[int | None, strawberry.argument(description="How many titles a row, 1 to 100.")] = ROW_SHOWN,
        filter: Filter = None,
        context: Annotated[
            ViewingContext | None, strawberry.argument(description="What the client knows about now.")
        ] = None,
    ) -> HomePage:
        viewer = info.context.require_user()
        if rows is not None and not 1 <= rows <= MOST_ROWS:
            raise Invalid(f"rows must be in 1 to {MOST_ROWS}, got {rows}", field="rows")
        if per_row is not None and not 1 <= per_row <= 100:
            raise Invalid(f"perRow must be in 1 to 100, got {per_row}", field="perRow")
        info.context.spend(ROWS_A_LIST)
        page = make_home(
            user_id=viewer.id,
            rows=rows or ROWS_SHOWN,
            per_row=per_row or ROW_SHOWN,
            filter=filter.list_filter() if filter else None,
            moment=context.moment() if context else None,
            now=info.context.now,
        )
        places = lists.rows(info.context, page.served, [count for _, _, count in page.rows])
        return HomePage(
            request_id=strawberry.ID(str(page.served.request_id)),
            rows=[
                HomeRow(key=key, title=title, items=items)
                for (key, title, _), items in zip(page.rows, places, strict=True)
                if items
            ],
        )

    @strawberry.field(description="Something for everyone on the sofa: friends only, with each one's reason.")
    def group_recommendations(
        self,
        info: Info,
        viewer_ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="The friends, up to nine; the viewer is always one of the group."),
        ],
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")] = GROUP_SHOWN,
        filter: Filter = None,
    ) -> list[GroupRecommendation]:
        viewer = info.context.require_user()
        info.context.spend(ROWS_A_LIST * max(len(viewer_ids), 1))
        found = for_group(
            user_id=viewer.id,
            others=[key_of(str(user), "User", field="viewerIds") for user in viewer_ids],
            first=page_size(first, GROUP_SHOWN),
            filter=filter.list_filter() if filter else None,
            now=info.context.now,
        )
        shows = batches.shows(info.context, [title.show_id for title in found])
        users = info.context.loader("users")
        names = [member.user_id for title in found for member in title.members]
        evidence = lists.Evidence(info.context)
        return [
            GroupRecommendation(
                show=shows[title.show_id],
                score=title.score,
                members=[
                    GroupMemberScore(
                        user=users.get(member.user_id, names),
                        score=member.score,
                        reason=cast(Reason, lists.Given(member.reason, title.show_id, evidence))
                        if member.reason
                        else None,
                    )
                    for member in title.members
                ],
            )
            for title in found
            if title.show_id in shows
        ]
