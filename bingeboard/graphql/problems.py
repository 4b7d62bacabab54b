"""What goes wrong, as clients see it: userErrors for items, errors[].extensions.code for whole operations."""

import logging
import re
from typing import Any, Protocol

import strawberry
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from graphql import GraphQLError, GraphQLSyntaxError

from bingeboard.errors import BingeBoardError

logger = logging.getLogger(__name__)
LONGEST_MESSAGE = 500
# What the validator says of introspection that goes from types to fields to types without end.
INTROSPECTION_TOO_DEEP = "Maximum introspection depth exceeded"


@strawberry.type(description="What was wrong with one item, or with the call, that did not stop the rest.")
class UserError:
    """One item's problem."""

    index: int | None = strawberry.field(description="index into the list that was sent")
    field: str | None = strawberry.field(description="The input field at fault.")
    code: str = strawberry.field(description="Stable code, for programs.")
    message: str = strawberry.field(description="One sentence, for people.")


class ItemProblem(Protocol):
    """What pipelines and services report about an item."""

    @property
    def index(self) -> int: ...
    @property
    def field(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


def user_error(problem: ItemProblem) -> UserError:
    """Return a reported problem as clients see it."""
    return UserError(index=problem.index, field=problem.field, code=problem.code, message=problem.message)


def too_complex(message: str) -> GraphQLError:
    """Return the refusal of a document that asks too much."""
    return GraphQLError(message, extensions={"code": "TOO_COMPLEX"})


def present(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """
    Return an error as clients see it: {message, path, locations, extensions: {code}}.

    What the client did wrong keeps its message. A surprise is logged whole under the request id, and shown as that id
    alone: no traceback, SQL text or path leaves the house.
    """
    code, message = _code(error), error.message
    if code == "INTERNAL" and _is_about_what_went(error.original_error):
        code, message = "NOT_FOUND", "what this is about has just been deleted"
    if code == "INTERNAL":
        logger.error("request %s failed", request_id, exc_info=error.original_error or error)
        message = f"something went wrong; request id {request_id}"
    if not settings.INTROSPECTION:
        # Who may not ask for the schema shall not guess it name by name either.
        message = re.sub(r" Did you mean .*", "", message, flags=re.DOTALL)
    shown: dict[str, Any] = {"message": _clean(message), "extensions": {"code": code}}
    if error.path:
        shown["path"] = error.path
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    return shown


def _is_about_what_went(error: BaseException | None) -> bool:
    """Whether a row refers to one that was deleted meanwhile. PostgreSQL's own words would name it, in the log too."""
    return isinstance(error, IntegrityError) and getattr(error.__cause__, "sqlstate", None) == "23503"


def refusal(message: str, code: str = "BAD_INPUT") -> dict[str, Any]:
    """Return a whole answer that says nothing but what was wrong."""
    return {"data": None, "errors": [{"message": _clean(message), "extensions": {"code": code}}]}


def is_database_down(error: BaseException | None) -> bool:
    """Whether the error says that PostgreSQL could not be reached, as against what it said when it was."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    # 08 connection, 57P shutting down or starting up, 53300 too many connections; no state: nobody was there to say.
    return state is None or state.startswith(("08", "57P")) or state == "53300"


def _code(error: GraphQLError) -> str:
    cause = error.original_error
    if isinstance(cause, BingeBoardError):
        return cause.code
    if isinstance(cause, RecursionError):
        return "TOO_COMPLEX"
    if cause is not None and not isinstance(cause, GraphQLError):
        return "INTERNAL"
    if error.extensions and "code" in error.extensions:
        return str(error.extensions["code"])
    # The parser's own limits: tokens and nesting.
    if isinstance(error, GraphQLSyntaxError) and error.message.endswith("Parsing aborted."):
        return "TOO_COMPLEX"
    if error.message == INTROSPECTION_TOO_DEEP:
        return "TOO_COMPLEX"
    # Parsing, validation and variables fail before there is a path. With one, only a missing argument is the client's
    # doing; the rest is a value of ours that does not fit the schema.
    is_theirs = error.path is None or error.message.startswith("Argument ")
    return "BAD_INPUT" if is_theirs else "INTERNAL"


def _clean(message: str) -> str:
    """Return the message short and encodable, whatever it quotes."""
    message = message.encode("utf-8", "replace").decode()
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
