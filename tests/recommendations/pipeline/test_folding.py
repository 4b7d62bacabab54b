"""Acts are folded in once each, whoever does it, whenever, and however they came."""

import datetime as dt

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import (
    PlatformUserPreference,
    TasteExclusion,
    UserContext,
    UserTasteProfile,
    ViewerCheckpoint,
    ViewerState,
)
from recommendations.pipeline import folding, profiles, ranking
from recommendations.pipeline.events import record_events
from tests.recommendations.pipeline.test_events import assert_close, taste

pytestmark = pytest.mark.django_db
AT_ONCE = DEFAULT.with_overrides({"intake.folded_at_once": 10_000})
LATER = DEFAULT.with_overrides({"intake.folded_at_once": 0})


def other_rows(user_id: str) -> tuple[list, list]:
    habits = UserContext.objects.filter(user=user_id).order_by("context_type", "context_value")
    services = PlatformUserPreference.objects.filter(user=user_id).order_by("platform_name")
    return (
        list(habits.values_list("context_type", "context_value", "frequency", "last_seen")),
        list(services.values_list("platform_name", "usage_frequency", "preference_score")),
    )


def newcomer(name: str) -> str:
    User.objects.filter(pk=name).delete()
    User.objects.create(id=name, username=name)
    return name


def test_many_acts_wait_and_are_folded_in_by_who_reads_next(world, event, now) -> None:
    viewer = newcomer("eager")
    acts = [event("like", 1 + n % 6, occurred_at=now - dt.timedelta(hours=n)) for n in range(40)]

    record_events(user_id=viewer, events=acts, now=now)
    assert ViewerState.objects.get(pk=viewer).unprofiled
    assert taste(viewer) == {}

    ranking.serve(user_id=viewer, algorithm="hybrid", now=now)
    folded = taste(viewer)
    assert not ViewerState.objects.get(pk=viewer).unprofiled
    assert folded
    profiles.rebuild(now=now, user_ids=[viewer])
    assert_close(folded, taste(viewer))


def test_settling_twice_or_with_nothing_to_settle_changes_nothing(world, event, now) -> None:
    viewer = newcomer("twice")
    record_events(user_id=viewer, events=[event("like", 1), event("complete", 2)], now=now, config=LATER)

    assert folding.settle(user_ids=[viewer]) == 1
    before = (taste(viewer), other_rows(viewer))
    assert folding.settle(user_ids=[viewer]) == 0
    assert (taste(viewer), other_rows(viewer)) == before


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["like", "dislike", "complete", "view", "share", "abandon", "pause", "play"]),
        st.sampled_from([1, 2, 3, 101, 102, None]),
        st.integers(0, 600),
        st.sampled_from(["s1", "s2"]),
    ),
    min_size=1,
    max_size=14,
)


