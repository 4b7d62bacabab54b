"""A small made-up world as files: thirty viewers with two tastes, forty titles, a rating a day."""

import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np

FIRST_SECOND = 1_200_000_000
DAY = 86_400
GENRES = (["Drama", "Romance"], ["Comedy", "Action"])


def write_shows(path: Path, n: int = 40) -> Path:
    """Write titles 1 to n; odd ones are of one taste, even ones of the other."""
    with path.open("w") as file:
        for show in range(1, n + 1):
            record = {
                "id": show,
                "title": f"Title {show}",
                "genres": GENRES[show % 2],
                "release_date": f"{1990 + show % 15}-03-01",
                "keywords": [f"word {show % 7}", f"taste {show % 2}"],
                "overview": f"A story about {'love' if show % 2 == 0 else 'fights'} number {show}.",
            }
            file.write(json.dumps(record) + "\n")
    return path


def some_ratings(seed: int = 5, n_viewers: int = 30, n_titles: int = 40) -> list[tuple[str, int, float, int]]:
    """Return (viewer, title, stars, second), shuffled: each viewer likes what is of their taste."""
    rng = np.random.default_rng(seed)
    rows = []
    for viewer in range(n_viewers):
        count = int(rng.integers(6, 20))
        fame = 1.0 / np.arange(1, n_titles + 1)
        ours = (np.arange(1, n_titles + 1) % 2) == viewer % 2
        chance = fame * np.where(ours, 5.0, 1.0)
        titles = 1 + rng.choice(n_titles, count, replace=False, p=chance / chance.sum())
        for place, title in enumerate(titles.tolist()):
            stars = float(rng.choice([4.0, 4.5, 5.0]) if title % 2 == viewer % 2 else rng.choice([2.0, 3.0, 4.0]))
            rows.append((f"v{viewer:02}", title, stars, FIRST_SECOND + (viewer + 31 * place) * DAY))
    return [rows[i] for i in rng.permutation(len(rows))]


def write_ratings(path: Path, rows: list[tuple[str, int, float, int]]) -> Path:
    """Write ratings as CSV."""
    lines = ["user_id,show_id,rating,timestamp", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def unwatched(title, total=None):
    """Show nothing of a step."""
    yield lambda n=1: None
