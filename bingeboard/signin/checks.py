"""System checks of sign-in."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from bingeboard.signin.algorithms import ASYMMETRIC

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@register()
def the_provider_is_named_whole_and_safely(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Refuse algorithms by which anybody could make tokens, and half a provider."""
    found: list[CheckMessage] = []
    unsafe = [name for name in settings.JWT_ALGORITHMS if name not in ASYMMETRIC]
    if unsafe or not settings.JWT_ALGORITHMS:
        hint = f"BINGEBOARD_JWT_ALGORITHMS may name {', '.join(ASYMMETRIC)}"
        found.append(Error(f"no outside token may be signed by {unsafe}", hint=hint, id="signin.E001"))
    named = {
        name: getattr(settings, name.removeprefix("BINGEBOARD_"))
        for name in ("BINGEBOARD_JWT_ISSUER", "BINGEBOARD_JWT_AUDIENCE", "BINGEBOARD_JWT_JWKS_URL")
    }
    missing = [name for name, value in named.items() if not value]
    if 0 < len(missing) < len(named):
        hint = f"set {' and '.join(missing)}, too, or none of them"
        found.append(Error("an outside identity provider is named by half", hint=hint, id="signin.E002"))
    address = urlsplit(settings.JWT_JWKS_URL)
    if address.scheme not in ("", "https") and address.hostname not in LOOPBACK:
        hint = "whoever sits between could put their own key there; use https"
        found.append(Error(f"keys come from {settings.JWT_JWKS_URL} unprotected", hint=hint, id="signin.E003"))
    if settings.JWT_LEEWAY not in range(301):
        found.append(Warning(f"BINGEBOARD_JWT_LEEWAY is {settings.JWT_LEEWAY} s", hint="0 to 300", id="signin.W001"))
    return found
