"""
What is held on a viewer, table by table: handed out as one document, and erased.

Every table of the database is classed here, ours and those that libraries bring; a test fails for one that is not.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Q

from bingeboard.errors import NotFound
from bingeboard.signin.services import forget
from bingeboard.users.models import User
from recommendations.pipeline import habits
from recommendations.queries.serving import sharing_friends_among
from social.models import Friendship, SocialSignal
from social.services import hide

_MINE = "t.user_id = %(user)s"


@dataclass(frozen=True)
class Own:
    """
    A table that holds rows of a viewer.

    where    which rows t are theirs; %(user)s is the viewer's id
    shown    which of those may be handed out; all where left out
    omit     columns that are secrets, and no facts about anybody
    order    in which order rows are handed out
    """

    where: str = _MINE
    shown: str = "true"
    omit: tuple[str, ...] = ()
    order: str = "id"


# What friends did is the viewer's to see only while both share, as everywhere.
_BOTH_SHARE = """(t.friend_id = %(user)s OR EXISTS (
    SELECT 1 FROM friendships f JOIN users a ON a.id = f.user_id AND a.share_with_friends AND a.is_active
    JOIN users b ON b.id = f.friend_id AND b.share_with_friends AND b.is_active
    WHERE f.status = 'accepted' AND least(f.user_id, f.friend_id) = least(t.user_id, t.friend_id)
      AND greatest(f.user_id, f.friend_id) = greatest(t.user_id, t.friend_id)))"""
_SHARES = "EXISTS (SELECT 1 FROM users u WHERE u.id = %(user)s AND u.share_with_friends)"
# Notes of what staff did: the viewer's own, and those about the viewer or rows of theirs, which repeat name or id.
_NOTED = """(t.user_id = %(user)s OR ((t.object_id = %(user)s OR t.object_repr ~ %(named)s) AND t.content_type_id IN (
    SELECT id FROM django_content_type WHERE app_label || '.' || model = ANY(%(models)s))))"""
OWN: dict[str, Own] = {
    "account_emailconfirmation": Own(
        where="t.email_address_id IN (SELECT a.id FROM account_emailaddress a WHERE a.user_id = %(user)s)",
        omit=("key",),
    ),
    "account_emailaddress": Own(),
    "api_tokens": Own(omit=("token_hash",)),
    "django_admin_log": Own(where=_NOTED, shown=_MINE),
    "friendships": Own(where="%(user)s IN (t.user_id, t.friend_id)"),
    "platform_user_preferences": Own(),
    "recommendation_candidates": Own(),
    "recommendation_experiments": Own(),
    "recommendation_feedback": Own(),
    "served_lists": Own(order="created_at"),
    "sessions": Own(omit=("session_key", "session_data"), order="expire_date"),
    "show_tags": Own(),
    "social_signals": Own(where="%(user)s IN (t.user_id, t.friend_id)", shown=_BOTH_SHARE),
    "taste_exclusions": Own(),
    "trending_cache": Own(where="t.trend_type = 'friend_network' AND t.segment->>'user' = %(user)s", shown=_SHARES),
    "user_behavior_events": Own(),
    "user_clusters": Own(),
    "user_context": Own(),
    "user_taste_profiles": Own(),
    "users_groups": Own(),
    "users_user_permissions": Own(),
    "viewer_checkpoints": Own(order="user_id"),
    "viewer_states": Own(order="user_id"),
    "watchlists": Own(),
    # Last: the rest refers to it.
    "users": Own(where="t.id = %(user)s", omit=("password",)),
}
NOT_ABOUT_VIEWERS: dict[str, str] = {
    "auth_group": "what kinds of staff there are",
    "auth_group_permissions": "what kinds of staff may do",
    "auth_permission": "what can be allowed",
    "cache_entries": "who tried to sign in too often, and who was erased, by hashes; gone in minutes, or a month",
    "content_embeddings": "what titles are like",
    "content_features": "what titles are like; viewers' tags are counted, not named",
    "content_similarity": "what titles are like; of viewers, how many",
    "django_celery_beat_clockedschedule": "when tasks run",
    "django_celery_beat_crontabschedule": "when tasks run",
    "django_celery_beat_intervalschedule": "when tasks run",
    "django_celery_beat_periodictask": "which tasks run",
    "django_celery_beat_periodictasks": "when the schedule changed",
    "django_celery_beat_solarschedule": "when tasks run",
    "django_content_type": "which models there are",
    "django_migrations": "how far the database is",
    "experiment_variants": "what is tried",
    "experiments": "what is tried",
    "model_artifacts": "fitted over all viewers, naming none; they forget whoever is gone with the next fit",
    "platforms": "the catalogue",
    "show_platforms": "the catalogue",
    "shows": "the catalogue; viewers' tags are counted, not named",
}


def everything_on(*, user_id: str, now: dt.datetime) -> dict[str, Any]:
    """
    Return all that is held on a viewer: {"exportedAt", "tables": {table: [row, ...]}}, of one moment.

    Of friends it holds what the viewer may see of them, and no more. Tokens and passwords are left out.

    Raises NotFound where there is no such viewer.
    """
    named = _named(user_id)
    parts, params = [], dict(named)
    for table, own in OWN.items():
        params[f"omit_{table}"] = list(own.omit)
        parts.append(
            f"SELECT '{table}', (SELECT coalesce(jsonb_agg(to_jsonb(t) - %(omit_{table})s::text[]"  # noqa: S608
            f" ORDER BY t.{own.order}), '[]') FROM {table} t WHERE {own.where} AND {own.shown})"
        )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        tables = {table: orjson.loads(rows) for table, rows in cursor.fetchall()}
    _hide_friends(user_id, tables)
    return {"exportedAt": now.isoformat(), "tables": tables}


def _hide_friends(user_id: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Leave out of lists and candidates the reasons that name friends who no longer show anything."""
    places = [item for kept in tables["served_lists"] for item in kept["items"]]
    places += [row["explanation"] for row in tables["recommendation_candidates"] if row["explanation"]]
    named = {friend for place in places for reason in _reasons(place) for friend in reason.get("friends") or ()}
    hidden = named - sharing_friends_among(user_id=user_id, others=sorted(named)) if named else set()
    for place in places if hidden else ():
        place["reasons"] = [r for r in _reasons(place) if hidden.isdisjoint(r.get("friends") or ())]


