"""The street door: whatever is sent gets a clean answer; who asks is told by token or session; pages stay at home."""

import json
import logging
import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from psycopg import errors as pg

import bingeboard.views
from bingeboard.shows.graphql import schema as shows_schema
from tests.door import Door

ME = "{ me { username } }"


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"null",
        b'"query"',
        b"[]",
        b"[null]",
        b'[{"query": "{ me { id } }"}]',
        b"12",
        b"{",
        b"\xff\xfe\x00",
        b'{"query": NaN}',
        b'{"query": "{ me { id } }", "variables": {"x": Infinity}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"query": 12}',
        b'{"query": ["{ me { id } }"]}',
        b'{"query": "{ me { id } }", "variables": []}',
        b'{"query": "{ me { id } }", "operationName": {}}',
        b'{"query": "{ me { id } }", "extensions": "x"}',
        b"query=%7Bme%7D",
    ],
)
def test_a_body_that_is_no_request_gets_a_clean_refusal(door: Door, body: bytes) -> None:
    response = door.post(body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        None,
        "",
        "   ",
        "#",
        "{",
        "}",
        "nonsense",
        "{ nothingLikeThis }",
        "{ me }",
        "{ me { username { x } } }",
        "query A { me { id } } query B { me { id } }",
        "subscription { x }",
        "fragment F on User { id }",
        "{ ...F } fragment F on Query { ...F }",
        '{ show(id: "x", id: "y") { title } }',
        "{ shows(first: 1.5) { edges { cursor } } }",
        "{ shows(first: 99999999999) { edges { cursor } } }",
        "{ trending(window: CENTURY) { rank } }",
        "query($x: Int!) { shows(first: $x) { edges { cursor } } }",
        'mutation { trackEvents(events: [{eventId: "7"}]) { accepted } }',
        "type Query { a: Int }",
        "{ me { id } } \x00",
        '{ show(id: "\\u0000") { title } }',
        '{ trending(scope: GENRE, genre: "\\uD83D") { rank } }',
    ],
)
def test_a_document_that_can_not_be_right_keeps_its_message(door: Door, query: str | None) -> None:
    error = door.ask(query)["errors"][0]  # type: ignore[arg-type]

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "request id" not in error["message"]


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "\0"])
def test_text_that_no_table_could_hold_is_refused_in_variables(db: None, door: Door, value: str) -> None:
    query = "query($g: String) { trending(scope: GENRE, genre: $g) { rank } }"

    error = door.error(query, {"g": value})

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "$g" in error["message"]


def test_an_infinite_number_is_refused(db: None, door: Door) -> None:
    query = b"query($r: Float) { shows(filter: {minRating: $r}) { edges { cursor } } }"

    answer = door.post(b'{"query": "' + query + b'", "variables": {"r": 1e999}}').json()

    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert door.code("{ shows(filter: {minRating: 1e999}) { edges { cursor } } }") == "BAD_INPUT"


def test_lone_surrogates_do_not_break_the_answer(db: None, door: Door) -> None:
    response = door.post(b'{"query": "{ show(id: \\"\\ud800\\") { title } }"}')

    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_only_posts_of_json_are_answered(door: Door) -> None:
    query = {"query": ME}
    answers = [
        door.client.get("/graphql/", query),
        door.client.put("/graphql/", query, content_type="application/json"),
        door.client.delete("/graphql/"),
        door.client.post("/graphql/", query),
        door.post(query, content_type="text/plain"),
        door.post(query, content_type="application/x-www-form-urlencoded"),
        door.post(query, content_type="nonsense"),
    ]

    assert [a.status_code for a in answers] == [405, 405, 405, 415, 415, 415, 415]
    assert {a.json()["errors"][0]["extensions"]["code"] for a in answers} == {"BAD_INPUT"}


