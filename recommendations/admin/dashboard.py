"""The first page of the admin: how much there is, how fresh it is, and what went wrong."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from bingeboard.admin.display import ago, anchor, how_long, list_of, page_of, plain_number, rounded, small_table
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from experiments.models import Experiment
from recommendations.models import (
    ModelArtifact,
    RecommendationCandidate,
    TrendingEntry,
    UserBehaviorEvent,
    ViewerState,
)
from recommendations.pipeline.sweep import MAX_ATTEMPTS
from recommendations.queries import overview

TRENDS_SHOWN = 6


@dataclass(frozen=True)
class Figure:
    """A number with its name, a word about it, and where to look closer."""

    name: str
    value: str
    word: str
    address: str
    wrong: bool = False


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the first page with the figures in it; each only for those who may see its table."""
    now = timezone.now()
    context["title"] = "Overview"
    context["figures"] = _figures(request, now)
    context["cards"] = _cards(request, now)
    return context


def _may_see(request: HttpRequest, model: type) -> bool:
    meta = model._meta  # type: ignore[attr-defined]
    return request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")


def _figures(request: HttpRequest, now: dt.datetime) -> list[Figure]:
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    f = overview.figures(today=today, max_attempts=MAX_ATTEMPTS)
    counted = f.events_today <= overview.EVENTS_COUNTED
    today_told = plain_number(f.events_today) if counted else f"over {plain_number(overview.EVENTS_COUNTED)}"
    made = f"made {_between(f.newest_candidates, f.oldest_candidates, now)}" if f.newest_candidates else "none yet"
    trends = how_long(now - f.trends_at) if f.trends_at else "–"
    told = [
        (Show, "Titles", plain_number(f.titles), f"{plain_number(f.unrecommended)} not recommended", {}, False),
        (User, "Viewers and staff", plain_number(f.viewers), "estimated", {}, False),
        (UserBehaviorEvent, "Events today", today_told, f"of about {plain_number(f.events)} in all", {}, False),
        (RecommendationCandidate, "Candidates", plain_number(f.candidates), made, {}, False),
        (ViewerState, "Viewers due", plain_number(f.stale), "their lists are behind", {"standing": "due"}, False),
        (
            ViewerState,
            "Given up",
            plain_number(f.given_up),
            "failed too often",
            {"standing": "given_up"},
            f.given_up > 0,
        ),
        (TrendingEntry, "Trends", trends, "since they were worked out", {}, False),
        (Experiment, "Experiments", plain_number(f.running_experiments), "running", {"state": "running"}, False),
    ]
    return [
        Figure(name, value, word, list_of(model, **chosen), wrong)
        for model, name, value, word, chosen, wrong in told
        if _may_see(request, model)
    ]


def _between(newest: dt.datetime, oldest: dt.datetime | None, now: dt.datetime) -> str:
    newer, older = ago(newest, now), ago(oldest, now)
    return newer if newer == older else f"{newer} to {older}"


def _cards(request: HttpRequest, now: dt.datetime) -> list[tuple[str, SafeString]]:
    cards = []
    if _may_see(request, ModelArtifact):
        cards.append(("Models in use", _models(now)))
    if _may_see(request, TrendingEntry):
        cards.append(("Trending this week", _trends(now)))
    if _may_see(request, PeriodicTask):
        cards.append(("Schedule", _schedule(now)))
    return cards


def _models(now: dt.datetime) -> SafeString:
    rows = [
        [
            one.kind,
            anchor(page_of(ModelArtifact, one.id), one.version),
            plain_number(one.events),
            ago(one.promoted_at, now),
        ]
        for one in overview.live_models()
    ]
    return small_table(["Kind", "Version", "Fitted on events", "In use since"], rows, empty="None yet: see the stages")


def _trends(now: dt.datetime) -> SafeString:
    rows = [
        [anchor(page_of(Show, show_id), title), rounded(score, 2), viewers]
        for show_id, title, _, score, viewers in overview.trending_now(now=now, first=TRENDS_SHOWN)
    ]
    return small_table(["Title", "Score", "Viewers"], rows)


def _schedule(now: dt.datetime) -> SafeString:
    tasks = PeriodicTask.objects.filter(enabled=True).select_related("interval", "crontab", "solar", "clocked")
    rows = [
        [
            anchor(reverse("admin:django_celery_beat_periodictask_change", args=(quote(task.pk),)), _short(task.name)),
            str(task.scheduler),
            ago(task.last_run_at, now),
        ]
        for task in tasks.order_by("name")[:30]
    ]
    return small_table(["What", "Runs", "Last run"], rows)


def _short(name: str) -> str:
    return name.removeprefix("BingeBoard: ")
