"""
Documents and bodies made up by the thousand get clean answers, whoever sends them.

BINGEBOARD_EXAMPLES=5000 makes the run as long as one likes.
"""

import inspect
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.users.models import ApiToken, User
from tests.attacks import ADA, CANARIES, Attack, Siege, besieged
from tests.door import catalogue, token_of, viewer, world
from tests.generated import BODIES, DOCUMENTS

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("BINGEBOARD_EXAMPLES", "50"))
CODES = {"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_INPUT", "TOO_COMPLEX", "RATE_LIMITED"}
SECRETS = ("bobs-own-secret", "b0b00000-0000-4000-8000-000000000001")
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="BINGEBOARD_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def siege(django_db_setup: None, django_db_blocker: Any) -> Iterator[Siege]:
    """One world for all; whatever an example changes in it is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        inspect.unwrap(catalogue)(None)
        siege = besieged()
        inspect.unwrap(world)(None, User.objects.get(pk=ADA))
        tokens = {**siege.tokens, "admin": token_of(viewer("besieged-admin", is_staff=True), "admin")}
        yield Siege(siege.client, tokens)
        transaction.set_rollback(True)


def _check(siege: Siege, body: bytes, who: str) -> None:
    """Send a body; its answer is JSON of the usual form, without surprises, and without what is bob's."""
    with transaction.atomic():
        response = siege.send(Attack(body, who=who))
        transaction.set_rollback(True)
    text = response.content.decode()
    assert response.status_code in (200, 400), text
    answer = json.loads(text)
    assert "data" in answer, text
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] in CODES, (body, error)
        # What was sent may be quoted, so canaries are looked for in what was not.
        assert not CANARIES.search(error["message"]) or CANARIES.search(body.decode(errors="replace")), error
    assert not any(secret in text and secret.encode() not in body for secret in SECRETS), text


@given(body=DOCUMENTS, who=st.sampled_from(["ada", "nobody", "admin", "service"]))
@many
def test_a_made_up_document_gets_a_clean_answer(siege: Siege, body: bytes, who: str) -> None:
    _check(siege, body, who)


@given(body=BODIES, who=st.sampled_from(["ada", "nobody"]))
@many
def test_a_made_up_body_gets_a_clean_answer(siege: Siege, body: bytes, who: str) -> None:
    _check(siege, body, who)


def test_made_up_documents_may_do_as_they_like_and_leave_no_trace(siege: Siege) -> None:
    before = ApiToken.objects.count()
    _check(siege, b'{"query": "mutation { deleteMyData(confirm: true) { rows } }"}', "ada")

    assert ApiToken.objects.count() == before
