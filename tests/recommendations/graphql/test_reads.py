"""Likeness, trends and taste through the door."""

from typing import Any

import pytest
from django.utils import timezone

from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import TrendingEntry, UserTasteProfile
from tests.door import Door, show_gid, taste

SIMILAR = """
query($id: ID!, $by: SimilarityType, $first: Int) {
  similarShows(showId: $id, by: $by, first: $first) { score by show { title } }
}
"""
TRENDING = """
query($scope: TrendType!, $window: TimeWindow!, $genre: String, $platform: String, $first: Int) {
  trending(scope: $scope, window: $window, genre: $genre, platform: $platform, first: $first) {
    rank score window scope show { title }
  }
}
"""
TASTE = """
query($kind: FeatureType, $first: Int, $after: String) {
  tasteProfile(featureType: $kind, first: $first, after: $after) {
    edges { node { featureType featureValue affinityScore confidence decayRate lastUpdated source } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def similar(door: Door, **variables: Any) -> list[tuple[str, float, str]]:
    found = door.data(SIMILAR, {"id": show_gid(1), **variables})["similarShows"]
    return [(s["show"]["title"], s["score"], s["by"]) for s in found]


def test_similar_titles_by_one_kind_stand_in_order(catalogue: Any, door: Door) -> None:
    assert similar(door, by="CAST", first=3) == [
        ("Title 2", 0.65, "CAST"),
        ("Title 3", 0.6, "CAST"),
        ("Title 4", 0.55, "CAST"),
    ]


def test_without_a_kind_each_title_counts_once_in_what_it_is_most_alike_in(catalogue: Any, door: Door) -> None:
    found = similar(door, first=100)

    assert found == [(f"Title {1 + step}", round(0.95 - step / 20, 4), "EMBEDDING") for step in range(1, 11)]


def test_a_title_in_a_page_has_the_same_likenesses_as_alone(catalogue: Any, door: Door) -> None:
    page = door.data("{ shows(first: 3) { edges { node { title similar(first: 4) { score by show { title } } } } } }")

    first = page["shows"]["edges"][0]["node"]
    assert first["title"] == "Title 1"
    assert [(s["show"]["title"], s["score"], s["by"]) for s in first["similar"]] == similar(door, first=4)


def test_titles_that_are_off_are_like_nothing(catalogue: Any, door: Door) -> None:
    Show.objects.filter(pk=2).update(is_active=False)

    assert similar(door, first=1)[0][0] == "Title 3"


def test_likeness_to_a_title_that_is_not_there_is_not_found(catalogue: Any, door: Door) -> None:
    assert door.code(SIMILAR, {"id": show_gid(999)}) == "NOT_FOUND"
    assert door.code(SIMILAR, {"id": "x"}) == "BAD_INPUT"
    assert door.code(SIMILAR, {"id": show_gid(1), "first": 0}) == "BAD_INPUT"


def trending(door: Door, token: str | None = None, **variables: Any) -> list[tuple[int, float, str]]:
    asked = {"scope": "GLOBAL", "window": "WEEK", **variables}
    found = door.data(TRENDING, asked, token=token)["trending"]
    assert {(t["window"], t["scope"]) for t in found} <= {(asked["window"], asked["scope"])}
    return [(t["rank"], t["score"], t["show"]["title"]) for t in found]


def test_trends_stand_in_order_within_their_segment(catalogue: Any, ada: User, ada_token: str, door: Door) -> None:
    top = [(1, 0.99, "Title 1"), (2, 0.98, "Title 2")]

    assert trending(door, first=2) == top
    assert trending(door, scope="GENRE", genre="drama", first=2) == top
    assert trending(door, scope="PLATFORM", platform="Flixo", first=2) == top
    assert trending(door, scope="FRIEND_NETWORK", first=2, token=ada_token) == top
    assert trending(door, window="HOUR") == []
    assert trending(door, scope="GENRE", genre="Western") == []
    assert trending(door, scope="PLATFORM", platform="streamly") == []


def test_trends_among_friends_are_the_viewers_own(catalogue: Any, bob: User, bob_token: str, door: Door) -> None:
    assert trending(door, scope="FRIEND_NETWORK", token=bob_token) == []


def test_trends_that_are_over_are_not_shown(catalogue: Any, door: Door) -> None:
    TrendingEntry.objects.filter(content=1).update(expires_at=timezone.now())
    Show.objects.filter(pk=2).update(is_active=False)

    assert trending(door, first=1) == [(1, 0.97, "Title 3")]


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"scope": "GENRE"}, "needs the argument genre"),
        ({"scope": "GENRE", "genre": ""}, "needs the argument genre"),
        ({"scope": "PLATFORM"}, "needs the argument platform"),
        ({"scope": "PLATFORM", "platform": "Nowhere"}, "Nowhere"),
        ({"scope": "GLOBAL", "genre": "Drama"}, "genre goes with scope GENRE"),
        ({"scope": "GENRE", "genre": "Drama", "platform": "Flixo"}, "platform goes with scope PLATFORM"),
        ({"first": 101}, "got 101"),
    ],
)
def test_a_trend_asked_for_badly_is_refused(catalogue: Any, door: Door, variables: dict[str, Any], says: str) -> None:
    error = door.error(TRENDING, {"scope": "GLOBAL", "window": "WEEK", **variables})

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert says in error["message"]


def tastes(door: Door, token: str, **variables: Any) -> Any:
    return door.data(TASTE, variables, token=token)["tasteProfile"]


def test_taste_is_shown_as_kept(ada: User, ada_token: str, door: Door) -> None:
    when = timezone.now()
    UserTasteProfile.objects.create(
        user=ada,
        feature_type="mood",
        feature_value="wry",
        affinity_score=0.4,
        confidence=0.6,
        decay_rate=0.2,
        last_updated=when,
    )

    assert [edge["node"] for edge in tastes(door, ada_token)["edges"]] == [
        {
            "featureType": "MOOD",
            "featureValue": "wry",
            "affinityScore": 0.4,
            "confidence": 0.6,
            "decayRate": 0.2,
            "lastUpdated": when.isoformat(),
            "source": "learned",
        }
    ]


def test_what_is_stated_wins_and_stands_where_it_belongs(ada: User, ada_token: str, door: Door) -> None:
    taste(ada, 3)
    UserTasteProfile.objects.filter(feature_value="Thing 2").update(stated_affinity=1.0)
    UserTasteProfile.objects.filter(feature_value="Thing 0").update(stated_affinity=-1.0)

    found = [edge["node"] for edge in tastes(door, ada_token)["edges"]]

    assert [(t["featureValue"], t["affinityScore"], t["source"]) for t in found] == [
        ("Thing 2", 1.0, "stated"),
        ("Thing 1", 0.99, "learned"),
        ("Thing 0", -1.0, "stated"),
    ]


def test_pages_of_taste_follow_one_another(ada: User, ada_token: str, door: Door) -> None:
    taste(ada, 20)
    UserTasteProfile.objects.filter(feature_value__in=["Thing 4", "Thing 5", "Thing 6"]).update(affinity_score=0.5)
    seen, after = [], None
    while True:
        page = tastes(door, ada_token, first=3, after=after)
        seen += [edge["node"]["featureValue"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert sorted(seen) == sorted(f"Thing {n}" for n in range(20))
    assert seen[-3:] == ["Thing 4", "Thing 5", "Thing 6"]


def test_taste_of_one_kind(ada: User, ada_token: str, door: Door) -> None:
    taste(ada, 4)

    found = tastes(door, ada_token, kind="CAST")["edges"]

    assert [edge["node"]["featureValue"] for edge in found] == ["Thing 1", "Thing 3"]
    assert tastes(door, ada_token, kind="THEME")["edges"] == []
    assert door.code(TASTE, {"after": "x"}, token=ada_token) == "BAD_INPUT"
