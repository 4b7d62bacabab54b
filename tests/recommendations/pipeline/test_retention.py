"""What leaves the events changes nothing that was derived from them, and what is kept a viewer stays bounded."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommendations.engine.config import DEFAULT
from recommendations.models import (
    RecommendationFeedback,
    TasteExclusion,
    UserBehaviorEvent,
    UserContext,
    UserTasteProfile,
    ViewerCheckpoint,
)
from recommendations.pipeline import candidates, profiles, retention
from recommendations.pipeline.audit import audit
from recommendations.pipeline.events import record_events
from recommendations.queries.events import dealt_with, load_events
from tests.recommendations.pipeline.test_events import assert_close, taste
from tests.recommendations.pipeline.test_folding import AT_ONCE, newcomer, other_rows

pytestmark = pytest.mark.django_db
# Small batches, so that every test crosses from one to the next.
SHORT = DEFAULT.with_overrides({"intake.retired_at_once": 10})


def services(user_id: str) -> dict[str, float]:
    return {name: pytest.approx(use, abs=1e-12) for name, use, _ in other_rows(user_id)[1]}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["like", "dislike", "complete", "view", "play", "abandon", "pause"]),
        st.sampled_from([1, 2, 3, 101, 102, None]),
        st.integers(0, 700 * 24),
        st.sampled_from(["s1", "s2", "s3", "import"]),
        st.sampled_from(["netflix", "hulu", None]),
    ),
    min_size=1,
    max_size=25,
)


@given(acts=ACTS, cuts=st.lists(st.integers(0, 700), max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_viewer_whose_acts_left_has_the_rows_of_one_whose_acts_stayed(world, event, now, acts, cuts) -> None:
    stayed, left = newcomer("stayed"), newcomer("left")
    events = [
        event(
            kind,
            show,
            session_id=session,
            platform_source=service,
            context={"device": "tv"},
            occurred_at=now - dt.timedelta(hours=hours),
        )
        for kind, show, hours, session, service in acts
    ]
    for viewer in (stayed, left):
        TasteExclusion.objects.create(user_id=viewer, session_id="s3", content_id=1)
        record_events(user_id=viewer, events=events, now=now, config=AT_ONCE)
    # Of all acts in the database, only these came in long ago.
    UserBehaviorEvent.objects.filter(user=left).update(received_at=now - dt.timedelta(days=710))

    gone = 0
    for days in sorted(cuts, reverse=True):
        # As time goes by, more and more is past it.
        gone += retention.retire_events(now=now + dt.timedelta(days=730 - days), config=SHORT)
    profiles.rebuild(now=now, user_ids=[left])

    assert UserBehaviorEvent.objects.filter(user=left).count() == len(events) - gone
    assert_close(taste(left), taste(stayed))
    assert other_rows(left)[0] == other_rows(stayed)[0]
    assert services(left) == services(stayed)
    both = dealt_with(user_ids=[left, stayed])
    assert both[left] == both[stayed]
    assert likes(left) == likes(stayed)


def likes(viewer: str) -> dict[int, tuple]:
    from recommendations.pipeline.collaborative import likes as found

    events = load_events(user_ids=[viewer], departed=True)
    ids = candidates.snapshot(now=dt.datetime.now(dt.UTC)).show_ids
    rows = found(events=events, show_ids=ids)
    return {
        int(ids[row]): (pytest.approx(float(liked), abs=1e-9), pytest.approx(float(day), abs=1e-6))
        for row, liked, day in zip(rows.row, rows.liked, rows.day, strict=True)
    }


def test_acts_that_came_in_lately_stay_however_long_ago_they_happened(world, event, now) -> None:
    viewer = newcomer("importer")
    record_events(user_id=viewer, events=[event("like", 1, occurred_at=now - dt.timedelta(days=700))], now=now)

    retention.retire_events(now=now + dt.timedelta(days=100), config=SHORT)
    assert UserBehaviorEvent.objects.filter(user=viewer).count() == 1

    retention.retire_events(now=now + dt.timedelta(days=731), config=SHORT)
    assert UserBehaviorEvent.objects.filter(user=viewer).count() == 0
    assert ViewerCheckpoint.objects.get(pk=viewer).events == 1


def test_thirty_days_of_traffic_leave_what_is_kept_flat(world, event, now) -> None:
    config = DEFAULT.with_overrides({"intake.retention": 5, "intake.retired_at_once": 50})
    viewer = newcomer("busy")
    kept = []
    for day in range(30):
        today = now + dt.timedelta(days=day)
        acts = [
            event(("like", "view", "complete")[n % 3], 1 + n % 6, session_id=f"{day}", occurred_at=today)
            for n in range(12)
        ]
        record_events(user_id=viewer, events=acts, now=today, config=config)
        retention.retire_events(now=today, config=config)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_column_size(c) FROM viewer_checkpoints c WHERE user_id = %s", [viewer])
            size = (cursor.fetchone() or [0])[0]
        kept.append((UserBehaviorEvent.objects.filter(user=viewer).count(), size))

    assert max(count for count, _ in kept) <= 6 * 12
    assert kept[29][1] <= 1.1 * kept[15][1]
    assert ViewerCheckpoint.objects.get(pk=viewer).events + kept[29][0] == 30 * 12
    assert audit(user_ids=[viewer]).is_clean


def test_a_failure_half_way_leaves_acts_and_checkpoint_as_they_were(world, event, now) -> None:
    viewer = newcomer("unlucky")
    record_events(user_id=viewer, events=[event("like", 1), event("view", 2)], now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("CREATE RULE stay AS ON DELETE TO user_behavior_events DO INSTEAD SELECT 1 / 0")

    with pytest.raises(Exception, match="division by zero"), transaction.atomic():
        retention.retire_events(now=now + dt.timedelta(days=800), config=SHORT)

    with connection.cursor() as cursor:
        cursor.execute("DROP RULE stay ON user_behavior_events")
    assert UserBehaviorEvent.objects.filter(user=viewer).count() == 2
    assert not ViewerCheckpoint.objects.exists()


def test_impressions_leave_before_other_feedback(world, now) -> None:
    for kind in ("impression", "not_interested"):
        RecommendationFeedback.objects.create(user_id="space-0", content_id=1, feedback_type=kind, received_at=now)

    assert retention.purge_feedback(now=now + dt.timedelta(days=29)) == 0
    assert retention.purge_feedback(now=now + dt.timedelta(days=31)) == 1
    assert RecommendationFeedback.objects.get().feedback_type == "not_interested"
    assert retention.purge_feedback(now=now + dt.timedelta(days=731)) == 1


def test_an_audit_finds_what_was_changed_and_changes_nothing(world, event, now, capsys) -> None:
    record_events(user_id="space-0", events=[event("like", 2)], now=now)
    assert audit().is_clean
    row = UserTasteProfile.objects.filter(user="space-0").first()
    habit = UserContext.objects.filter(user="space-0").first()
    UserTasteProfile.objects.filter(pk=row.pk).update(affinity_score=row.affinity_score - 1e-6)
    UserContext.objects.filter(pk=habit.pk).delete()

    found = audit()

    assert {(d.table, d.user_id) for d in found.differences} == {
        ("user_taste_profiles", "space-0"),
        ("user_context", "space-0"),
    }
    assert not UserContext.objects.filter(pk=habit.pk).exists()
    with pytest.raises(CommandError, match="differs from what the events give") as error:
        call_command("audit", users=["space-0"])
    assert error.value.returncode == 3
    printed = capsys.readouterr().out
    assert f"user_taste_profiles of space-0, {row.feature_type} {row.feature_value}: stored" in printed
    profiles.rebuild(now=now, user_ids=["space-0"])
    call_command("audit")
