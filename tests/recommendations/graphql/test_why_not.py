"""whyNot at the door: what it says is what the list says."""

from typing import Any

import pytest

from bingeboard.graphql.nodes import global_id
from tests.door import TITLES, Door, show_gid

ASK = """
query($show: ID!, $filter: RecommendationFilter) {
  whyNot(showId: $show, filter: $filter) {
    show { id title } position removedBy cutoffScore displacedBy { id } wouldAppearIf text
    breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost finalScore
      algorithms { algorithm score weight rank } }
  }
}
"""
LIST = """
query($filter: RecommendationFilter) {
  recommendations(first: 100, filter: $filter) { edges { node { show { id } } } }
}
"""


@pytest.mark.usefixtures("unexplored")
@pytest.mark.parametrize("filter", [None, {"yearTo": 1990}, {"genres": ["Drama"], "includeSeen": True}])
def test_it_agrees_with_the_list(world: None, ada_token: str, door: Door, filter: dict[str, Any] | None) -> None:
    edges = door.data(LIST, {"filter": filter}, token=ada_token)["recommendations"]["edges"]
    listed = [edge["node"]["show"]["id"] for edge in edges]
    for number in range(1, TITLES + 1, 3):
        show = show_gid(number)
        said = door.data(ASK, {"show": show, "filter": filter}, token=ada_token)["whyNot"]
        assert said["show"]["id"] == show
        assert said["position"] == (listed.index(show) + 1 if show in listed else None)
        assert bool(said["removedBy"]) == (show not in listed)
        if filter and "yearTo" in filter and 1960 + number > 1990:
            assert "filter.yearTo" in said["removedBy"]
        parts = said["breakdown"]
        assert parts["finalScore"] == pytest.approx(
            parts["baseScore"]
            + parts["popularityBoost"]
            + parts["recencyBoost"]
            - parts["diversityPenalty"]
            + parts["availabilityBoost"]
            + parts["socialBoost"]
        )


def test_what_is_not_there_is_not_found(world: None, ada_token: str, door: Door) -> None:
    assert door.code(ASK, {"show": show_gid(999)}, token=ada_token) == "NOT_FOUND"
    assert door.code(ASK, {"show": str(global_id("Platform", 1))}, token=ada_token) == "BAD_INPUT"
    bad = {"show": show_gid(1), "filter": {"diversity": 3.0}}
    assert door.code(ASK, bad, token=ada_token) == "BAD_INPUT"
