"""Things with a global id: the Node interface, and ids that say what they are the id of."""

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Mapping

import strawberry

from bingeboard.context import Context
from bingeboard.errors import Invalid

# Longer than any of ours: a type's name, a user's id of 64 characters.
LONGEST_ID = 200


@strawberry.interface(description="Anything that can be asked for again by its id.")
class Node:
    """A thing with a global id. The id is made when the object is, so reading it costs no resolver."""

    id: strawberry.ID = strawberry.field(description="Global id, opaque to clients.")


# By type name: the key inside the id -> the object, or None where there is none for this caller.
NodeReaders = Mapping[str, Callable[[Context, str], Node | None]]


def global_id(type_name: str, key: object) -> strawberry.ID:
    """Return the id that clients see."""
    return strawberry.ID(base64.b64encode(f"{type_name}:{key}".encode()).decode())


def split_id(value: str, *, field: str = "id") -> tuple[str, str]:
    """Return (type name, key) of a global id; Invalid naming it where it is none."""
    try:
        if len(value) > LONGEST_ID:
            raise ValueError
        type_name, colon, key = base64.b64decode(value.encode(), validate=True).decode().partition(":")
        # One id has one spelling, so that clients may compare ids.
        if not (type_name and colon and key) or "\0" in key or global_id(type_name, key) != value:
            raise ValueError
    except (ValueError, binascii.Error):
        raise Invalid(
            f"{field}: {_short(value)} is no id of ours; send one that a query returned", field=field
        ) from None
    return type_name, key


def key_of(value: str, type_name: str, *, field: str = "id") -> str:
    """Return the key inside a global id of the named type; Invalid where it is of another."""
    found, key = split_id(value, field=field)
    if found != type_name:
        raise Invalid(f"{field}: {_short(value)} is the id of a {found}, not of a {type_name}", field=field)
    return key


def number_of(value: str, type_name: str, *, field: str = "id") -> int:
    """Return the row number inside a global id of the named type."""
    return row_number(key_of(value, type_name, field=field), value, field=field)


def row_number(key: str, value: str, *, field: str = "id") -> int:
    """Return the key as a row number; Invalid where it is none that a table could hold."""
    if not re.fullmatch(r"[0-9]{1,18}", key):
        raise Invalid(f"{field}: {_short(value)} is no id of ours; send one that a query returned", field=field)
    return int(key)


def uuid_of(value: str, *, field: str) -> uuid.UUID:
    """Return a request id; Invalid naming it where it is none."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise Invalid(f"{field}: {_short(value)} is no request id; send one that a list came with", field=field)
    return uuid.UUID(value)


def _short(value: str) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:76]}…'"
