"""What is due is found, claimed once, and given up after five failures; what has expired leaves."""

import datetime as dt

import pytest
from django.db import connection

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


def test_who_can_not_be_refreshed_holds_up_nobody_else(world, event, now) -> None:
    for name in ("space-0", "space-1", "cosy-0"):
        record_events(user_id=name, events=[event("view", 5)], now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE recommendation_candidates ADD CONSTRAINT poison CHECK (user_id <> 'space-1') NOT VALID"
        )

    for _ in range(7):
        sweep.refresh_stale(now=now)

    states = {state.pk: state for state in ViewerState.objects.filter(pk__in=["space-0", "space-1", "cosy-0"])}
    assert [states[name].candidates_version for name in ("space-0", "cosy-0")] == [1, 1]
    assert (states["space-0"].attempts, states["cosy-0"].attempts) == (0, 0)
    assert states["space-1"].attempts == sweep.MAX_ATTEMPTS
    assert "poison" in states["space-1"].last_error
    assert sweep.refresh_one(user_id="space-1", now=now) == 0


def test_one_viewer_is_refreshed_where_it_is_due_and_nobody_else_is_at_it(world, event, now) -> None:
    assert sweep.refresh_one(user_id="space-0", now=now) == 0
    record_events(user_id="space-0", events=[event("complete", 5)], now=now)
    record_events(user_id="cosy-0", events=[event("complete", 5)], now=now)

    assert sweep.refresh_one(user_id="space-0", now=now) == 1
    assert sweep.refresh_one(user_id="space-0", now=now) == 0
    assert sweep.claim(now=now, count=10) == ["cosy-0"]
    assert sweep.refresh_one(user_id="cosy-0", now=now) == 0


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
