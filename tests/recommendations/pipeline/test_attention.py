"""What an abandoned play says depends on how far others got in titles as long; without data, on its progress."""

import dataclasses

import pytest
from django.db import connection

from bingeboard.shows.models import Show
from recommendations.engine.config import DEFAULT, Attention
from recommendations.models import ModelArtifact, UserBehaviorEvent
from recommendations.pipeline import attention
from recommendations.pipeline.events import record_events
from tests.recommendations.pipeline.test_folding import newcomer

pytestmark = pytest.mark.django_db
FEW = dataclasses.replace(DEFAULT, attention=Attention(plays=4))


@pytest.fixture
def lengths(world) -> None:
    """Titles 1 to 3 are episodes, all others films; the world's own acts are not of concern."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM user_behavior_events WHERE event_type IN ('complete', 'abandon')")
    Show.objects.update(runtime_minutes=115)
    Show.objects.filter(id__in=[1, 2, 3]).update(runtime_minutes=25)


def told(event, now, viewer: str, kind: str, show: int, percent: float | None) -> float:
    sent = event(kind, show, context={} if percent is None else {"progress_percent": percent})
    record_events(user_id=viewer, events=[sent], now=now, config=FEW)
    return UserBehaviorEvent.objects.get(user=viewer, event_id=sent.event_id).engagement_score


def test_the_same_progress_says_less_where_others_get_further(lengths, event, now) -> None:
    # Episodes are finished by three of four, films are left early by three of four.
    for number, (episode, film) in enumerate([(100, 10), (100, 20), (100, 30), (40, 100)]):
        viewer = newcomer(f"watcher{number}")
        for show, percent in ((1, episode), (101, film)):
            told(event, now, viewer, "complete" if percent == 100 else "abandon", show, percent)
    late = newcomer("late")
    assert told(event, now, late, "abandon", 2, 50) == pytest.approx(0.15 + 0.7 * 0.5)

    artifact = attention.rebuild(now=now, config=FEW)

    assert artifact.fit_report == {"plays": 9, "lengths_with_a_curve": 2}
    # The play at 50 % of title 2 is one of the five episodes: one of them got less far.
    assert told(event, now, late, "abandon", 3, 50) == pytest.approx(0.15 + 0.7 * 1 / 5)
    assert told(event, now, late, "abandon", 102, 50) == pytest.approx(0.15 + 0.7 * 3 / 4)
    assert told(event, now, late, "abandon", 102, None) == pytest.approx(0.15 + 0.7 * 0.2)
    assert told(event, now, late, "complete", 102, 100) == pytest.approx(0.95)


def test_the_furthest_of_a_viewers_plays_counts_once(lengths, event, now) -> None:
    viewer = newcomer("again")
    for percent in (10, 60, 30):
        told(event, now, viewer, "abandon", 1, percent)

    assert attention.rebuild(now=now, config=FEW).fit_report["plays"] == 1


def test_curves_of_other_numbers_are_not_read_and_no_data_is_no_curve(lengths, event, now) -> None:
    attention.rebuild(now=now, config=dataclasses.replace(DEFAULT, attention=Attention(plays=1, bins=3)))
    viewer = newcomer("late")
    assert told(event, now, viewer, "abandon", 1, 50) == pytest.approx(0.5)

    attention.rebuild(now=now)
    attention.rebuild(now=now)

    assert ModelArtifact.objects.filter(kind="attention", state="live").count() == 1
    assert told(event, now, viewer, "abandon", 2, 50) == pytest.approx(0.5)
