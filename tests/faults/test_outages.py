"""Servers go and come back: what is answered meanwhile, and that all is well after."""

import random
import threading
import time

import httpx
import pytest

from tests.benchmarks.harness import Answer, House, made_up
from tests.benchmarks.ledger import SESSION, Ledger, Stream, is_settled

pytestmark = pytest.mark.servers
# Promised: how soon a refusal comes, how soon all is well, how soon answers come without a broker, and how soon what
# was missed meanwhile is made up for, in seconds.
REFUSED, WELL, WITHOUT_BROKER, MADE_UP_FOR = 2.0, 10.0, 1.0, 120.0


def test_without_the_database_requests_are_refused_at_once_and_served_when_it_is_back(house: House) -> None:
    batch = made_up(random.Random(3), 20, shows=house.shows, session="outage")
    viewer = house.viewers[0]
    with house.client() as client:
        # More connections than one, all of which will be dead.
        others = [threading.Thread(target=_ask_often, args=(house,)) for _ in range(3)]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
        refused: list[Answer] = []
        with house.without("postgres"):
            # Attempts to connect grow rarer; an outage this long has left the first ones behind.
            while len(refused) < 4 or sum(answer.seconds for answer in refused) < 6:
                refused += [client.track(batch, viewer=viewer), client.recommendations(viewer=viewer)]
            ready = httpx.get(f"{house.url}/health/ready/", timeout=10, trust_env=False)
            alive = httpx.get(f"{house.url}/health/", timeout=10, trust_env=False)

        started = time.monotonic()
        while (answer := client.track(batch, viewer=viewer)).status != 200:
            assert time.monotonic() - started < WELL
        after = [client.recommendations(viewer=viewer) for _ in range(12)]

    assert {answer.status for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert max(answer.seconds for answer in refused) < REFUSED
    assert (ready.status_code, alive.status_code) == (503, 200)
    # Nothing had been kept of what was refused, and nobody pays for connections that died.
    assert answer.data["trackEvents"]["accepted"] == 20
    assert {answer.status for answer in after} == {200}


def _ask_often(house: House) -> None:
    with house.client() as client:
        for _ in range(5):
            client.recommendations(viewer=house.viewers[1])


@pytest.mark.parametrize("fault", ["dead", "silent"])
def test_without_a_broker_everything_is_answered_and_made_up_for_later(house: House, fault: str) -> None:
    rng, viewers = random.Random(fault), house.viewers[:5]
    answers: list[Answer] = []
    with house.without("valkey") if fault == "dead" else house.frozen("valkey"), house.client() as client:
        for viewer in viewers:
            batch = made_up(rng, 30, shows=house.shows, session="no-broker")
            sent, read = client.track(batch, viewer=viewer), client.recommendations(viewer=viewer)
            assert sent.data["trackEvents"]["accepted"] == 30
            assert read.data["recommendations"]["edges"]
            answers += [sent, read]
        assert not is_settled(house)

    house.run(lambda: is_settled(house), "the backlog is gone", seconds=MADE_UP_FOR)

    assert sorted(answer.seconds for answer in answers)[len(answers) // 2] < WITHOUT_BROKER


def test_what_a_killed_worker_held_is_done_by_the_next(house: House) -> None:
    viewer = house.viewers[2]
    house.run(lambda: is_settled(house), "nobody is due", seconds=MADE_UP_FOR)
    with house.holding("recommendation_candidates"), house.client() as client:
        client.track(made_up(random.Random(9), 30, shows=house.shows, session="lease"), viewer=viewer)
        # The worker has claimed the viewer, and can not store what it made.
        house.run(lambda: _leases(house) == [(viewer,)], "the worker claims the viewer")
        house.kill("worker")
    assert _leases(house) == [(viewer,)]

    # The lease runs out, sooner than it would.
    house.sql("UPDATE viewer_states SET lease_until = now() WHERE user_id = %s", viewer)
    house.run(lambda: is_settled(house), "another worker takes it up", seconds=60)

    assert _leases(house) == []
    assert house.sql("SELECT attempts, last_error FROM viewer_states WHERE user_id = %s", viewer) == [(0, "")]


def _leases(house: House) -> list[tuple[str]]:
    return house.sql("SELECT user_id FROM viewer_states WHERE lease_until > now()")


def test_no_acknowledged_event_is_lost_or_doubled_whatever_dies(house: House) -> None:
    ledger = Ledger()
    streams = [
        Stream(house, ledger, viewer=viewer, rate=500, seed=seed) for seed, viewer in enumerate(house.viewers[3:5])
    ]
    for stream in streams:
        stream.start()

    for name in ("web", "postgres", "worker", "beat", "valkey"):
        house.run_for(0.7)
        house.kill(name)
        house.run_for(0.3)
        house.run_until_ready()
    house.flush_broker()
    for name in ("postgres", "web", "worker", "valkey"):
        with house.frozen(name):
            house.run_for(0.7)
    house.run_until_ready()
    for stream in streams:
        stream.finishing.set()
    house.run(lambda: all(stream.is_done for stream in streams), "the unknown is sent again", seconds=60)

    assert ledger.complaints(house) == []
    # The faults were felt.
    assert ledger.answers.total() > ledger.answers["200"] > 10
    assert len(ledger.acknowledged) == len(ledger.sent)
    # What the killed ones held is free sooner than it would be.
    house.sql("UPDATE viewer_states SET lease_until = now() WHERE lease_until > now()")
    house.run(lambda: is_settled(house), "all candidates are up to date", seconds=MADE_UP_FOR)
    audit = house.manage("audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert house.sql("SELECT count(*) FROM user_behavior_events WHERE session_id = %s", SESSION) == [
        (len(ledger.acknowledged),)
    ]
