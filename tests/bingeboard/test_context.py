"""Who is asking, and batches read once."""

import pytest
from django.test import RequestFactory
from django.utils import timezone

from bingeboard.context import ROWS_A_REQUEST, Context, Loader
from bingeboard.errors import BingeBoardError, NotAllowed, Unauthenticated
from bingeboard.users.models import User


def context(**fields: object) -> Context:
    return Context(request=RequestFactory().post("/graphql/"), now=timezone.now(), **fields)  # type: ignore[arg-type]


def test_a_loader_reads_everything_among_at_the_first_miss() -> None:
    asked: list[list[int]] = []

    def fetch(keys: list[int]) -> dict[int, str]:
        asked.append(keys)
        return {key: str(key) for key in keys if key != 3}

    loader = Loader(fetch)

    assert [loader.get(key, [1, 2, 3, 2]) for key in (2, 1, 3, 3)] == ["2", "1", None, None]
    assert loader.get(4, [1, 2, 4, 5]) == "4"
    assert loader.get(5) == "5"
    assert asked == [[2, 1, 3], [4, 5]]


def test_loaders_are_kept_by_source_and_arguments() -> None:
    calls = []

    def source(context: Context, keys: list[int], kind: str) -> dict[int, str]:
        calls.append((keys, kind))
        return dict.fromkeys(keys, kind)

    asking = context(sources={"x": source})

    assert asking.loader("x", "a").get(1) == "a"
    assert asking.loader("x", "b").get(1) == "b"
    assert asking.loader("x", "a").get(1) == "a"
    assert calls == [([1], "a"), ([1], "b")]


def test_rows_are_spent_until_there_are_none() -> None:
    asking = context()
    asking.spend(ROWS_A_REQUEST)

    with pytest.raises(BingeBoardError) as refused:
        asking.spend(1)

    assert refused.value.code == "TOO_COMPLEX"


def test_staff_work_needs_staff_and_a_token_for_it() -> None:
    staff, plain = User(id="s", is_staff=True), User(id="p")

    def may(**who: object) -> bool:
        try:
            return context(**who).require_staff() is who["caller"]
        except NotAllowed:
            return False

    assert may(caller=staff, scopes=frozenset({"curator"}))
    assert may(caller=staff, by_session=True)
    assert not may(caller=staff, scopes=frozenset({"viewer"}))
    assert not may(caller=staff, scopes=frozenset({"act_as"}))
    assert not may(caller=staff)
    assert not may(caller=plain, scopes=frozenset({"admin"}))
    assert not may(caller=plain, by_session=True)
    assert not may(caller=User(id="x", is_staff=True, is_active=False), by_session=True)
    with pytest.raises(Unauthenticated):
        context().require_staff()
