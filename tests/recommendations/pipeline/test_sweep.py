"""What is due is found, claimed once, and given up after five failures; what has expired leaves."""

import datetime as dt

import pytest

from recommendations.models import RecommendationCandidate, ServedList, ViewerState
from recommendations.pipeline import candidates, sweep
from recommendations.pipeline.events import record_events
from recommendations.pipeline.ranking import serve

pytestmark = pytest.mark.django_db


def test_a_stale_viewer_is_refreshed_and_then_is_not_due(world, event, now) -> None:
    record_events(user_id="space-0", events=[event("complete", 5)], now=now)

    assert sweep.refresh_stale(now=now) == 1

    assert not RecommendationCandidate.objects.filter(user_id="space-0", content_id=5).exists()
    assert sweep.refresh_stale(now=now) == 0


def test_a_claim_is_a_lease(world, event, now) -> None:
    record_events(user_id="space-0", events=[event("view", 5)], now=now)

    assert sweep.claim(now=now, count=10) == ["space-0"]
    assert sweep.claim(now=now, count=10) == []
    assert sweep.claim(now=now + sweep.LEASE + dt.timedelta(seconds=1), count=10) == ["space-0"]


def test_what_fails_five_times_waits_for_a_person(world, event, now, monkeypatch) -> None:
    record_events(user_id="space-0", events=[event("view", 5)], now=now)

    def fail(**given):
        raise RuntimeError("no luck")

    monkeypatch.setattr(candidates, "rebuild", fail)
    for _ in range(7):
        sweep.refresh_stale(now=now, limit=1)

    state = ViewerState.objects.get(pk="space-0")
    assert (state.attempts, state.last_error) == (5, "RuntimeError: no luck")
    assert state.behavior_version > state.candidates_version


def test_an_event_during_a_refresh_leaves_the_viewer_stale(world, event, now) -> None:
    versions = candidates._versions(["space-0"])
    proposals = candidates.generate(user_ids=["space-0"], now=now)
    record_events(user_id="space-0", events=[event("view", 5)], now=now)

    candidates.store(user_ids=["space-0"], proposals=proposals, versions=versions, now=now)

    assert sweep.claim(now=now, count=10) == ["space-0"]


def test_expired_rows_leave_and_others_stay(world, now) -> None:
    served = serve(user_id="space-0", algorithm="hybrid", now=now)
    count = RecommendationCandidate.objects.count()

    assert sweep.purge(now=now) == 0
    assert sweep.purge(now=now + dt.timedelta(hours=25)) == count
    assert ServedList.objects.filter(pk=served.pk).exists()
    sweep.purge(now=now + dt.timedelta(days=31))
    assert not ServedList.objects.exists()
