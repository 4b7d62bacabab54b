"""People sign up, in and out by the real pages; a token that does not hold any more is refused by the next request."""

import datetime as dt
import json
import socket
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from bingeboard.errors import Unauthenticated
from bingeboard.signin.models import CacheEntry, Session
from bingeboard.signin.services import end_sessions_of, purge
from bingeboard.sockets import Caller
from bingeboard.users.models import User
from recommendations.pipeline.holdings import erase
from tests.door import viewer
from tests.signin import PASSWORD, SignIn, code_mailed

NEW_PASSWORD = "staple another 77"
GONE = "UNAUTHENTICATED"


def test_somebody_signs_up_and_asks_in_their_own_name(app: SignIn) -> None:
    begun = app.call("POST", "auth/signup", {"email": "Eve@example.org", "username": "eve", "password": PASSWORD})
    assert begun.status_code == 401
    pending = begun.json()["meta"]["session_token"]
    assert app.who(pending) == "UNAUTHENTICATED"

    done = app.call("POST", "auth/email/verify", {"key": code_mailed()}, token=pending)
    token = done.json()["meta"].get("session_token", pending)

    assert done.status_code == 200, done.content
    user = User.objects.get(email="eve@example.org")
    assert user.username.startswith("eve-")
    assert app.who(token) == user.username
    assert not user.is_staff


@pytest.fixture
def dashed(db: None) -> User:
    """A viewer as imports bring them: with a dash in the id, and without a mail address that anybody verified."""
    return User.objects.create_user("Dash", PASSWORD, id="demo-dash-7", email="dash@example.org")


@pytest.mark.parametrize("name", ["username", "email"])
def test_a_viewer_of_an_import_signs_in_by_name_or_address(app: SignIn, dashed: User, name: str) -> None:
    for _ in range(2):
        response = app.call("POST", "auth/login", {name: getattr(dashed, name), "password": PASSWORD})

        assert response.status_code == 200, response.content
        assert response.json()["data"]["user"]["id"] == "demo-dash-7"
        assert app.who(response.json()["meta"]["session_token"]) == "Dash"


def test_somebody_without_a_mail_address_signs_in_by_name(app: SignIn) -> None:
    User.objects.create_user("nomail", PASSWORD)

    assert app.who(app.sign_in("nomail")) == "nomail"


def test_an_address_that_is_not_verified_signs_nobody_in(app: SignIn) -> None:
    app.call("POST", "auth/signup", {"email": "eve@example.org", "password": PASSWORD})
    CacheEntry.objects.all().delete()

    response = app.call("POST", "auth/login", {"email": "eve@example.org", "password": PASSWORD})

    assert response.status_code == 401
    assert app.who(response.json()["meta"]["session_token"]) == GONE


def test_whoever_signs_out_is_refused_by_the_next_request(app: SignIn, dashed: User) -> None:
    token, other = app.sign_in("Dash"), app.sign_in("Dash")
    assert (app.who(token), app.who(other)) == ("Dash", "Dash")

    answer = app.call("DELETE", "auth/session", token=token)

    assert answer.status_code == 401
    assert (app.who(token), app.who(other)) == (GONE, "Dash")
    assert app.call("GET", "auth/session", token=token).status_code == 410


def test_the_side_door_of_sockets_knows_the_same_tokens(app: SignIn, dashed: User) -> None:
    token = app.sign_in("Dash")
    caller = Caller({"headers": [(b"authorization", f"Bearer {token}".encode())]}, socket=None)  # type: ignore[arg-type]
    assert caller.context().viewer == dashed

    app.call("DELETE", "auth/session", token=token)

    with pytest.raises(Unauthenticated):
        caller.context()


def test_the_bearer_header_will_do_to_sign_out(app: SignIn, dashed: User) -> None:
    token = app.sign_in("Dash")

    app.call("DELETE", "auth/session", HTTP_AUTHORIZATION=f"Bearer {token}")

    assert app.who(token) == GONE


def test_a_new_password_ends_every_other_session(app: SignIn, dashed: User) -> None:
    mine, stolen = app.sign_in("Dash"), app.sign_in("Dash")
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    wrong = app.call("POST", "account/password/change", {**change, "current_password": "not it"}, token=mine)
    weak = app.call("POST", "account/password/change", {**change, "new_password": "12345678"}, token=mine)
    assert (wrong.status_code, weak.status_code, app.who(stolen)) == (400, 400, "Dash")
    done = app.call("POST", "account/password/change", change, token=mine)

    assert done.status_code == 200, done.content
    assert app.who(done.json()["meta"].get("session_token", mine)) == "Dash"
    assert app.who(stolen) == GONE
    assert app.who(app.sign_in("Dash", NEW_PASSWORD)) == "Dash"


