"""Served rows -> recommendations as clients see them: pages, places and the evidence behind reasons."""

import datetime as dt
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import strawberry

from bingeboard.context import Context
from bingeboard.errors import NotFound, Stale
from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of, page_info
from bingeboard.shows.graphql.types import ContentFeature, Platform, Show, show_nodes
from bingeboard.shows.queries import shows_by_id
from bingeboard.users.graphql.types import User
from recommendations.engine.config import DEFAULT
from recommendations.graphql.types import (
    AlgorithmScore,
    Reason,
    Recommendation,
    RecommendationConnection,
    RecommendationEdge,
    ScoreBreakdown,
)
from recommendations.models import ServedList
from recommendations.pipeline.served import read_served
from recommendations.pipeline.wording import Names

Item = dict[str, Any]
# A title, the kind of a feature and its value.
FeatureKey = tuple[int, str, str]


class Evidence:
    """What all the reasons of a page point at, so that each kind of thing is read once for the page."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.show_ids: list[int] = []
        self.friend_ids: list[str] = []
        self.platform_slugs: list[str] = []
        self.features: list[FeatureKey] = []
        self.reasons: list[Item] = []
        self._names, self._n_named = Names.of([]), 0

    def names(self) -> Names:
        """Return what all that the reasons name is called."""
        if self._n_named < len(self.reasons):
            self._names, self._n_named = Names.of(self.reasons), len(self.reasons)
        return self._names


class Given:
    """
    What a Reason's fields are read from: the kept evidence, and the things that it names, read when asked for.

    Plain properties instead of resolvers: a page has hundreds, and a resolver costs ten times as much.
    """

    __slots__ = ("_evidence", "_feature", "_reason", "kind", "weight")

    def __init__(self, reason: Item, show_id: int, evidence: Evidence) -> None:
        self.kind, self.weight = reason["kind"], reason["weight"]
        self._reason, self._evidence = reason, evidence
        feature = reason.get("feature")
        self._feature = (show_id, *feature) if feature else None
        evidence.reasons.append(reason)
        evidence.show_ids += reason.get("shows") or ()
        evidence.friend_ids += reason.get("friends") or ()
        evidence.platform_slugs += [reason["platform"]] if reason.get("platform") else ()
        evidence.features += [self._feature] if self._feature else ()

    @property
    def text(self) -> str:
        """Return the evidence in words; what speaks of somebody else has been worded by who knows whom."""
        said = self._reason.get("text")
        if said is not None:
            return str(said)
        return self._evidence.names().sentence(self._reason)

    @property
    def shows(self) -> list[Show]:
        return self._things("shows", self._reason.get("shows"), self._evidence.show_ids)

    @property
    def friends(self) -> list[User]:
        return self._things("users", self._reason.get("friends"), self._evidence.friend_ids)

    @property
    def platform(self) -> Platform | None:
        slugs = [self._reason["platform"]] if self._reason.get("platform") else []
        return next(iter(self._things("platforms_by_slug", slugs, self._evidence.platform_slugs)), None)

    @property
    def feature(self) -> ContentFeature | None:
        keys = [self._feature] if self._feature else []
        return next(iter(self._things("named_features", keys, self._evidence.features)), None)

    def _things(self, source: str, keys: Sequence[Any] | None, among: Sequence[Any]) -> list[Any]:
        """Return what the keys name; what is there no more is left out."""
        if not keys:
            return []
        loader = self._evidence.context.loader(source)
        return [thing for thing in (loader.get(key, among) for key in keys) if thing is not None]


class Placed(Recommendation):
    """A place of a served list: what of a Recommendation takes making is made when it is asked for."""

    def __init__(
        self, served: ServedList, item: Item, show: Show, reasons: list[Reason], expires_at: dt.datetime
    ) -> None:
        self._served, self._item = served, item
        self.show, self.reasons = show, reasons
        self.position, self.algorithm, self.propensity = item["position"], item["algorithm"], item["propensity"]
        self.score = item["breakdown"]["final_score"]
        self.generated_at, self.expires_at = served.generated_at, expires_at

    @property
    def id(self) -> strawberry.ID:  # type: ignore[override]
        return global_id("Recommendation", f"{self._served.request_id}:{self.position}")

    @property
    def cursor(self) -> str:
        return _cursor(self._served, self._item)

    @property
    def breakdown(self) -> ScoreBreakdown:  # type: ignore[override]
        return breakdown(self._item["breakdown"], self._item["parts"])


class Edge:
    """What a RecommendationEdge's fields are read from."""

    __slots__ = ("node",)

    def __init__(self, node: Placed) -> None:
        self.node = node

    @property
    def cursor(self) -> str:
        return self.node.cursor


