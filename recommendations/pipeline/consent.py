"""What a viewer agrees to: that what they do shapes their lists, and that friends see of it."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection, transaction

from bingeboard.errors import NotFound
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import ServedList, ViewerCheckpoint, ViewerState
from recommendations.pipeline import folding, habits, profiles
from social.services import set_sharing


@dataclass(frozen=True)
class Consent:
    """What holds for a viewer."""

    personalisation: bool
    share_with_friends: bool


def set_consent(
    *,
    user_id: str,
    personalisation: bool | None = None,
    share_with_friends: bool | None = None,
    now: dt.datetime,
    config: EngineConfig = DEFAULT,
) -> Consent:
    """
    Keep what a viewer agrees to, and make everything follow it, at once; None leaves it as it is.

    Returns what holds then. Saying the same again changes nothing.

    Raises NotFound where there is no such viewer.
    """
    with transaction.atomic():
        # The same order as everywhere: the viewer's row, then what is due for them.
        viewer = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if viewer is None:
            raise NotFound("there is no such viewer")
        if share_with_friends is not None:
            set_sharing(user_id=user_id, share=share_with_friends, now=now)
        if personalisation is not None and personalisation != viewer.personalisation:
            _set_personalisation(user_id, personalisation, now, config)
        kept = User.objects.only("personalisation", "share_with_friends").get(pk=user_id)
    return Consent(kept.personalisation, kept.share_with_friends)


def _set_personalisation(user_id: str, allowed: bool, now: dt.datetime, config: EngineConfig) -> None:
    habits.lock(user_ids=[user_id])
    User.objects.filter(pk=user_id).update(personalisation=allowed)
    if not allowed:
        _forget(user_id, now)
    # Of who does not allow it nothing is derived: this leaves what the viewer stated, and nothing else.
    profiles.rebuild_held(user_ids=[user_id], config=config)
    # An act that waits for this row has read the consent as it was; the row it reads again, and so asks anew.
    ViewerState.objects.filter(pk=user_id).update(profiled_through=folding.ANEW)
    habits.touch(user_id=user_id, now=now)


def _forget(user_id: str, now: dt.datetime) -> None:
    """
    Delete what was made of a viewer's acts beside the profile.

    The acts stay: which titles are dealt with is no taste, and consent given again has the profile worked out from
    them anew. What had left the events can not come back. Kept lists are past their retention from now on.
    """
    with connection.cursor() as cursor:
        for table in ("user_clusters", "recommendation_candidates"):
            cursor.execute(f"DELETE FROM {table} WHERE user_id = %s", [user_id])  # noqa: S608 - one of two constants
    ServedList.objects.filter(user_id=user_id, expires_at__gt=now).update(expires_at=now)
    kept = ViewerCheckpoint.objects.filter(pk=user_id).first()
    if kept is not None:
        kept.taste, kept.contexts, kept.platforms, kept.sessions = [], [], [], []
        kept.titles = [[show_id, 0.0, 0.0, 0.0, 1] for show_id, *_, dealt_with in kept.titles if dealt_with]
        kept.updated_at = now
        kept.save()
