"""A small world with a made-up viewer in it, and the demo switched on."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bingeboard.users.models import User
from recommendations.pipeline import events
from tests.door import viewer


@pytest.fixture
def demo_ada(world: None) -> User:
    """The made-up viewer ada, who likes a few titles of the world."""
    made: User = viewer("demo-ada")
    acts = [events.NewEvent(uuid.uuid4(), "s", "like", show_id, "movie") for show_id in (1, 4, 7, 10)]
    events.record_events(user_id=made.pk, events=acts, now=timezone.now())
    return made


@pytest.fixture
def demo_on(settings: Any) -> None:
    """The demo page is there."""
    settings.DEMO = True


@pytest.fixture
def browser() -> Client:
    """A browser that checks CSRF tokens as Django does."""
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