def _cursor(served: ServedList, item: Item) -> str:
    return cursor_of(str(served.request_id), item["position"])


def connection(
    context: Context, served: ServedList, *, start: int, size: int, after: str | None
) -> RecommendationConnection:
    """Return the page of a served list that begins behind its first `start` places."""
    # Places are counted from 1 without a gap.
    wanted = served.items[start : start + size]
    # Places whose title is gone keep their cursor, so that a page can be empty and still have one after it.
    ends = [_cursor(served, item) for item in (*wanted[:1], *wanted[-1:])]
    edges = [cast(RecommendationEdge, Edge(r)) for r in _recommendations(context, served, wanted)]
    return RecommendationConnection(
        request_id=strawberry.ID(str(served.request_id)),
        experiment=served.experiment_name or None,
        variant=served.variant or None,
        edges=edges,
        page_info=page_info(ends, has_next=len(served.items) > start + size, after=after),
    )


def rows(context: Context, served: ServedList, counts: Sequence[int]) -> list[list[Recommendation]]:
    """Return a kept page's places, cut into rows of so many; a row may be shorter than it was, or empty."""
    found = {r.position: r for r in _recommendations(context, served, list(served.items))}
    ends = [sum(counts[: place + 1]) for place in range(len(counts))]
    return [
        [found[place] for place in range(end - count + 1, end + 1) if place in found]
        for end, count in zip(ends, counts, strict=True)
    ]


def read_recommendation(context: Context, key: str) -> Recommendation | None:
    """Return one place of one of the viewer's lists; None where there is none, or it is somebody else's."""
    request_id, _, position = key.partition(":")
    if context.viewer is None or not re.fullmatch(r"[0-9]{1,5}", position):
        return None
    try:
        served = read_served(user_id=context.viewer.id, request_id=UUID(request_id), now=context.now)
    except (NotFound, Stale, ValueError):
        return None
    found = [item for item in served.items if item["position"] == int(position)]
    return next(iter(_recommendations(context, served, found)), None)


def _recommendations(context: Context, served: ServedList, items: Sequence[Item]) -> list[Placed]:
    """
    Return the items as clients see them.

    A kept list may have outlived what it speaks of: titles that are gone are left out, and so is what friends no
    longer show.
    """
    shows = _shows(context, items)
    hidden = _hidden_friends(context, items)
    evidence = Evidence(context)
    expires_at = served.generated_at + dt.timedelta(hours=DEFAULT.candidates.lifetime)
    made = []
    for item in items:
        show = shows.get(item["show"])
        reasons = [r for r in item["reasons"] if hidden.isdisjoint(r.get("friends") or ())]
        if show is not None and reasons:
            made.append(
                Placed(served, item, show, [cast(Reason, Given(r, show.pk, evidence)) for r in reasons], expires_at)
            )
    return made


def _shows(context: Context, items: Sequence[Item]) -> dict[int, Show]:
    context.spend(len(items))
    facts = shows_by_id(show_ids=[item["show"] for item in items])
    in_order = [facts[item["show"]] for item in items if item["show"] in facts]
    return {show.pk: show for show in show_nodes(in_order)}


def _hidden_friends(context: Context, items: Sequence[Item]) -> set[str]:
    named = {friend for item in items for reason in item["reasons"] for friend in reason.get("friends") or ()}
    shown = context.loader("shows_to_viewer")
    return {friend for friend in sorted(named) if not shown.get(friend, sorted(named))}


class Scores(SimpleNamespace):
    """What a ScoreBreakdown's fields are read from: the parts of a score as served lists keep them."""

    @property
    def algorithms(self) -> list[AlgorithmScore]:
        return [
            AlgorithmScore(algorithm=name, score=score, weight=weight, rank=rank)
            for name, score, weight, rank in self.told
        ]


def breakdown(parts: Item, algorithms: Sequence[Sequence[Any]]) -> ScoreBreakdown:
    """Return every part of a score, from how served lists keep them."""
    return cast(ScoreBreakdown, Scores(**parts, told=algorithms))
