"""Fixtures of signing in."""

import pytest
from django.test import Client

from tests.signin import SignIn


@pytest.fixture
def app(db: None) -> SignIn:
    """An app without cookies."""
    return SignIn()


@pytest.fixture
def browser(db: None) -> Client:
    """A browser, of which CSRF tokens are asked."""
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
