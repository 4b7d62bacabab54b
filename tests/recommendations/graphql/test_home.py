"""The home page through the door: rows in order, no title twice, true to what was just done."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from bingeboard.shows.models import Show, Watchlist
from bingeboard.users.models import User
from recommendations.models import ServedList
from recommendations.pipeline import events
from social.models import SocialSignal
from tests.door import Door, befriend, subscribe, token_of, viewer

HOME = """
query($rows: Int, $perRow: Int, $filter: RecommendationFilter, $now: ViewingContext) {
  home(rows: $rows, perRow: $perRow, filter: $filter, context: $now) {
    requestId rows { key title items { id position algorithm score show { id title contentType }
      breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost finalScore }
      reasons { kind text weight shows { title } friends { username } } } } } }"""
FEEDBACK = """
mutation($feedback: [FeedbackInput!]!) { sendFeedback(feedback: $feedback) { accepted userErrors { message } } }"""


def home(door: Door, token: str, **given: Any) -> Any:
    return door.data(HOME, given, token=token)["home"]


def rows(page: Any) -> dict[str, list[str]]:
    return {row["key"]: [item["show"]["title"] for item in row["items"]] for row in page["rows"]}


def act(user: User, kind: str, show_id: int) -> None:
    event = events.NewEvent(uuid.uuid4(), "sitting", kind, show_id, "movie")
    events.record_events(user_id=user.pk, events=[event], now=timezone.now())


def test_rows_stand_in_order_and_no_title_twice(world: None, ada: User, ada_token: str, door: Door) -> None:
    act(ada, "play", 50)
    subscribe(ada, "streamly")

    page = home(door, ada_token, perRow=4)

    keys = list(rows(page))
    assert keys[:2] == ["continue_watching", "top_picks"]
    assert 3 <= len(keys) <= 8
    titles = [title for row in rows(page).values() for title in row]
    assert len(titles) == len(set(titles))
    positions = [item["position"] for row in page["rows"] for item in row["items"]]
    assert positions == list(range(1, len(titles) + 1))
    assert all(item["reasons"] for row in page["rows"] for item in row["items"])
    assert all(row["title"] and row["items"] for row in page["rows"])


def test_the_parts_of_each_score_sum_to_it(world: None, ada: User, ada_token: str, door: Door) -> None:
    act(ada, "play", 50)

    for row in home(door, ada_token)["rows"]:
        for item in row["items"]:
            b = item["breakdown"]
            total = (
                b["baseScore"] + b["popularityBoost"] + b["recencyBoost"] - b["diversityPenalty"]
                + b["availabilityBoost"] + b["socialBoost"]
            )  # fmt: skip
            assert item["score"] == b["finalScore"] == pytest.approx(total, abs=1e-6)


def test_the_page_stays_the_same_until_something_changes(world: None, ada: User, ada_token: str, door: Door) -> None:
    before = rows(home(door, ada_token, perRow=5))
    assert rows(home(door, ada_token, perRow=5)) == before

    act(ada, "complete", int(before["top_picks"][0].split()[1]))

    after = rows(home(door, ada_token, perRow=5))
    assert before["top_picks"][0] not in {title for row in after.values() for title in row}


@pytest.mark.parametrize("kind", ["NOT_INTERESTED", "WATCH_COMPLETED", "DISLIKE"])
def test_feedback_names_the_page_and_the_next_page_knows(
    world: None, ada: User, ada_token: str, door: Door, kind: str
) -> None:
    page = home(door, ada_token, perRow=5)
    answered = page["rows"][-1]["items"][0]
    feedback = {"feedbackType": kind, "showId": answered["show"]["id"], "requestId": page["requestId"]}

    given = door.data(FEEDBACK, {"feedback": [feedback]}, token=ada_token)["sendFeedback"]

    assert given == {"accepted": 1, "userErrors": []}
    after = home(door, ada_token, perRow=20)
    assert answered["show"]["title"] not in {title for row in rows(after).values() for title in row}


def test_what_was_begun_comes_first_until_it_is_finished_or_left(
    world: None, ada: User, ada_token: str, door: Door
) -> None:
    for show_id in (51, 52, 53):
        act(ada, "play", show_id)
    assert rows(home(door, ada_token))["continue_watching"] == ["Title 53", "Title 52", "Title 51"]
    reason = home(door, ada_token)["rows"][0]["items"][0]["reasons"]
    assert [r["kind"] for r in reason] == ["begun"]

    act(ada, "complete", 53)
    act(ada, "abandon", 52)
    assert rows(home(door, ada_token))["continue_watching"] == ["Title 51"]
    act(ada, "play", 52)
    assert rows(home(door, ada_token))["continue_watching"] == ["Title 52", "Title 51"]
    act(ada, "dislike", 51)
    act(ada, "complete", 52)
    assert "continue_watching" not in rows(home(door, ada_token))


def test_because_rows_hold_what_their_title_brought(world: None, ada: User, ada_token: str, door: Door) -> None:
    page = home(door, ada_token, perRow=4, rows=20)

    because = [row for row in page["rows"] if row["key"].startswith("because:")]
    assert because
    for row in because:
        name = row["title"].removeprefix("Because you watched ")
        for item in row["items"]:
            assert name in {show["title"] for reason in item["reasons"] for show in reason["shows"]}


def test_ones_own_list_services_and_friends_have_rows(
    world: None, ada: User, bob: User, ada_token: str, door: Door
) -> None:
    before = rows(home(door, ada_token, perRow=3, rows=20))
    wanted = next(title for key, row in reversed(before.items()) for title in row)
    Watchlist.objects.create(user=ada, show=Show.objects.get(title=wanted))
    subscribe(ada, "flixo")
    befriend(ada, bob)
    SocialSignal.objects.create(user=ada, friend=bob, content_id=60, signal_type="liked", signal_strength=0.8)

    page = home(door, ada_token, perRow=3, rows=20)

    assert rows(page)["your_list"] == [wanted]
    assert rows(page)["friends"] == ["Title 60"]
    friends = next(row for row in page["rows"] if row["key"] == "friends")
    assert friends["items"][0]["algorithm"] == "SOCIAL"
    assert friends["items"][0]["reasons"][0]["friends"] == [{"username": "bob"}]
    assert rows(page)["your_platforms"]
    User.objects.filter(pk="bob").update(share_with_friends=False)
    assert "friends" not in rows(home(door, ada_token, perRow=3, rows=20))


def test_a_viewer_without_history_gets_rows_too(world: None, door: Door) -> None:
    newcomer = viewer("newcomer")

    page = home(door, token_of(newcomer), perRow=5)

    assert len(page["rows"]) >= 3
    assert page["rows"][0]["title"] == "Popular with viewers"
    assert all(row["items"] for row in page["rows"])


def test_a_filter_holds_in_every_row(world: None, ada: User, ada_token: str, door: Door) -> None:
    act(ada, "play", 51)
    act(ada, "play", 55)

    page = home(door, ada_token, perRow=6, filter={"contentTypes": ["TV"]}, now={"device": "tv", "sessionMinutes": 60})

    kinds = {item["show"]["contentType"] for row in page["rows"] for item in row["items"]}
    assert kinds == {"TV"}
    assert rows(page)["continue_watching"] == ["Title 55"]
    assert len(rows(page)["top_picks"]) == 6
    assert ServedList.objects.get(pk=page["requestId"]).parameters["filter"] == {"content_types": ["tv"]}


def test_what_a_curator_took_out_is_out_at_once(world: None, ada: User, ada_token: str, door: Door) -> None:
    act(ada, "play", 51)
    shown = [title for row in rows(home(door, ada_token)).values() for title in row]
    assert "Title 51" in shown

    Show.objects.filter(title__in=["Title 51", shown[1]]).update(is_active=False)

    assert not {"Title 51", shown[1]} & {title for row in rows(home(door, ada_token)).values() for title in row}


@pytest.mark.parametrize("given", [{"rows": 0}, {"rows": 21}, {"perRow": 0}, {"perRow": 101}])
def test_sizes_out_of_range_are_refused(world: None, ada_token: str, door: Door, given: dict[str, int]) -> None:
    error = door.error(HOME, given, token=ada_token)

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert next(iter(given)) in error["message"]


def test_before_anything_was_fitted_the_page_is_empty(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    from recommendations.pipeline import artifacts, candidates

    artifacts.forget_loaded()
    candidates.forget_snapshot()

    assert home(door, ada_token)["rows"] == []


def test_a_place_of_a_page_is_a_node_of_its_viewer(
    world: None, ada: User, ada_token: str, bob_token: str, door: Door
) -> None:
    item = home(door, ada_token)["rows"][-1]["items"][0]
    query = "query($id: ID!) { node(id: $id) { ... on Recommendation { show { id } } } }"

    assert door.data(query, {"id": item["id"]}, token=ada_token)["node"]["show"]["id"] == item["show"]["id"]
    assert door.data(query, {"id": item["id"]}, token=bob_token)["node"] is None
