"""What goes wrong, as clients see it: a code for each kind, short, encodable, and nothing of ours."""

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from graphql import GraphQLError

from bingeboard.errors import BingeBoardError, Invalid, NotAllowed, NotFound, Stale, Unauthenticated
from bingeboard.graphql.problems import is_database_down, present


def _code(error: GraphQLError) -> str:
    return str(present(error, "r1")["extensions"]["code"])


def _raised(cause: Exception) -> GraphQLError:
    return GraphQLError(str(cause), path=["x"], original_error=cause)


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (Unauthenticated("x"), "UNAUTHENTICATED"),
        (NotAllowed("x"), "FORBIDDEN"),
        (NotFound("x"), "NOT_FOUND"),
        (Invalid("x"), "BAD_INPUT"),
        (Stale("x"), "BAD_INPUT"),
        (BingeBoardError("x", code="TOO_COMPLEX"), "TOO_COMPLEX"),
        (RecursionError("x"), "TOO_COMPLEX"),
        (ValueError("x"), "INTERNAL"),
        (ProgrammingError("SELECT"), "INTERNAL"),
        (GraphQLError("Expected value of type 'Show'"), "INTERNAL"),
        (GraphQLError("Argument 'first' is missing"), "BAD_INPUT"),
    ],
)
def test_each_kind_of_error_has_its_code(cause: Exception, code: str) -> None:
    assert _code(_raised(cause)) == code


def test_what_fails_before_it_runs_is_the_clients_doing() -> None:
    assert _code(GraphQLError("Cannot query field 'x'")) == "BAD_INPUT"


def test_only_surprises_are_masked() -> None:
    assert present(_raised(ValueError("/secret")), "r1")["message"] == "something went wrong; request id r1"
    assert present(_raised(Invalid("first must be 1")), "r1")["message"] == "first must be 1"


def test_messages_are_short_and_can_be_sent() -> None:
    long = present(_raised(Invalid("x" * 10_000)), "r1")["message"]
    odd = present(_raised(Invalid("\ud800")), "r1")["message"]

    assert len(long) == 501
    assert odd.encode() == b"?"


def test_an_outage_is_told_from_a_query_that_failed() -> None:
    assert is_database_down(InterfaceError("closed"))
    assert is_database_down(OperationalError("refused"))
    assert not is_database_down(ProgrammingError("no such column"))
    assert not is_database_down(None)
