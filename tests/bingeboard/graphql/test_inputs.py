"""Inputs made at once are those that Strawberry would make."""

import datetime as dt
import uuid

import pytest
import strawberry
from strawberry.scalars import JSON

from bingeboard.graphql.inputs import made_at_once
from bingeboard.shows.graphql.enums import ContentType


@strawberry.input
class Slow:
    some_id: uuid.UUID
    kind: ContentType
    at: dt.datetime | None = None
    context: JSON | None = None
    renamed: int | None = strawberry.field(default=7, name="otherName")


@made_at_once
@strawberry.input
class Quick(Slow):
    pass


@strawberry.type
class Query:
    @strawberry.field
    def told(self, slow: list[Slow], quick: list[Quick]) -> list[str]:
        assert all(type(item) is Quick for item in quick)
        return [repr(vars(item)) for item in (*slow, *quick)]


def test_they_hold_the_same_values() -> None:
    key = "12345678-1234-4234-8234-123456789abc"
    items = [
        {"someId": key, "kind": "MOVIE"},
        {"someId": key, "kind": "TV", "at": "2026-01-02T03:04:05Z", "context": {"a": [1, None]}, "otherName": None},
    ]

    answer = strawberry.Schema(Query).execute_sync(
        "query($s: [Slow!]!, $q: [Quick!]!) { told(slow: $s, quick: $q) }", {"s": items, "q": items}
    )

    assert answer.errors is None
    told = answer.data["told"]
    assert told[:2] == told[2:]
    assert "'renamed': 7" in told[0]
    assert "2026" in told[1]


def test_an_input_that_holds_another_or_a_list_is_refused() -> None:
    @strawberry.input
    class Nested:
        inside: Slow | None = None

    @strawberry.input
    class Many:
        kinds: list[ContentType] | None = None

    for kind, name in ((Nested, "Nested.inside"), (Many, "Many.kinds")):
        with pytest.raises(TypeError, match=name):
            made_at_once(kind)
    with pytest.raises(TypeError, match="no input type"):
        made_at_once(int)
