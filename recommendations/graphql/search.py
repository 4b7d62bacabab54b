"""Query.searchShows."""

from typing import Annotated

import strawberry

from bingeboard.context import Context, Info
from bingeboard.errors import Invalid
from bingeboard.graphql.paging import PageInfo, cursor_of, page_info, page_size, place_of
from bingeboard.shows.graphql.inputs import ShowFilter
from bingeboard.shows.graphql.types import Show, show_nodes
from bingeboard.shows.queries import ShowChoice, shows_by_id
from recommendations.queries.search import Found, Place, digest, search

FOUND_SHOWN = 20
# What a search counts, in rows: the titles that are looked at, so that aliases can not ask for many.
ROWS_A_SEARCH = 300


@strawberry.type(description="A title that was found, and where it stands.")
class ShowSearchEdge:
    """The usual Relay edge, with how well the title fits."""

    cursor: str = strawberry.field(description="Where this title stands in what was found.")
    node: Show = strawberry.field(description="The title.")
    score: float = strawberry.field(description="How well it fits; only comparable within one search.")


@strawberry.type(description="A page of what was found.")
class ShowSearchConnection:
    """The usual Relay connection."""

    edges: list[ShowSearchEdge] = strawberry.field(description="The titles, those that fit best first.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in what was found.")


@strawberry.type
class SearchQuery:
    """What is asked in words."""

    @strawberry.field(
        description="Meaning and words together: finds titles by what they are about, by name and by people."
    )
    def search_shows(
        self,
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="What is looked for, in words; a slip of the keys does no harm.")
        ],
        filter: Annotated[
            ShowFilter | None, strawberry.argument(description="Among which titles; all where left out.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")] = FOUND_SHOWN,
        after: Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")] = None,
    ) -> ShowSearchConnection:
        size = page_size(first, FOUND_SHOWN)
        choice = filter.choice() if filter else ShowChoice()
        mark = digest(text=query, choice=choice)
        place = _place(after, mark)
        info.context.spend(ROWS_A_SEARCH)
        found = search(text=query, choice=choice, first=size + 1, after=place, today=info.context.now.date())
        return _connection(info.context, found, size, after, mark)


def _place(after: str | None, mark: str) -> Place | None:
    if after is None:
        return None
    theirs, score, show_id = place_of(after, str, float, int)
    if theirs != mark:
        raise Invalid(f"after: {after[:60]!r} is a cursor of another search", field="after")
    return score, show_id


def _connection(context: Context, found: list[Found], size: int, after: str | None, mark: str) -> ShowSearchConnection:
    page = found[:size]
    context.spend(len(page))
    facts = shows_by_id(show_ids=[one.show_id for one in page])
    shows = show_nodes([facts[one.show_id] for one in page if one.show_id in facts])
    scores = {one.show_id: one.score for one in page}
    edges = [
        ShowSearchEdge(cursor=cursor_of(mark, scores[show.pk], show.pk), node=show, score=scores[show.pk])
        for show in shows
    ]
    cursors = [cursor_of(mark, one.score, one.show_id) for one in page]
    return ShowSearchConnection(edges=edges, page_info=page_info(cursors, has_next=len(found) > size, after=after))
