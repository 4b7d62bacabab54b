"""Budgets: exactly what there is gets through, in however many processes; away from Valkey each counts for itself."""

import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings

from bingeboard.embedded import valkey
from bingeboard.embedded.processes import free_port
from bingeboard.graphql import budget, limits
from bingeboard.graphql.budget import REST_SECONDS, WINDOW_SECONDS, Balance, Buckets, key_of
from bingeboard.users.models import User
from tests.door import Door, token_of

CHEAP = "{ show(tmdbId: 1) { id } }"
# Tests are patient: a busy machine shall not send them to the memory of their own.
PATIENT = 20.0


@pytest.fixture
def account() -> str:
    """An account of one's own."""
    return f"viewer:{uuid.uuid4().hex}"


@pytest.fixture
def buckets() -> Buckets:
    """Buckets in the real Valkey."""
    return Buckets(django_settings.REDIS_URL, connect_seconds=PATIENT, patience_seconds=PATIENT)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, buckets: Buckets) -> Buckets:
    """The door with those buckets."""
    monkeypatch.setattr(budget, "buckets_at", lambda _: buckets)
    return buckets


@pytest.fixture
def silent() -> Iterator[tuple[str, socket.socket]]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.setblocking(False)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", server


def _connections(server: socket.socket) -> int:
    taken = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return taken
        taken += 1


def test_what_fits_is_spent_and_what_does_not_spends_nothing(buckets: Buckets, account: str) -> None:
    assert buckets.spend(account, 0, budget=10) == Balance(True, 10, 0)
    assert buckets.spend(account, 7, budget=10) == Balance(True, 3, 60)
    assert buckets.spend(account, 4, budget=10).fits is False
    assert buckets.spend(account, 3, budget=10).remaining == 0
    assert buckets.spend(account, 1, budget=10).fits is False
    assert buckets.spend(account, 0, budget=10).fits is True
    assert buckets.is_shared


def test_a_bucket_names_nobody_and_is_gone_within_a_minute(buckets: Buckets, account: str) -> None:
    buckets.spend(account, 5, budget=10)
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        first = client.pttl(key_of(account))
        buckets.spend(account, 5, budget=10)
        then = client.pttl(key_of(account))
        client.pexpire(key_of(account), 1)
        while client.exists(key_of(account)):
            time.sleep(0.001)

    assert account.partition(":")[2] not in key_of(account)
    # What is spent later does not make it live longer.
    assert 0 < then <= first <= WINDOW_SECONDS * 1000
    assert buckets.spend(account, 10, budget=10).fits


RACER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from bingeboard.graphql.budget import Buckets
address, account = sys.argv[1:]
buckets = Buckets(address, connect_seconds=20, patience_seconds=20)
buckets.spend(account, 0, budget=1000)
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as threads:
    fits = list(threads.map(lambda _: buckets.spend(account, 7, budget=1000).fits, range(80)))
