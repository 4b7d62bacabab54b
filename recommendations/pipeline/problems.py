"""What was wrong with one item of a list that a client sent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One refused item: its index, the field, a stable code and a sentence."""

    index: int
    field: str
    code: str
    message: str
