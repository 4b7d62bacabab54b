"""
Show and Platform, and what hangs on them.

Plain types over rows rather than model objects with an optimizer: measured here, a page of twenty costs less than half
of that. What a title has beside its row (features, similar titles, the viewer's view of a service) is asked of the
request's loaders by name, so that this floor need not know who keeps it; each is read once for all titles that were
read together, and only where it was asked for.
"""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from bingeboard.context import Info
from bingeboard.graphql.nodes import Node, global_id
from bingeboard.graphql.paging import PageInfo, page_size
from bingeboard.shows.graphql.enums import ContentType, FeatureType, SimilarityType
from bingeboard.shows.queries import PlatformFacts, ShowFacts

SIMILAR_SHOWN = 10


@strawberry.type(description="One thing that is true of a title, how strongly, and who says so.")
class ContentFeature:
    """A row of content_features."""

    feature_type: FeatureType = strawberry.field(description="What kind of thing it is.")
    feature_value: str = strawberry.field(description="The thing itself: a genre, a name, a word.")
    weight: float = strawberry.field(description="How much it makes the title what it is.")
    source: str = strawberry.field(description="Who says so: tmdb, ai_extracted, user_tagged or curated.")
    confidence: float = strawberry.field(description="How sure the source is, 0 to 1.")


@strawberry.type(description="A streaming service.")
class Platform(Node):
    """A service, and what the viewer told or showed of it."""

    slug: strawberry.Private[str]
    name: str = strawberry.field(description="What it is called.")

    @strawberry.field(description="Does the viewer have it? Null where nobody is signed in.")
    def has_subscription(self, info: Info) -> bool | None:
        return None if info.context.viewer is None else self._preference(info)[0]

    @strawberry.field(description="The viewer's share of recent watching that was here, 0 to 1.")
    def usage_frequency(self, info: Info) -> float | None:
        return None if info.context.viewer is None else self._preference(info)[1]

    @strawberry.field(description="How the viewer likes it, 0 to 1; null where nothing is known.")
    def preference_score(self, info: Info) -> float | None:
        return None if info.context.viewer is None else self._preference(info)[2]

    def _preference(self, info: Info) -> tuple[bool, float, float | None]:
        viewer = info.context.require_user()
        mine: dict[str, tuple[bool, float, float]] = info.context.loader("platform_preferences").get(viewer.id)
        return mine.get(self.slug, (False, 0.0, None))


@strawberry.type(description="A film or a series.")
class Show(Node):
    """A title; what is not in its row is read for all its peers at once."""

    pk: strawberry.Private[int]
    peers: strawberry.Private[Sequence[int]]
    tmdb_id: int | None = strawberry.field(description="Its number at TMDB.")
    title: str = strawberry.field(description="What it is called.")
    content_type: ContentType = strawberry.field(description="MOVIE or TV.")
    overview: str | None = strawberry.field(description="What it is about, in a few sentences.")
    release_year: int | None = strawberry.field(description="When it first came out.")
    runtime_minutes: int | None = strawberry.field(description="How long it, or one episode, is.")
    poster_path: str | None = strawberry.field(description="Where its poster is, as the catalogue has it.")
    rating: float | None = strawberry.field(description="What people give it on average, 0 to 10.")
    popularity: float | None = strawberry.field(description="How well known it is; only the order counts.")

    @strawberry.field(description="Where it can be watched today.")
    def platforms(self, info: Info) -> list[Platform]:
        return info.context.loader("platforms").get(self.pk, self.peers) or []

    @strawberry.field(description="What it is like, kind by kind, the most telling first.")
    def features(
        self,
        info: Info,
        types: Annotated[
            list[FeatureType] | None, strawberry.argument(description="Only these kinds; all where left out.")
        ] = None,
    ) -> list[ContentFeature]:
        kinds = tuple(sorted({kind.value for kind in types or ()}))
        return info.context.loader("features", kinds).get(self.pk, self.peers) or []

    @strawberry.field(description="Titles like it, the most alike first.")
    def similar(
        self,
        info: Info,
        by: Annotated[
            SimilarityType | None,
            strawberry.argument(description="In what respect; where left out, whichever each is most alike in."),
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")] = SIMILAR_SHOWN,
    ) -> list["SimilarShow"]:
        size = page_size(first, SIMILAR_SHOWN)
        loader = info.context.loader("similar", by.value if by else None, size)
        return loader.get(self.pk, self.peers) or []


@strawberry.type(description="A title that is like another.")
class SimilarShow:
    """A row of content_similarity, seen from the other title."""

    show: Show = strawberry.field(description="The title that is alike.")
    score: float = strawberry.field(description="How alike, -1 to 1.")
    by: SimilarityType = strawberry.field(description="In what respect.")


@strawberry.type(description="A title in a page, and where it stands.")
class ShowEdge:
    """The usual Relay edge."""

    cursor: str = strawberry.field(description="Where this title stands in the list.")
    node: Show = strawberry.field(description="The title.")


@strawberry.type(description="A page of titles.")
class ShowConnection:
    """The usual Relay connection."""

    edges: list[ShowEdge] = strawberry.field(description="The titles, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


def show_nodes(facts: Sequence[ShowFacts]) -> list[Show]:
    """Return titles as clients see them; what is asked of one of them later is read for all."""
    peers = [f.id for f in facts]
    return [_show_node(f, peers) for f in facts]


def _show_node(facts: ShowFacts, peers: Sequence[int]) -> Show:
    return Show(
        id=global_id("Show", facts.id),
        pk=facts.id,
        peers=peers,
        tmdb_id=facts.tmdb_id,
        title=facts.title,
        # Enums take the table's own words; making a member of each would cost more than the row.
        content_type=facts.content_type,  # type: ignore[arg-type]
        overview=facts.overview or None,
        release_year=facts.release_year,
        runtime_minutes=facts.runtime_minutes,
        poster_path=facts.poster_path or None,
        rating=facts.rating,
        popularity=facts.popularity,
    )


def platform_node(facts: PlatformFacts) -> Platform:
    """Return a service as clients see it."""
    return Platform(id=global_id("Platform", facts.id), slug=facts.slug, name=facts.name)
