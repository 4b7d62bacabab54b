"""Bearer tokens: kept as hashes, good for what they were made for, worthless once revoked or expired."""

import datetime as dt

import pytest

from bingeboard.errors import Invalid, NotAllowed, NotFound, Unauthenticated
from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import hash_of, identify, issue_token, revoke_token, revoke_tokens_of
from tests.door import viewer

HOUR = dt.timedelta(hours=1)


def test_a_token_is_kept_as_a_hash_alone(ada: User, now: dt.datetime) -> None:
    token, plain = issue_token(user_id="ada", name="laptop", expires_at=now + HOUR, now=now)

    kept = ApiToken.objects.values().get()
    assert plain not in str(kept)
    assert kept["token_hash"] == hash_of(plain)
    assert plain.startswith(kept["prefix"])
    assert (kept["name"], kept["scopes"], kept["created_at"]) == ("laptop", ["viewer"], now)
    assert token.pk == kept["id"]


def test_no_two_tokens_are_alike(ada: User, now: dt.datetime) -> None:
    assert len({issue_token(user_id="ada", expires_at=None, now=now)[1] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"user_id": "nobody"}, "no user 'nobody'"),
        ({"scopes": ["viewer", "root"]}, "no scope 'root'; use viewer, act_as, curator, admin"),
        ({"scopes": []}, "needs a scope"),
        ({"scopes": ["admin"]}, "'ada' is not staff"),
        ({"name": "x" * 121}, "got 121"),
    ],
)
def test_a_token_that_can_not_be_right_is_not_made(ada: User, now: dt.datetime, wrong: dict, says: str) -> None:
    with pytest.raises((Invalid, NotFound), match=says):
        issue_token(**{"user_id": "ada", "expires_at": None, "now": now, **wrong})

    assert not ApiToken.objects.exists()


def test_a_token_must_expire_in_the_future(ada: User, now: dt.datetime) -> None:
    with pytest.raises(Invalid, match="in the future"):
        issue_token(user_id="ada", expires_at=now, now=now)


def test_a_token_holds_until_it_expires(ada: User, now: dt.datetime) -> None:
    _, plain = issue_token(user_id="ada", expires_at=now + HOUR, now=now)

    assert identify(plain=plain, viewer_id=None, now=now + HOUR - dt.timedelta(seconds=1)).viewer.id == "ada"
    with pytest.raises(Unauthenticated):
        identify(plain=plain, viewer_id=None, now=now + HOUR)


def test_a_revoked_token_is_refused_from_then_on(ada: User, now: dt.datetime) -> None:
    token, plain = issue_token(user_id="ada", expires_at=None, now=now)
    _, other = issue_token(user_id="ada", expires_at=None, now=now)

    assert revoke_token(token_id=token.pk, now=now)
    assert not revoke_token(token_id=token.pk, now=now + HOUR)

    with pytest.raises(Unauthenticated):
        identify(plain=plain, viewer_id=None, now=now)
    assert identify(plain=other, viewer_id=None, now=now).caller.id == "ada"
    token.refresh_from_db()
    assert token.revoked_at == now
    assert revoke_tokens_of(user_id="ada", now=now) == 1
    assert revoke_tokens_of(user_id="ada", now=now) == 0


def test_who_a_token_speaks_for(ada: User, bob: User, now: dt.datetime) -> None:
    boss = viewer("boss", is_staff=True)

    def speaks_for(holder: User, scopes: list[str], named: str | None) -> str | None:
        _, plain = issue_token(user_id=holder.pk, scopes=scopes, expires_at=None, now=now)
        identity = identify(plain=plain, viewer_id=named, now=now)
        assert identity.caller.id == holder.pk
        return identity.viewer.id if identity.viewer else None

    assert speaks_for(ada, ["viewer"], None) == "ada"
    assert speaks_for(ada, ["act_as"], None) is None
    assert speaks_for(ada, ["act_as"], "bob") == "bob"
    assert speaks_for(ada, ["viewer", "act_as"], None) == "ada"
    assert speaks_for(boss, ["curator"], None) == "boss"
    assert speaks_for(boss, ["viewer"], "boss") == "boss"
    for scopes in (["viewer"], ["admin"], ["curator", "viewer"]):
        with pytest.raises(NotAllowed):
            speaks_for(boss, scopes, "bob")
    with pytest.raises(NotFound):
        speaks_for(ada, ["act_as"], "nobody\0")


def test_use_is_noted_once_a_minute(ada: User, now: dt.datetime) -> None:
    token, plain = issue_token(user_id="ada", expires_at=None, now=now)

    def last_used(seconds: int) -> dt.datetime | None:
        identify(plain=plain, viewer_id=None, now=now + dt.timedelta(seconds=seconds))
        token.refresh_from_db()
        return token.last_used_at

    assert last_used(0) == now
    assert last_used(59) == now
    assert last_used(60) == now + dt.timedelta(seconds=60)
    assert last_used(30) == now + dt.timedelta(seconds=60)