def _reasons(place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from place.get("reasons") or ()


def erase(*, user_id: str, now: dt.datetime) -> int:
    """
    Erase a viewer: their rows in every table, and what others were shown of them; returns how many rows went.

    One transaction. Acts that come in meanwhile are counted before it, and gone with the rest, or refused after it.

    Raises NotFound where there is no such viewer.
    """
    with transaction.atomic():
        # The same order as everywhere: the viewer's row, friendships, what is due for viewers, the rest.
        list(User.objects.select_for_update(no_key=True).filter(pk=user_id))
        params = _named(user_id)
        others = _known_to(user_id)
        habits.lock(user_ids=[user_id, *others])
        # From here on no list is kept that names them: it waits, and then finds nobody (see ServedList.save).
        list(User.objects.select_for_update().filter(pk=user_id))
        hide(user_id=user_id, others=others, now=now)
        forget(user_id=user_id, now=now)
        gone = 0
        with connection.cursor() as cursor:
            for table, own in OWN.items():
                cursor.execute(f"DELETE FROM {table} t WHERE {own.where}", params)  # noqa: S608 - constants of this module
                gone += cursor.rowcount
    return gone


def _known_to(user_id: str) -> list[str]:
    """Return whom a viewer shares a row with, and hold their friendships until the transaction ends."""
    pairs = Friendship.objects.select_for_update().filter(Q(user_id=user_id) | Q(friend_id=user_id)).order_by("pk")
    told = SocialSignal.objects.filter(Q(user_id=user_id) | Q(friend_id=user_id))
    rows = [*pairs.values_list("user_id", "friend_id"), *told.values_list("user_id", "friend_id")]
    return sorted({one for row in rows for one in row} - {user_id})


def _named(user_id: str) -> dict[str, Any]:
    """Return the viewer's id, how staff's notes name them (id or username, as a word of its own), and notes on what."""
    username = User.objects.filter(pk=user_id).values_list("username", flat=True).first()
    if username is None:
        raise NotFound("there is no such viewer")
    words = "|".join(re.escape(word) for word in sorted({user_id, username}))
    models = [model._meta.label_lower for model in apps.get_models() if model._meta.db_table in OWN]
    return {"user": user_id, "named": f"(^|[^[:alnum:]_-])({words})($|[^[:alnum:]_-])", "models": models}
