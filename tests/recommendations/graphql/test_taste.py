"""A viewer's taste at the door: read, stated, muted, forgotten, restored, looked at first; the next list knows."""

from typing import Any

import pytest

from bingeboard.users.models import User
from recommendations.models import UserTasteProfile
from tests.door import Door, show_gid

TASTE = "taste { edges { node { featureType featureValue affinityScore source } } } userErrors { index field code }"
UPDATE = f"mutation($changes: [TasteChangeInput!]!) {{ updateTaste(changes: $changes) {{ {TASTE} }} }}"
EXCLUDE = f"""
mutation($session: String, $show: ID, $exclude: Boolean!) {{
  excludeFromTaste(sessionId: $session, showId: $show, exclude: $exclude) {{ {TASTE} }}
}}
"""
PREVIEW = """
query($changes: [TasteChangeInput!]!) {
  previewTaste(changes: $changes, first: 10) {
    before { id } after { id } entered { id } left { id } userErrors { index code }
  }
}
"""
LIST = "{ recommendations(first: 10) { edges { node { show { id } reasons { text } } } } }"


def change(value: str, affinity: float | None, **more: Any) -> dict[str, Any]:
    return {"featureType": "GENRE", "featureValue": value, "affinity": affinity, **more}


def source_of(payload: Any, value: str) -> str | None:
    entries = {edge["node"]["featureValue"]: edge["node"]["source"] for edge in payload["taste"]["edges"]}
    return entries.get(value)


def titles(door: Door, token: str) -> list[str]:
    return [edge["node"]["show"]["id"] for edge in door.data(LIST, token=token)["recommendations"]["edges"]]


@pytest.mark.usefixtures("unexplored")
def test_what_is_previewed_is_what_the_next_list_is(world: None, ada_token: str, door: Door) -> None:
    wanted = [change("comedy", 1.0), change("Crime", -1.0)]
    before = titles(door, ada_token)
    rows = list(UserTasteProfile.objects.order_by("id").values())

    seen = door.data(PREVIEW, {"changes": wanted}, token=ada_token)["previewTaste"]

    assert list(UserTasteProfile.objects.order_by("id").values()) == rows
    named = {name: [show["id"] for show in seen[name]] for name in ("before", "after", "entered", "left")}
    assert named["before"] == before
    assert named["entered"] == [show for show in named["after"] if show not in before] != []
    assert named["left"] == [show for show in before if show not in named["after"]]
    answer = door.data(UPDATE, {"changes": wanted}, token=ada_token)["updateTaste"]
    assert answer["userErrors"] == []
    assert source_of(answer, "Comedy") == source_of(answer, "Crime") == "stated"
    assert titles(door, ada_token) == named["after"]


def test_an_entry_is_muted_forgotten_and_restored(world: None, ada_token: str, door: Door) -> None:
    def say(*changes: dict[str, Any]) -> Any:
        return door.data(UPDATE, {"changes": changes}, token=ada_token)["updateTaste"]

    assert source_of(say(), "Comedy") == "learned"
    assert source_of(say(change("Comedy", 0.0)), "Comedy") == "muted"
    assert source_of(say(change("Comedy", None)), "Comedy") is None
    assert source_of(say(change("Comedy", None, restore=True)), "Comedy") == "learned"


def test_a_viewer_without_a_history_is_heard(world: None, door: Door, bob: User, bob_token: str) -> None:
    before = titles(door, bob_token)

    door.data(UPDATE, {"changes": [change("Crime", 1.0)]}, token=bob_token)

    found = door.data(LIST, token=bob_token)["recommendations"]["edges"]
    ids = [edge["node"]["show"]["id"] for edge in found]
    assert ids != before
    assert ids[0] in {show_gid(number) for number in range(2, 61, 3)}
    assert any("Crime" in reason["text"] for reason in found[0]["node"]["reasons"])


def test_one_bad_change_does_not_sink_the_others(world: None, ada_token: str, door: Door) -> None:
    bad = [change("a\0b", 0.5), change("Comedy", 7.0), change("Comedy", 0.5)]

    answer = door.data(UPDATE, {"changes": bad}, token=ada_token)["updateTaste"]

    assert [(error["index"], error["code"]) for error in answer["userErrors"]] == [(0, "NOT_FOUND"), (1, "BAD_INPUT")]
    assert source_of(answer, "Comedy") == "stated"
    preview = door.data(PREVIEW, {"changes": bad}, token=ada_token)["previewTaste"]
    assert [error["index"] for error in preview["userErrors"]] == [0, 1]


def test_a_title_is_taken_out_and_put_back(world: None, ada_token: str, door: Door) -> None:
    def exclude(**what: Any) -> Any:
        return door.data(EXCLUDE, what, token=ada_token)["excludeFromTaste"]["taste"]

    whole = door.data(UPDATE, {"changes": []}, token=ada_token)["updateTaste"]["taste"]

    without = exclude(show=show_gid(3), exclude=True)

    assert without != whole
    assert exclude(show=show_gid(3), exclude=False) == whole
    assert exclude(session="s", exclude=True)["edges"] == []
    assert exclude(session="s", exclude=False) == whole
    assert door.code(EXCLUDE, {"exclude": True}, token=ada_token) == "BAD_INPUT"
    assert door.code(EXCLUDE, {"show": show_gid(999), "exclude": True}, token=ada_token) == "NOT_FOUND"
