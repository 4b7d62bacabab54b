"""A file of ratings -> arrays, every line as the import would take it in, and the training part -> a file again."""

import csv
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bingeboard.errors import Invalid
from bingeboard.importing import CsvFormat, Rejected, Source
from bingeboard.importing.values import moment, number, required_text
from bingeboard.importing.viewers import USER_ID_LETTERS
from bingeboard.shows.services import show_id_of
from recommendations.engine.config import DEFAULT
from recommendations.evaluation.splits import Mask

# Ratings are given in stars up to five; 4 and up is liked. A definition: the yardstick's, not the engine's.
LIKED = 4.0
_COLUMNS = ("user_id", "show_id", "rating", "timestamp")


@dataclass(frozen=True)
class Ratings:
    """
    Ratings in the order of the file; all arrays have n_ratings entries.

    viewers   ids in the order of their first rating; viewer[i] is a row of it
    show_id   the titles' keys in the database
    raw       the fields as they stood in the file
    skipped   lines that no import would take in, and why the first was not
    """

    viewers: list[str]
    viewer: NDArray[np.int64]
    show_id: NDArray[np.int64]
    rating: NDArray[np.float64]
    seconds: NDArray[np.float64]
    raw: list[tuple[str, ...]]
    skipped: int
    first_skipped: str

    def __len__(self) -> int:
        return len(self.raw)

    def fingerprint(self, part: Mask | None = None) -> str:
        """Return a checksum of what the ratings, or a part of them, say: the same however the file is packed."""
        chosen = slice(None) if part is None else part
        digest = hashlib.sha256()
        ids = np.array(self.viewers)[self.viewer[chosen]]
        for column in (np.char.encode(ids, "utf-8"), self.show_id[chosen], self.rating[chosen], self.seconds[chosen]):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()[:16]


def read_ratings(*, path: Path, now: dt.datetime, watch: Callable[[int], None] | None = None) -> Ratings:
    """
    Read a file of ratings as `import_ratings` would; lines that it would reject are left out and counted.

    Raises Invalid where the file is none, or not one of its lines can be taken in.
    """
    form = CsvFormat(required=_COLUMNS[:3], optional=_COLUMNS[3:])
    viewers: dict[str, int] = {}
    rows: list[tuple[int, int, float, float]] = []
    raw: list[tuple[str, ...]] = []
    skipped, first = 0, ""
    with Source(path, watch=watch).lines() as lines:
        form.start(path, lines)
        for line_number, line in lines:
            try:
                record = form.record(line)
                viewer, show_id, rating, seconds = _parsed(record, now)
            except Rejected as reason:
                skipped += 1
                first = first or f"line {line_number}: {reason}"
                continue
            rows.append((viewers.setdefault(viewer, len(viewers)), show_id, rating, seconds))
            raw.append(tuple(record[name] for name in _COLUMNS))
    if not rows:
        raise Invalid(f"{path}: there is no rating in it that can be taken in; {first or 'it has a header only'}")
    viewer_rows, show_ids, stars, times = zip(*rows, strict=True)
    return Ratings(
        viewers=list(viewers),
        viewer=np.array(viewer_rows, dtype=np.int64),
        show_id=np.array(show_ids, dtype=np.int64),
        rating=np.array(stars, dtype=np.float64),
        seconds=np.array(times, dtype=np.float64),
        raw=raw,
        skipped=skipped,
        first_skipped=first,
    )


def _parsed(record: dict[str, str], now: dt.datetime) -> tuple[str, int, float, float]:
    low, high = DEFAULT.events.rating_low, DEFAULT.events.rating_high
    rating = number("rating", record["rating"], low=low, high=high)
    if rating is None:
        raise Rejected("rating is empty")
    return (
        required_text("user_id", record["user_id"], most=USER_ID_LETTERS),
        show_id_of(record["show_id"], name="show_id"),
        rating,
        moment("timestamp", record["timestamp"], now=now).timestamp(),
    )


def write_part(*, ratings: Ratings, part: Mask, path: Path) -> None:
    """Write a part of the ratings as a file that can be imported, in the order of the file they come from."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(ratings.raw[i] for i in np.flatnonzero(part))