@given(acts=ACTS, random=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_delivery_gives_the_rows_of_a_clean_one(world, event, now, acts, random) -> None:
    """Any order, batching, duplication, lateness, at once or later, settled in between or not."""
    clean, messy = newcomer("clean"), newcomer("messy")
    events = [
        event(kind, show, session_id=session, occurred_at=now - dt.timedelta(days=days), platform_source="netflix")
        for kind, show, days, session in acts
    ]
    record_events(user_id=clean, events=events, now=now, config=AT_ONCE)

    sent = events + random.sample(events, len(events) // 2)
    random.shuffle(sent)
    while sent:
        size = random.randint(1, len(sent))
        record_events(user_id=messy, events=sent[:size], now=now, config=random.choice([AT_ONCE, LATER]))
        sent = sent[random.randint(1, size) :]
        if random.random() < 0.3:
            folding.settle(user_ids=[messy])
    folding.settle(user_ids=[messy])

    assert_close(taste(messy), taste(clean))
    assert other_rows(messy) == other_rows(clean)


def test_acts_that_were_taken_out_of_taste_move_nothing_from_then_on(world, event, now) -> None:
    with_kids, without = newcomer("with-kids"), newcomer("without")
    TasteExclusion.objects.create(user_id=with_kids, session_id="kids")
    TasteExclusion.objects.create(user_id=with_kids, content_id=102)
    TasteExclusion.objects.create(user_id=with_kids, session_id="tv", content_id=1)
    own = [event("like", 2), event("like", 1), event("complete", 101)]
    kids = [event("like", 3, session_id="kids"), event("like", 102), event("like", 1, session_id="tv")]

    record_events(user_id=with_kids, events=[*own, *kids], now=now)
    record_events(user_id=without, events=own, now=now)

    assert_close(taste(with_kids), taste(without))
    profiles.rebuild(now=now, user_ids=[with_kids])
    assert_close(taste(with_kids), taste(without))


def test_what_was_forgotten_counts_from_the_forgetting_on(world, event, now) -> None:
    forgetful, late = newcomer("forgetful"), newcomer("late")
    later = now + dt.timedelta(hours=1)
    old, new = event("like", 1), event("like", 2, occurred_at=later)
    record_events(user_id=forgetful, events=[old], now=now)
    shared = ("genre", "Science Fiction")
    UserTasteProfile.objects.filter(user=forgetful, feature_type=shared[0], feature_value=shared[1]).update(
        forgotten_at=now, affinity_score=0, confidence=0
    )

    record_events(user_id=forgetful, events=[new], now=later)
    record_events(user_id=late, events=[new], now=later)

    assert taste(forgetful)[shared][:2] == pytest.approx(taste(late)[shared][:2], abs=1e-12)
    profiles.rebuild(now=now, user_ids=[forgetful])
    assert taste(forgetful)[shared][:2] == pytest.approx(taste(late)[shared][:2], abs=1e-12)


def test_a_request_that_a_forgetting_overtook_counts_before_it(world, event, now) -> None:
    viewer = newcomer("overtaken")
    shared = ("genre", "Science Fiction")
    record_events(user_id=viewer, events=[event("like", 1)], now=now)
    UserTasteProfile.objects.filter(user=viewer, feature_type=shared[0], feature_value=shared[1]).update(
        forgotten_at=now + dt.timedelta(seconds=1), affinity_score=0, confidence=0
    )

    record_events(user_id=viewer, events=[event("like", 2)], now=now)

    folded = taste(viewer)
    assert folded[shared][:2] == (0, 0)
    profiles.rebuild(now=now, user_ids=[viewer])
    assert_close(folded, taste(viewer))


def test_what_has_left_the_events_stays_in_the_profile(world, event, now) -> None:
    whole, parted = newcomer("whole"), newcomer("parted")
    record_events(user_id=whole, events=[event("like", 1, occurred_at=now - dt.timedelta(days=90))], now=now)
    kept = profiles.derived(user_ids=[whole])
    ViewerCheckpoint.objects.create(
        user_id=parted,
        events=1,
        through=now,
        taste=[
            [*kept.keys[i], kept.sums.evidence[i], kept.sums.signed[i], kept.sums.day[i]] for i in range(len(kept.keys))
        ],
    )
    new = [event("like", 2), event("dislike", 101)]

    record_events(user_id=whole, events=new, now=now)
    record_events(user_id=parted, events=new, now=now)
    profiles.rebuild(now=now, user_ids=[parted])

    assert_close(taste(parted), taste(whole))


def test_a_viewer_who_allows_no_personalisation_has_no_profile(world, event, now) -> None:
    viewer = newcomer("private")
    User.objects.filter(pk=viewer).update(personalisation=False)

    record_events(user_id=viewer, events=[event("like", 1)], now=now)
    record_events(user_id=viewer, events=[event("like", 2)], now=now, config=LATER)
    folding.settle(user_ids=[viewer])

    assert taste(viewer) == {}
    assert not ViewerState.objects.get(pk=viewer).unprofiled


def test_a_failure_while_folding_leaves_the_acts_waiting(world, event, now) -> None:
    viewer = newcomer("unlucky")
    record_events(user_id=viewer, events=[event("like", 1)], now=now, config=LATER)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE user_taste_profiles ADD CONSTRAINT nothing_goes CHECK (user_id <> 'unlucky') NOT VALID"
        )
    try:
        with pytest.raises(Exception, match="nothing_goes"):
            folding.settle(user_ids=[viewer])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE user_taste_profiles DROP CONSTRAINT nothing_goes")

    assert ViewerState.objects.get(pk=viewer).unprofiled
    assert folding.settle(user_ids=[viewer]) == 1
    assert taste(viewer)
