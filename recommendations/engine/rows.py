"""A page of rows from many offers: in order, no title twice, nothing empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """
    What a row could hold.

    key     names the row; no two offers have the same
    titles  best first
    least   with fewer that no row above has, and less than a whole row, it is left out and leaves them to those below
    """

    key: str
    titles: Sequence[int]
    least: int = 1


def arrange(offers: Sequence[Offer], *, rows: int, per_row: int) -> list[tuple[str, list[int]]]:
    """
    Return (key, titles) of the first `rows` offers that have something to say, at most per_row titles each.

    A title stands in the first row that offers it and in no other. Raises ValueError for a size below 1.
    """
    if rows < 1 or per_row < 1:
        raise ValueError(f"rows and per_row must be 1 or more, got {rows} and {per_row}")
    taken: set[int] = set()
    page: list[tuple[str, list[int]]] = []
    for offer in offers:
        fresh = [title for title in dict.fromkeys(offer.titles) if title not in taken][:per_row]
        if len(page) < rows and len(fresh) >= min(max(offer.least, 1), per_row):
            page.append((offer.key, fresh))
            taken.update(fresh)
    return page
