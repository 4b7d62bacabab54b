"""Subscriptions through a real server: a fresh list whenever something changed, for whom it is, and nobody else."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from gql import Client as GraphQLClient
from gql import GraphQLRequest
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

from tests.benchmarks.harness import House

pytestmark = pytest.mark.servers
SUBSCRIPTION = """subscription ($first: Int) { recommendationsChanged(first: $first) {
    requestId edges { node { position score show { id title } reasons { text } } } } }"""
PROTOCOL = "graphql-transport-ws"
NESTED = "similar { show { " * 6 + "title" + " } }" * 6
# Far beyond what anything here takes: whoever waits so long waits in vain.
PATIENCE = 30.0


class Line:
    """A bare web socket: one message at a time."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        return said

    async def sign_in(self, token: str, viewer: str | None = None) -> None:
        payload = {"Authorization": f"Bearer {token}", **({"X-Viewer-Id": viewer} if viewer else {})}
        await self.say(type="connection_init", payload=payload)
        assert (await self.hear())["type"] == "connection_ack"

    async def subscribe(self, key: str = "1", query: str = SUBSCRIPTION, **variables: Any) -> None:
        await self.say(type="subscribe", id=key, payload={"query": query, "variables": variables})

    async def closed(self) -> int:
        """Return the code with which the other side hung up."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(self.socket.recv(), PATIENCE)
        code: int = self.socket.close_code
        return code


def on_line(house: House, talk: Callable[[Line], Awaitable[Any]], **options: Any) -> Any:
    """Open a bare web socket, and return what a talk over it gives."""

    async def talked() -> Any:
        options.setdefault("subprotocols", [PROTOCOL])
        async with websockets.connect(house.socket_url, proxy=None, max_size=None, **options) as socket:
            return await talk(Line(socket))

    house.run(lambda: _listens(house), "listen for sockets")
    return asyncio.run(talked())


def _listens(house: House) -> bool:
    async def knock() -> bool:
        try:
            async with websockets.connect(house.socket_url, subprotocols=[PROTOCOL], proxy=None):
                return True
        except OSError:
            return False

    return asyncio.run(knock())


def titles(message: dict[str, Any]) -> list[str]:
    assert message["type"] == "next", message
    return [edge["node"]["show"]["id"] for edge in message["payload"]["data"]["recommendationsChanged"]["edges"]]


async def act(house: House, viewer: str, show: str) -> None:
    """Let a viewer finish a title, and wait until that is acknowledged."""
    event = {
        "eventId": str(uuid.uuid4()),
        "sessionId": "sockets",
        "eventType": "COMPLETE",
        "showId": show,
        "contentType": "MOVIE",
        "occurredAt": datetime.now(UTC).isoformat(),
    }

    def track() -> None:
        with house.client() as client:
            assert client.track([event], viewer=viewer).data["trackEvents"]["accepted"] == 1

    await asyncio.to_thread(track)


def test_a_client_gets_the_list_at_once_and_a_fresh_one_after_an_act(house: House) -> None:
    viewer = house.viewers[0]

    async def talk() -> tuple[list[str], list[str]]:
        transport = WebsocketsTransport(
            url=house.socket_url,
            init_payload={"Authorization": f"Bearer {house.token}", "X-Viewer-Id": viewer},
            subprotocols=[PROTOCOL],
            connect_args={"proxy": None},
        )
        async with GraphQLClient(transport=transport) as session:
            lists = session.subscribe(GraphQLRequest(SUBSCRIPTION, variable_values={"first": 5}))
            first = await asyncio.wait_for(anext(lists), PATIENCE)
            shown = [edge["node"]["show"]["id"] for edge in first["recommendationsChanged"]["edges"]]
            await act(house, viewer, shown[0])
            second = await asyncio.wait_for(anext(lists), PATIENCE)
            return shown, [edge["node"]["show"]["id"] for edge in second["recommendationsChanged"]["edges"]]

    house.run(lambda: _listens(house), "listen for sockets")
    before, after = asyncio.run(talk())

    assert len(before) == len(after) == 5
    assert before[0] in before
    assert before[0] not in after


def test_every_list_says_what_it_cost_and_is_paid_by_the_viewer(house: House) -> None:
    viewer = house.viewers[0]

    async def talk(line: Line) -> list[dict[str, Any]]:
        await line.sign_in(house.token, viewer)
        await line.subscribe("1", first=5)
        first = await line.hear()
        await act(house, viewer, titles(first)[0])
        return [first, await line.hear()]

    costs = [message["payload"]["extensions"]["cost"] for message in on_line(house, talk)]

    assert costs[0]["requested"] == costs[1]["requested"] > 50
    assert costs[0]["remaining"] > costs[1]["remaining"] or costs[1]["resetsInSeconds"] > costs[0]["resetsInSeconds"]


def test_what_happens_to_others_is_not_sent(house: House) -> None:
    ada, ben = house.viewers[1:3]

    async def talk(line: Line) -> list[dict[str, Any]]:
        await line.sign_in(house.token, ada)
        await line.subscribe("1", first=5)
        first = await line.hear()
        # Their acts, and a worker's refresh that changes no title of hers, are looked at and not sent.
        await act(house, ben, titles(first)[0])
        await line.say(type="ping")
        said = [first, await line.hear()]
        await act(house, ada, titles(first)[0])
        return [*said, await line.hear()]

    first, pong, second = on_line(house, talk)

    assert pong["type"] == "pong"
    assert titles(first)[0] not in titles(second)


def test_nobody_and_the_wrongly_signed_in_are_turned_away(house: House) -> None:
    async def nobody(line: Line) -> int:
        await line.say(type="connection_init")
        return await line.closed()

    async def wrong(line: Line) -> int:
        await line.say(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        return await line.closed()

    async def service_without_viewer(line: Line) -> int:
        await line.say(type="connection_init", payload={"Authorization": f"Bearer {house.token}"})
        return await line.closed()

    async def too_early(line: Line) -> int:
        await line.subscribe()
        return await line.closed()

    assert [on_line(house, talk) for talk in (nobody, wrong, service_without_viewer, too_early)] == [
        4403,
        4403,
        4403,
        4401,
    ]


def test_headers_of_the_handshake_sign_in_as_well(house: House) -> None:
    async def talk(line: Line) -> list[str]:
        await line.say(type="connection_init")
        assert (await line.hear())["type"] == "connection_ack"
        await line.subscribe(first=3)
        return titles(await line.hear())

    headers = {"Authorization": f"Bearer {house.token}", "X-Viewer-Id": house.viewers[8]}

    assert len(on_line(house, talk, additional_headers=headers)) == 3


def test_the_protocol_is_kept(house: House) -> None:
    async def twice_hello(line: Line) -> int:
        await line.sign_in(house.token, house.viewers[0])
        await line.say(type="connection_init", payload={})
        return await line.closed()

    async def one_id_twice(line: Line) -> int:
        await line.sign_in(house.token, house.viewers[0])
        await line.subscribe("7")
        await line.subscribe("7")
        return await line.closed()

    async def unknown(line: Line) -> int:
        await line.say(type="shout")
        return await line.closed()

    async def no_json(line: Line) -> int:
        await line.socket.send("{")
        return await line.closed()

    async def bytes_instead(line: Line) -> int:
        await line.socket.send(b"\x00\x01")
        return await line.closed()

    talks = (twice_hello, one_id_twice, unknown, no_json, bytes_instead)
    assert [on_line(house, talk) for talk in talks] == [4429, 4409, 4400, 4400, 4400]


def test_another_protocol_is_not_spoken(house: House) -> None:
    async def talk(line: Line) -> int:
        return await line.closed()

    assert on_line(house, talk, subprotocols=["graphql-ws"]) == 4406


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ me { username } }", "BAD_INPUT"),
        ("mutation { refreshRecommendations { accepted } }", "BAD_INPUT"),
        ("subscription { recommendationsChanged(first: 101) { requestId } }", "BAD_INPUT"),
        ("subscription { recommendationsChanged { nonsense } }", "BAD_INPUT"),
        (
            "subscription { recommendationsChanged { requestId } more: recommendationsChanged { requestId } }",
            "BAD_INPUT",
        ),
        (f"subscription {{ recommendationsChanged {{ edges {{ node {{ show {{ {NESTED} }} }} }} }} }}", "TOO_COMPLEX"),
    ],
)
def test_what_can_not_be_listened_to_is_refused_with_a_code(house: House, query: str, code: str) -> None:
    async def talk(line: Line) -> dict[str, Any]:
        await line.sign_in(house.token, house.viewers[0])
        await line.subscribe(query=query)
        return await line.hear()

    said = on_line(house, talk)

    assert said["type"] == "error", said
    assert [error["extensions"]["code"] for error in said["payload"]] == [code]


def test_a_document_that_can_not_be_read_ends_the_connection_or_is_refused(house: House) -> None:
    async def talk(line: Line) -> dict[str, Any]:
        await line.sign_in(house.token, house.viewers[0])
        await line.subscribe(query="subscription {")
        return await line.hear()

    said = on_line(house, talk)

    assert said["type"] == "error"
    assert said["payload"][0]["extensions"]["code"] == "BAD_INPUT"


def test_what_was_completed_is_sent_no_more(house: House) -> None:
    viewer = house.viewers[9]

    async def talk(line: Line) -> list[str]:
        await line.sign_in(house.token, viewer)
        await line.subscribe("1", first=5)
        first = await line.hear()
        await line.say(type="complete", id="1")
        await act(house, viewer, titles(first)[0])
        # The same id may be used again, and hears what is now.
        await line.subscribe("1", first=5)
        second = await line.hear()
        return [first["id"], second["id"], *(t for t in titles(second) if t == titles(first)[0])]

    assert on_line(house, talk) == ["1", "1"]


def test_one_more_than_a_connection_may_have_is_refused(house: House) -> None:
    async def talk(line: Line) -> dict[str, Any]:
        await line.sign_in(house.token, house.viewers[5])
        for key in range(6):
            await line.subscribe(str(key), first=1)
        while (said := await line.hear())["type"] == "next":
            pass
        return said

    said = on_line(house, talk)

    assert (said["type"], said["id"]) == ("error", "5")


def test_a_revoked_token_hears_nothing_more(house: House) -> None:
    viewer = house.viewers[6]
    made = house.manage("issue_token", viewer, "--name", "socket")
    token = made.stdout.strip().splitlines()[-1].split()[-1]

    async def talk(line: Line) -> int:
        await line.sign_in(token)
        await line.subscribe("1", first=5)
        first = await line.hear()
        await asyncio.to_thread(
            house.sql, "DELETE FROM api_tokens WHERE name = 'socket' AND user_id = %s RETURNING id", viewer
        )
        await act(house, viewer, titles(first)[0])
        return await line.closed()

    assert on_line(house, talk) == 4401


def test_a_database_that_died_is_waited_for(house: House) -> None:
    viewer = house.viewers[7]

    async def talk(line: Line) -> tuple[list[str], list[str]]:
        await line.sign_in(house.token, viewer)
        await line.subscribe("1", first=5)
        first = await line.hear()
        house.kill("postgres")
        # Not in a thread: what is started again ends with the thread that started it.
        house.run_until_ready()
        await act(house, viewer, titles(first)[0])
        return titles(first), titles(await line.hear())

    before, after = on_line(house, talk)

    assert before[0] not in after
