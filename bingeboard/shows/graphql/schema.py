"""Query.show, shows and platforms; how titles and services are read by id and in batches."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from bingeboard.context import Context, Info
from bingeboard.errors import Invalid
from bingeboard.graphql.nodes import NodeReaders, number_of, row_number
from bingeboard.graphql.paging import cursor_of, page_info, page_size, place_of
from bingeboard.shows.graphql.inputs import ShowFilter
from bingeboard.shows.graphql.types import Platform, Show, ShowConnection, ShowEdge, platform_node, show_nodes
from bingeboard.shows.queries import (
    Place,
    ShowChoice,
    ShowFacts,
    all_platforms,
    catalogue_page,
    platforms_by_id,
    platforms_of,
    show_by_tmdb_id,
    shows_by_id,
)

SHOWS_A_PAGE = 20


@strawberry.type
class ShowsQuery:
    """The catalogue."""

    @strawberry.field(description="One title, by its id or its number at TMDB; null where there is none.")
    def show(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Global id of the title.")] = None,
        tmdb_id: Annotated[int | None, strawberry.argument(description="Its number at TMDB.")] = None,
    ) -> Show | None:
        if (id is None) == (tmdb_id is None):
            raise Invalid("show takes one of id and tmdbId")
        if tmdb_id is not None:
            return _one(show_by_tmdb_id(tmdb_id=tmdb_id))
        show_id = number_of(str(id), "Show")
        return _one(shows_by_id(show_ids=[show_id]).get(show_id))

    @strawberry.field(description="The catalogue, the most popular first.")
    def shows(
        self,
        info: Info,
        filter: Annotated[
            ShowFilter | None, strawberry.argument(description="Which titles; all where left out.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")] = SHOWS_A_PAGE,
        after: Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")] = None,
    ) -> ShowConnection:
        size = page_size(first, SHOWS_A_PAGE)
        facts = catalogue_page(
            choice=filter.choice() if filter else ShowChoice(),
            first=size + 1,
            after=_place(after),
            today=info.context.now.date(),
        )
        info.context.spend(len(facts))
        return _connection(facts, size, after)

    @strawberry.field(description="The streaming services there are, by name.")
    def platforms(self, info: Info) -> list[Platform]:
        return [platform_node(facts) for facts in all_platforms()]


def _one(facts: ShowFacts | None) -> Show | None:
    return show_nodes([facts])[0] if facts else None


def _place(after: str | None) -> Place | None:
    if after is None:
        return None
    popularity, show_id = place_of(after, (int, float, type(None)), int)
    return popularity, show_id


def _connection(facts: list[ShowFacts], size: int, after: str | None) -> ShowConnection:
    cursors = [cursor_of(f.popularity, f.id) for f in facts[:size]]
    edges = [ShowEdge(cursor=c, node=show) for c, show in zip(cursors, show_nodes(facts[:size]), strict=True)]
    return ShowConnection(edges=edges, page_info=page_info(cursors, has_next=len(facts) > size, after=after))


def _read_show(context: Context, key: str) -> Show | None:
    show_id = row_number(key, key)
    return _one(shows_by_id(show_ids=[show_id]).get(show_id))


def _read_platform(context: Context, key: str) -> Platform | None:
    platform_id = row_number(key, key)
    facts = platforms_by_id(platform_ids=[platform_id]).get(platform_id)
    return platform_node(facts) if facts else None


def _platforms(context: Context, show_ids: list[int]) -> Mapping[int, list[Platform]]:
    country = context.viewer.country if context.viewer else ""
    found = platforms_of(show_ids=show_ids, today=context.now.date(), region=country)
    return {show_id: [platform_node(p) for p in platforms] for show_id, platforms in found.items()}


NODES: NodeReaders = {"Show": _read_show, "Platform": _read_platform}
SOURCES: Mapping[str, Any] = {"platforms": _platforms}
