"""STAND-IN by the lead so that the tree imports: the helper who owns this file replaces it whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Act:
    user_id: str
    show_id: int
    kind: str
    happened_at: dt.datetime
    strength: float | None


def record_signals(*, acts: Sequence[Act], now: dt.datetime) -> int:
    return 0
