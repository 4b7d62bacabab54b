"""
What schemathesis is told of this API: our scalars, who asks, and what a clean answer is. Loaded by SCHEMATHESIS_HOOKS.

BINGEBOARD_STRANGERS holds, as JSON:

    ids      that mean something here            uuids    of lists that were served
    words    by argument, values that exist
    viewers  ids of whom X-Viewer-Id names one   doomed   ids of those who delete themselves
    calls    the file to which every answer adds a line
"""

import itertools
import json
import os
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import schemathesis
from graphql import (
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

django.setup()

from tests.attacks import CANARIES  # noqa: E402  (its models need Django)
from tests.scalars import scalars  # noqa: E402

GIVEN = json.loads(os.environ["BINGEBOARD_STRANGERS"])
CODES = {"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_INPUT", "TOO_COMPLEX", "RATE_LIMITED"}
VIEWERS, DOOMED = itertools.cycle(GIVEN["viewers"]), itertools.cycle(GIVEN["doomed"])

# Of whole numbers, by argument; the others are of 1 to 100.
RANGES = {"rows": (1, 20), "yearFrom": (1900, 1990), "yearTo": (1990, 2030)}

for name, strategy in scalars(ids=GIVEN["ids"], uuids=GIVEN["uuids"]).items():
    schemathesis.graphql.scalar(name, strategy)


class _Reasonable(Visitor):
    """Numbers and words that are made up seldom mean anything; these do, so that more than the first check is met."""

    def enter_argument(self, node: Any, *_: Any) -> Any:
        return self._replaced(node)

    def enter_object_field(self, node: Any, *_: Any) -> Any:
        return self._replaced(node)

    def _replaced(self, node: Any) -> Any:
        return replace(node, value=_reasonable(node.name.value, node.value))


def _reasonable(name: str, value: Any) -> Any:
    number = zlib.crc32(print_ast(value).encode())
    words = GIVEN["words"].get(name)
    match value:
        case IntValueNode():
            least, most = RANGES.get(name, (1, 100))
            return IntValueNode(value=str(least + number % (most - least + 1)))
        case FloatValueNode():
            return FloatValueNode(value=str(number % 101 / 100))
        case StringValueNode() if name == "after":
            return NullValueNode()
        case StringValueNode() if words:
            return StringValueNode(value=words[number % len(words)])
        case ListValueNode():
            return ListValueNode(values=tuple(_reasonable(name, item) for item in value.values))
    return value


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Have two in three documents of the right form ask for what is there."""
    if case.meta.generation.mode.is_positive and zlib.crc32(case.body.encode()) % 3:
        case.body = print_ast(visit(parse(case.body), _Reasonable()))
    return case


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Ask as the next viewer; who is to be deleted is one whom nobody misses."""
    if GIVEN["viewers"]:
        case.headers["X-Viewer-Id"] = next(DOOMED if case.operation.label == "Mutation.deleteMyData" else VIEWERS)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Keep what was answered, for the table."""
    line = json.dumps([case.operation.label, response.status_code, sorted(_codes(response)), response.elapsed])
    with Path(GIVEN["calls"]).open("a", encoding="utf-8") as calls:
        calls.write(f"{line}\n")


@schemathesis.check
def clean_answer(ctx: Any, response: Any, case: Any) -> None:
    """Fail where an answer is no JSON, has a status or a code that nobody was promised, or says what is ours alone."""
    assert response.status_code in (200, 400), f"status {response.status_code}"
    unknown = _codes(response) - CODES
    assert not unknown, f"codes {sorted(map(str, unknown))}"
    sent = json.dumps(case.body) if isinstance(case.body, str | dict | list) else str(case.body)
    for error in response.json().get("errors", []):
        said = CANARIES.search(error["message"])
        # What was sent may be quoted.
        assert not said or re.search(re.escape(said.group()), sent), f"the answer says {said.group()!r}"


def _codes(response: Any) -> set[Any]:
    try:
        errors = response.json().get("errors", [])
    except (ValueError, AttributeError):
        return {"NO_JSON"}
    return {error.get("extensions", {}).get("code") for error in errors}
