"""Reads: users by id or name, tokens by what was shown of them."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import Q

from bingeboard.errors import Invalid, NotFound
from bingeboard.users.models import ApiToken, User


def user_named(*, name: str) -> User:
    """Return the user with this id, or else this username; NotFound naming it."""
    found = {user.id: user for user in User.objects.filter(Q(pk=name) | Q(username=name))}
    if not found:
        raise NotFound(f"there is no user {name!r}; give a users.id or a username", field="user")
    return found.get(name) or next(iter(found.values()))


def usernames(*, user_ids: Sequence[str]) -> dict[str, str]:
    """Return what the users with these ids are called, by id; those that are not there are left out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, username FROM users WHERE id = ANY(%s)", [list(user_ids)])
        return dict(cursor.fetchall())


def token_named(*, name: str) -> ApiToken:
    """Return the token with this row id or prefix; NotFound or Invalid naming it."""
    match = Q(prefix=name) | (Q(pk=int(name)) if name.isdecimal() and len(name) < 19 else Q(pk__in=[]))
    found = list(ApiToken.objects.filter(match)[:2])
    if not found:
        raise NotFound(f"there is no token {name!r}; give the id or the prefix that the admin shows", field="token")
    if len(found) > 1:
        raise Invalid(f"{name!r} is the prefix of several tokens; give the id of one", field="token")
    return found[0]
