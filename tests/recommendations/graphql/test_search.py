"""searchShows through the door."""

from typing import Any

import pytest
from django.utils import timezone

from bingeboard.graphql.paging import cursor_of
from recommendations.pipeline import embeddings
from tests.door import Door

SEARCH = """
query($query: String!, $filter: ShowFilter, $first: Int, $after: String) {
  searchShows(query: $query, filter: $filter, first: $first, after: $after) {
    edges { cursor score node { title releaseYear contentType } }
    pageInfo { hasNextPage hasPreviousPage endCursor } } }"""


@pytest.fixture
def told(catalogue: Any) -> None:
    embeddings.rebuild(now=timezone.now())


def found(door: Door, query: str, **given: Any) -> Any:
    return door.data(SEARCH, {"query": query, **given})["searchShows"]


def test_a_name_is_found_by_anybody(told: None, door: Door) -> None:
    page = found(door, "Tilte 42", first=3)

    assert page["edges"][0]["node"]["title"] == "Title 42"
    scores = [edge["score"] for edge in page["edges"]]
    assert scores == sorted(scores, reverse=True)


def test_pages_follow_each_other(told: None, door: Door) -> None:
    titles, after = [], None
    for _ in range(12):
        page = found(door, "title", first=7, after=after)
        titles += [edge["node"]["title"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert sorted(titles) == sorted(f"Title {n}" for n in range(1, 61))


def test_a_filter_leaves_the_page_full(told: None, door: Door) -> None:
    page = found(door, "title 3", filter={"contentTypes": ["TV"], "yearFrom": 1990}, first=6)

    nodes = [edge["node"] for edge in page["edges"]]
    assert len(nodes) == 6
    assert all(node["contentType"] == "TV" and node["releaseYear"] >= 1990 for node in nodes)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"query": ""}, "query"),
        ({"query": "?! …"}, "query"),
        ({"query": "x" * 201}, "query"),
        ({"query": "x", "first": 0}, "first"),
        ({"query": "x", "first": 101}, "first"),
        ({"query": "x", "filter": {"yearFrom": 2000, "yearTo": 1990}}, "yearFrom"),
        ({"query": "x", "filter": {"platforms": ["nowhere"]}}, "platforms"),
        ({"query": "x", "after": "nonsense"}, "after"),
        ({"query": "x", "after": cursor_of("other", 0.5, 1)}, "after"),
    ],
)
def test_what_can_not_be_is_named(told: None, door: Door, given: dict[str, Any], field: str) -> None:
    error = door.error(SEARCH, given)

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert field.rstrip("s") in error["message"]


def test_a_cursor_is_of_one_search(told: None, door: Door) -> None:
    after = found(door, "title", first=2)["pageInfo"]["endCursor"]

    assert found(door, " TITLE ", first=2, after=after)["edges"]
    assert "of another search" in door.error(SEARCH, {"query": "story", "after": after})["message"]
    assert door.code(SEARCH, {"query": "title", "after": after, "filter": {"yearTo": 1990}}) == "BAD_INPUT"
