"""
Single values of an import: each check returns the value in its own type, or rejects the line with a reason.

A reason names the field, what would be right, and what was found. What is not known is None.
"""

import datetime as dt
import math
import re
from typing import Any

_WHOLE = re.compile(r"[+-]?\d{1,19}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NUMBER_LETTERS = 40
_SHOWN_LETTERS = 60
EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# What a line without a time is taken to mean. It is one fixed moment, so that importing a file again finds
# the same rows, and long past, so that nothing anybody does later is older.
UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Rejected(Exception):
    """One line cannot be taken in; the message says why."""


def shown(value: Any) -> str:
    """Return a value as it may stand in a message: on one line, and not too long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"


def text(name: str, value: Any, *, most: int) -> str | None:
    """Return trimmed text; None where there is none. Rejects what is no text, too long, or holds a NUL."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejected(f"{name} must be text, got {shown(value)}")
    if "\0" in value:
        raise Rejected(f"{name} holds a NUL character")
    trimmed = value.strip()
    if len(trimmed) > most:
        raise Rejected(f"{name} may have {most} letters, got {len(trimmed)}")
    return trimmed or None


def required_text(name: str, value: Any, *, most: int) -> str:
    """Return trimmed text that must be there."""
    found = text(name, value, most=most)
    if found is None:
        raise Rejected(f"{name} is empty")
    return found


def whole(name: str, value: Any, *, low: int, high: int) -> int | None:
    """Return a whole number, also where it is written as text or as 12.0; None where there is none."""
    if value is None or value == "":
        return None
    number = _whole(value)
    if number is None or not low <= number <= high:
        raise Rejected(f"{name} must be a whole number in {low} to {high}, got {shown(value)}")
    return number


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    return None


def number(name: str, value: Any, *, low: float = -math.inf, high: float = math.inf) -> float | None:
    """Return a finite number, also where it is written as text; None where there is none."""
    if value is None or value == "":
        return None
    found = _number(value)
    if found is None or not math.isfinite(found) or not low <= found <= high:
        wanted = "a number" if math.isinf(low) and math.isinf(high) else f"a number in {low:g} to {high:g}"
        raise Rejected(f"{name} must be {wanted}, got {shown(value)}")
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and len(value) <= _NUMBER_LETTERS and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def day(name: str, value: Any) -> dt.date | None:
    """Return a date written as 1995-11-22; None where there is none."""
    found = text(name, value, most=32)
    if found is None:
        return None
    try:
        return dt.datetime.strptime(found, "%Y-%m-%d").date()
    except ValueError:
        raise Rejected(f"{name} must be a date like 1995-11-22, got {shown(value)}") from None


def moment(name: str, value: str, *, now: dt.datetime) -> dt.datetime:
    """
    Return a moment written as seconds since 1970 or in ISO form; UNDATED where there is none.

    Digits alone are seconds; a time without a timezone is UTC. Rejects what lies before 1970 or after now.
    """
    value = value.strip()
    if not value:
        return UNDATED
    try:
        found = _seconds(value) if _NUMBER.fullmatch(value) else _iso(value)
    except (ValueError, OverflowError):
        raise Rejected(
            f"{name} must be seconds since 1970 or a time like 2012-05-01T20:15:00Z, got {shown(value)}"
        ) from None
    if found < EARLIEST:
        raise Rejected(f"{name} {shown(value)} is before 1970")
    if found > now:
        raise Rejected(f"{name} {shown(value)} is in the future: {found:%Y-%m-%d %H:%M} UTC")
    return found


def _seconds(value: str) -> dt.datetime:
    return EARLIEST + dt.timedelta(seconds=float(value))


def _iso(value: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(value)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def words(name: str, value: Any, *, most: int, letters: int) -> list[str] | None:
    """Return a list of trimmed texts, each once, in order; None where there is nothing in it."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise Rejected(f"{name} must be a list of texts, got {shown(value)}")
    if len(value) > most:
        raise Rejected(f"{name} may have {most} entries, got {len(value)}")
    found = [text(f"{name}[{place}]", entry, most=letters) for place, entry in enumerate(value)]
    return list(dict.fromkeys(entry for entry in found if entry is not None)) or None
