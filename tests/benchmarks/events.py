"""
trackEvents through HTTP and GraphQL against a raw INSERT ... SELECT unnest of the same rows by psycopg.

    python -m tests.benchmarks events --connections 2 --rounds 7
    python -m tests.benchmarks events --scale

Both sides send the same acts in batches of 100 over as many connections, round by round in one run. On our side a round
ends when the profiles hold all of it: each viewer's taste is read back within the time measured.
"""

import argparse
import random
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import psycopg

from tests.benchmarks.harness import BATCH, Client, Event, House, house, made_up, spread, table

TASTE = "query { tasteProfile(first: 1) { edges { node { affinityScore } } } }"
SMALL, LARGE = (1_000, 100), (10_000, 100)
_RAW = """
INSERT INTO raw_events (event_id, user_id, session_id, event_type, content_id, content_type, platform_source, context,
    engagement_score, created_at, received_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[],
    %s::float8[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (user_id, event_id) DO NOTHING
"""
Batches = Sequence[list[Event]]


def main(args: list[str]) -> int:
    """Measure, and print one table with the rates of both sides and their ratio."""
    parser = argparse.ArgumentParser(
        prog="events", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=2, metavar="N", help="of each side; default: 2")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="default: 7")
    parser.add_argument("--batches", type=int, default=20, metavar="N", help="a connection and round; default: 20")
    parser.add_argument(
        "--scale", action="store_true", help="1,000 viewers with 100,000 acts beside 10,000 with 1,000,000"
    )
    given = parser.parse_args(args)
    if given.scale:
        return _scale(given)
    with house(run=("web",)) as built:
        _prepare_raw(built)
        rows = _rounds(built, given)
    print(table(("side", "events/s min", "median", "max", "ratio to raw"), rows))
    return 0


def _rounds(built: House, given: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Return the table's rows; the rounds of both sides take turns, the first of each is left out."""
    rng = random.Random(20260601)
    viewers = built.viewers[: given.connections]
    ours, folded, raw = [], [], []
    for number in range(given.rounds + 1):
        shares = [
            [made_up(rng, BATCH, shows=built.shows, session=f"bench-{number}") for _ in range(given.batches)]
            for _ in viewers
        ]
        acknowledged, whole = _ours(built, viewers, shares)
        other = _timed(lambda viewer, share: _raw(built, viewer, share), viewers, shares)
        if number:
            n = given.connections * given.batches * BATCH
            ours.append(n / acknowledged)
            folded.append(n / whole)
            raw.append(n / other)
    base = spread(raw)[1]
    named = {"raw INSERT ... unnest": raw, "trackEvents": ours, "trackEvents, profiles read back": folded}
    return [(name, *spread(rates), spread(rates)[1] / base) for name, rates in named.items()]


def _ours(built: House, viewers: Sequence[str], shares: Sequence[Batches]) -> tuple[float, float]:
    """Return the seconds until all was acknowledged, and until every profile held it."""
    clients = {viewer: built.client(timeout=60) for viewer in viewers}
    for viewer, client in clients.items():
        client.ask(TASTE, viewer=viewer).data  # noqa: B018  # connected, and nothing waits
    started = time.perf_counter()
    _timed(lambda viewer, share: _send(clients[viewer], viewer, share), viewers, shares)
    acknowledged = time.perf_counter() - started
    _timed(lambda viewer, _: clients[viewer].ask(TASTE, viewer=viewer).data, viewers, shares)
    whole = time.perf_counter() - started
    for client in clients.values():
        client.http.close()
    return acknowledged, whole


def _timed(send: Callable[[str, Batches], Any], viewers: Sequence[str], shares: Sequence[Batches]) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(len(viewers)) as pool:
        list(pool.map(send, viewers, shares))
    return time.perf_counter() - started


def _send(client: Client, viewer: str, batches: Batches) -> None:
    for batch in batches:
        answer = client.track(batch, viewer=viewer)
        assert answer.data["trackEvents"]["accepted"] == len(batch)


def _prepare_raw(built: House) -> None:
    """Make a table like the events', with its keys and indexes, for the raw side."""
    built.sql("CREATE TABLE raw_events (LIKE user_behavior_events INCLUDING ALL)")
    for column, other in (("user_id", "users"), ("content_id", "shows")):
        built.sql(f"ALTER TABLE raw_events ADD FOREIGN KEY ({column}) REFERENCES {other} (id)")


def _raw(built: House, viewer: str, batches: Batches) -> None:
    with psycopg.connect(built.database_url) as connection:
        for batch in batches:
            rows = [
                (
                    event["eventId"], viewer, event["sessionId"], event["eventType"].lower(),
                    int(b64decode(event["showId"]).split(b":")[1]), event["contentType"].lower(),
                    event["platformSource"], psycopg.types.json.Jsonb(event["context"]), 0.5,
                    datetime.fromisoformat(event["occurredAt"]), datetime.fromisoformat(event["occurredAt"]),
                )
                for event in batch
            ]  # fmt: skip
            connection.execute(_RAW, [list(column) for column in zip(*rows, strict=True)])
            connection.commit()


def _scale(given: argparse.Namespace) -> int:
    """Measure at both sizes, turn by turn in one run; print rates, latencies and how many times worse."""
    turns = 10 + given.rounds * given.batches
    with house(run=("web",), preload=SMALL) as small, house(run=("web",), preload=LARGE) as large, ExitStack() as stack:
        worlds = [(built, stack.enter_context(built.client(timeout=60))) for built in (small, large)]
        taken = [_turns(built, turns) for built, _ in worlds]
        seconds: list[list[tuple[float, float]]] = [[], []]
        for turn in range(turns):
            # Another viewer each time, as in life; the first few warm the processes up.
            for (_, client), mine, found in zip(worlds, taken, seconds, strict=True):
                viewer, batch = mine[turn]
                sent = client.track(batch, viewer=viewer)
                assert sent.data["trackEvents"]["accepted"] == BATCH
                read = client.recommendations(viewer=viewer)
                assert read.data["recommendations"]["edges"]
                if turn >= 10:
                    found.append((sent.seconds, read.seconds))
    figures = [_figures(*zip(*found, strict=True)) for found in seconds]
    names = [f"{viewers:,} viewers, {viewers * each:,} acts" for viewers, each in (SMALL, LARGE)]
    rows = [(name, *numbers) for name, numbers in zip(names, figures, strict=True)]
    a, b = figures
    rows.append(("times worse", a[0] / b[0], *(y / x for x, y in zip(a[1:], b[1:], strict=True))))
    print(table(("world", "events/s", "batch of 100 ms", "p95 ms", "list after it ms", "p95 ms"), rows))
    return 0


def _turns(built: House, turns: int) -> list[tuple[str, list[Event]]]:
    rng = random.Random(20260601)
    return [
        (viewer, made_up(rng, BATCH, shows=built.shows, session="bench")) for viewer in rng.sample(built.viewers, turns)
    ]


def _figures(batches: Sequence[float], lists: Sequence[float]) -> tuple[float, ...]:
    """Return events a second, then median and 95th percentile of the batches and of the lists, in milliseconds."""

    def quantile(values: Sequence[float], q: float) -> float:
        return 1000 * sorted(values)[int(q * len(values))]

    return (
        BATCH * len(batches) / sum(batches),
        *(quantile(values, q) for values in (batches, lists) for q in (0.5, 0.95)),
    )
