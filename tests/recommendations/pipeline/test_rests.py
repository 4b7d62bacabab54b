"""What was dismissed or shown in vain rests at once, in every list and export, says why, and comes back."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentSimilarity, RecommendationCandidate, TasteExclusion
from recommendations.pipeline import candidates
from recommendations.pipeline.events import record_events
from recommendations.pipeline.feedback import NewFeedback, record_feedback, undo_feedback
from recommendations.pipeline.ranking import ListFilter, rank_for_export, serve
from social.models import Friendship, SocialSignal

pytestmark = pytest.mark.django_db
R = DEFAULT.rests
DAY = dt.timedelta(days=1)
VIEWER = "space-0"


@pytest.fixture
def alike(world) -> None:
    """Title 5 is like 6 by genre and 103 by cast; by text 101 is the last that its page may show, 102 the next."""
    pairs = [(5, 6, "genre", 0.9), (5, 103, "cast", 0.5), (5, 101, "embedding", 0.4)]
    filler = [
        Show(id=1000 + n, title=f"Filler {n}", content_type="movie", is_active=n > 0) for n in range(R.neighbours + 1)
    ]
    Show.objects.bulk_create(filler)
    # The first, most alike, is off: nobody is shown it, and it takes no place from the others.
    pairs += [(5, show.id, "embedding", 0.99 - n / 1000) for n, show in enumerate(filler[: R.neighbours])]
    pairs += [(5, 102, "embedding", 0.3), (102, 5, "genre", 0.9)]
    ContentSimilarity.objects.bulk_create(
        ContentSimilarity(content_a_id=a, content_b_id=b, similarity_type=kind, similarity_score=score)
        for a, b, kind, score in pairs
    )


def items(now: dt.datetime, algorithm: str = "hybrid", **chosen) -> dict[int, dict]:
    served = serve(user_id=VIEWER, algorithm=algorithm, filter=ListFilter(**chosen), now=now)
    return {item["show"]: item for item in served.items}


def resting(now: dt.datetime, algorithm: str = "hybrid", **chosen) -> dict[int, dict]:
    return {show: item["penalties"][0] for show, item in items(now, algorithm, **chosen).items() if "penalties" in item}


def say(kind: str, *shows: int, now: dt.datetime, user_id: str = VIEWER) -> list[int | None]:
    """Give feedback on titles, as in a list of its own."""
    served = serve(user_id=user_id, algorithm="hybrid", filter=ListFilter(include_seen=True), now=now)
    given = [NewFeedback(kind, show, request_id=served.request_id) for show in shows]
    receipt = record_feedback(user_id=user_id, items=given, now=now)
    assert receipt.problems == []
    return receipt.ids


def test_neighbours_of_a_dismissed_title_rest_in_each_respect_and_no_others(alike, now) -> None:
    before = list(items(now))
    assert before[:2] == [5, 6] or before[:2] == [6, 5]

    say("not_interested", 5, now=now)

    assert resting(now) == {show: {"kind": "rest", "weight": -R.full, "because": [5]} for show in (6, 103, 101)}
    assert set(list(items(now))[-3:]) == {6, 103, 101}
    assert set(items(now)) == set(before) - {5}


@pytest.mark.parametrize("algorithm", ["hybrid", "collaborative", "content_based", "trending"])
def test_it_holds_for_every_algorithm_and_the_sum_still_does(alike, now, algorithm) -> None:
    say("not_interested", 5, now=now)

    served = items(now, algorithm)

    assert 6 in resting(now, algorithm)
    for item in served.values():
        b = item["breakdown"]
        total = (
            b["base_score"] + b["popularity_boost"] + b["recency_boost"] - b["diversity_penalty"]
            + b["availability_boost"] + b["social_boost"]
        )  # fmt: skip
        assert b["final_score"] == pytest.approx(total, abs=1e-6)
        rest = -sum(penalty["weight"] for penalty in item.get("penalties", []))
        assert 0 <= rest <= b["diversity_penalty"] + 1e-9 <= 2
    scores = [item["breakdown"]["final_score"] for item in served.values()]
    assert scores == sorted(scores, reverse=True)


def test_what_friends_did_rests_too(alike, now) -> None:
    User.objects.filter(pk__in=[VIEWER, "cosy-0"]).update(share_with_friends=True)
    Friendship.objects.create(user_id=VIEWER, friend_id="cosy-0", status="accepted")
    for show, kind in ((103, "liked"), (104, "watched")):
        SocialSignal.objects.create(
            user_id=VIEWER, friend_id="cosy-0", content_id=show, signal_type=kind, created_at=now
        )
    assert list(items(now, "social")) == [103, 104]

    say("not_interested", 5, now=now)

    assert list(items(now, "social")) == [104, 103]


def test_stored_candidates_rest_as_fresh_lists_do_and_say_why(alike, now) -> None:
    say("not_interested", 5, now=now)
    fresh = items(now)

    candidates.rebuild(now=now, user_ids=[VIEWER])

    row = RecommendationCandidate.objects.get(user_id=VIEWER, content_id=6, algorithm_type="hybrid")
    assert row.explanation["penalties"] == [{"kind": "rest", "weight": -R.full, "because": [5]}]
    assert row.diversity_penalty >= R.full
    stored = items(now)
    assert list(stored) == list(fresh)
    assert stored[6]["penalties"] == fresh[6]["penalties"]
    assert stored[6]["breakdown"]["final_score"] == pytest.approx(fresh[6]["breakdown"]["final_score"], abs=1e-9)


def test_an_export_rests_as_lists_do(alike, now) -> None:
    say("not_interested", 5, now=now)

    exported = dict(rank_for_export(user_ids=[VIEWER], algorithm="hybrid", limit=100, now=now))

    assert exported[VIEWER] == list(items(now))


@pytest.mark.usefixtures("unexplored")
def test_undoing_ends_the_rest(alike, now) -> None:
    before = items(now)
    ids = say("not_interested", 5, now=now)
    assert resting(now)

    undo_feedback(user_id=VIEWER, feedback_ids=ids, now=now)

    after = items(now)
    assert list(after) == list(before)
    assert not resting(now)
    for show, item in after.items():
        assert item["breakdown"]["final_score"] == pytest.approx(before[show]["breakdown"]["final_score"], abs=1e-9)


def test_a_rest_ends_after_its_days(alike, now) -> None:
    say("not_interested", 5, now=now)

    assert set(resting(now + (R.days - 1) * DAY)) == {6, 103, 101}
    later = now + R.days * DAY
    assert not resting(later)
    assert 5 not in items(later)


def test_what_three_dismissed_titles_share_rests(world, now) -> None:
    say("not_interested", 101, 102, now=now)
    assert not resting(now)

    say("not_interested", 103, now=now)

    found = resting(now)
    assert set(found) == {104, 105, 106}
    assert found[104]["because"] == [101, 102, 103]
    assert found[104]["feature"][0] in ("genre", "keyword", "director", "cast")
    assert list(items(now))[:2] in ([5, 6], [6, 5])


def test_who_finishes_as_many_gets_them_back(world, event, now) -> None:
    say("not_interested", 101, 102, 103, now=now)
    later = now + DAY

    record_events(user_id=VIEWER, events=[event("complete", n, occurred_at=later) for n in (104, 105)], now=later)
    assert 106 in resting(later)
    record_events(user_id=VIEWER, events=[event("like", 101, occurred_at=later)], now=later)

    assert not resting(later)


def test_a_title_shown_in_vain_falls_a_little_and_recovers(world, now) -> None:
    say("impression", 6, now=now)

    assert resting(now) == {6: {"kind": "rest", "weight": -R.shown, "shown": 1}}
    later = now + dt.timedelta(days=R.shown_half_life)
    assert resting(later)[6]["weight"] == pytest.approx(-R.shown / 2, abs=1e-3)
    assert not resting(now + 15 * DAY)


def test_five_times_in_a_week_is_a_weeks_rest_and_then_it_comes_back(world, now) -> None:
    first = next(iter(items(now)))
    for day in range(R.shown_limit):
        say("impression", first, now=now + day * DAY)
    last = now + (R.shown_limit - 1) * DAY

    assert resting(last)[first] == {"kind": "rest", "weight": -R.full, "shown": R.shown_limit}
    assert list(items(last))[-1] == first
    assert resting(last + 6.9 * DAY)[first]["weight"] == -R.full
    assert resting(last + 7 * DAY)[first]["weight"] > -R.shown_limit * R.shown
    assert first in list(items(last + 7 * DAY))[:2]


@pytest.mark.parametrize("kind", ["click", "view", "share", "add_to_list"])
def test_what_was_taken_up_was_not_shown_in_vain(world, event, now, kind) -> None:
    say("impression", 6, now=now)
    later = now + dt.timedelta(hours=1)

    record_events(user_id=VIEWER, events=[event(kind, 6, occurred_at=later)], now=later)
    assert not resting(later)
    say("impression", 6, now=later + dt.timedelta(hours=1))

    assert resting(later + dt.timedelta(hours=1))[6]["shown"] == 1


def test_a_click_before_the_impression_does_not_excuse_it(world, event, now) -> None:
    record_events(user_id=VIEWER, events=[event("click", 6, occurred_at=now - DAY)], now=now)

    say("impression", 6, now=now)

    assert resting(now)[6]["shown"] == 1


def test_one_viewers_answers_move_nobody_elses_list(alike, now) -> None:
    def lists() -> dict[str, list[int]]:
        others = [f"space-{n}" for n in range(1, 10)] + ["cosy-0"]
        return dict(rank_for_export(user_ids=others, algorithm="hybrid", limit=100, now=now))

    before = lists()

    say("not_interested", 5, now=now)
    say("impression", 6, now=now)

    assert lists() == before


def test_a_title_taken_out_of_the_taste_makes_nothing_rest(alike, now) -> None:
    say("not_interested", 5, now=now)

    TasteExclusion.objects.create(user_id=VIEWER, content_id=5)

    assert 6 not in resting(now + dt.timedelta(seconds=1), year_from=1900)


def test_who_does_not_allow_personalisation_has_no_rests(alike, now) -> None:
    say("not_interested", 5, now=now)
    User.objects.filter(pk=VIEWER).update(personalisation=False)

    assert not resting(now, year_from=1900)


def test_a_dismissed_title_rests_itself_where_seen_ones_are_asked_for(alike, now) -> None:
    say("not_interested", 5, now=now)

    assert resting(now, include_seen=True)[5]["because"] == [5]


def test_only_the_latest_dismissals_count(alike, now) -> None:
    few = DEFAULT.with_overrides({"rests.dismissals": 1})
    say("not_interested", 5, now=now - DAY)
    say("not_interested", 105, now=now)

    proposal = candidates.generate(user_ids=[VIEWER], now=now, algorithms=["hybrid"], config=few)[0]

    assert not proposal.slate.rest.any()


def test_rests_cost_one_statement_and_one_more_where_something_was_dismissed(alike, now) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            candidates.generate(user_ids=[VIEWER], now=now, algorithms=["hybrid"])
        return len(found)

    plain = statements()
    say("impression", 6, now=now)
    assert statements() == plain
    say("not_interested", 5, now=now)

    assert statements() == plain + 1


def test_a_title_dismissed_in_two_lists_counts_once_as_of_the_last(alike, now) -> None:
    say("not_interested", 5, now=now - 89 * DAY)
    say("not_interested", 5, now=now)
    record_feedback(user_id=VIEWER, items=[NewFeedback("not_interested", 5)], now=now)

    assert resting(now + 2 * DAY)[6]["because"] == [5]
