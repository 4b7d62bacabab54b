"""Pages of ours: what they may load, and what else a browser is told about them."""

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# All that a page of ours needs is served from here; the nonce is for the one style that GraphiQL's menus make.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self' data:;"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
)
# Nothing of ours needs a sensor, and no page that gets in here shall have one.
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def page(
    request: HttpRequest, template: str, values: dict[str, Any], *, forms: bool = False, status: int = 200
) -> HttpResponse:
    """Return a page with its security headers; forms says whether it sends any."""
    nonce = secrets.token_urlsafe(16)
    response = render(request, template, {**values, "nonce": nonce}, status=status)
    response["Content-Security-Policy"] = POLICY.format(nonce=nonce, forms="'self'" if forms else "'none'")
    response["Permissions-Policy"] = PERMISSIONS
    return response
