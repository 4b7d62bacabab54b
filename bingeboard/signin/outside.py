"""
Tokens (JWT) of an outside identity provider: checked against its public keys, by algorithms that we name.

Whatever is wrong with one, the answer is the same: the log of the provider says more than a stranger should learn.
"""

import functools
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings

from bingeboard.errors import Unauthenticated
from bingeboard.signin.algorithms import ASYMMETRIC
from bingeboard.signin.erasures import erased_at
from bingeboard.signin.keys import Keys
from bingeboard.signin.names import free_name
from bingeboard.users.models import User
from bingeboard.users.services import REFUSED

LONGEST_TOKEN = 8192
LONGEST_KEY_ID = 256
LONGEST_ID = 64
# A token that brings or names its own key, or asks for what we do not know, asks us to believe it blindly.
NOT_IN_HEADER = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})
KINDS = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True)
class Provider:
    """
    An identity provider, as the settings name it.

    issuer, audience   what a token must say of who made it, and for whom
    algorithms         how it may be signed; only of ASYMMETRIC
    claim              which claim holds the viewer's id (users.id)
    leeway             by how much clocks may differ, s
    required           which claims must be there, beside the claim, aud and iss
    makes_viewers      whether a viewer that is not there yet is made
    """

    issuer: str
    audience: str
    keys: Keys
    algorithms: tuple[str, ...]
    claim: str
    leeway: int
    required: tuple[str, ...]
    makes_viewers: bool

    def viewer(self, token: str) -> User:
        """Return the viewer that a token speaks for, or refuse it."""
        claims = self._claims(token)
        user_id = claims.get(self.claim)
        if not isinstance(user_id, str) or not 0 < len(user_id) <= LONGEST_ID or not user_id.isprintable():
            raise Unauthenticated(REFUSED)
        user = User.objects.filter(pk=user_id).first()
        if user is None and self.makes_viewers and not _erased_since(user_id, claims):
            user, _ = User.objects.get_or_create(pk=user_id, defaults={"username": free_name("viewer")})
        if user is None or not user.is_active:
            raise Unauthenticated(REFUSED)
        return user

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return self._checked(token)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, AttributeError, RecursionError) as error:
            raise Unauthenticated(REFUSED) from error

    def _checked(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in self.algorithms or algorithm not in ASYMMETRIC:
            raise ValueError("signed otherwise than agreed")
        if NOT_IN_HEADER & header.keys() or str(header.get("typ", "")).lower() not in KINDS:
            raise ValueError("asks for what it may not")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= LONGEST_KEY_ID:
            raise ValueError("names no key")
        return jwt.decode(
            token,
            self._key(key_id, algorithm),
            algorithms=[algorithm],
            audience=self.audience,
            issuer=self.issuer,
            leeway=self.leeway,
            options={
                "require": [*{"aud", "iss", "exp", *self.required}],
                "enforce_minimum_key_length": True,
            },
        )

    def _key(self, key_id: str, algorithm: str) -> jwt.PyJWK:
        found = self.keys.find(key_id)
        if found is None:
            if not self.keys.any_known():
                raise Unauthenticated("tokens of the identity provider can not be checked now; try again in a moment")
            raise ValueError("no such key")
        if found["kty"] != ASYMMETRIC[algorithm] or found.get("alg", algorithm) != algorithm:
            raise ValueError("the key is for another algorithm")
        return jwt.PyJWK(found, algorithm=algorithm)


@functools.cache
def _keys_at(url: str) -> Keys:
    return Keys(url)


def provider() -> Provider | None:
    """Return the identity provider that the settings name; None where they name none, or not all that it takes."""
    if not (settings.JWT_ISSUER and settings.JWT_AUDIENCE and settings.JWT_JWKS_URL):
        return None
    return Provider(
        issuer=settings.JWT_ISSUER,
        audience=settings.JWT_AUDIENCE,
        keys=_keys_at(settings.JWT_JWKS_URL),
        algorithms=tuple(settings.JWT_ALGORITHMS),
        claim=settings.JWT_VIEWER_CLAIM,
        leeway=settings.JWT_LEEWAY,
        required=tuple(settings.JWT_REQUIRED_CLAIMS),
        makes_viewers=settings.JWT_CREATE_VIEWERS,
    )


def _erased_since(user_id: str, claims: dict[str, Any]) -> bool:
    at, issued_at = erased_at(user_id=user_id), claims.get("iat", claims.get("nbf", 0))
    return at is not None and not (isinstance(issued_at, int | float) and issued_at > at)
