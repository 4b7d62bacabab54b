"""The catalogue through the door: one title, pages in order, filters, where it can be watched, what is like it."""

import datetime as dt
from typing import Any

import pytest

from bingeboard.graphql.nodes import global_id
from bingeboard.shows.models import Platform, Show, ShowPlatform
from bingeboard.shows.queries import ShowChoice, catalogue_page, platforms_of
from bingeboard.users.models import User
from tests.door import TITLES, Door, show_gid, token_of

SHOW = "query($id: ID, $tmdb: Int) { show(id: $id, tmdbId: $tmdb) { id title } }"
PAGE = """
query($first: Int, $after: String, $filter: ShowFilter) {
  shows(first: $first, after: $after, filter: $filter) {
    edges { cursor node { title } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def titles(door: Door, **filter: Any) -> list[int]:
    page = door.data(PAGE, {"first": 100, "filter": filter})["shows"]
    return [int(edge["node"]["title"].split()[1]) for edge in page["edges"]]


def test_a_title_is_found_by_id_and_by_its_number_at_tmdb(catalogue: Any, door: Door) -> None:
    there = {"show": {"id": show_gid(7), "title": "Title 7"}}

    assert door.data(SHOW, {"id": show_gid(7)}) == there
    assert door.data(SHOW, {"tmdb": 1007}) == there
    assert door.data("query($id: ID!) { node(id: $id) { ... on Show { id title } } }", {"id": show_gid(7)}) == {
        "node": there["show"]
    }


def test_a_title_that_is_not_there_is_null(catalogue: Any, door: Door) -> None:
    assert door.data(SHOW, {"id": show_gid(999)}) == {"show": None}
    assert door.data(SHOW, {"tmdb": 7}) == {"show": None}
    assert door.data("query($id: ID!) { node(id: $id) { id } }", {"id": show_gid(999)}) == {"node": None}


@pytest.mark.parametrize(
    "variables",
    [{}, {"id": show_gid(1), "tmdb": 1001}, {"id": "1"}, {"id": str(global_id("User", "ada"))}, {"id": ""}],
)
def test_a_title_asked_for_badly_is_refused(catalogue: Any, door: Door, variables: dict[str, Any]) -> None:
    assert door.code(SHOW, variables) == "BAD_INPUT"


@pytest.mark.parametrize("key", ["Feedback:1", "Nothing:1", "Query:1", "PageInfo:1"])
def test_a_node_of_a_type_without_nodes_is_refused(catalogue: Any, door: Door, key: str) -> None:
    error = door.error("query($id: ID!) { node(id: $id) { id } }", {"id": str(global_id(*key.split(":")))})

    assert error["extensions"]["code"] == "BAD_INPUT"


def test_every_fact_of_a_title_is_as_in_its_row(catalogue: Any, door: Door) -> None:
    Show.objects.filter(pk=5).update(overview="", poster_path="/5.jpg")

    found = door.data(
        "query($id: ID!) { show(id: $id) { tmdbId title contentType overview releaseYear runtimeMinutes posterPath"
        " rating popularity platforms { name } features(types: [CAST]) { featureType featureValue weight source"
        " confidence } } }",
        {"id": show_gid(5)},
    )

    assert found["show"] == {
        "tmdbId": 1005,
        "title": "Title 5",
        "contentType": "TV",
        "overview": None,
        "releaseYear": 1965,
        "runtimeMinutes": 65,
        "posterPath": "/5.jpg",
        "rating": 5.5,
        "popularity": 55.0,
        "platforms": [{"name": "Flixo"}, {"name": "Streamly"}],
        "features": [
            {"featureType": "CAST", "featureValue": "Star 5", "weight": 0.9, "source": "tmdb", "confidence": 1.0},
            {"featureType": "CAST", "featureValue": "Actor 5", "weight": 0.5, "source": "tmdb", "confidence": 1.0},
        ],
    }


def test_features_stand_kind_by_kind(catalogue: Any, door: Door) -> None:
    query = "query($id: ID!) { show(id: $id) { features { featureType weight } } }"

    found = door.data(query, {"id": show_gid(5)})["show"]["features"]

    assert [(f["featureType"], f["weight"]) for f in found] == [("GENRE", 1.0), ("CAST", 0.9), ("CAST", 0.5)]


def test_pages_follow_one_another_without_gap_or_repeat(catalogue: Any, door: Door) -> None:
    Show.objects.filter(pk__in=[3, 9, 27]).update(popularity=None)
    Show.objects.filter(pk__in=[10, 11, 12, 13]).update(popularity=47.5)
    expected = [f.id for f in catalogue_page(choice=ShowChoice(), first=100, after=None, today=dt.date(2026, 1, 1))]
    assert len(expected) == TITLES
    assert expected[-3:] == [3, 9, 27]

    seen, after = [], None
    for _ in range(TITLES):
        page = door.data(PAGE, {"first": 7, "after": after})["shows"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        seen += [int(edge["node"]["title"].split()[1]) for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == expected


def test_a_page_after_the_last_is_empty(catalogue: Any, door: Door) -> None:
    last = door.data(PAGE, {"first": 100})["shows"]["pageInfo"]["endCursor"]

    page = door.data(PAGE, {"after": last})["shows"]

    assert page == {
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


@pytest.mark.parametrize("first", [0, -5, 101])
def test_a_page_size_out_of_bounds_is_refused(catalogue: Any, door: Door, first: int) -> None:
    error = door.error(PAGE, {"first": first})

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert str(first) in error["message"]


def test_a_cursor_of_another_list_is_refused(catalogue: Any, door: Door) -> None:
    assert door.code(PAGE, {"after": "WyJ4IiwxXQ=="}) == "BAD_INPUT"
    assert door.code(PAGE, {"after": "x"}) == "BAD_INPUT"


def test_filters_choose_titles(catalogue: Any, door: Door) -> None:
    everything = list(range(1, TITLES + 1))

    assert titles(door) == everything
    assert titles(door, contentTypes=["TV"]) == [n for n in everything if n % 5 == 0]
    assert titles(door, contentTypes=["TV", "MOVIE"]) == everything
    assert titles(door, contentTypes=["TRAILER"]) == []
    assert titles(door, genres=["drama"]) == [n for n in everything if n % 3 == 0]
    assert titles(door, genres=["Drama", "Crime"]) == [n for n in everything if n % 3 != 1]
    assert titles(door, platforms=["Streamly"]) == [n for n in everything if n % 2]
    assert titles(door, platforms=["streamly", "FLIXO"]) == everything
    assert titles(door, yearFrom=1970, yearTo=1972) == [10, 11, 12]
    assert titles(door, minRating=9.5) == [9, 19, 29, 39, 49, 59]
    assert titles(door, maxRuntimeMinutes=62) == [1, 2]
    assert titles(door, genres=[], platforms=[], contentTypes=[]) == everything


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ({"yearFrom": 2000, "yearTo": 1999}, "yearFrom 2000 is after yearTo 1999"),
        ({"yearFrom": 0}, "got 0"),
        ({"minRating": 11}, "got 11"),
        ({"minRating": -0.1}, "got -0.1"),
        ({"maxRuntimeMinutes": 0}, "got 0"),
        ({"platforms": ["Streamly", "Nowhere+"]}, "'Nowhere+'"),
    ],
)
def test_a_filter_that_can_not_be_right_is_refused(
    catalogue: Any, door: Door, filter: dict[str, Any], says: str
) -> None:
    error = door.error(PAGE, {"filter": filter})

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert says in error["message"]


def test_titles_that_are_off_are_in_no_list_but_have_a_page(catalogue: Any, door: Door) -> None:
    Show.objects.filter(pk=1).update(is_active=False)

    assert 1 not in titles(door)
    assert door.data(SHOW, {"id": show_gid(1)})["show"]["title"] == "Title 1"


def test_where_a_title_can_be_watched_is_a_matter_of_day_and_place(db: None) -> None:
    show = Show.objects.create(title="Somewhere")
    today = dt.date(2026, 6, 1)
    day = dt.timedelta(days=1)
    for slug, fields in {
        "always": {},
        "until-today": {"valid_until": today},
        "from-today": {"valid_from": today},
        "ended": {"valid_until": today - day},
        "to-come": {"valid_from": today + day},
        "in-de": {"region": "DE"},
        "in-fr": {"region": "FR"},
    }.items():
        ShowPlatform.objects.create(show=show, platform=Platform.objects.create(slug=slug, name=slug), **fields)
    gone = Platform.objects.create(slug="gone", name="gone", is_active=False)
    ShowPlatform.objects.create(show=show, platform=gone)
    ShowPlatform.objects.create(show=show, platform=Platform.objects.get(slug="always"), region="DE")

    def there(region: str) -> list[str]:
        return [p.slug for p in platforms_of(show_ids=[show.pk], today=today, region=region)[show.pk]]

    assert there("") == ["always", "from-today", "in-de", "in-fr", "until-today"]
    assert there("DE") == ["always", "from-today", "in-de", "until-today"]
    assert there("AT") == ["always", "from-today", "until-today"]


def test_a_viewers_country_decides_what_they_are_shown(catalogue: Any, ada: User, door: Door) -> None:
    ShowPlatform.objects.filter(platform__slug="flixo").update(region="FR")
    User.objects.filter(pk="ada").update(country="DE")
    query = "query($id: ID!) { show(id: $id) { platforms { name } } }"

    assert len(door.data(query, {"id": show_gid(1)})["show"]["platforms"]) == 2
    assert door.data(query, {"id": show_gid(1)}, token=token_of(ada))["show"]["platforms"] == [{"name": "Streamly"}]


def test_platforms_are_listed_by_name_and_found_by_id(catalogue: Any, door: Door) -> None:
    Platform.objects.create(slug="gone", name="Gone", is_active=False)

    found = door.data("{ platforms { id name } }")["platforms"]

    assert [p["name"] for p in found] == ["Flixo", "Streamly"]
    node = door.data("query($id: ID!) { node(id: $id) { id ... on Platform { name } } }", {"id": found[1]["id"]})
    assert node == {"node": found[1]}
