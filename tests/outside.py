"""An outside identity provider: a real server that hands out real keys, and tokens signed with them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, AUDIENCE = "https://issuer.example/", "bingeboard"
RSA_KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("one", "two", "stranger")}
EC_KEY, ED_KEY = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()


def public(key: Any, key_id: str, **more: Any) -> dict[str, Any]:
    """Return a public key as a provider shows it."""
    kind = {"RSA": jwt.algorithms.RSAAlgorithm, "EC": jwt.algorithms.ECAlgorithm, "OKP": jwt.algorithms.OKPAlgorithm}
    said = json.loads(kind[_kind_of(key)].to_jwk(key.public_key()))
    return {**said, "kid": key_id, **more}


def _kind_of(key: Any) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "EC" if isinstance(key, ec.EllipticCurvePrivateKey) else "OKP"


class Provider(ThreadingHTTPServer):
    """An identity provider: shows its keys, and counts who asks."""

    daemon_threads = True

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public(RSA_KEYS["one"], "one", alg="RS256", use="sig")]
        self.asked = 0
        self.answer: Callable[[BaseHTTPRequestHandler], None] | None = None
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def token(self, **changed: Any) -> str:
        """Return a token that holds."""
        return token(**changed)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys.json"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.answer is not None:
            self.server.answer(self)
            return
        body = json.dumps({"keys": self.server.keys}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider()
    settings.JWT_ISSUER, settings.JWT_AUDIENCE, settings.JWT_JWKS_URL = ISSUER, AUDIENCE, server.url
    settings.JWT_ALGORITHMS = ["RS256", "ES256", "EdDSA"]
    yield server
    server.shutdown()
    server.server_close()


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "nbf": now, "exp": now + 300, **changed}
    return {name: value for name, value in said.items() if value is not None}


def token(key: Any = None, *, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    head = {"kid": "one", **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    return jwt.encode(claims(**changed), key or RSA_KEYS["one"], algorithm=algorithm, headers=head)
