"""Tokens of an outside identity provider: a real server hands out real keys; every wrong token gets one answer."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone

from bingeboard.signin import keys as keys_module
from bingeboard.signin import outside
from bingeboard.users.models import User
from recommendations.pipeline.holdings import erase
from tests.door import viewer
from tests.outside import AUDIENCE, EC_KEY, ED_KEY, ISSUER, RSA_KEYS, Provider, claims, public, token
from tests.signin import SignIn

GONE = "UNAUTHENTICATED"


def by_hand(header: Any, payload: Any, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """Return a token that no library would make."""

    def part(value: Any) -> bytes:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    signed = part(header) + b"." + part(payload)
    return (signed + b"." + base64.urlsafe_b64encode(sign(signed)).rstrip(b"=")).decode()


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def rs256(text: bytes, key: Any = RSA_KEYS["one"]) -> bytes:
    return jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(text, key)


def _tampered() -> str:
    head, _, signature = token().split(".")
    return ".".join((head, by_hand({}, claims(sub="bob")).split(".")[1], signature))


STRANGER = RSA_KEYS["stranger"]
BRINGS_KEY = {"jwk": public(STRANGER, "mine"), "kid": "mine"}
ATTACKS: dict[str, Callable[[], str]] = {
    "alg none": lambda: by_hand({"alg": "none", "kid": "one"}, claims()),
    "alg None in other letters": lambda: by_hand({"alg": "nOnE", "kid": "one"}, claims()),
    "no alg": lambda: by_hand({"kid": "one"}, claims(), rs256),
    "alg is a list": lambda: by_hand({"alg": ["RS256"], "kid": "one"}, claims(), rs256),
    "HS256 with the public key": lambda: by_hand(
        {"alg": "HS256", "kid": "one"}, claims(), hmac_with(pem(RSA_KEYS["one"]))
    ),
    "HS256 with an empty secret": lambda: by_hand({"alg": "HS256", "kid": "one"}, claims(), hmac_with(b"")),
    "an algorithm that was not agreed": lambda: token(algorithm="RS512"),
    "PS256 by a key for RS256": lambda: token(algorithm="PS256"),
    "ES256 naming an RSA key": lambda: token(EC_KEY, algorithm="ES256"),
    "a stranger's key by a known name": lambda: token(STRANGER),
    "claims changed after signing": _tampered,
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "another audience": lambda: token(aud="elsewhere"),
    "an audience that only begins alike": lambda: token(aud="bingeboard-admin"),
    "no audience": lambda: token(aud=None),
    "another issuer": lambda: token(iss="https://issuer.example"),
    "no issuer": lambda: token(iss=None),
    "issuer is a list": lambda: by_hand({"alg": "RS256", "kid": "one"}, claims(iss=[ISSUER]), rs256),
    "expired": lambda: token(exp=int(time.time()) - 60),
    "never expires": lambda: token(exp=None),
    "expires at infinity": lambda: by_hand(
        {"alg": "RS256", "kid": "one"}, json.dumps(claims()).replace('"exp": ', '"exp": 1e999, "x": ').encode(), rs256
    ),
    "expiry is text": lambda: by_hand({"alg": "RS256", "kid": "one"}, claims(exp="tomorrow"), rs256),
    "not yet valid": lambda: token(nbf=int(time.time()) + 120),
    "no word on when it begins": lambda: token(nbf=None),
    "issued in the future": lambda: token(iat=int(time.time()) + 3600),
    "no key named": lambda: token(header={"kid": None}),
    "key name is a number": lambda: by_hand({"alg": "RS256", "kid": 1}, claims(), rs256),
    "key name is empty": lambda: token(header={"kid": ""}),
    "key name is a path": lambda: token(header={"kid": "../../../dev/null"}),
    "key name is SQL": lambda: token(header={"kid": "one' OR '1'='1"}),
    "an unknown key": lambda: token(header={"kid": "unknown"}),
    "a key for encryption": lambda: token(RSA_KEYS["two"], header={"kid": "for-encryption"}),
    "a shared secret among the keys": lambda: by_hand(
        {"alg": "HS256", "kid": "shared"}, claims(), hmac_with(b"secret" * 8)
    ),
    "brings its own key": lambda: token(STRANGER, header=BRINGS_KEY),
    "brings its own key beside a known name": lambda: token(STRANGER, header={"jwk": BRINGS_KEY["jwk"]}),
    "names where its key is": lambda: token(STRANGER, header={"jku": "http://127.0.0.1:1/keys"}),
    "names a certificate's address": lambda: token(header={"x5u": "http://127.0.0.1:1/cert"}),
    "brings a certificate": lambda: token(header={"x5c": ["MIIB"]}),
    "demands what nobody knows": lambda: by_hand(
        {"alg": "RS256", "kid": "one", "crit": ["b64"], "b64": True}, claims(), rs256
    ),
    "another kind of token": lambda: token(header={"typ": "logout+jwt"}),
    "huge": lambda: token(padding="x" * 10_000),
    "two dots": lambda: "..",
    "two dots and garbage": lambda: "a.b.c",
    "garbage that is not even ASCII": lambda: "ü.ü.ü",
    "header is a list": lambda: by_hand([], claims(), rs256),
    "header is deep": lambda: by_hand(b"[" * 3000, claims()),
    "payload is a list": lambda: by_hand({"alg": "RS256", "kid": "one"}, [], rs256),
    "payload is no JSON": lambda: by_hand({"alg": "RS256", "kid": "one"}, b"\xff{", rs256),
    "no subject": lambda: token(sub=None),
    "subject is a number": lambda: by_hand({"alg": "RS256", "kid": "one"}, claims(sub=7), rs256),
    "subject is empty": lambda: token(sub=""),
    "subject is too long": lambda: token(sub="x" * 65),
    "subject holds a NUL": lambda: token(sub="ada\0"),
    "subject is half a letter": lambda: by_hand({"alg": "RS256", "kid": "one"}, claims(sub="\ud800"), rs256),
    "nobody we know": lambda: token(sub="nobody"),
    "encrypted, in five parts": lambda: token() + ".x.y",
}


def test_the_attacks_are_all_there() -> None:
    assert len(ATTACKS) > 40


def test_a_token_of_the_provider_speaks_for_its_viewer(app: SignIn, provider: Provider, ada: User) -> None:
    provider.keys += [public(EC_KEY, "ec"), public(ED_KEY, "ed")]

    assert app.who(token()) == "ada"
    assert app.who(token(EC_KEY, algorithm="ES256", header={"kid": "ec"})) == "ada"
    assert app.who(token(ED_KEY, algorithm="EdDSA", header={"kid": "ed", "typ": "at+jwt"})) == "ada"
    assert app.who(token(aud=["else", AUDIENCE])) == "ada"
    assert app.who(token(exp=int(time.time()) - 10)) == "ada", "clocks may differ by the leeway"
    assert provider.asked == 1


@pytest.mark.parametrize("name", ATTACKS)
def test_every_wrong_token_gets_the_same_answer(app: SignIn, provider: Provider, ada: User, name: str) -> None:
    provider.keys += [
        public(RSA_KEYS["two"], "for-encryption", use="enc"),
        {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"secret" * 8).decode(), "alg": "HS256"},
    ]
    assert app.who(token()) == "ada"
    expected = app.ask("{ me { id } }", token="bb_" + "x" * 43)

    assert app.ask("{ me { id } }", token=ATTACKS[name]()) == expected
    assert app.who(token()) == "ada"


@pytest.mark.parametrize("missing", ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS_URL"])
def test_without_a_provider_no_token_of_one_holds(
    app: SignIn, provider: Provider, ada: User, settings: Any, missing: str
) -> None:
    setattr(settings, missing, "")

    assert app.who(token()) == GONE
    assert provider.asked == 0


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "nonsense"])
def test_algorithms_by_which_anybody_could_sign_are_refused_in_settings_too(
    app: SignIn, provider: Provider, ada: User, settings: Any, algorithm: str
) -> None:
    settings.JWT_ALGORITHMS = [algorithm]
    forged = by_hand({"alg": algorithm, "kid": "one"}, claims(), hmac_with(pem(RSA_KEYS["one"])))

    with pytest.raises(SystemCheckError, match=r"signin\.E001"):
        call_command("check")
    assert app.who(forged) == GONE
    assert app.who(token()) == GONE


def test_half_a_provider_and_one_in_the_clear_are_refused(settings: Any) -> None:
    settings.JWT_ISSUER = ISSUER
    with pytest.raises(SystemCheckError, match=r"signin\.E002"):
        call_command("check")
    settings.JWT_AUDIENCE, settings.JWT_JWKS_URL = AUDIENCE, "http://issuer.example/keys"
    with pytest.raises(SystemCheckError, match=r"signin\.E003"):
        call_command("check")


def test_a_token_speaks_as_a_viewer_and_for_its_holder_alone(app: SignIn, provider: Provider, ada: User) -> None:
    viewer("chief", is_staff=True, is_superuser=True)

    assert app.code("{ experiments { name } }", token=token(sub="chief")) == "FORBIDDEN"
    assert app.code("{ me { id } }", token=token(sub="chief"), viewer="ada") == "FORBIDDEN"
    assert app.data("{ me { username } }", token=token(), viewer="ada") == {"me": {"username": "ada"}}


def test_a_viewer_who_is_shut_out_is_refused_at_once(app: SignIn, provider: Provider, ada: User) -> None:
    mine = token()
    assert app.who(mine) == "ada"

    User.objects.update(is_active=False)

    assert app.who(mine) == GONE


def test_the_viewer_may_stand_in_another_claim(app: SignIn, provider: Provider, ada: User, settings: Any) -> None:
    settings.JWT_VIEWER_CLAIM = "https://bingeboard/viewer"

    assert app.who(token(sub="else", **{"https://bingeboard/viewer": "ada"})) == "ada"
    assert app.who(token()) == GONE


def test_a_provider_that_names_no_beginning_can_be_agreed_to(
    app: SignIn, provider: Provider, ada: User, settings: Any
) -> None:
    settings.JWT_REQUIRED_CLAIMS = []

    assert app.who(token(nbf=None)) == "ada"
    assert app.who(token(nbf=None, exp=None)) == GONE


def test_viewers_are_made_on_first_sight_where_that_is_wanted(app: SignIn, provider: Provider, settings: Any) -> None:
    assert app.who(token(sub="auth0|77")) == GONE
    assert not User.objects.exists()
    settings.JWT_CREATE_VIEWERS = True

    name = app.who(token(sub="auth0|77"))

    made = User.objects.get()
    assert (made.pk, made.username, made.is_staff, made.has_usable_password()) == ("auth0|77", name, False, False)
    assert app.who(token(sub="auth0|77")) == name
    assert app.who(token(STRANGER, sub="else")) == GONE
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_first_sights_at_once_make_one_viewer(provider: Provider, settings: Any) -> None:
    from django.db import connection

    settings.JWT_CREATE_VIEWERS = True
    names: list[str] = []

    def ask() -> None:
        names.append(SignIn().who(token(sub="new")))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names) == 8
    assert set(names) == {User.objects.get().username}


def test_whoever_was_erased_is_not_made_anew_by_the_token_of_before(
    app: SignIn, provider: Provider, ada: User, settings: Any
) -> None:
    settings.JWT_CREATE_VIEWERS = True
    before = token()
    assert app.who(before) == "ada"

    erase(user_id="ada", now=timezone.now())

    assert app.who(before) == GONE
    assert app.who(token(iat=None)) == GONE
    assert not User.objects.exists()
    later = token(iat=int(time.time()) + 20)
    assert app.who(later).startswith("viewer-"), "who signs in again afterwards is new"


class TestKeys:
    """Keys change, and providers go away: nobody waits long, and no token makes us ask again and again."""

    def test_a_new_key_is_found_as_soon_as_a_token_names_it(
        self, app: SignIn, provider: Provider, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys_module, "FETCHED_AGAIN_AFTER", 0.0)
        assert app.who(token()) == "ada"

        provider.keys = [public(RSA_KEYS["two"], "two")]

        assert app.who(token(RSA_KEYS["two"], header={"kid": "two"})) == "ada"
        assert app.who(token()) == GONE, "the one that was taken back"

    def test_a_key_that_was_taken_back_goes_in_time(
        self, app: SignIn, provider: Provider, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert app.who(token()) == "ada"
        provider.keys = [public(RSA_KEYS["two"], "two")]
        monkeypatch.setattr(keys_module, "FRESH_FOR", 0.0)
        monkeypatch.setattr(outside._keys_at(provider.url), "_next_fetch_at", 0.0)

        deadline = time.monotonic() + 5
        while (said := app.who(token())) == "ada" and time.monotonic() < deadline:
            pass

        assert said == GONE

    def test_unknown_keys_make_one_fetch_whoever_names_them(self, app: SignIn, provider: Provider, ada: User) -> None:
        assert app.who(token()) == "ada"
        keys = outside._keys_at(provider.url)
        keys._next_fetch_at = 0.0

        for number in range(30):
            assert app.who(token(header={"kid": f"made-up-{number}"})) == GONE

        assert provider.asked == 2

    def test_many_at_once_make_one_fetch(self, provider: Provider) -> None:
        begun = threading.Event()

        def slowly(handler: BaseHTTPRequestHandler) -> None:
            begun.wait(1)
            provider.answer = None
            provider.asked -= 1
            handler.do_GET()  # type: ignore[attr-defined]

        provider.answer = slowly
        keys, found = keys_module.Keys(provider.url), []
        threads = [threading.Thread(target=lambda: found.append(keys.find("one"))) for _ in range(20)]
        for thread in threads:
            thread.start()
        begun.set()
        for thread in threads:
            thread.join()

        assert [key is not None for key in found] == [True] * 20
        assert provider.asked == 1

    def test_a_provider_that_is_away_is_believed_what_it_said_last(
        self, app: SignIn, provider: Provider, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert app.who(token()) == "ada"
        provider.shutdown()
        provider.server_close()
        monkeypatch.setattr(keys_module, "FRESH_FOR", 0.0)
        monkeypatch.setattr(keys_module, "FETCHED_AGAIN_AFTER", 0.0)

        begun = time.monotonic()
        assert [app.who(token()) for _ in range(5)] == ["ada"] * 5
        assert time.monotonic() - begun < 2
        monkeypatch.setattr(keys_module, "BELIEVED_FOR", 0.0)
        assert app.who(token()) == GONE

    @pytest.mark.parametrize("how", ["closed", "silent", "dripping", "error", "redirect", "huge", "nonsense", "empty"])
    def test_a_provider_that_never_answered_is_a_refusal_within_two_seconds(
        self, app: SignIn, provider: Provider, ada: User, settings: Any, how: str
    ) -> None:
        stop = threading.Event()

        def drip(handler: BaseHTTPRequestHandler) -> None:
            while not stop.wait(0.05):
                try:
                    handler.wfile.write(b"H")
                    handler.wfile.flush()
                except OSError:
                    return

        def say(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
            def answer(handler: BaseHTTPRequestHandler) -> None:
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.end_headers()
                try:
                    handler.wfile.write(body)
                except OSError:
                    return

            return answer

        if how == "closed":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                settings.JWT_JWKS_URL = f"http://127.0.0.1:{free.getsockname()[1]}/"
        provider.answer = {
            "closed": None,
            "silent": lambda _: stop.wait(30) and None,
            "dripping": drip,
            "error": say(500, b"{}"),
            "redirect": say(302, b"", Location=provider.url),
            "huge": say(200, b'{"keys": [' + b" " * 2_000_000),
            "nonsense": say(200, b"<html>"),
            "empty": say(200, b'{"keys": []}'),
        }[how]
        try:
            begun = time.monotonic()
            response = app.post({"query": "{ me { id } }"}, token=token())
            took = time.monotonic() - begun
            again = time.monotonic()
            assert app.who(token()) == GONE
            second = time.monotonic() - again
        finally:
            stop.set()

        assert response.status_code == 200
        error = response.json()["errors"][0]
        assert error["extensions"]["code"] == GONE
        assert "try again" in error["message"]
        assert took < 2
        assert second < 2

    def test_it_recovers_when_the_provider_does(
        self, app: SignIn, provider: Provider, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys_module, "TRIED_AGAIN_AFTER", 0.0)
        provider.answer = lambda handler: handler.send_error(503)
        assert app.who(token()) == GONE

        provider.answer = None

        assert app.who(token()) == "ada"