def test_a_body_that_is_too_large_is_refused(door: Door, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = door.post({"query": ME, "variables": {"x": "y" * 200}})

    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_a_surprise_shows_its_id_and_nothing_else(
    db: None, door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("SELECT secret FROM /etc/passwd")

    monkeypatch.setattr(shows_schema, "all_platforms", broken)
    with caplog.at_level(logging.ERROR):
        response = door.post({"query": "{ platforms { name } }"})

    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "INTERNAL"
    assert re.fullmatch(r"something went wrong; request id [0-9a-f]{32}", error["message"])
    assert response["X-Request-Id"] in error["message"]
    assert response["X-Request-Id"] in caplog.text
    assert "secret" not in response.content.decode()
    assert "SELECT secret" in caplog.text


def test_a_surprise_before_any_resolver_is_masked_too(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("/secret/path")

    monkeypatch.setattr(bingeboard.views, "identify", broken)
    answer = door.ask(ME, token="x")

    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(answer)


def test_the_clients_request_id_is_kept_where_it_is_one(door: Door) -> None:
    assert door.post({"query": "{ __typename }"}, HTTP_X_REQUEST_ID="abc-1")["X-Request-Id"] == "abc-1"
    assert door.post({"query": "{ __typename }"}, HTTP_X_REQUEST_ID="<script>")["X-Request-Id"] != "<script>"


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (None, 503),
        (pg.ConnectionException(), 503),
        (pg.AdminShutdown(), 503),
        (pg.CannotConnectNow(), 503),
        (pg.TooManyConnections(), 503),
        (pg.DeadlockDetected(), 200),
        (pg.QueryCanceled(), 200),
    ],
)
def test_a_database_that_does_not_answer_is_a_503(
    db: None, door: Door, monkeypatch: pytest.MonkeyPatch, cause: Exception | None, status: int
) -> None:
    def broken(**_: Any) -> None:
        raise OperationalError("no route to 10.0.0.7") from cause

    monkeypatch.setattr(shows_schema, "all_platforms", broken)
    response = door.post({"query": "{ platforms { name } }"})

    assert response.status_code == status
    assert "10.0.0.7" not in response.content.decode()
    assert (response.get("Retry-After") is not None) == (status == 503)


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_real_outage_is_a_503_everywhere(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")

    asked = door.post({"query": "{ platforms { name } }"})
    with_token = door.post({"query": ME}, token="bb_" + "x" * 43)
    ready, live = door.client.get("/health/ready/"), door.client.get("/health/")
    page = door.client.get("/graphql/", HTTP_ACCEPT="text/html")

    assert [asked.status_code, with_token.status_code, ready.status_code] == [503, 503, 503]
    assert all(response["Retry-After"] for response in (asked, with_token, ready))
    assert [live.status_code, page.status_code] == [200, 200]
    monkeypatch.undo()
    connection.close()


def test_health_says_that_the_database_answers(db: None, door: Door) -> None:
    assert door.client.get("/health/").json() == {"status": "ok"}
    assert door.client.get("/health/ready/").json() == {"status": "ok", "database": "answers"}


@pytest.mark.parametrize("address", ["/", "/graphql/"])
def test_pages_need_no_other_host(db: None, door: Door, address: str) -> None:
    response = door.client.get(address, HTTP_ACCEPT="text/html,application/xhtml+xml")
    page = response.content.decode()

    assert response.status_code == 200
    assert not re.search(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:\w+:)?//""", page)
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        served = door.client.get(asset)
        assert served.status_code == 200, asset
        served.close()


def test_every_graphiql_page_has_a_style_nonce_of_its_own(db: None, door: Door) -> None:
    pages = [door.client.get("/graphql/", HTTP_ACCEPT="text/html") for _ in range(2)]
    nonces = [re.search(r'data-nonce="([^"]+)"', page.content.decode())[1] for page in pages]  # type: ignore[index]

    assert nonces[0] != nonces[1]
    assert all(f"'nonce-{n}'" in page["Content-Security-Policy"] for n, page in zip(nonces, pages, strict=True))


def test_graphiql_can_be_turned_off(door: Door, settings: Any) -> None:
    settings.GRAPHIQL = False

    assert door.client.get("/graphql/", HTTP_ACCEPT="text/html").status_code == 405


class TestSessions:
    """Cookies are for GraphiQL, and never enough alone."""

    @pytest.fixture
    def door(self, ada: Any) -> Door:
        door = Door()
        door.client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
        door.client.force_login(ada)
        return door

    def _csrf_token(self, door: Door) -> str:
        page = door.client.get("/graphql/", HTTP_ACCEPT="text/html").content.decode()
        return re.search(r'data-csrf-token="([^"]+)"', page)[1]  # type: ignore[index]

    def test_a_cookie_without_its_csrf_token_is_refused(self, door: Door) -> None:
        assert door.code(ME) == "FORBIDDEN"
        assert door.code("mutation { refreshRecommendations { user { id } } }") == "FORBIDDEN"
        assert door.code(ME, HTTP_X_CSRFTOKEN="x" * 64) == "FORBIDDEN"

    def test_graphiqls_own_token_lets_its_user_in(self, door: Door) -> None:
        token = self._csrf_token(door)

        assert door.data(ME, HTTP_X_CSRFTOKEN=token) == {"me": {"username": "ada"}}

    def test_a_session_speaks_for_its_user_alone(self, door: Door, bob: Any) -> None:
        token = self._csrf_token(door)

        assert door.code(ME, HTTP_X_CSRFTOKEN=token, viewer="bob") == "FORBIDDEN"
        assert door.data(ME, HTTP_X_CSRFTOKEN=token, viewer="ada") == {"me": {"username": "ada"}}

    def test_a_token_beside_a_cookie_is_what_counts(self, door: Door, bob_token: str) -> None:
        assert door.data(ME, token=bob_token) == {"me": {"username": "bob"}}

    def test_a_session_that_has_ended_is_nobodys(self, door: Door) -> None:
        door.client.logout()
        door.client.cookies["sessionid"] = "made-up"

        assert door.data(ME) == {"me": None}
