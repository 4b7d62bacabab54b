"""Every ready-made operation runs as it is, by who it says may ask."""

from typing import Any

import pytest
from graphql import parse, validate

from bingeboard.graphql.nodes import global_id
from bingeboard.pages.operations import operations, written
from bingeboard.schema import schema
from bingeboard.shows.models import Show
from tests.door import Door
from tests.test_schema import NOT_YET

NAMES = [operation.name for operation in written()]


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_runs_with_its_variables(world: Any, door: Door, ada_token: str, name: str) -> None:
    operation = {known.name: known for known in written()}[name]
    if not operation.is_known:
        missing = {error.message for error in validate(schema._schema, parse(operation.text))}
        later = {place.removeprefix("Query.") for place in NOT_YET}
        assert any(f"'{field}'" in message for field in later for message in missing), missing
        pytest.skip(f"{name} asks for what the schema does not have yet")
    token = ada_token if operation.as_viewer else None

    data = door.data(operation.text, operation.variables(), token=token)

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


def test_what_stands_in_the_files_for_us_is_not_shown() -> None:
    assert all("# As:" not in known.text and "# Variables:" not in known.text for known in written())
    assert all(known.about and known.text.startswith(f"# {known.about}\n") for known in written())
