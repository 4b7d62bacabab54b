"""Every ready-made operation runs as it is, by who it says may ask."""

from typing import Any

import pytest
from graphql import parse, validate

from bingeboard.graphql.nodes import global_id
from bingeboard.pages.operations import operations, written
from bingeboard.pages.people import NOBODY
from bingeboard.schema import schema
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from social.models import Friendship
from tests.door import Door, befriend, viewer
from tests.test_schema import NOT_YET

NAMES = [operation.name for operation in written()]
STATED = ("friend", "asker", "stranger")


@pytest.fixture
def people(ada: User, bob: User, demo_on: None) -> dict[str, str]:
    """Ada's friend bob, eve who asked her, and a made-up viewer who is neither: their global ids."""
    befriend(ada, bob)
    Friendship.objects.create(user=viewer("eve"), friend=ada)
    viewer("viewer-0003")
    return {name: str(global_id("User", key)) for name, key in zip(STATED, ("bob", "eve", "viewer-0003"), strict=True)}


def named(*, user_id: str | None) -> dict[str, str]:
    """Return whom the ready-made operations name when a user opens them."""
    fields = {"friend": "end_friendship", "asker": "answer_friendship", "stranger": "request_friendship"}
    return {name: operations()[operation].variables(user_id=user_id)["user"] for name, operation in fields.items()}


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_runs_with_its_variables(
    world: Any, people: dict[str, str], door: Door, ada_token: str, name: str
) -> None:
    operation = {known.name: known for known in written()}[name]
    if not operation.is_known:
        missing = {error.message for error in validate(schema._schema, parse(operation.text))}
        later = {place.removeprefix("Query.") for place in NOT_YET}
        assert any(f"'{field}'" in message for field in later for message in missing), missing
        pytest.skip(f"{name} asks for what the schema does not have yet")
    token = ada_token if operation.as_viewer else None

    data = door.data(operation.text, operation.variables(user_id="ada"), token=token)

    assert all(value is not None for value in data.values())
    assert not any(value.get("userErrors") for value in data.values() if isinstance(value, dict))


@pytest.mark.parametrize("name", [known.name for known in written() if known.as_viewer and known.is_known])
def test_what_is_said_to_need_a_viewer_needs_one(world: Any, door: Door, name: str) -> None:
    operation = operations()[name]

    assert door.code(operation.text, operation.variables()) == "UNAUTHENTICATED"


def test_variables_name_a_title_that_is_there_and_a_new_uuid_each_time(catalogue: list[Show]) -> None:
    first, second = (operations()["track_events"].variables()["events"][0] for _ in range(2))

    assert first["showId"] == str(global_id("Show", catalogue[0].pk))
    assert first["eventId"] != second["eventId"]


def test_variables_name_a_friend_an_asker_and_a_stranger(people: dict[str, str]) -> None:
    assert named(user_id="ada") == people


def test_nobody_is_named_to_strangers_where_the_demo_is_off(people: dict[str, str], settings: Any) -> None:
    settings.DEMO = False

    assert named(user_id=None) == dict.fromkeys(STATED, NOBODY)
    # One's own friends one knows; the rest stay unnamed.
    assert named(user_id="ada") == {**people, "stranger": NOBODY}


def test_to_nobody_the_demo_names_whom_its_first_viewer_knows(people: dict[str, str]) -> None:
    first, second = viewer("demo-ada"), viewer("demo-ben")
    befriend(first, second)

    assert named(user_id=None) == {
        "friend": str(global_id("User", "demo-ben")),
        "asker": NOBODY,
        "stranger": people["stranger"],
    }


def test_the_page_fills_in_the_friends_of_who_is_signed_in(
    catalogue: list[Show], people: dict[str, str], door: Door, ada: User
) -> None:
    door.client.force_login(ada)

    page = door.client.get("/graphql/?operation=group", HTTP_ACCEPT="text/html").content.decode()

    assert people["friend"] in page
    assert NOBODY not in page


def test_what_stands_in_the_files_for_us_is_not_shown() -> None:
    assert all("# As:" not in known.text and "# Variables:" not in known.text for known in written())
    assert all(known.about and known.text.startswith(f"# {known.about}\n") for known in written())