def test_a_forgotten_password_is_replaced_by_a_code_from_a_mail(app: SignIn, dashed: User) -> None:
    before = app.sign_in("Dash")
    begun = app.call("POST", "auth/password/request", {"email": dashed.email})
    pending = begun.json()["meta"]["session_token"]
    assert begun.status_code == 401
    assert mail.outbox[-1].to == [dashed.email]
    assert app.who(pending) == GONE

    wrong = app.call("POST", "auth/password/reset", {"key": "XXXX-XXXX", "password": NEW_PASSWORD}, token=pending)
    done = app.call("POST", "auth/password/reset", {"key": code_mailed(), "password": NEW_PASSWORD}, token=pending)

    assert wrong.status_code == 400
    assert done.status_code in (200, 401), done.content
    assert app.who(before) == GONE
    assert app.who(app.sign_in("Dash", NEW_PASSWORD)) == "Dash"


def test_whoever_is_shut_out_signed_out_by_staff_or_late_is_refused_at_once(app: SignIn, dashed: User) -> None:
    first, second = app.sign_in("Dash"), app.sign_in("Dash")

    User.objects.update(is_active=False)
    assert app.who(first) == GONE
    assert app.call("POST", "auth/login", {"username": "Dash", "password": PASSWORD}).status_code != 200
    User.objects.update(is_active=True)
    assert app.who(first) == "Dash"
    Session.objects.filter(user=dashed).update(expire_date=timezone.now())
    assert app.who(first) == GONE
    Session.objects.filter(user=dashed).update(expire_date=timezone.now() + dt.timedelta(hours=1))
    assert app.who(second) == "Dash"
    assert end_sessions_of(user_id=dashed.pk) == 2
    assert (app.who(first), app.who(second)) == (GONE, GONE)


def test_the_table_holds_no_token_that_would_work(app: SignIn, dashed: User) -> None:
    token = app.sign_in("Dash")
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM sessions s")
        rows = " ".join(row for (row,) in cursor.fetchall())

    assert token.removeprefix("bs_") not in rows
    assert app.who(f"bs_{Session.objects.get().session_key[:32]}") == GONE
    assert app.who(Session.objects.get().session_key) == GONE


@pytest.mark.parametrize(
    "token", ["bs_", "bs_" + "x" * 32, "bs_" + "X" * 32, "bs_" + "x" * 100_000, "bs_ü\x00", "bs_' or 1"]
)
def test_tokens_that_are_none_look_like_those_that_have_ended(app: SignIn, dashed: User, token: str) -> None:
    ended = app.sign_in("Dash")
    end_sessions_of(user_id=dashed.pk)

    assert app.ask("{ me { id } }", token=token) == app.ask("{ me { id } }", token=ended)
    assert app.call("GET", "auth/session", token=token).status_code == 410


def test_a_session_token_speaks_for_its_holder_as_a_viewer(app: SignIn) -> None:
    User.objects.create_user("boss", PASSWORD, id="boss", is_staff=True, is_superuser=True)
    viewer("else")
    token = app.sign_in("boss")

    assert app.code("{ experiments { name } }", token=token) == "FORBIDDEN"
    assert app.code("{ me { id } }", token=token, viewer="else") == "FORBIDDEN"
    assert app.data("{ me { username } }", token=token, viewer="boss") == {"me": {"username": "boss"}}


def test_an_erased_viewer_is_a_stranger_wherever_they_were_signed_in(app: SignIn, dashed: User) -> None:
    token = app.sign_in("Dash")
    under_way = app.call("POST", "auth/password/request", {"email": dashed.email}).json()["meta"]["session_token"]
    assert Session.objects.filter(user=dashed).count() == 2

    erase(user_id=dashed.pk, now=timezone.now())

    assert (app.who(token), app.who(under_way)) == (GONE, GONE)
    assert app.call("GET", "auth/session", token=token).status_code == 410
    assert not Session.objects.exists()


def test_an_address_typed_by_a_stranger_goes_with_its_viewer(app: SignIn, dashed: User) -> None:
    EmailAddress.objects.create(user=dashed, email="dash@example.org", verified=True, primary=True)
    app.call("POST", "auth/signup", {"email": "dash@example.org", "password": PASSWORD})
    app.call("POST", "auth/signup", {"email": "else@example.org", "password": PASSWORD})
    assert "dash@example.org" in str([session.get_decoded() for session in Session.objects.all()])

    erase(user_id=dashed.pk, now=timezone.now())

    left = str([session.get_decoded() for session in Session.objects.all()])
    assert "dash@example.org" not in left
    assert "else@example.org" in left


def test_who_is_not_signed_in_yet_is_remembered_for_an_hour(app: SignIn, dashed: User) -> None:
    app.call("POST", "auth/password/request", {"email": dashed.email})
    app.sign_in("Dash")
    left = sorted(session.expire_date - timezone.now() for session in Session.objects.all())

    assert left[0] <= dt.timedelta(hours=1)
    assert left[1] > dt.timedelta(days=13)


def test_what_is_over_is_put_away(app: SignIn, dashed: User) -> None:
    app.sign_in("Dash")
    app.call("POST", "auth/login", {"username": "Dash", "password": "wrong"})

    assert purge(now=timezone.now()) == 0
    assert purge(now=timezone.now() + dt.timedelta(days=30)) >= 2
    assert not Session.objects.exists()


