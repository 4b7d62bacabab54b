"""Pages of lists: how many, from where, and what comes after."""

import base64
import binascii
import json
from typing import Any

import strawberry

from bingeboard.errors import Invalid

# The most a list hands out at once; further pages are a cursor away.
LARGEST_PAGE = 100
LONGEST_CURSOR = 400


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The usual Relay page info; lists are read forwards."""

    has_next_page: bool = strawberry.field(description="Is there more after endCursor?")
    has_previous_page: bool = strawberry.field(description="Did this page start after a cursor?")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last edge: send it as after for the next page."
    )


def page_size(first: int | None, default: int) -> int:
    """Return how many to hand out: 1 to LARGEST_PAGE, the default where left out."""
    if first is None:
        return default
    if not 1 <= first <= LARGEST_PAGE:
        raise Invalid(f"first must be in 1 to {LARGEST_PAGE}, got {first}", field="first")
    return first


def page_info(cursors: list[str], *, has_next: bool, after: str | None) -> PageInfo:
    """Return the page info of a page with these cursors."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def cursor_of(*place: Any) -> str:
    """Return an opaque cursor for a place in an order: its sort values, the key last."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def place_of(cursor: str, *kinds: type | tuple[type, ...]) -> tuple[Any, ...]:
    """Return the place that a cursor of ours names; Invalid where it is of another list or not ours."""
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        place = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        fits = isinstance(place, list) and len(place) == len(kinds)
        # A cursor has one spelling; NaN and numbers too large for a row are never in one of ours.
        if not fits or cursor_of(*place) != cursor or not all(map(_is, place, kinds)):
            raise ValueError
    except (ValueError, RecursionError, binascii.Error):
        raise Invalid(f"after: {cursor[:60]!r} is no cursor of this list", field="after") from None
    return tuple(place)


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    if isinstance(value, int | float):
        return abs(value) < 2**63
    return not (isinstance(value, str) and "\0" in value)
