"""A small world with a known right answer: space operas and cosy mysteries, and viewers who like one of the two."""

import datetime as dt
import uuid
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.conf import settings

from bingeboard.shows.models import Platform, Show, ShowPlatform
from bingeboard.users.models import User
from recommendations.models import UserBehaviorEvent
from recommendations.pipeline import artifacts, candidates, collaborative, embeddings, features, profiles
from recommendations.pipeline.events import NewEvent

SPACE = ["Star Drift", "Void Station", "Comet Song", "Red Orbit", "Moon Harvest", "Deep Signal"]
COSY = ["Tea and Murder", "The Vicar Knows", "Knitting Club", "Village Fete", "The Rose Cottage", "Scones at Four"]


def make_shows() -> None:
    """Twelve titles, six a kind; the first of each kind is the best known."""
    for start, titles, genre, words, place in (
        (1, SPACE, "Science Fiction", "starship aliens planet captain crew", "space station"),
        (101, COSY, "Mystery", "village detective teapot vicar murder", "english village"),
    ):
        for i, title in enumerate(titles):
            Show.objects.create(
                id=start + i,
                title=title,
                overview=f"{title}: a story of {words}.",
                release_year=2015 + i,
                genres=[genre],
                keywords=[place, words.split()[i % 5]],
                directors=[f"{genre} director {i % 2}"],
                cast=[f"{genre} star {i % 3}"],
                popularity=10.0 - i,
            )


def make_viewers(now: dt.datetime) -> None:
    """Ten viewers a kind, each having finished and liked four of the six titles of theirs."""
    for kind, start in (("space", 1), ("cosy", 101)):
        for n in range(10):
            user = User.objects.create(id=f"{kind}-{n}", username=f"{kind}-{n}")
            for step in range(4):
                show = start + (n + step) % 6
                for event_type, engagement in (("complete", 0.95), ("like", 1.0)):
                    UserBehaviorEvent.objects.create(
                        event_id=uuid.uuid5(uuid.NAMESPACE_OID, f"{user.pk}{show}{event_type}"),
                        user=user,
                        session_id=f"s{step}",
                        event_type=event_type,
                        content_id=show,
                        content_type="movie",
                        engagement_score=engagement,
                        created_at=now - dt.timedelta(days=10 - step, minutes=n),
                        received_at=now,
                    )


@pytest.fixture
def media(tmp_path, settings) -> None:
    """A storage of the test's own, and no model left over in memory."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    artifacts.forget_loaded()
    candidates.forget_snapshot()


@pytest.fixture
def world(db, media, now) -> SimpleNamespace:
    """The small world with features, vectors, profiles, model and candidates made."""
    make_shows()
    make_viewers(now)
    hulu = Platform.objects.create(slug="hulu", name="Hulu")
    ShowPlatform.objects.create(show_id=106, platform=hulu)
    assert settings.EMBEDDING_PROVIDER == "lexical"
    features.rebuild(now=now)
    embeddings.rebuild(now=now)
    profiles.rebuild(now=now)
    collaborative.rebuild(now=now, as_of=now)
    candidates.rebuild(now=now)
    return SimpleNamespace(space=list(range(1, 7)), cosy=list(range(101, 107)), now=now)


@pytest.fixture
def event(now) -> Callable[..., NewEvent]:
    """Make an event with what does not matter filled in."""

    def make(event_type: str = "like", show_id: int | None = 1, **fields) -> NewEvent:
        given = {
            "event_id": uuid.uuid4(),
            "session_id": "sitting",
            "content_type": "movie",
            "occurred_at": now,
        } | fields
        return NewEvent(event_type=event_type, show_id=show_id, **given)

    return make