print(sum(fits), buckets.is_shared)
"""


def test_processes_that_race_get_exactly_the_budget_together(account: str) -> None:
    command = [sys.executable, "-c", RACER, django_settings.REDIS_URL, account]
    root = Path(__file__).resolve().parents[3]
    racers = [
        subprocess.Popen(command, cwd=root, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * 4
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=60)[0].split() for racer in racers]

    assert [shared for _, shared in said] == ["True"] * 4
    assert sum(int(got) for got, _ in said) == 1000 // 7


def test_threads_that_race_in_one_memory_get_exactly_the_budget(account: str) -> None:
    buckets = Buckets(f"redis://127.0.0.1:{free_port()}/0")

    with ThreadPoolExecutor(8) as threads:
        fits = list(threads.map(lambda _: buckets.spend(account, 7, budget=1000).fits, range(400)))

    assert sum(fits) == 1000 // 7
    assert not buckets.is_shared


def test_a_valkey_that_is_silent_is_asked_once_in_a_while_by_one_request(
    silent: tuple[str, socket.socket], account: str
) -> None:
    address, server = silent
    now = [1000.0]
    buckets = Buckets(address, clock=lambda: now[0])

    began = time.monotonic()
    balances = [buckets.spend(account, 1, budget=30) for _ in range(100)]
    took = time.monotonic() - began

    assert sum(balance.fits for balance in balances) == 30
    assert balances[0].remaining == 29
    assert 0 < balances[0].resets_in_seconds <= WINDOW_SECONDS
    assert _connections(server) == 1
    # One wait of 50 ms at the most, on a machine that has other things to do.
    assert took < 2
    now[0] += REST_SECONDS - 0.1
    buckets.spend(account, 1, budget=30)
    assert _connections(server) == 0
    now[0] += 0.2
    gate = threading.Barrier(6)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: (gate.wait(), buckets.spend(account, 1, budget=30)), range(6)))
    assert _connections(server) == 1


@pytest.mark.servers
def test_a_valkey_that_is_back_counts_again(account: str, tmp_path: Path) -> None:
    now, port = [1000.0], free_port()
    buckets = Buckets(
        f"redis://:right@127.0.0.1:{port}/0",
        connect_seconds=PATIENT,
        patience_seconds=PATIENT,
        clock=lambda: now[0],
    )
    buckets.spend(account, 10, budget=10)
    was_shared = buckets.is_shared
    server = valkey.start(folder=tmp_path / "valkey", password="right", port=port)
    try:
        still_here = buckets.spend(account, 1, budget=10)
        now[0] += REST_SECONDS
        there = buckets.spend(account, 4, budget=10)
    finally:
        server.stop()
    gone = buckets.spend(account, 1, budget=10)

    assert not was_shared
    assert not still_here.fits
    assert (there.fits, there.remaining) == (True, 6)
    # Back in its own memory, where all was spent.
    assert not gone.fits


def _ask(door: Door, query: str, **who: Any) -> tuple[str | None, Any]:
    answer = door.ask(query, **who)
    code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else None
    return code, answer["extensions"]["cost"]


@pytest.fixture
def rich(db: None, settings: Any, patient: Buckets) -> User:
    """A viewer whose budget is thirty operations of the cheap kind."""
    settings.BUDGET_PER_MINUTE = 60
    name = uuid.uuid4().hex
    return User.objects.create_user(name, id=name)


def test_a_viewer_gets_their_budget_and_is_told_when_it_is_back(door: Door, rich: User) -> None:
    token = token_of(rich)
    answers = [_ask(door, CHEAP, token=token) for _ in range(31)]
    message = door.error(CHEAP, token=token)["message"]

    assert [code for code, _ in answers] == [None] * 30 + ["RATE_LIMITED"]
    assert [cost["remaining"] for _, cost in answers[:3]] == [58, 56, 54]
    assert all(cost["requested"] == 2 and cost["limit"] == django_settings.COST_LIMIT for _, cost in answers)
    assert all(1 <= cost["resetsInSeconds"] <= WINDOW_SECONDS for _, cost in answers)
    assert "this costs 2 points, and 0 of 60 a minute are left" in message


def test_aliases_and_other_tokens_spend_the_same_budget(door: Door, rich: User) -> None:
    many = "{ " + " ".join(f"a{n}: show(tmdbId: 1) {{ id }}" for n in range(20)) + " }"

    first = _ask(door, many, token=token_of(rich))
    second = _ask(door, many, token=token_of(rich))
    fits = _ask(door, "{ a: show(tmdbId: 1) { id } }", token=token_of(rich))

    assert (first[0], first[1]["requested"], first[1]["remaining"]) == (None, 40, 20)
    assert (second[0], second[1]["requested"], second[1]["remaining"]) == ("RATE_LIMITED", 40, 20)
    assert (fits[0], fits[1]["remaining"]) == (None, 18)


def test_who_runs_out_does_not_run_others_out(door: Door, rich: User, settings: Any) -> None:
    other = User.objects.create_user(uuid.uuid4().hex)
    settings.TRUSTED_PROXIES = 1
    addresses = [f"2001:db8::{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}" for _ in range(2)]
    large = "{ " + " ".join(f"a{n}: show(tmdbId: 1) {{ id }}" for n in range(30)) + " }"

    by_token = [_ask(door, large, token=token_of(who))[0] for who in (rich, rich, other)]
    # What a client writes into the header itself stands further left, and counts nothing.
    by_address = [
        _ask(door, large, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}, {address}")[0]
        for n, address in enumerate([addresses[0], addresses[0], addresses[1]])
    ]

    assert by_token == by_address == [None, "RATE_LIMITED", None]


def test_a_service_spends_what_its_viewer_has(door: Door, rich: User) -> None:
    service = User.objects.create_user(uuid.uuid4().hex)
    token = token_of(service, "act_as")

    for_viewer = _ask(door, CHEAP, token=token, viewer=rich.pk)
    for_viewer_again = _ask(door, CHEAP, token=token_of(rich))
    for_itself = _ask(door, CHEAP, token=token)

    assert [cost["remaining"] for _, cost in (for_viewer, for_viewer_again, for_itself)] == [58, 56, 58]


def test_a_refusal_reads_nothing(door: Door, rich: User, django_assert_num_queries: Any) -> None:
    token = token_of(rich)
    door.ask("{ " + " ".join(f"a{n}: show(tmdbId: 1) {{ id }}" for n in range(30)) + " }", token=token)

    with django_assert_num_queries(1):  # the token
        assert door.code("mutation { requestFriendship(userId: 1) { ok: __typename } }", token=token) == "RATE_LIMITED"


def test_without_a_budget_nothing_is_counted(db: None, door: Door, settings: Any, monkeypatch: Any) -> None:
    settings.BUDGET_PER_MINUTE = 0
    monkeypatch.setattr(budget, "buckets_at", None)

    code, cost = _ask(door, CHEAP)

    assert code is None
    assert cost == {"requested": 2, "limit": settings.COST_LIMIT, "remaining": None, "resetsInSeconds": None}


def test_the_cost_stands_beside_every_answer_to_a_document_that_could_be_read(
    rich: User, door: Door, settings: Any
) -> None:
    token = token_of(rich)
    large = "{ " + " ".join(f"a{n}: me {{ id }}" for n in range(limits.MOST_FIELDS)) + " }"
    asked = {
        None: "{ me { id } }",
        "BAD_INPUT": "{ me { nothing } }",
        "NOT_FOUND": '{ similarShows(showId: "U2hvdzo5OTk5OTk5") { score } }',
        "FORBIDDEN": '{ experimentReport(name: "x") { name } }',
        "TOO_COMPLEX": large,
    }
    settings.BUDGET_PER_MINUTE = 100_000
    answers = {code: door.ask(query, token=token) for code, query in asked.items()}
    several = door.ask("query A { me { id } } query B { me { id } }", token=token)
    unread = door.ask("{ me { id }", token=token)

    assert {a["errors"][0]["extensions"]["code"] if "errors" in a else None for a in answers.values()} == set(asked)
    costs = {code: answer["extensions"]["cost"] for code, answer in answers.items()}
    assert all(set(c) == {"requested", "limit", "remaining", "resetsInSeconds"} for c in costs.values())
    assert costs["TOO_COMPLEX"]["requested"] is None
    assert costs["TOO_COMPLEX"]["remaining"] == costs["FORBIDDEN"]["remaining"]
    assert costs["BAD_INPUT"]["requested"] == 1
    assert several["extensions"]["cost"]["requested"] is None
    assert "extensions" not in unread


def test_what_costs_too_much_is_refused_with_both_numbers_and_spends_nothing(
    rich: User, door: Door, settings: Any
) -> None:
    settings.COST_LIMIT = 50
    query = "{ shows(first: 100) { edges { node { id } } } }"

    answer = door.ask(query, token=token_of(rich))

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"
    assert "may cost 50 points, this one costs 205" in answer["errors"][0]["message"]
    assert answer["extensions"]["cost"] == {"requested": 205, "limit": 50, "remaining": 60, "resetsInSeconds": 0}


def test_several_operations_in_one_body_are_refused(door: Door) -> None:
    response = door.post([{"query": "{ __typename }"}, {"query": "{ __typename }"}])

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
