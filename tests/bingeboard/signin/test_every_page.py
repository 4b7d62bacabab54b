"""Every page of the sign-in door, asked in every way by nobody and by somebody: never a 5xx, never a traceback."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from bingeboard.users.models import User
from tests.signin import PASSWORD, SignIn

BODIES = (
    None, {}, {"email": "dash@example.org"}, {"email": "new@example.org", "primary": True},
    {"key": "abc", "password": PASSWORD}, {"phone": "+491701234567"}, {"code": "123456"}, {"password": PASSWORD},
    {"username": "dash", "password": PASSWORD, "phone": 7, "email": []}, {"email": "dash@example.org", "x": {"y": [1]}},
)  # fmt: skip


def pages(part: Any, before: str = "") -> Iterator[str]:
    """Name the address of every page under a part of the URLs."""
    for entry in part.url_patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, path)
        elif isinstance(entry, URLPattern) and path.startswith("_allauth/"):
            yield "/" + path


PAGES = sorted(set(pages(get_resolver())))


def test_there_are_pages() -> None:
    assert len(PAGES) > 25
    assert not [page for page in PAGES if "<" in page], "an address with a part to fill in needs an entry here"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_answers_whatever_it_is_asked(db: None, page: str, settings: Any) -> None:
    # What is counted is tested elsewhere; here it would answer in place of the pages.
    settings.ACCOUNT_RATE_LIMITS = False
    User.objects.create_user("dash", PASSWORD, id="demo-dash", email="dash@example.org")
    app = SignIn()
    token = app.sign_in("dash")
    wrong = []

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        for body in BODIES:
            for who in (None, token, "bs_" + "x" * 32):
                response = app.call(method, page, body, token=who)
                if response.status_code >= 500 or b"Traceback" in response.content:
                    wrong.append((method, body, who and who[:6], response.status_code))

    assert wrong == []
