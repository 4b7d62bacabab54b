"""What tests of the admin share: a few rows in every table, and forms filled in as a browser would fill them in."""

import datetime as dt
import uuid
from html.parser import HTMLParser
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, SolarSchedule

from bingeboard.shows.models import Platform, Show, ShowPlatform, ShowTag, Watchlist
from bingeboard.signin.models import Session
from bingeboard.users.models import User
from bingeboard.users.services import issue_token
from experiments.models import RecommendationExperiment
from experiments.services import VariantSpec, create_experiment
from recommendations import models as engine
from social.models import Friendship, SocialSignal

# More than a page may run queries: one query a row is noticed.
ROWS = 14
REASONS = [
    {"kind": "because_you_watched", "shows": [2, 3], "weight": 0.2},
    {"kind": "friends", "friends": ["v1", "v2"], "weight": 0.1},
    {"kind": "platform", "platform": "service-1", "weight": 0.15},
]


def staff(name: str, *, superuser: bool = False) -> Client:
    """Return the browser of somebody of the staff, a curator unless they are an administrator."""
    user = User.objects.create_user(name, id=name, is_staff=True, is_superuser=superuser)
    if not superuser:
        user.groups.add(Group.objects.get(name="curator"))
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def fill_every_table() -> None:
    """Put ROWS rows into each table, all about the same viewers and titles."""
    now = timezone.now()
    users = User.objects.bulk_create(User(id=f"v{n}", username=f"viewer {n}") for n in range(ROWS))
    shows = Show.objects.bulk_create(
        Show(id=n, title=f"Title {n}", release_year=1990 + n, genres=["Drama"], cast=["Ann Lee, Jr."], popularity=n)
        for n in range(1, ROWS + 1)
    )
    _catalogue(users, shows, now)
    _content(shows, now)
    _viewers(users, shows, now)
    _behaviour(users, shows, now)
    _machinery(users, now)


def _catalogue(users: list[User], shows: list[Show], now: dt.datetime) -> None:
    platforms = Platform.objects.bulk_create(Platform(slug=f"service-{n}", name=f"Service {n}") for n in range(ROWS))
    ShowPlatform.objects.bulk_create(ShowPlatform(show=shows[0], platform=platform) for platform in platforms)
    ShowTag.objects.bulk_create(ShowTag(user=users[0], show=show, tag="cosy") for show in shows)
    Watchlist.objects.bulk_create(Watchlist(user=user, show=shows[0]) for user in users)
    for user in users:
        issue_token(user_id=user.pk, name="app", expires_at=None, now=now)


def _content(shows: list[Show], now: dt.datetime) -> None:
    engine.ContentFeature.objects.bulk_create(
        engine.ContentFeature(content=shows[0], feature_type="keyword", feature_value=f"word {n:02}")
        for n in range(2 * ROWS)
    )
    engine.ContentEmbedding.objects.bulk_create(
        engine.ContentEmbedding(content=show, embedding_type="hybrid", embedding=[0.5] * 1536) for show in shows
    )
    engine.ContentSimilarity.objects.bulk_create(
        engine.ContentSimilarity(content_a=shows[0], content_b=show, similarity_type=kind, similarity_score=0.5)
        for show in shows[1:]
        for kind in engine.SimilarityType.values
    )
    engine.TrendingEntry.objects.bulk_create(
        engine.TrendingEntry(
            content=show, time_window="week", trend_type="global", trend_score=0.5, expires_at=now + dt.timedelta(1)
        )
        for show in shows
    )


def _viewers(users: list[User], shows: list[Show], now: dt.datetime) -> None:
    engine.UserTasteProfile.objects.bulk_create(
        engine.UserTasteProfile(user=user, feature_type="mood", feature_value="cosy", affinity_score=0.4)
        for user in users
    )
    engine.UserCluster.objects.bulk_create(
        engine.UserCluster(user=user, cluster_type="taste_based", cluster_id="taste-01") for user in users
    )
    engine.PlatformUserPreference.objects.bulk_create(
        engine.PlatformUserPreference(user=user, platform_name="service-1") for user in users
    )
    engine.ViewerState.objects.bulk_create(
        engine.ViewerState(user=user, behavior_version=2, attempts=5, last_error="OperationalError: gone")
        for user in users
    )
    engine.TasteExclusion.objects.bulk_create(
        engine.TasteExclusion(user=user, session_id="kids", content=shows[0]) for user in users
    )
    engine.ViewerCheckpoint.objects.bulk_create(
        engine.ViewerCheckpoint(user=user, events=3, through=now, titles=[[1, 2.0, 1.0, 20000.0, 1]]) for user in users
    )
    Friendship.objects.bulk_create(Friendship(user=users[0], friend=user) for user in users[1:])
    SocialSignal.objects.bulk_create(
        SocialSignal(user=users[0], friend=user, content=shows[0], signal_type="liked", signal_strength=0.8)
        for user in users[1:]
    )


