"""Guessing passwords ends after a few attempts, by whichever door, host, process or luck in timing."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.utils import timezone

from bingeboard.signin.models import CacheEntry
from bingeboard.users.models import User
from tests.signin import PASSWORD, SignIn

ATTEMPTS = 5
LOCKED = "too_many_login_attempts"


@pytest.fixture
def guarded(db: None) -> User:
    """Staff, whom one would guess at by every door."""
    return User.objects.create_user("guarded", PASSWORD, id="guarded-1", is_staff=True, is_superuser=True)


def guess(app: SignIn, password: str = "wrong", name: str = "guarded", **headers: Any) -> str:
    """Try to sign in, and return with which code that is refused; '' where it is not."""
    response = app.call("POST", "auth/login", {"username": name, "password": password}, **headers)
    if response.status_code == 200:
        return ""
    # A server that is busy says so without a list of errors.
    return str(response.json().get("errors", [{"code": response.status_code}])[0]["code"])


def enter(password: str = "wrong") -> bool:
    """Try the admin's log-in, and return whether it let one in."""
    page = Client(SERVER_NAME="localhost")
    return page.post("/admin/login/", {"username": "guarded", "password": password}).status_code == 302


def test_the_right_password_is_refused_after_five_wrong_ones(app: SignIn, guarded: User) -> None:
    codes = [guess(app) for _ in range(ATTEMPTS)]

    assert LOCKED not in codes
    assert guess(app, PASSWORD) == LOCKED
    assert guess(app, PASSWORD, name="GUARDED") == LOCKED
    assert not enter(PASSWORD)


def test_an_account_that_is_not_there_locks_the_same(app: SignIn) -> None:
    codes = [guess(app, name="nobody") for _ in range(ATTEMPTS + 1)]

    assert codes[-1] == LOCKED
    assert LOCKED not in codes[:-1]


def test_the_admins_log_in_locks_and_counts_for_the_others(app: SignIn, guarded: User) -> None:
    assert enter(PASSWORD)
    assert not any(enter() for _ in range(ATTEMPTS))

    assert not enter(PASSWORD)
    assert guess(app, PASSWORD) == LOCKED


def test_signing_in_does_not_wipe_what_was_counted(app: SignIn, guarded: User) -> None:
    for _ in range(ATTEMPTS - 1):
        guess(app)
    assert guess(app, PASSWORD) == ""
    guess(app)

    assert guess(app, PASSWORD) == LOCKED


def test_a_lock_ends_in_time(app: SignIn, guarded: User) -> None:
    for _ in range(ATTEMPTS + 1):
        guess(app)
    assert guess(app, PASSWORD) == LOCKED

    CacheEntry.objects.update(expires="2020-01-01T00:00:00Z")

    assert guess(app, PASSWORD) == ""


@pytest.mark.parametrize("number", range(3))
def test_another_port_or_a_forwarded_address_is_no_way_around(app: SignIn, guarded: User, number: int) -> None:
    hosts = ["localhost:1", "localhost:2", "127.0.0.1", "[::1]:9", "localhost:3"]
    for host in hosts:
        guess(app, HTTP_HOST=host, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}")

    assert guess(app, PASSWORD, HTTP_HOST="localhost:77", HTTP_X_FORWARDED_FOR="10.1.1.1") == LOCKED


def test_one_address_may_not_try_many_names(app: SignIn) -> None:
    codes = [guess(app, name=f"name-{number}") for number in range(11)]

    assert codes[-1] == LOCKED


def test_proxies_of_ours_name_the_client(app: SignIn, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(10):
        guess(app, name=f"name-{number}", HTTP_X_FORWARDED_FOR="6.6.6.6, 1.2.3.4")

    assert guess(app, name="else", HTTP_X_FORWARDED_FOR="7.7.7.7, 1.2.3.4") == LOCKED
    assert guess(app, name="else", HTTP_X_FORWARDED_FOR="1.2.3.4, 7.7.7.7") != LOCKED
    assert guess(app, name="else2") != LOCKED


def test_trying_many_names_pushes_no_lock_out(app: SignIn, guarded: User) -> None:
    for _ in range(ATTEMPTS):
        guess(app)
    later = timezone.now() + dt.timedelta(hours=1)
    CacheEntry.objects.bulk_create(
        CacheEntry(cache_key=f":1:filler {number}", value="", expires=later) for number in range(2000)
    )
    guess(app, name="one more")

    assert guess(app, PASSWORD) == LOCKED


def test_what_is_kept_of_attempts_names_nobody(app: SignIn, guarded: User) -> None:
    guess(app)
    app.sign_in("guarded")

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, ' ') FROM cache_entries c")
        assert "guarded" not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_no_more_passwords_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("guarded", PASSWORD)
    looked, lock, verify = [], threading.Lock(), MD5PasswordHasher.verify

    def counted(self: Any, password: str, encoded: str) -> bool:
        with lock:
            looked.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(MD5PasswordHasher, "verify", counted)

    def attempt(number: int) -> str:
        try:
            return guess(SignIn(), f"guess {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        codes = list(pool.map(attempt, range(20)))

    assert "" not in codes
    assert set(codes) <= {"username_password_mismatch", LOCKED, "429", "503"}
    assert codes.count("username_password_mismatch") <= ATTEMPTS
    assert 1 <= len(looked) <= ATTEMPTS


@pytest.mark.parametrize("password", ["guarded", "guarded-1", "admin", "changeme", "Password1"])
def test_default_passwords_open_nothing_unless_debugging(
    app: SignIn, guarded: User, settings: Any, password: str
) -> None:
    guarded.set_password(password)
    guarded.save()

    assert guess(app, password) == "username_password_mismatch"
    assert not enter(password)
    settings.DEBUG = True
    assert enter(password)
