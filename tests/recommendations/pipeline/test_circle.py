"""What friends may no longer see of each other goes from trends, candidates and kept lists; what others see stays."""

import datetime as dt
from typing import Any

import pytest

from bingeboard.users.models import User
from recommendations.models import RecommendationCandidate, ServedList, TrendingEntry, ViewerState
from recommendations.pipeline import ranking
from recommendations.pipeline.events import record_events
from social.models import Friendship, SocialSignal
from social.services import end_friendship, recommend, set_sharing

pytestmark = pytest.mark.django_db
ADA, BOB, CYD = "space-0", "space-1", "cosy-0"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def circle(world: Any, event: Any, now: dt.datetime) -> None:
    """Ada, Bob and Cyd are friends of each other, did things, and have candidates and lists that say so."""
    from recommendations.pipeline import candidates

    User.objects.filter(pk__in=[ADA, BOB, CYD]).update(share_with_friends=True)
    for one, other in ((ADA, BOB), (BOB, CYD), (CYD, ADA)):
        Friendship.objects.create(user_id=one, friend_id=other, status="accepted")
    for place, viewer in enumerate((ADA, BOB, CYD)):
        shows = (101 + place, 1 + place, 4 + place % 2)
        record_events(user_id=viewer, events=[event("like", show) for show in shows], now=now)
        TrendingEntry.objects.create(
            content_id=1, time_window="week", trend_type="friend_network", trend_score=1, segment={"user": viewer},
            expires_at=now + dt.timedelta(days=1),
        )  # fmt: skip
    candidates.rebuild(now=now, user_ids=[ADA, BOB, CYD])
    for viewer in (ADA, BOB, CYD):
        ranking.serve(user_id=viewer, algorithm="hybrid", now=now)
    assert named() == {(a, b) for a in (ADA, BOB, CYD) for b in (ADA, BOB, CYD) if a != b}


def named() -> set[tuple[str, str]]:
    """Return (who is shown, whom) of candidates, which is the same as of kept lists."""
    in_lists = {
        (kept.user_id, friend)
        for kept in ServedList.objects.all()
        for item in kept.items
        for reason in item["reasons"]
        for friend in reason.get("friends", ())
    }
    in_candidates = {
        (row.user_id, friend)
        for row in RecommendationCandidate.objects.all()
        for reason in row.explanation["reasons"]
        for friend in reason.get("friends", ())
    }
    assert in_lists == in_candidates
    return in_lists


def trends() -> set[str]:
    return set(TrendingEntry.objects.values_list("segment__user", flat=True))


def versions() -> dict[str, int]:
    return dict(ViewerState.objects.values_list("pk", "behavior_version"))


def test_an_ended_friendship_is_gone_from_all_that_was_made_of_it(circle: None, now: dt.datetime) -> None:
    before, sizes = versions(), [len(kept.items) for kept in ServedList.objects.order_by("pk")]

    end_friendship(user_id=BOB, friend_id=ADA, now=now)

    assert named() == {(ADA, CYD), (BOB, CYD), (CYD, ADA), (CYD, BOB)}
    assert trends() == {CYD}
    assert {who for who, version in versions().items() if version != before[who]} == {ADA, BOB}
    told = set(SocialSignal.objects.values_list("user_id", "friend_id"))
    assert told == {(ADA, CYD), (BOB, CYD), (CYD, ADA), (CYD, BOB)}
    # But for the reasons that named them the lists are as they were served.
    assert [len(kept.items) for kept in ServedList.objects.order_by("pk")] == sizes
    assert all([item["position"] for item in k.items] == list(range(1, 1 + len(k.items))) for k in _lists())


def test_consent_taken_back_hides_a_viewer_from_everybody_and_everybody_from_them(
    circle: None, now: dt.datetime
) -> None:
    set_sharing(user_id=ADA, share=False, now=now)

    assert named() == {(BOB, CYD), (CYD, BOB)}
    assert trends() == set()
    assert set(SocialSignal.objects.values_list("user_id", "friend_id")) == {(BOB, CYD), (CYD, BOB)}


def test_the_next_list_names_nobody_who_is_hidden(circle: None, now: dt.datetime) -> None:
    set_sharing(user_id=ADA, share=False, now=now)

    fresh = ranking.serve(user_id=BOB, algorithm="hybrid", now=now + HOUR)
    social = ranking.serve(user_id=BOB, algorithm="social", now=now + HOUR)

    assert {f for kept in (fresh, social) for f in _friends(kept)} == {CYD}
    assert not _friends(ranking.serve(user_id=ADA, algorithm="social", now=now + HOUR))


def test_a_friends_word_reaches_the_next_list(circle: None, now: dt.datetime) -> None:
    known = {item["show"] for item in _social(BOB, now)}
    assert 6 not in known

    recommend(user_id=ADA, friend_id=BOB, show_id=6, note="Do!", now=now)

    found = next(item for item in _social(BOB, now) if item["show"] == 6)
    assert ADA in [friend for reason in found["reasons"] for friend in reason.get("friends", ())]


def _social(user_id: str, now: dt.datetime) -> list[dict[str, Any]]:
    """Return what a list of the blend holds because of friends."""
    items = ranking.serve(user_id=user_id, algorithm="hybrid", now=now).items
    return [item for item in items if any(reason.get("friends") for reason in item["reasons"])]


def _lists() -> list[ServedList]:
    return list(ServedList.objects.all())


def _friends(kept: ServedList) -> set[str]:
    return {friend for item in kept.items for reason in item["reasons"] for friend in reason.get("friends", ())}
