"""Consent taken back ends at once what it allowed; given again, all is worked out anew from what is still there."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from bingeboard.errors import NotFound, Stale
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import (
    PlatformUserPreference,
    RecommendationCandidate,
    UserBehaviorEvent,
    UserCluster,
    UserContext,
    UserTasteProfile,
    ViewerCheckpoint,
)
from recommendations.pipeline import candidates, profiles, ranking, retention, sweep
from recommendations.pipeline.audit import audit
from recommendations.pipeline.consent import Consent, set_consent
from recommendations.pipeline.events import record_events
from recommendations.pipeline.served import read_served
from recommendations.pipeline.taste import TasteChange, change_taste
from recommendations.queries.events import dealt_with, load_events
from recommendations.queries.social import _liked
from tests.recommendations.pipeline.test_events import assert_close, taste
from tests.recommendations.pipeline.test_folding import other_rows

pytestmark = pytest.mark.django_db
VIEWER = "space-0"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def known(world: Any, event: Any, now: dt.datetime) -> None:
    """A viewer of whom there is everything: taste, habits, services, a group, candidates and a kept list."""
    acts = [
        event("complete", show, platform_source="hulu", context={"device": "tv"}, occurred_at=now - show * HOUR)
        for show in (1, 2, 3, 101)
    ]
    record_events(user_id=VIEWER, events=acts, now=now)
    UserCluster.objects.create(user_id=VIEWER, cluster_id="t-1", cluster_type="taste_based")
    candidates.rebuild(now=now, user_ids=[VIEWER])
    assert all(derived().values())


def derived() -> dict[str, int]:
    models = (UserTasteProfile, UserContext, PlatformUserPreference, UserCluster, RecommendationCandidate)
    return {model._meta.db_table: model.objects.filter(user_id=VIEWER).count() for model in models}


def withdraw(now: dt.datetime) -> Consent:
    return set_consent(user_id=VIEWER, personalisation=False, now=now)


def test_nothing_derived_is_left_and_the_acts_are(known: None, now: dt.datetime) -> None:
    acts = UserBehaviorEvent.objects.filter(user_id=VIEWER).count()

    assert withdraw(now) == Consent(personalisation=False, share_with_friends=False)

    assert not any(derived().values())
    assert UserBehaviorEvent.objects.filter(user_id=VIEWER).count() == acts
    assert dealt_with(user_ids=[VIEWER])[VIEWER] >= {1, 2, 3, 101}


def test_given_again_everything_is_as_if_it_had_never_been_taken_back(known: None, now: dt.datetime) -> None:
    before, others = taste(VIEWER), other_rows(VIEWER)

    withdraw(now)
    assert set_consent(user_id=VIEWER, personalisation=True, now=now).personalisation

    assert_close(before, taste(VIEWER))
    assert other_rows(VIEWER)[0] == others[0]
    assert audit(user_ids=[VIEWER]).is_clean


def test_acts_of_the_time_between_count_when_it_is_given_again(known: None, event: Any, now: dt.datetime) -> None:
    withdraw(now)
    record_events(user_id=VIEWER, events=[event("like", 4), event("dislike", 102)], now=now)
    assert taste(VIEWER) == {}

    set_consent(user_id=VIEWER, personalisation=True, now=now)

    found = taste(VIEWER)
    profiles.rebuild(now=now, user_ids=[VIEWER])
    assert_close(found, taste(VIEWER))
    assert found[("genre", "Mystery")][0] < found[("genre", "Science Fiction")][0]


@pytest.mark.parametrize("batch", [1, 40])
def test_acts_that_waited_are_not_folded_in_after_it_was_taken_back(
    known: None, event: Any, now: dt.datetime, batch: int
) -> None:
    record_events(user_id=VIEWER, events=[event("like", 4) for _ in range(batch)], now=now)

    withdraw(now)
    ranking.serve(user_id=VIEWER, algorithm="hybrid", now=now)

    assert taste(VIEWER) == {}


@pytest.mark.usefixtures("unexplored")
def test_the_next_list_is_that_of_somebody_unknown(known: None, now: dt.datetime) -> None:
    User.objects.create(id="unknown", username="unknown")
    before = [item["show"] for item in ranking.serve(user_id=VIEWER, algorithm="hybrid", now=now).items]

    withdraw(now)

    after = [item["show"] for item in ranking.serve(user_id=VIEWER, algorithm="hybrid", now=now).items]
    theirs = [item["show"] for item in ranking.serve(user_id="unknown", algorithm="hybrid", now=now).items]
    assert after != before
    # What was dealt with is no taste: it is left out for either.
    assert after == [show for show in theirs if show not in dealt_with(user_ids=[VIEWER])[VIEWER]]
    reasons = {reason["kind"] for item in ranking.serve(user_id=VIEWER, algorithm="hybrid", now=now).items
               for reason in item["reasons"]}  # fmt: skip
    assert not reasons & {"because", "feature", "likeness", "platform"}


def test_a_list_of_before_can_not_be_paged_any_more(known: None, now: dt.datetime) -> None:
    kept = ranking.serve(user_id=VIEWER, algorithm="hybrid", now=now)

    withdraw(now)

    with pytest.raises(Stale):
        read_served(user_id=VIEWER, request_id=kept.request_id, now=now)


def test_what_the_viewer_stated_stays(known: None, now: dt.datetime) -> None:
    change_taste(user_id=VIEWER, changes=[TasteChange("genre", "Mystery", affinity=-0.5)], now=now)
    PlatformUserPreference.objects.filter(user_id=VIEWER).update(is_stated=True, preference_score=0.9)

    withdraw(now)

    row = UserTasteProfile.objects.get(user_id=VIEWER)
    assert (row.feature_value, row.stated_affinity, row.affinity_score, row.confidence) == ("Mystery", -0.5, 0, 0)
    service = PlatformUserPreference.objects.get(user_id=VIEWER)
    assert (service.preference_score, service.usage_frequency) == (0.9, 0)


def test_of_acts_that_left_only_the_titles_dealt_with_are_kept(known: None, now: dt.datetime) -> None:
    later = now + dt.timedelta(days=DEFAULT.intake.retention) + DAY
    assert retention.retire_events(now=later) > 0
    checkpoint = ViewerCheckpoint.objects.get(pk=VIEWER)
    assert checkpoint.taste
    assert checkpoint.contexts
    seen = dealt_with(user_ids=[VIEWER])[VIEWER]
    assert taste(VIEWER)

    withdraw(later)

    kept = ViewerCheckpoint.objects.get(pk=VIEWER)
    assert (kept.taste, kept.contexts, kept.platforms, kept.sessions) == ([], [], [], [])
    assert kept.titles
    assert all(title[1:] == [0, 0, 0, 1] for title in kept.titles)
    assert dealt_with(user_ids=[VIEWER])[VIEWER] == seen
    set_consent(user_id=VIEWER, personalisation=True, now=later)
    assert taste(VIEWER) == {}
    assert (
        not len(load_events(user_ids=[VIEWER], departed=True).user)
        or not load_events(user_ids=[VIEWER], departed=True).evidence.any()
    )


def test_ties_between_friends_are_not_read_from_acts(known: None, now: dt.datetime) -> None:
    assert _liked({VIEWER, "space-1"}).keys() == {VIEWER, "space-1"}

    withdraw(now)

    assert _liked({VIEWER, "space-1"}).keys() == {"space-1"}


def test_a_worker_that_comes_by_brings_nothing_back(known: None, now: dt.datetime) -> None:
    withdraw(now)

    sweep.refresh_one(user_id=VIEWER, now=now)
    profiles.rebuild(now=now)

    assert taste(VIEWER) == {}
    rows = RecommendationCandidate.objects.filter(user_id=VIEWER)
    assert not {r["kind"] for row in rows for r in row.explanation["reasons"]} & {"because", "feature"}


def test_what_is_left_out_stays_and_the_same_again_changes_nothing(known: None, now: dt.datetime) -> None:
    before = (taste(VIEWER), derived())

    assert set_consent(user_id=VIEWER, now=now) == Consent(True, False)
    assert set_consent(user_id=VIEWER, share_with_friends=True, now=now) == Consent(True, True)
    assert set_consent(user_id=VIEWER, personalisation=True, now=now) == Consent(True, True)
    assert (taste(VIEWER), derived()) == before
    both = set_consent(user_id=VIEWER, personalisation=False, share_with_friends=False, now=now)
    assert both == Consent(False, False)
    with pytest.raises(NotFound):
        set_consent(user_id="nobody", personalisation=False, now=now)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("allowed", [False, True], ids=["taken back", "given again"])
def test_an_act_that_comes_in_meanwhile_goes_by_what_holds_then(
    known: None, event: Any, now: dt.datetime, allowed: bool
) -> None:
    set_consent(user_id=VIEWER, personalisation=not allowed, now=now)

    def act() -> None:
        try:
            record_events(user_id=VIEWER, events=[event("like", 5)], now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            set_consent(user_id=VIEWER, personalisation=allowed, now=now)
            late = other.submit(act)
            _until_somebody_waits_for_us()
        late.result(20)

    found = taste(VIEWER)
    assert UserBehaviorEvent.objects.filter(user_id=VIEWER, content_id=5).exists()
    assert bool(found) is UserContext.objects.filter(user_id=VIEWER).exists() is allowed
    profiles.rebuild(now=now, user_ids=[VIEWER])
    assert_close(found, taste(VIEWER))


def _until_somebody_waits_for_us() -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")
