"""Documents made up from the printed schema, whole and mutilated: shared by the tests and the long run."""

import json
import uuid
from typing import Any

from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema

from bingeboard.graphql.changes import PRINTED
from bingeboard.graphql.nodes import global_id
from tests.attacks import ADA, BOB, BOBS_LIST
from tests.scalars import scalars

# Ids that mean something here, so that not every document ends at an id that nobody has.
IDS = [
    *(str(global_id("Show", number)) for number in (1, 2, 60, 61)),
    *(str(global_id("User", name)) for name in (ADA, BOB, "nobody")),
    str(global_id("Platform", "flixo")),
    str(global_id("Recommendation", f"{BOBS_LIST}:1")),
    str(BOBS_LIST),
]
SCALARS = scalars(ids=IDS, uuids=[str(uuid.UUID(int=7)), str(BOBS_LIST)])
SCHEMA = PRINTED.read_text(encoding="utf-8")
# What asks something: documents as they should be, and some with a value of the wrong type.
RIGHT: st.SearchStrategy[Any] = from_schema(SCHEMA, custom_scalars=SCALARS)
WRONG: st.SearchStrategy[Any] = from_schema(SCHEMA, custom_scalars=SCALARS, mode=Mode.NEGATIVE)
WORDS = [
    "{",
    "}",
    "(",
    ")",
    "...",
    "$",
    "@",
    ":",
    "null",
    "\0",
    "\ud800",
    '"',
    '"""',
    "#",
    "[",
    "fragment F on Show",
    "é",
    "",
]


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """Return a document in which a few pieces were cut out, doubled or put in."""
    text: str = draw(RIGHT)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        piece = draw(st.one_of(st.sampled_from(WORDS), st.just(text[start:end] * 2), st.text(max_size=5)))
        text = text[:start] + piece + text[end:]
    return text


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
KEYS = ("query", "variables", "operationName", "extensions")
BODIES: st.SearchStrategy[bytes] = st.one_of(
    st.binary(min_size=1, max_size=200),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(KEYS), JSON_VALUES | st.just("{ __typename }"), max_size=4).map(
        lambda body: json.dumps(body).encode()
    ),
)
DOCUMENTS: st.SearchStrategy[bytes] = st.one_of(RIGHT, WRONG, mutilated()).map(
    lambda query: json.dumps({"query": query}).encode()
)