class TestNobodyLearnsWhoHasAnAccount:
    """Somebody and nobody get the same answers."""

    def _same(self, app: SignIn, path: str, bodies: list[Any]) -> None:
        answers = []
        for body in bodies:
            response = app.call("POST", path, body)
            said = response.json()
            said.get("meta", {}).pop("session_token", None)
            answers.append((response.status_code, said))
        assert all(answer == answers[0] for answer in answers), answers

    def test_signing_up_with_an_address_or_a_name_that_is_taken(self, app: SignIn, dashed: User) -> None:
        rest = {"password": PASSWORD}
        free = {"email": "new@example.org", "username": "new", **rest}
        self._same(app, "auth/signup", [
            free, {**free, "email": dashed.email}, {"email": "other@example.org", "username": "dash", **rest},
        ])  # fmt: skip
        assert User.objects.filter(email=dashed.email).count() == 1

    def test_by_how_much_work_it_makes(self, app: SignIn, dashed: User, monkeypatch: pytest.MonkeyPatch) -> None:
        hashed, encode = [], MD5PasswordHasher.encode

        def counted(self: Any, password: str, salt: str) -> str:
            hashed.append(password)
            return encode(self, password, salt)

        monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
        app.call("POST", "auth/login", {"username": "Dash", "password": "wrong for somebody"})
        app.call("POST", "auth/login", {"username": "nobody", "password": "wrong for nobody"})

        assert hashed == ["wrong for somebody", "wrong for nobody"]

    def test_signing_in(self, app: SignIn, dashed: User) -> None:
        self._same(app, "auth/login", [{"username": name, "password": "wrong"} for name in ("Dash", "nobody")])
        mails = (dashed.email, "nobody@example.org")
        self._same(app, "auth/login", [{"email": address, "password": "wrong"} for address in mails])

    def test_asking_for_a_new_password(self, app: SignIn, dashed: User) -> None:
        self._same(app, "auth/password/request", [{"email": e} for e in (dashed.email, "nobody@example.org")])


def test_sign_up_can_be_closed(app: SignIn, settings: Any) -> None:
    settings.SIGNUP_OPEN = False

    response = app.call("POST", "auth/signup", {"email": "eve@example.org", "password": PASSWORD})

    assert response.status_code == 403
    assert not User.objects.exists()
    assert app.call("GET", "config").json()["data"]["account"]["is_open_for_signup"] is False


@pytest.mark.parametrize("password", ["12345678", "password", "eve", "eve@example.org", "short7!"])
def test_weak_passwords_are_refused(app: SignIn, password: str) -> None:
    response = app.call("POST", "auth/signup", {"email": "eve@example.org", "username": "eve", "password": password})

    assert response.status_code == 400
    assert response.json()["errors"][0]["param"] == "password"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"{}",
        b'{"username": {"a": 1}, "password": []}', b'{"username": "\\u0000", "password": "\\u0000"}',
        b'{"username": "\\ud800", "password": "x"}', b'{"username": "x", "password": "\\ud800"}',
        b'{"email": "\\ud800@x.org", "password": "x"}', b'{"email": "a@b.org", "password": 7}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["auth/login", "auth/signup", "auth/password/request", "auth/email/verify"])
def test_whatever_is_sent_gets_a_clean_refusal(app: SignIn, path: str, body: bytes) -> None:
    response = app.call("POST", path, body)

    assert 400 <= response.status_code < 500
    assert "Traceback" not in response.content.decode()


def test_a_browser_signs_in_with_a_cookie_and_its_csrf_token(browser: Client, dashed: User) -> None:
    path, body = "/_allauth/browser/v1/auth/login", {"username": "Dash", "password": PASSWORD}
    browser.get("/_allauth/browser/v1/config")
    csrf = browser.cookies["csrftoken"].value

    refused = browser.post(path, body, content_type="application/json")
    done = browser.post(path, body, content_type="application/json", headers={"X-CSRFToken": csrf})

    assert (refused.status_code, done.status_code) == (403, 200)
    cookie = browser.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    query = json.dumps({"query": "{ me { username } }"})
    bare = browser.post("/graphql/", query, content_type="application/json").json()
    csrf = browser.cookies["csrftoken"].value
    asked = browser.post("/graphql/", query, content_type="application/json", headers={"X-CSRFToken": csrf}).json()
    assert bare["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert asked["data"] == {"me": {"username": "Dash"}}


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_answer_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    app = SignIn()
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")

    response = app.call("POST", "auth/login", {"username": "x", "password": "y"})
    asked = app.post({"query": "{ me { id } }"}, token="bs_" + "x" * 32)

    assert (response.status_code, asked.status_code) == (503, 503)
    assert response["Retry-After"]
    monkeypatch.undo()
    connection.close()


def test_a_mail_server_that_is_away_is_a_503(app: SignIn, settings: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()

        response = app.call("POST", "auth/signup", {"email": "eve@example.org", "password": PASSWORD})

    assert response.status_code == 503
    assert response["Retry-After"]
