"""Subscription.recommendationsChanged: what is asked, and what one look at a viewer's list gives."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from graphql import GraphQLResolveInfo

from bingeboard.context import Context, Info
from bingeboard.errors import Invalid
from bingeboard.graphql.paging import page_size
from recommendations.graphql import lists
from recommendations.graphql.enums import Algorithm
from recommendations.graphql.schema import LIST_SHOWN, ROWS_A_LIST, First
from recommendations.graphql.types import RecommendationConnection
from recommendations.pipeline import ranking


@dataclass
class Look:
    """
    One subscription's looks at its list, one after the other: the root value of each execution.

    titles      what was sent last, in order; None before the first
    unchanged   whether the latest look found the same again: nothing is to be sent then
    """

    titles: list[int] | None = None
    unchanged: bool = False


@strawberry.type
class RecommendationsSubscription:
    """What is sent whenever it changes."""

    @strawberry.subscription(description="Sends a fresh list whenever the viewer's recommendations change.")
    async def recommendations_changed(
        self,
        info: Info,
        first: First = LIST_SHOWN,
        algorithm: Annotated[
            Algorithm | None, strawberry.argument(description="Whose list; HYBRID is all of them together.")
        ] = Algorithm.HYBRID,
    ) -> AsyncGenerator[RecommendationConnection, None]:
        raise Invalid("subscriptions are spoken over a web socket (graphql-transport-ws)")
        yield


def look(
    latest: Look, info: GraphQLResolveInfo, first: int | None = None, algorithm: Algorithm | None = None, **_: Any
) -> RecommendationConnection | None:
    """Answer the field once; None where there is nothing new to be sent, which `latest` then says."""
    context: Context = info.context
    viewer = context.require_user()
    size = page_size(first, LIST_SHOWN)
    context.spend(ROWS_A_LIST)
    served, latest.titles = ranking.serve_changed(
        user_id=viewer.id,
        algorithm=(algorithm or Algorithm.HYBRID).value,
        shown=size,
        last=latest.titles,
        now=context.now,
    )
    latest.unchanged = served is None
    return None if served is None else lists.connection(context, served, start=0, size=size, after=None)


LOOKS = {"recommendationsChanged": look}
