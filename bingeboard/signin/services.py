"""Who a bearer token speaks for, whichever kind it is: an API token, a session's, or an outside provider's."""

import datetime as dt

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from bingeboard.errors import Unauthenticated
from bingeboard.signin import erasures
from bingeboard.signin.models import CacheEntry, Session
from bingeboard.signin.sessions import kept
from bingeboard.signin.tokens import PREFIX, key_of
from bingeboard.users import services as users
from bingeboard.users.models import User
from bingeboard.users.services import REFUSED, VIEWER, Identity


def identify(*, plain: str, viewer_id: str | None, now: dt.datetime) -> Identity:
    """
    Return who a bearer token speaks for.

    viewer_id   the viewer that a service acts for (X-Viewer-Id); None where none was named

    People who sign in act as viewers, staff too: work of staff needs the admin, or a token made for it.
    """
    user = _person(plain, now)
    if user is not None:
        return users.speaking_for(caller=user, scopes=frozenset({VIEWER}), viewer_id=viewer_id)
    return users.identify(plain=plain, viewer_id=viewer_id, now=now)


def _person(token: str, now: dt.datetime) -> User | None:
    """Return whose token it is, by session or by an outside provider; None where it is of neither kind."""
    if token.startswith(PREFIX):
        return _signed_in(token, now)
    if token.count(".") != 2 or not settings.JWT_ISSUER:
        return None
    # What it takes to check one is a third of a second to load, and most never do.
    from bingeboard.signin.outside import provider

    outside = provider()
    return None if outside is None else outside.viewer(token)


def _signed_in(token: str, now: dt.datetime) -> User:
    """Return whose session it is: signed in to the end, not over, and with the password of today."""
    key = key_of(token)
    held = (
        Session.objects.select_related("user").filter(session_key=kept(key), expire_date__gt=now).first()
        if key
        else None
    )
    if held is None or held.user is None or not held.user.is_active:
        raise Unauthenticated(REFUSED)
    said = held.get_decoded()
    same_password = constant_time_compare(said.get(HASH_SESSION_KEY, ""), held.user.get_session_auth_hash())
    if said.get(SESSION_KEY) != held.user.pk or not same_password:
        raise Unauthenticated(REFUSED)
    return held.user


def end_sessions_of(*, user_id: str) -> int:
    """Sign a user out everywhere, browsers and apps; returns how many sessions that ended."""
    return Session.objects.filter(user_id=user_id).delete()[0]


def forget(*, user_id: str, now: dt.datetime) -> None:
    """
    Do what erasing a viewer takes beside their rows; it is for their rows to be there still.

    No token that they hold makes them anew, and sessions of strangers who typed their address go.
    """
    erasures.remember(user_id=user_id, at=now.timestamp())
    addresses = {*EmailAddress.objects.filter(user_id=user_id).values_list("email", flat=True)}
    addresses |= {*User.objects.filter(pk=user_id).values_list("email", flat=True)}
    named = {address.lower() for address in addresses if address}
    if named:
        # Few, since they last an hour.
        strangers = Session.objects.filter(user=None).iterator()
        found = [held.pk for held in strangers if any(address in str(held.get_decoded()).lower() for address in named)]
        Session.objects.filter(pk__in=found).delete()


def purge(*, now: dt.datetime) -> int:
    """Let sessions and locks go whose time is over; returns how many went."""
    over = Session.objects.filter(expire_date__lt=now), CacheEntry.objects.filter(expires__lt=now)
    return sum(rows.delete()[0] for rows in over)
