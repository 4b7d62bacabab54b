"""Served lists through the door: pages of one list, every part of a score, reasons whose evidence is still there."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import ServedList
from tests.door import Door, befriend, served, show_gid

LIST = """
query($first: Int, $after: String, $algorithm: Algorithm, $filter: RecommendationFilter, $now: ViewingContext) {
  recommendations(first: $first, after: $after, algorithm: $algorithm, filter: $filter, context: $now) {
    requestId experiment variant
    edges { cursor node { id position algorithm score propensity generatedAt expiresAt show { id title }
      breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost finalScore
        algorithms { algorithm score weight rank } }
      reasons { kind text weight shows { id } feature { featureType featureValue weight source confidence }
        friends { username } platform { name } } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


def page(door: Door, token: str, **variables: Any) -> Any:
    return door.data(LIST, variables, token=token)["recommendations"]


def test_every_part_of_a_place_is_as_it_was_served(
    catalogue: Any, ada: User, bob: User, ada_token: str, door: Door
) -> None:
    befriend(bob, ada)
    kept = served(ada, 3, friend=bob, experiment_name="boosts", variant="b")

    found = page(door, ada_token, after=cursor_of(str(kept.request_id), 1), first=1)

    assert (found["requestId"], found["experiment"], found["variant"]) == (str(kept.request_id), "boosts", "b")
    assert found["edges"][0]["node"] == {
        "id": global_id("Recommendation", f"{kept.request_id}:2"),
        "position": 2,
        "algorithm": "HYBRID",
        "score": 0.78,
        "propensity": 1.0,
        "generatedAt": kept.generated_at.isoformat(),
        "expiresAt": (kept.generated_at + dt.timedelta(hours=24)).isoformat(),
        "show": {"id": show_gid(2), "title": "Title 2"},
        "breakdown": {
            "baseScore": 0.5,
            "popularityBoost": 0.1,
            "recencyBoost": 0.05,
            "diversityPenalty": 0.02,
            "availabilityBoost": 0.15,
            "socialBoost": 0.0,
            "finalScore": 0.78,
            "algorithms": [{"algorithm": "COLLABORATIVE", "score": 0.7, "weight": 0.6, "rank": 2}],
        },
        "reasons": [
            _reason(
                "because_you_watched",
                0.4,
                "Because you watched Title 3 and Title 4",
                shows=[{"id": show_gid(3)}, {"id": show_gid(4)}],
            ),
            _reason(
                "taste",
                0.3,
                "You enjoy Genre 2",
                feature={
                    "featureType": "GENRE",
                    "featureValue": "Genre 2",
                    "weight": 1.0,
                    "source": "tmdb",
                    "confidence": 1.0,
                },
            ),
            _reason("platform", 0.2, "On Flixo, which you have", platform={"name": "Flixo"}),
            _reason("friends", 0.1, "bob watched or liked it", friends=[{"username": "bob"}]),
        ],
    }


def _reason(kind: str, weight: float, text: str, **evidence: Any) -> dict[str, Any]:
    blank: dict[str, Any] = {"shows": [], "feature": None, "friends": [], "platform": None}
    return {"kind": kind, "text": text, "weight": weight, **blank, **evidence}


def test_pages_of_a_list_never_repeat_or_miss_a_place(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    kept = served(ada, 25)
    positions, after = [], cursor_of(str(kept.request_id), 0)
    for _ in range(25):
        found = page(door, ada_token, after=after, first=10)
        assert found["requestId"] == str(kept.request_id)
        positions += [edge["node"]["position"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break

    assert positions == list(range(1, 26))
    assert ServedList.objects.count() == 1


def test_a_place_is_a_node(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    kept = served(ada, 3)
    query = "query($id: ID!) { node(id: $id) { id ... on Recommendation { position show { title } } } }"

    def node(key: str) -> Any:
        return door.data(query, {"id": str(global_id("Recommendation", key))}, token=ada_token)["node"]

    there = node(f"{kept.request_id}:3")
    assert (there["position"], there["show"]["title"]) == (3, "Title 3")
    for nothing in (
        f"{kept.request_id}:4",
        f"{kept.request_id}:x",
        f"{kept.request_id}",
        "x:1",
        f"{uuid.UUID(int=7)}:1",
    ):
        assert node(nothing) is None


def test_what_a_list_spoke_of_may_be_gone(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    kept = served(ada, 3)
    Show.objects.filter(pk=2).delete()

    found = page(door, ada_token, after=cursor_of(str(kept.request_id), 0))

    assert [edge["node"]["position"] for edge in found["edges"]] == [1, 3]
    assert found["edges"][0]["node"]["reasons"][0]["shows"] == [{"id": show_gid(3)}]


def test_a_page_of_titles_that_are_gone_still_leads_on(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    kept = served(ada, 5)
    Show.objects.filter(pk__in=[1, 2]).delete()

    empty = page(door, ada_token, after=cursor_of(str(kept.request_id), 0), first=2)

    assert (empty["edges"], empty["pageInfo"]["hasNextPage"]) == ([], True)
    rest = page(door, ada_token, after=empty["pageInfo"]["endCursor"], first=5)
    assert [edge["node"]["position"] for edge in rest["edges"]] == [3, 4, 5]


@pytest.mark.parametrize("ended", ["friendship", "her sharing", "his sharing"])
def test_what_friends_show_ends_at_once(
    catalogue: Any, ada: User, bob: User, ada_token: str, door: Door, ended: str
) -> None:
    friendship = befriend(ada, bob)
    kept = served(ada, 2, friend=bob)
    start = cursor_of(str(kept.request_id), 0)
    assert "bob" in str(page(door, ada_token, after=start))

    if ended == "friendship":
        friendship.delete()
    else:
        User.objects.filter(pk="ada" if ended == "her sharing" else "bob").update(share_with_friends=False)

    found = page(door, ada_token, after=start)
    assert "bob" not in str(found)
    assert [len(edge["node"]["reasons"]) for edge in found["edges"]] == [3, 3]


def test_a_list_past_its_retention_says_so(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    kept = served(ada, 2, expires_at=timezone.now())

    error = door.error(LIST, {"after": cursor_of(str(kept.request_id), 1)}, token=ada_token)

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "retention" in error["message"]


@pytest.mark.parametrize("after", ["x", cursor_of("x", 1), cursor_of(1.5, 1), cursor_of(str(uuid.UUID(int=7)))])
def test_a_cursor_that_is_none_of_a_list_is_refused(db: None, ada_token: str, door: Door, after: str) -> None:
    assert door.code(LIST, {"after": after}, token=ada_token) == "BAD_INPUT"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"first": 0}, "got 0"),
        ({"first": 101}, "got 101"),
        ({"filter": {"diversity": 1.5}}, "got 1.5"),
        ({"filter": {"yearFrom": 2001, "yearTo": 2000}}, "yearFrom 2001"),
        ({"filter": {"excludeShowIds": ["7"]}}, "excludeShowIds"),
        ({"filter": {"platforms": ["Nowhere"]}}, "Nowhere"),
        ({"now": {"sessionMinutes": 0}}, "got 0"),
        ({"now": {"sessionMinutes": 1441}}, "got 1441"),
        ({"now": {"timezone": "Mars/Olympus"}}, "Mars/Olympus"),
        ({"now": {"timezone": "../../etc/passwd"}}, "timezone"),
        ({"now": {"device": "x" * 65}}, "device"),
    ],
)
def test_a_question_that_can_not_be_right_is_refused_and_nothing_served(
    db: None, ada_token: str, door: Door, variables: dict[str, Any], says: str
) -> None:
    error = door.error(LIST, variables, token=ada_token)

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert says in error["message"]
    assert not ServedList.objects.exists()


class TestFreshLists:
    """First pages, made by the engine itself."""

    @pytest.mark.usefixtures("world")
    def test_a_list_adds_up_and_explains_itself(self, ada_token: str, door: Door) -> None:
        found = page(door, ada_token, first=20)

        nodes = [edge["node"] for edge in found["edges"]]
        assert [node["position"] for node in nodes] == list(range(1, 21))
        assert len({node["show"]["id"] for node in nodes}) == 20
        for node in nodes:
            parts = node["breakdown"]
            total = sum(parts[f"{part}Boost"] for part in ("popularity", "recency", "availability", "social"))
            assert parts["finalScore"] == pytest.approx(
                parts["baseScore"] + total - parts["diversityPenalty"], abs=1e-6
            )
            assert node["score"] == parts["finalScore"]
            assert node["reasons"]
            assert all(reason["text"] for reason in node["reasons"])
        kept = ServedList.objects.get()
        assert found["requestId"] == str(kept.request_id)

    @pytest.mark.usefixtures("world")
    def test_page_two_comes_from_the_kept_list_whatever_happens_between(self, ada_token: str, door: Door) -> None:
        one = page(door, ada_token, first=10)
        two = page(door, ada_token, first=10, after=one["pageInfo"]["endCursor"])
        door.data(
            'mutation($id: ID!, $event: UUID!) { trackEvents(events: [{eventId: $event, sessionId: "s", eventType:'
            " DISLIKE, showId: $id, contentType: MOVIE}]) { accepted } }",
            {"id": one["edges"][0]["node"]["show"]["id"], "event": str(uuid.UUID(int=7))},
            token=ada_token,
        )

        again = page(door, ada_token, first=10, after=one["pageInfo"]["endCursor"])

        assert again == two
        shown = [edge["node"]["show"]["id"] for edge in one["edges"] + two["edges"]]
        assert len(set(shown)) == 20

    @pytest.mark.usefixtures("world")
    def test_the_next_query_knows_what_was_just_told(self, ada_token: str, door: Door) -> None:
        top = page(door, ada_token, first=1)["edges"][0]["node"]["show"]["id"]

        door.data(
            "mutation($id: ID!) { sendFeedback(feedback: [{feedbackType: NOT_INTERESTED, showId: $id}]) { accepted } }",
            {"id": top},
            token=ada_token,
        )

        found = page(door, ada_token, first=100)
        assert top not in {edge["node"]["show"]["id"] for edge in found["edges"]}

    @pytest.mark.usefixtures("world")
    def test_a_list_holds_what_its_filter_lets_through(self, ada_token: str, door: Door) -> None:
        filter = {"genres": ["drama"], "yearFrom": 1990, "excludeShowIds": [show_gid(33)], "includeSeen": True}

        found = page(door, ada_token, first=100, filter={**filter, "platforms": ["Streamly"], "diversity": 0.5})

        numbers = {int(edge["node"]["show"]["title"].split()[1]) for edge in found["edges"]}
        assert numbers
        assert all(n % 3 == 0 and n >= 30 and n % 2 and n != 33 for n in numbers)

    @pytest.mark.usefixtures("world")
    @pytest.mark.parametrize("algorithm", ["COLLABORATIVE", "CONTENT_BASED", "HYBRID", "TRENDING", "SOCIAL"])
    def test_every_algorithm_can_be_asked(self, ada_token: str, door: Door, algorithm: str) -> None:
        now = {"device": "tv", "timezone": "Europe/Berlin", "timeOfDay": "evening", "sessionMinutes": 90}

        found = page(door, ada_token, algorithm=algorithm, now=now)

        assert {edge["node"]["algorithm"] for edge in found["edges"]} <= {algorithm}

    @pytest.mark.usefixtures("world")
    def test_somebody_new_gets_a_full_page(self, bob_token: str, door: Door) -> None:
        assert len(page(door, bob_token)["edges"]) == 20
