"""What tests of the GraphQL door share: a small catalogue made row by row, viewers with tokens, and a way to ask."""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.shows.models import Platform, Show, ShowPlatform
from bingeboard.users.models import User
from bingeboard.users.services import issue_token
from recommendations.models import (
    ContentFeature,
    ContentSimilarity,
    PlatformUserPreference,
    ServedList,
    TrendingEntry,
    UserTasteProfile,
)
from recommendations.pipeline import events, rebuild
from social.models import Friendship

TITLES = 60
GENRES = ("Drama", "Comedy", "Crime")


class Door:
    """Asks as anybody: by token, by cookie or as nobody."""

    def __init__(self) -> None:
        self.client = Client(SERVER_NAME="localhost")

    def post(self, body: Any, *, token: str | None = None, viewer: str | None = None, **headers: Any) -> Any:
        """Send a body as it is (bytes) or as JSON, and return the response."""
        if token is not None:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        if viewer is not None:
            headers["HTTP_X_VIEWER_ID"] = viewer
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("content_type", "application/json")
        return self.client.post("/graphql/", data=raw, **headers)

    def ask(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> Any:
        """Return the whole answer to a query."""
        response = self.post({"query": query, "variables": variables}, **who)
        assert response.status_code == 200, response.content
        return response.json()

    def data(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> Any:
        """Return the data of an answer without errors."""
        answer = self.ask(query, variables, **who)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def code(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> str:
        """Return the code of an answer's one error."""
        return self.error(query, variables, **who)["extensions"]["code"]

    def error(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> Any:
        """Return an answer's one error."""
        errors = self.ask(query, variables, **who)["errors"]
        assert len(errors) == 1, errors
        return errors[0]


@pytest.fixture
def door() -> Door:
    """A way to ask."""
    return Door()


def viewer(name: str, **fields: Any) -> User:
    """Return a new viewer whose id is their name."""
    return User.objects.create_user(name, id=name, **fields)


def token_of(user: User, *scopes: str) -> str:
    """Return a token of the user's, used a moment ago, so that using it again writes nothing."""
    now = timezone.now()
    token, plain = issue_token(user_id=user.pk, scopes=scopes or ("viewer",), expires_at=None, now=now)
    token.last_used_at = now + dt.timedelta(minutes=5)
    token.save(update_fields=["last_used_at"])
    return plain


@pytest.fixture
def ada(db: None) -> User:
    """A viewer."""
    return viewer("ada", share_with_friends=True)


@pytest.fixture
def bob(db: None) -> User:
    """Another viewer, whose things ada must not see."""
    return viewer("bob", share_with_friends=True)


@pytest.fixture
def ada_token(ada: User) -> str:
    return token_of(ada)


@pytest.fixture
def bob_token(bob: User) -> str:
    return token_of(bob)


@pytest.fixture
def catalogue(db: None) -> list[Show]:
    """TITLES films, most popular first, on two services, with features, likeness of all kinds, and trends."""
    shows = Show.objects.bulk_create(
        Show(
            id=number,
            tmdb_id=1000 + number,
            title=f"Title {number}",
            content_type="tv" if number % 5 == 0 else "movie",
            overview=f"Story {number}",
            release_year=1960 + number,
            runtime_minutes=60 + number,
            vote_average=(number % 10) + 0.5,
            popularity=float(TITLES - number),
            genres=[GENRES[number % 3]],
        )
        for number in range(1, TITLES + 1)
    )
    _platforms(shows)
    _features(shows)
    _likeness(shows)
    _trends(shows)
    return shows


def _platforms(shows: Sequence[Show]) -> None:
    streamly = Platform.objects.create(slug="streamly", name="Streamly")
    flixo = Platform.objects.create(slug="flixo", name="Flixo")
    ShowPlatform.objects.bulk_create(
        ShowPlatform(show=show, platform=platform)
        for show in shows
        for platform in ([streamly, flixo] if show.id % 2 else [flixo])
    )


def _features(shows: Sequence[Show]) -> None:
    ContentFeature.objects.bulk_create(
        ContentFeature(content=show, feature_type=kind, feature_value=f"{value} {show.id % 7}", weight=weight)
        for show in shows
        for kind, value, weight in (("genre", "Genre", 1.0), ("cast", "Actor", 0.5), ("cast", "Star", 0.9))
    )


def _likeness(shows: Sequence[Show]) -> None:
    ContentSimilarity.objects.bulk_create(
        ContentSimilarity(
            content_a=a,
            content_b=shows[(place + step) % len(shows)],
            similarity_type=kind,
            similarity_score=round(top - step / 20, 4),
        )
        for place, a in enumerate(shows)
        for kind, top in (("genre", 0.9), ("cast", 0.7), ("embedding", 0.95), ("user_behavior", 0.6))
        for step in range(1, 11)
    )


def _trends(shows: Sequence[Show]) -> None:
    soon = timezone.now() + dt.timedelta(hours=1)
    segments = (
        ("global", {}),
        ("genre", {"genre": "Drama"}),
        ("platform", {"platform": "flixo"}),
        ("friend_network", {"user": "ada"}),
    )
    TrendingEntry.objects.bulk_create(
        TrendingEntry(
            content=show,
            time_window="week",
            trend_type=scope,
            segment=segment,
            trend_score=1 - show.id / 100,
            viewers=9,
            expires_at=soon,
        )
        for show in shows[:50]
        for scope, segment in segments
    )


@pytest.fixture
def world(catalogue: list[Show], ada: User) -> None:
    """Six viewers who like neighbouring titles, ada among them, and all that the engine makes of it."""
    now = timezone.now()
    for place, user in enumerate([ada, *[viewer(f"v{n}") for n in range(5)]]):
        liked = [1 + (place * 3 + step) % 40 for step in range(12)]
        acts = [events.NewEvent(uuid.uuid4(), "s", "like", show_id, "movie") for show_id in liked]
        events.record_events(user_id=user.pk, events=acts, now=now)
    for stage in rebuild.STAGES:
        # Six viewers make no trend; the catalogue brings its own.
        if stage.name != "trending":
            rebuild.run_stage(stage=stage, now=now)


def show_gid(number: int) -> str:
    """Return a title's global id."""
    return str(global_id("Show", number))


def befriend(a: User, b: User) -> Friendship:
    """Make two viewers friends."""
    return Friendship.objects.create(user=a, friend=b, status="accepted")


def taste(user: User, entries: int) -> None:
    """Give a viewer a taste profile of so many entries."""
    UserTasteProfile.objects.bulk_create(
        UserTasteProfile(
            user=user,
            feature_type="cast" if number % 2 else "genre",
            feature_value=f"Thing {number}",
            affinity_score=1 - number / 100,
            confidence=0.5,
        )
        for number in range(entries)
    )


def subscribe(user: User, slug: str) -> None:
    """Give a viewer a service."""
    PlatformUserPreference.objects.create(
        user=user,
        platform_name=slug,
        has_subscription=True,
        usage_frequency=0.25,
        preference_score=0.75,
        is_stated=True,
    )


def served(user: User, places: int, *, friend: User | None = None, **fields: Any) -> ServedList:
    """Keep a list as if it had been served, each title with a reason of every kind."""
    now = timezone.now()
    return ServedList.objects.create(
        request_id=uuid.uuid4(),
        user=user,
        algorithm="hybrid",
        items=[_item(place, friend) for place in range(1, places + 1)],
        **{"generated_at": now, "created_at": now, "expires_at": now + dt.timedelta(days=30), **fields},
    )


def _item(place: int, friend: User | None) -> dict[str, Any]:
    reasons = [
        {"kind": "because_you_watched", "weight": 0.4, "shows": [place % TITLES + 1, (place + 1) % TITLES + 1]},
        {"kind": "taste", "weight": 0.3, "feature": ["genre", f"Genre {place % 7}"]},
        {"kind": "platform", "weight": 0.2, "platform": "flixo"},
    ]
    if friend is not None:
        reasons.append({"kind": "friends", "weight": 0.1, "friends": [friend.pk]})
    return {
        "show": place,
        "position": place,
        "algorithm": "hybrid",
        "breakdown": {
            "base_score": 0.5,
            "popularity_boost": 0.1,
            "recency_boost": 0.05,
            "diversity_penalty": 0.02,
            "availability_boost": 0.15,
            "social_boost": 0.0,
            "final_score": 0.78,
        },
        "parts": [["collaborative", 0.7, 0.6, place]],
        "reasons": reasons,
        "propensity": 1.0,
    }
