"""However batches arrive, at once, again, shuffled or in pieces: each event counts once."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.benchmarks.harness import Event, House, made_up

pytestmark = pytest.mark.servers
TOLERANCE = 1e-9


def test_a_batch_sent_twice_at_once_counts_once(house: House, newcomers: tuple[str, str]) -> None:
    rng, viewer = random.Random(20260601), newcomers[0]
    barrier = threading.Barrier(2)

    def send(batch: Sequence[Event]) -> dict[str, Any]:
        with house.client() as client:
            # Connected before the race begins.
            client.recommendations(viewer=newcomers[1])
            barrier.wait(10)
            return client.track(batch, viewer=viewer).data["trackEvents"]

    for size in (1, 10, 100, 100, 100):
        batch = made_up(rng, size, shows=house.shows, session="race")
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(send, [batch, batch]))

        assert sum(answer["accepted"] for answer in both) == size
        assert sum(answer["duplicates"] for answer in both) == size
        assert [answer["rejected"] for answer in both] == [0, 0]
        said = [[outcome["status"] for outcome in answer["outcomes"]] for answer in both]
        assert all({one, other} == {"ACCEPTED", "DUPLICATE"} for one, other in zip(*said, strict=True))

    counted = "SELECT count(*), count(DISTINCT event_id) FROM user_behavior_events WHERE user_id = %s"
    assert house.sql(counted, viewer) == [(311, 311)]


def test_thrice_shuffled_and_overlapping_is_as_one_clean_delivery(house: House, newcomers: tuple[str, str]) -> None:
    rng = random.Random(7)
    clean, messy = newcomers
    acts = made_up(rng, 200, shows=house.shows, session="again")
    pieces = []
    for _ in range(3):
        shuffled = rng.sample(acts, len(acts))
        start = 0
        while start < len(shuffled):
            size = rng.choice((1, 7, 19, 60, 100))
            # Each piece begins before the last one ended, and small ones are folded in at once, large ones later.
            pieces.append(shuffled[max(start - 5, 0) : start + size])
            start += size
    rng.shuffle(pieces)

    with house.client() as client:
        for start in range(0, len(acts), 100):
            assert client.track(acts[start : start + 100], viewer=clean).data["trackEvents"]["accepted"] == 100

    def send(mine: Sequence[Sequence[Event]]) -> int:
        with house.client() as client:
            return sum(client.track(piece, viewer=messy).data["trackEvents"]["accepted"] for piece in mine)

    with ThreadPoolExecutor(2) as pool:
        accepted = sum(pool.map(send, [pieces[::2], pieces[1::2]]))

    assert accepted == len(acts)
    with house.client() as client:
        for viewer in newcomers:
            # Whoever asks has what still waits folded in first.
            client.recommendations(viewer=viewer).data  # noqa: B018
    assert _derived(house, messy) == _derived(house, clean)
    assert house.manage("audit", "--users", clean, messy).returncode == 0


def _derived(house: House, viewer: str) -> dict[str, dict[tuple[str, ...], Any]]:
    """Return a viewer's events and derived rows, numbers to the tolerance."""
    tastes = house.sql(
        "SELECT feature_type, feature_value, affinity_score, confidence, date_trunc('milliseconds', last_updated)"
        " FROM user_taste_profiles WHERE user_id = %s",
        viewer,
    )
    habits = house.sql(
        "SELECT context_type, context_value, frequency, last_seen FROM user_context WHERE user_id = %s", viewer
    )
    services = house.sql(
        "SELECT platform_name, has_subscription, usage_frequency, preference_score FROM platform_user_preferences"
        " WHERE user_id = %s",
        viewer,
    )
    events = house.sql(
        "SELECT event_id::text, event_type, content_id, engagement_score, created_at FROM user_behavior_events"
        " WHERE user_id = %s",
        viewer,
    )
    assert len(tastes) > 50
    assert len(events) == 200
    return {
        "tastes": {row[:2]: (*(pytest.approx(x, abs=TOLERANCE) for x in row[2:4]), row[4]) for row in tastes},
        "habits": {row[:2]: row[2:] for row in habits},
        "services": {row[:1]: (row[1], *(pytest.approx(x, abs=TOLERANCE) for x in row[2:])) for row in services},
        "events": {row[:1]: row[1:] for row in events},
    }
