"""How the types of the floors below read batches: features, similar titles, the viewer's services and friends."""

from collections.abc import Mapping, Sequence
from typing import Any

from bingeboard.context import Context
from bingeboard.shows.graphql.types import ContentFeature, Platform, Show, SimilarShow, platform_node, show_nodes
from bingeboard.shows.queries import platforms_by_slug, shows_by_id
from bingeboard.users.graphql.types import User, user_node
from bingeboard.users.queries import usernames
from recommendations.graphql.lists import FeatureKey
from recommendations.queries import serving


def features(context: Context, show_ids: list[int], kinds: Sequence[str]) -> Mapping[int, list[ContentFeature]]:
    """Return each title's features."""
    found = serving.features_of(show_ids=show_ids, kinds=kinds)
    context.spend(sum(map(len, found.values())))
    return {show_id: [_feature(f) for f in found[show_id]] for show_id in found}


def named_features(context: Context, keys: list[FeatureKey]) -> Mapping[FeatureKey, ContentFeature]:
    """Return single features by title, kind and value."""
    return {key: _feature(found) for key, found in serving.features_named(keys=keys).items()}


def _feature(found: serving.Feature) -> ContentFeature:
    return ContentFeature(
        feature_type=found.feature_type,  # type: ignore[arg-type]  # enums take the table's own words
        feature_value=found.feature_value,
        weight=found.weight,
        source=found.source,
        confidence=found.confidence,
    )


def similar(context: Context, show_ids: list[int], kind: str | None, first: int) -> Mapping[int, list[SimilarShow]]:
    """Return the titles most like each; what is then asked of those is read for all of them."""
    found = serving.similar_to(show_ids=show_ids, kind=kind, first=first)
    context.spend(sum(map(len, found.values())))
    nodes = shows(context, list({like.show_id for likes in found.values() for like in likes}))
    return {
        show_id: [
            SimilarShow(show=nodes[like.show_id], score=like.score, by=like.by)  # type: ignore[arg-type]
            for like in likes
            if like.show_id in nodes
        ]
        for show_id, likes in found.items()
    }


def shows(context: Context, show_ids: list[int]) -> dict[int, Show]:
    """Return titles by id."""
    found = shows_by_id(show_ids=show_ids)
    nodes = show_nodes([found[show_id] for show_id in sorted(found)])
    return {node.pk: node for node in nodes}


def users(context: Context, user_ids: list[str]) -> dict[str, User]:
    """Return users by id, of those whom the viewer may see."""
    return {user_id: user_node(user_id, name) for user_id, name in usernames(user_ids=user_ids).items()}


def platforms_named(context: Context, slugs: list[str]) -> dict[str, Platform]:
    """Return services by slug."""
    return {slug: platform_node(facts) for slug, facts in platforms_by_slug(slugs=slugs).items()}


def preferences(context: Context, viewer_ids: list[str]) -> dict[str, Any]:
    """Return what viewers said and showed of services, by viewer and slug; only ever asked for the viewer."""
    return {viewer_id: serving.platform_preferences(user_id=viewer_id) for viewer_id in viewer_ids}


def is_friend(context: Context, user_ids: list[str]) -> dict[str, bool]:
    """Return who are the viewer's friends."""
    viewer = context.require_user()
    return dict.fromkeys(serving.friends_among(user_id=viewer.id, others=user_ids), True)


def shows_to_viewer(context: Context, user_ids: list[str]) -> dict[str, bool]:
    """Return whose acts the viewer may see now: friends, both of whom share."""
    viewer = context.require_user()
    return dict.fromkeys(serving.sharing_friends_among(user_id=viewer.id, others=user_ids), True)


SOURCES: Mapping[str, Any] = {
    "features": features,
    "named_features": named_features,
    "similar": similar,
    "shows": shows,
    "users": users,
    "platforms_by_slug": platforms_named,
    "platform_preferences": preferences,
    "is_friend": is_friend,
    "shows_to_viewer": shows_to_viewer,
}
