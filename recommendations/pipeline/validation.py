"""What one item that a client sends must look like; each check raises Refused, naming the field and what is right."""

import datetime as dt
import math
from typing import Any

import orjson

from recommendations.engine.config import Intake

CONTENT_TYPES = ("movie", "tv", "episode", "trailer")


class Refused(Exception):
    """One item is refused: the field that is wrong, a stable code, and a sentence for whoever sent it."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


def checked_text(field: str, text: str, most: int, *, required: bool = False) -> str:
    """Refuse text that is empty where it must not be, too long, or that PostgreSQL can not keep."""
    if required and not text.strip():
        raise Refused(field, "BAD_INPUT", "it is empty; send a non-empty string")
    if len(text) > most:
        raise Refused(field, "BAD_INPUT", f"at most {most} letters, got {len(text)}")
    if not storable(text):
        raise Refused(field, "BAD_INPUT", "it holds a NUL character or half a surrogate pair")
    return text


def storable(text: str) -> bool:
    """Return whether PostgreSQL can keep the text."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_time(occurred_at: dt.datetime | None, now: dt.datetime, limits: Intake) -> dt.datetime:
    """Return when it happened (now where left out); refuse the far future and what is past retention."""
    if occurred_at is None:
        return now
    if occurred_at.tzinfo is None:
        occurred_at = occurred_at.replace(tzinfo=dt.UTC)
    if occurred_at > now + dt.timedelta(hours=limits.future):
        raise Refused("occurredAt", "IN_THE_FUTURE", f"more than {limits.future:g} h ahead of the server's clock")
    if occurred_at < now - dt.timedelta(days=limits.retention):
        raise Refused("occurredAt", "TOO_OLD", f"more than {limits.retention:g} days ago; such acts are not kept")
    return occurred_at


def checked_context(context: Any, limits: Intake) -> dict[str, Any]:
    """Return the context as an object ({} where left out); refuse what is not one, too big, too deep or not JSON."""
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise Refused("context", "BAD_INPUT", f"send a JSON object, got {type(context).__name__}")
    _walk(context, limits.context_depth)
    try:
        size = len(orjson.dumps(context))
    except (TypeError, ValueError):
        raise Refused("context", "BAD_INPUT", "it holds something that is no JSON") from None
    if size > limits.context_bytes:
        raise Refused("context", "TOO_LARGE", f"at most {limits.context_bytes} bytes of JSON, got {size}")
    return context


def _walk(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth == 0:
            raise Refused("context", "TOO_DEEP", "lists and objects are nested too deep")
        children = value.values() if isinstance(value, dict) else value
        for key in value if isinstance(value, dict) else ():
            if not (isinstance(key, str) and storable(key)):
                raise Refused("context", "BAD_INPUT", "a key is no text that can be kept")
        for child in children:
            _walk(child, depth - 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refused("context", "BAD_INPUT", "infinities and NaN are no JSON")
    elif isinstance(value, str) and not storable(value):
        raise Refused("context", "BAD_INPUT", "a text holds a NUL character or half a surrogate pair")
    elif isinstance(value, int) and abs(value) > 2**63:
        raise Refused("context", "BAD_INPUT", "a number is larger than 64 bits")


def number_in(context: dict[str, Any], key: str, low: float, high: float) -> float | None:
    """Return a number of the context, None where it is not there; refuse another type or one outside its range."""
    value = context.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Refused(f"context.{key}", "BAD_INPUT", f"a number in {low:g} to {high:g}, got {str(value)[:40]!r}")
    return float(value)
