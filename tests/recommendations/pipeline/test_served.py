"""Kept lists: what is handed out at once is what is read back, and nobody who was erased is named."""

import datetime as dt
import json
import uuid
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.db import connection

from bingeboard.users.models import User
from recommendations.models import ServedList
from recommendations.pipeline import served
from recommendations.pipeline.served import Entry
from recommendations.queries.filters import ListFilter

pytestmark = pytest.mark.django_db
SCORES = (0.5, 0.1, 0.05, 0.02, 0.15, 0.0, 0.78)
PARTS = [["collaborative", 0.7, 0.6, 3], ["social", 0.2, 0.0, None]]
OF_TITLES = [{"kind": "because_you_watched", "weight": 0.4, "shows": [1, 2]}]
OF_FRIENDS = [{"kind": "friends", "weight": 0.1, "friends": ["bob"]}, {"kind": "popular", "weight": 0.05}]
PENALTIES = [{"kind": "rest", "weight": -0.2, "because": [5]}]


def stored(show_id: int, reasons: list[Any], penalties: list[Any], **given: Any) -> Entry:
    """Return an entry as it comes from stored candidates: not read yet."""
    told = (orjson.dumps(value).decode() for value in (PARTS, reasons, penalties))
    return Entry(show_id, SCORES, *told, **given)


@pytest.fixture
def entries() -> list[Entry]:
    return [
        stored(7, OF_TITLES, []),
        Entry(8, SCORES, PARTS, OF_FRIENDS, PENALTIES, algorithm="social"),
        stored(9, OF_FRIENDS, PENALTIES),
    ]


def kept(entries: list[Entry], now: dt.datetime) -> ServedList:
    return served.keep(
        entries, user_id="ada", assigned=[], filter=ListFilter(genres=("Drama",)), moment=None, now=now,
        propensities=[1.0, 0.25, 1.0][: len(entries)], version="v1",
    )  # fmt: skip


def test_what_is_handed_out_is_what_is_kept(user: User, entries: list[Entry], now: dt.datetime) -> None:
    User.objects.create(id="bob", username="bob")

    given = kept(entries, now)

    read = ServedList.objects.get()
    assert given.items == read.items
    assert [given.items[0], *given.items[1:], given.items[-1]] == [*read.items, read.items[-1]]
    assert len(given.items) == 3
    assert (read.parameters, read.model_version) == ({"filter": {"genres": ["Drama"]}, "context": {}}, "v1")
    assert read.items[1] == {
        "show": 8,
        "position": 2,
        "algorithm": "social",
        "breakdown": dict(zip(served.PARTS, SCORES, strict=True)),
        "parts": PARTS,
        "reasons": OF_FRIENDS,
        "penalties": PENALTIES,
        "propensity": 0.25,
    }
    assert "penalties" not in read.items[0]


def test_reasons_that_name_who_was_erased_meanwhile_are_left_out(
    user: User, entries: list[Entry], now: dt.datetime
) -> None:
    given = kept(entries, now)

    read = ServedList.objects.get()
    assert given.items == read.items
    assert [item["reasons"] for item in read.items] == [OF_TITLES, OF_FRIENDS[1:], OF_FRIENDS[1:]]
    assert [item["show"] for item in read.items] == [7, 8, 9]


def test_lists_of_before_are_read_as_those_of_today(user: User, entries: list[Entry], now: dt.datetime) -> None:
    User.objects.create(id="bob", username="bob")
    entries[0] = stored(7, [{"kind": "taste", "weight": 0.3, "feature": ["genre", "Drama"]}], [])
    today = kept(entries, now).items[:]
    empty = kept([], now)
    try:
        with connection.cursor() as cursor:
            # What was written waits to have its keys checked, and no table is altered while it does.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            call_command("migrate", "recommendations", "0013", verbosity=0)
            cursor.execute("SELECT items FROM served_lists WHERE items <> '[]'")
            before = json.loads(cursor.fetchone()[0])
        assert before[0]["breakdown"]["algorithms"][1] == {
            "algorithm": "social", "score": 0.2, "weight": 0.0, "rank": None
        }  # fmt: skip
        assert before[0]["reasons"][0]["feature"] == {"feature_type": "genre", "feature_value": "Drama"}
        assert all(reason["text"] for item in before for reason in item["reasons"])
    finally:
        call_command("migrate", "recommendations", verbosity=0)

    assert ServedList.objects.exclude(pk=empty.pk).get().items == today
    assert ServedList.objects.get(pk=empty.pk).items == []


def test_a_list_can_be_kept_under_an_id_of_its_own(user: User, now: dt.datetime) -> None:
    own = uuid.uuid4()

    served.keep([], user_id="ada", assigned=[], filter=ListFilter(), moment=None, now=now, request_id=own)

    assert ServedList.objects.get(request_id=own).items == []
