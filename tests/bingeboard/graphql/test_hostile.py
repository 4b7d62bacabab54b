"""Hostile requests are refused with a stable code, tell nothing, and change nothing; the table is tests/attacks.py."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.attacks import ATTACKS, CANARIES, Attack, Siege, besieged, flaws, rows_written
from tests.door import catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def siege(django_db_setup: None, django_db_blocker: Any) -> Iterator[Siege]:
    """One world for the whole table: an attack that changes it fails its own test."""
    with django_db_blocker.unblock(), transaction.atomic():
        inspect.unwrap(catalogue)(None)
        yield besieged()
        transaction.set_rollback(True)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_and_changes_nothing(siege: Siege, attack: Attack) -> None:
    before = rows_written()
    with transaction.atomic():
        response = siege.send(attack)

    assert flaws(attack, response) == []
    assert rows_written() == before
    assert response["X-Request-Id"].isalnum()
    assert "Set-Cookie" not in response


def test_there_are_attacks_of_every_kind() -> None:
    codes = {attack.code for attack in ATTACKS.values()}

    assert len(ATTACKS) >= 150
    assert {"BAD_INPUT", "TOO_COMPLEX", "NOT_FOUND", "UNAUTHENTICATED", "FORBIDDEN"} <= codes


def test_what_gives_the_house_away_would_be_seen() -> None:
    for word in (
        "Traceback (most recent call last)",
        'File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode',
        "psycopg.errors.UndefinedColumn",
        'SELECT "users"."id"',
        "/work/main/manage.py",
    ):
        assert CANARIES.search(word)


def test_a_change_would_be_seen(siege: Siege) -> None:
    attack = Attack(b'{"query": "mutation { setConsent(personalisation: false) { personalisation } }"}', code=None)
    before = rows_written()
    with transaction.atomic():
        response = siege.send(attack)
        transaction.set_rollback(True)

    assert flaws(attack, response) == []
    assert rows_written() > before
