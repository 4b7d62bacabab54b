"""Reads behind the API: what titles are like, what is like them, what trends, what a viewer likes and has."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, F, Q
from django.db.models.functions import Coalesce

from bingeboard.users.models import User
from recommendations.models import ContentFeature, FeatureType, PlatformUserPreference, TrendingEntry, UserTasteProfile

Place = tuple[float, int]
FEATURE_ORDER = {kind: place for place, kind in enumerate(FeatureType.values)}


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that is true of a title."""

    feature_type: str
    feature_value: str
    weight: float
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """A title that is like another, how much, and in what respect."""

    show_id: int
    score: float
    by: str


@dataclass(frozen=True, slots=True)
class Taste:
    """How much a viewer likes one thing; what they stated wins over what was learned."""

    id: int
    feature_type: str
    feature_value: str
    affinity: float
    confidence: float
    decay_rate: float
    last_updated: dt.datetime
    is_stated: bool


def features_of(*, show_ids: Sequence[int], kinds: Sequence[str] = ()) -> dict[int, list[Feature]]:
    """Return each title's features, kind by kind, the weightiest first; all kinds where none is named."""
    rows = ContentFeature.objects.filter(content__in=show_ids)
    if kinds:
        rows = rows.filter(feature_type__in=kinds)
    found: dict[int, list[Feature]] = {}
    columns = ("content_id", "feature_type", "feature_value", "weight", "source", "confidence")
    for show_id, *feature in rows.order_by("-weight", "feature_value").values_list(*columns):
        found.setdefault(show_id, []).append(Feature(*feature))
    for features in found.values():
        features.sort(key=lambda feature: FEATURE_ORDER[feature.feature_type])
    return found


def features_named(*, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], Feature]:
    """Return features by (title, kind, value); those that are no more are left out."""
    if not keys:
        return {}
    show_ids, kinds, values = (list(column) for column in zip(*keys, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_id, feature_type, feature_value, weight, source, confidence FROM content_features"
            " WHERE (content_id, feature_type, feature_value)"
            " IN (SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[]))",
            [show_ids, kinds, values],
        )
        return {(row[0], row[1], row[2]): Feature(*row[1:]) for row in cursor.fetchall()}


# The best row a pair first, then the best pairs a title; titles that are off are never shown beside another.
_SIMILAR = """
SELECT content_id_a, content_id_b, similarity_score, similarity_type FROM (
    SELECT *, row_number() OVER (PARTITION BY content_id_a ORDER BY similarity_score DESC, content_id_b) AS place
    FROM (
        SELECT DISTINCT ON (s.content_id_a, s.content_id_b)
               s.content_id_a, s.content_id_b, s.similarity_score, s.similarity_type
        FROM content_similarity s JOIN shows b ON b.id = s.content_id_b AND b.is_active
        WHERE s.content_id_a = ANY(%(shows)s) AND (%(kind)s::text IS NULL OR s.similarity_type = %(kind)s)
        ORDER BY s.content_id_a, s.content_id_b, s.similarity_score DESC, s.similarity_type
    ) AS best
) AS ranked WHERE place <= %(first)s ORDER BY content_id_a, place
"""


def similar_to(*, show_ids: Sequence[int], kind: str | None, first: int) -> dict[int, list[Likeness]]:
    """Return the titles most like each; without a kind each pair counts in the respect it is most alike in."""
    found: dict[int, list[Likeness]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SIMILAR, {"shows": list(show_ids), "kind": kind, "first": first})
        for show_id, *likeness in cursor.fetchall():
            found.setdefault(show_id, []).append(Likeness(*likeness))
    return found


def trending(
    *, window: str, scope: str, segment: Mapping[str, str], first: int, now: dt.datetime
) -> list[tuple[int, float]]:
    """Return (title, score) of what trends now, the strongest first."""
    rows = TrendingEntry.objects.filter(
        trend_type=scope, time_window=window, expires_at__gt=now, content__is_active=True
    )
    if "user" in segment:
        # Consent is asked at read: whoever does not share sees nothing of friends.
        rows = rows.filter(Exists(User.objects.filter(pk=segment["user"], share_with_friends=True)))
    # People type genres in small letters; services and viewers are named exactly.
    if "genre" in segment:
        rows = rows.filter(segment__genre__iexact=segment["genre"])
    else:
        rows = rows.filter(segment=dict(segment))
    return list(rows.order_by("-trend_score", "content_id").values_list("content_id", "trend_score")[:first])


def taste_of(*, user_id: str, kind: str | None, first: int, after: Place | None) -> list[Taste]:
    """
    Return what a viewer likes, the most liked first; after an (affinity, row) where a page ended.

    What was forgotten and has not been learned again is left out.
    """
    rows = UserTasteProfile.objects.filter(user=user_id).annotate(
        affinity=Coalesce("stated_affinity", "affinity_score"), is_stated=Q(stated_affinity__isnull=False)
    )
    rows = rows.filter(Q(is_stated=True) | Q(confidence__gt=0))
    if kind is not None:
        rows = rows.filter(feature_type=kind)
    if after is not None:
        affinity, row = after
        rows = rows.filter(Q(affinity__lt=affinity) | Q(affinity=affinity, id__gt=row))
    columns = ("id", "feature_type", "feature_value", "affinity", "confidence", "decay_rate", "last_updated")
    page = rows.order_by(F("affinity").desc(), "id").values_list(*columns, "is_stated")[:first]
    return [Taste(*row) for row in page]


def platform_preferences(*, user_id: str) -> dict[str, tuple[bool, float, float]]:
    """Return (has it, share of use, preference) by a service's slug."""
    columns = ("platform_name", "has_subscription", "usage_frequency", "preference_score")
    rows = PlatformUserPreference.objects.filter(user=user_id).values_list(*columns)
    return {slug: (has, use, preference) for slug, has, use, preference in rows}


def friends_among(*, user_id: str, others: Sequence[str]) -> set[str]:
    """Return which of these users are friends of the viewer, both having agreed."""
    return {other for other, _ in _friendships(user_id, others)}


def sharing_friends_among(*, user_id: str, others: Sequence[str]) -> set[str]:
    """Return whose acts the viewer may see: friends, where both share with friends."""
    return {other for other, both_share in _friendships(user_id, others) if both_share}


def _friendships(user_id: str, others: Sequence[str]) -> list[tuple[str, bool]]:
    """Return (friend, whether both share) of those of the others who are the viewer's friends."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT other.id, other.share_with_friends AND me.share_with_friends
            FROM users me JOIN users other ON other.id = ANY(%(others)s)
                JOIN friendships f ON f.status = 'accepted' AND (
                    (f.user_id = me.id AND f.friend_id = other.id) OR (f.user_id = other.id AND f.friend_id = me.id))
            WHERE me.id = %(me)s
            """,
            {"me": user_id, "others": list(others)},
        )
        return cursor.fetchall()