def _behaviour(users: list[User], shows: list[Show], now: dt.datetime) -> None:
    engine.UserBehaviorEvent.objects.bulk_create(
        engine.UserBehaviorEvent(user=users[0], content=show, content_type="movie", event_type="like", session_id="s")
        for show in shows
    )
    engine.UserContext.objects.bulk_create(
        engine.UserContext(user=user, context_type="device", context_value="tv") for user in users
    )
    candidates = engine.RecommendationCandidate.objects.bulk_create(
        engine.RecommendationCandidate(
            user=users[0],
            content=show,
            algorithm_type="hybrid",
            base_score=0.5,
            explanation={"reasons": REASONS},
            parts=[["collaborative", 0.5, 1.0, 1]],
        )
        for show in shows
    )
    lists = engine.ServedList.objects.bulk_create(_served(user, now) for user in users)
    engine.RecommendationFeedback.objects.bulk_create(
        engine.RecommendationFeedback(
            user=users[0], content=show, feedback_type="click", request_id=lists[0].pk, recommendation=candidate
        )
        for show, candidate in zip(shows, candidates, strict=True)
    )


def _served(user: User, now: dt.datetime) -> engine.ServedList:
    items = [
        {"show": n, "position": n, "breakdown": {"final_score": 0.5}, "propensity": 1.0, "reasons": [{"text": "Why"}]}
        for n in range(1, ROWS + 1)
    ]
    return engine.ServedList(
        request_id=uuid.uuid4(), user=user, algorithm="hybrid", items=items, generated_at=now, expires_at=now
    )


def _machinery(users: list[User], now: dt.datetime) -> None:
    over = now + dt.timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"{n:064}", user=user, expire_date=over) for n, user in enumerate(users)
    )
    EmailAddress.objects.bulk_create(EmailAddress(user=user, email=f"{user.pk}@example.org") for user in users)
    for n in range(ROWS):
        create_experiment(name=f"try-{n}", variants=[VariantSpec("control"), VariantSpec("bold")], now=now)
        engine.ModelArtifact.objects.create(
            kind="engine", version=f"{n}", files={"items": {"path": "items.npy", "bytes": 9, "sha256": "0" * 64}}
        )
        CrontabSchedule.objects.create(hour=str(n))
        SolarSchedule.objects.create(event="sunset", latitude=n, longitude=n)
        ClockedSchedule.objects.create(clocked_time=now)
    RecommendationExperiment.objects.bulk_create(
        RecommendationExperiment(experiment_name="try-0", user=user, variant="bold") for user in users
    )


class _Fields(HTMLParser):
    """Collects what a browser would send of a page's big form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Any] = {}
        self.text: str | None = None
        self.choice: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("name")
        if tag == "input" and name and "disabled" not in told:
            if told.get("type") not in ("checkbox", "radio", "submit") or "checked" in told:
                self.found[name] = told.get("value") or ("on" if told.get("type") == "checkbox" else "")
        elif tag == "textarea" and name:
            self.text, self.found[name] = name, ""
        elif tag == "select" and name:
            self.choice = name
        elif tag == "option" and self.choice and "selected" in told:
            self.found[self.choice] = told.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.text = None
        elif tag == "select":
            self.choice = None

    def handle_data(self, data: str) -> None:
        if self.text:
            # HTML drops the line break that follows the tag.
            self.found[self.text] += data.removeprefix("\n") if not self.found[self.text] else data


def form_on(html: str) -> dict[str, Any]:
    """Return the fields of a page's form with what stands in them; the empty rows for new ones are left out."""
    fields = _Fields()
    fields.feed(html)
    return {name: value for name, value in fields.found.items() if "__prefix__" not in name}
