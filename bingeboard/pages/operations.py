"""
Ready-made operations: the .graphql files of bingeboard/operations, each one document that can be run as it is.

Of a file's comments the first line says what it does, "As:" who may ask (anyone or viewer), and "Variables:" what it is
sent with, as JSON. In the variables "$show" stands for a title that is there, "$platform" for a service, "$uuid" for
a new UUID, "$friend" for a friend, "$asker" for somebody who asked to be one, "$stranger" for somebody who is none.
"""

import json
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import parse, validate

from bingeboard.graphql.nodes import global_id
from bingeboard.pages import people
from bingeboard.schema import schema
from bingeboard.shows.models import Platform, Show

FOLDER = Path(__file__).resolve().parent.parent / "operations"


@dataclass(frozen=True)
class Operation:
    """
    One document.

    name        the file's name without its ending
    about       what it does, in a few words
    as_viewer   whether it takes a viewer's token
    text        what to send, with the comment that says what it does
    template    its variables, with names in place of what is only known at the time
    """

    name: str
    about: str
    as_viewer: bool
    text: str
    template: dict[str, Any]

    @property
    def is_known(self) -> bool:
        """Whether the schema has all that it asks for."""
        return not validate(schema._schema, parse(self.text))

    @property
    def is_mutation(self) -> bool:
        """Whether it changes something."""
        return bool(re.search(r"^mutation\b", self.text, re.MULTILINE))

    def variables(self, *, user_id: str | None = None) -> dict[str, Any]:
        """Return the variables as they can be sent now, by a user where one is signed in."""
        filled: dict[str, Any] = _filled(self.template, people.asking(user_id))
        return filled


@lru_cache(maxsize=1)
def operations() -> dict[str, Operation]:
    """Return every operation that the schema can answer, by name, those for anyone first."""
    known = [operation for operation in written() if operation.is_known]
    return {operation.name: operation for operation in sorted(known, key=_order)}


def written() -> list[Operation]:
    """Return every operation there is a file of, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.graphql"))]


def _order(operation: Operation) -> tuple[bool, bool, str]:
    return (operation.as_viewer, operation.is_mutation, operation.name)


def _read(path: Path) -> Operation:
    text = path.read_text(encoding="utf-8")
    comments = re.findall(r"^# ?(.*)$", text, re.MULTILINE)
    said = dict(line.split(": ", 1) for line in comments if line.startswith(("As: ", "Variables: ")))
    return Operation(
        name=path.stem,
        about=comments[0],
        as_viewer=said["As"] == "viewer",
        text=re.sub(r"^# (As|Variables): .*\n", "", text, flags=re.MULTILINE),
        template=json.loads(said.get("Variables", "{}")),
    )


def _filled(value: Any, viewer_id: str | None) -> Any:
    match value:
        case dict():
            return {name: _filled(item, viewer_id) for name, item in value.items()}
        case list():
            return [_filled(item, viewer_id) for item in value]
        case "$show":
            return _some_title()
        case "$platform":
            return Platform.objects.order_by("name").values_list("slug", flat=True).first() or "netflix"
        case "$uuid":
            return str(uuid.uuid4())
        case "$friend":
            return people.friend_of(viewer_id)
        case "$asker":
            return people.asker_of(viewer_id)
        case "$stranger":
            return people.stranger_to(viewer_id)
        case _:
            return value


def _some_title() -> str:
    """Return the global id of the title most people know; of one that is not there, where the catalogue is empty."""
    first = Show.objects.order_by("-popularity", "pk").values_list("pk", flat=True).first()
    return str(global_id("Show", first or 0))
