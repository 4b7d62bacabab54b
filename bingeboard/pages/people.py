"""
Whom the variables of a ready-made operation name, where it is about another viewer.

Somebody of whoever is signed in; where nobody is and the demo is on, of the first made-up viewer, whose token
`make demo` prints. Elsewhere the page tells nobody who there is: the id is of somebody whom there is not.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import F, Q

from bingeboard.demo.generator import NAMED, OTHERS
from bingeboard.graphql.nodes import global_id
from bingeboard.users.models import User
from social.models import Friendship, FriendshipStatus
from social.queries import friend_network, friends_of

NOBODY = str(global_id("User", "somebody"))


def asking(user_id: str | None) -> str | None:
    """Return whose friends are meant: the user's, else the first made-up viewer's; None where the demo is off."""
    return user_id or (NAMED[0][0] if settings.DEMO else None)


def friend_of(viewer_id: str | None) -> str:
    """Return the global id of a friend of a viewer's, one with whom they share if they have one."""
    if viewer_id is None:
        return NOBODY
    sharing = [other for _, others in friend_network(user_ids=[viewer_id]) for other in others]
    return _first(sharing or friends_of(user_id=viewer_id))


def asker_of(viewer_id: str | None) -> str:
    """Return the global id of somebody who waits for a viewer's answer, or has had their yes."""
    asked = Friendship.objects.filter(friend_id=viewer_id).exclude(status=FriendshipStatus.DECLINED)
    waiting_first = asked.order_by(F("answered_at").asc(nulls_first=True), "user_id")
    return _first(waiting_first.values_list("user_id", flat=True)[:1])


def stranger_to(viewer_id: str | None) -> str:
    """Return the global id of a made-up viewer who has nothing to do with a viewer, where the demo is on."""
    if not settings.DEMO or viewer_id is None:
        return NOBODY
    pairs = Friendship.objects.filter(Q(user_id=viewer_id) | Q(friend_id=viewer_id))
    known = {viewer_id, *(one for pair in pairs.values_list("user_id", "friend_id") for one in pair)}
    made_up = User.objects.filter(pk__regex=rf"^{OTHERS}\d+$", is_active=True).exclude(pk__in=known)
    return _first(made_up.order_by("pk").values_list("pk", flat=True)[:1])


def _first(ids: Iterable[str]) -> str:
    return next((str(global_id("User", one)) for one in ids), NOBODY)
