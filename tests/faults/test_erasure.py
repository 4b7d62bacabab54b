"""A viewer who is erased in the midst of it is gone: from every table, every key of the broker and every log."""

import base64
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.benchmarks.harness import Answer, Client, House, made_up

pytestmark = pytest.mark.servers
DELETE = "mutation { deleteMyData(confirm: true) { rows } }"
RECOMMEND = """mutation($friend: ID!, $show: ID!) { recommendToFriend(friendId: $friend, showId: $show, note: "Do!") {
    signal { note } } }"""
CONSENT = "mutation($p: Boolean!) { setConsent(personalisation: $p, shareWithFriends: true) { personalisation } }"
SECONDS = 60
# What a request may hear that came before, during or after.
FINE = {"", "NOT_FOUND"}


@pytest.fixture
def canary(house: House) -> tuple[str, str]:
    """A viewer whose id and name occur nowhere else, and a friend of theirs; both share."""
    name, friend = f"canary-{uuid.uuid4().hex}", f"friend-{uuid.uuid4().hex}"
    for who in (name, friend):
        house.sql("INSERT INTO users (id, username, share_with_friends) VALUES (%s, %s, true)", who, f"{who}'s")
    house.sql("INSERT INTO friendships (user_id, friend_id, status) VALUES (%s, %s, 'accepted')", name, friend)
    return name, friend


def tables_naming(house: House, word: str) -> dict[str, int]:
    """Return which tables name somebody, in how many rows."""
    names = [name for (name,) in house.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    found = {n: house.sql(f'SELECT count(*) FROM "{n}" t WHERE t::text LIKE %s', f"%{word}%")[0][0] for n in names}
    return {name: count for name, count in found.items() if count}


def keys_naming(house: House, word: str) -> list[str]:
    """Return which keys of the broker name somebody, in the key or in what it holds."""
    read: dict[bytes, Any] = {
        b"string": lambda b, key: b.get(key),
        b"list": lambda b, key: b.lrange(key, 0, -1),
        b"set": lambda b, key: b.smembers(key),
        b"hash": lambda b, key: b.hgetall(key),
        b"zset": lambda b, key: b.zrange(key, 0, -1),
    }
    with redis.Redis.from_url(house.env["REDIS_URL"], socket_timeout=10) as broker:
        held = {
            key: _decoded(read[kind](broker, key)) for key in broker.scan_iter() if (kind := broker.type(key)) in read
        }
    return [str(key) for key, text in held.items() if word in f"{key!r} {text}"]


def _decoded(held: Any) -> str:
    """Return what a key holds as text; the bodies of messages are base64 inside JSON."""
    text = str(held)
    bodies = [part for part in text.replace("\\", "").split('"') if len(part) > 20]
    for body in bodies:
        try:
            text += base64.b64decode(body, validate=True).decode()
        except ValueError:
            continue
    return text


def logs_naming(house: House, word: str) -> list[str]:
    """Return the lines of any log of the house that name somebody."""
    logs: list[Path] = [house.log, *house.home.path.rglob("*.log")]
    return [line for log in logs for line in log.read_text(errors="replace").splitlines() if word in line]


def code(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    errors = answer.body.get("errors") or [{"extensions": {"code": ""}}]
    return str(errors[0]["extensions"]["code"])


def test_an_erased_viewer_is_gone_from_tables_keys_and_logs(house: House, canary: tuple[str, str]) -> None:
    name, friend = canary
    over = threading.Event()
    heard: list[list[str]] = []

    def act(seed: int) -> None:
        rng, codes = random.Random(seed), []
        with house.client() as client:
            while not over.is_set():
                codes += [code(answer) for answer in _requests(client, rng, house, name, friend)]
        heard.append(codes)

    with house.client() as client, ThreadPoolExecutor(3) as others:
        # There is something to erase first, in rows and in messages.
        for seed in range(3):
            assert {code(answer) for answer in _requests(client, random.Random(seed), house, name, friend)} == {""}
        assert tables_naming(house, name).keys() >= {"users", "user_behavior_events", "social_signals", "served_lists"}
        busy = [others.submit(act, seed) for seed in range(3)]
        house.run_for(2)
        try:
            gone = client.ask(DELETE, viewer=name).data["deleteMyData"]["rows"]
            house.run_for(2)
        finally:
            over.set()
        for one in busy:
            one.result(30)

    assert gone > 100
    assert {told for codes in heard for told in codes} == FINE
    house.run(lambda: not keys_naming(house, name), "the messages are carried out", seconds=SECONDS)
    house.run(lambda: not tables_naming(house, name), "what workers were at is made anew", seconds=SECONDS)
    assert logs_naming(house, name) == []
    assert tables_naming(house, friend)


def _requests(client: Client, rng: random.Random, house: House, name: str, friend: str) -> list[Answer]:
    """Do as the viewer, and as the friend, what they might at any time."""
    acts = made_up(rng, rng.choice((3, 60)), shows=house.shows, session=f"of {name}")
    show = base64.b64encode(f"Show:{rng.choice(house.shows)}".encode()).decode()
    told = {"friend": base64.b64encode(f"User:{friend}".encode()).decode(), "show": show}
    answers = [
        client.track(acts, viewer=name),
        client.track(made_up(rng, 3, shows=house.shows, session="friend"), viewer=friend),
        client.recommendations(viewer=name),
        client.recommendations(viewer=friend),
        client.ask(RECOMMEND, viewer=name, **told),
    ]
    if rng.random() < 0.3:
        answers += [client.ask(CONSENT, viewer=name, p=allowed) for allowed in (False, True)]
    return answers
