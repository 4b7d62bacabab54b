"""The start page: links that lead somewhere, a schema that tools can read, examples that run."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from graphql import build_schema, parse, print_schema, validate

from bingeboard.pages.operations import operations
from bingeboard.pages.start import EXAMPLES, example_text
from bingeboard.schema import schema
from tests.door import Door


def test_every_link_leads_somewhere(catalogue: Any, door: Door, demo_on: None) -> None:
    page = door.client.get("/").content.decode()
    links = [link for link in re.findall(r'href="(/[^"]*)"', page) if not link.startswith("/admin")]

    answers = {link: door.client.get(link, HTTP_ACCEPT="text/html") for link in links}

    assert len(links) > 10
    assert {link: answer.status_code for link, answer in answers.items() if answer.status_code != 200} == {}
    for answer in answers.values():
        answer.close()


def test_nothing_on_it_needs_a_script(db: None, door: Door) -> None:
    response = door.client.get("/")
    page = response.content.decode()

    assert "<script" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page)
    assert "script-src 'self';" in response["Content-Security-Policy"]
    assert "form-action 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_the_demo_is_linked_where_it_is_on_alone(db: None, door: Door, settings: Any) -> None:
    settings.DEMO = False
    without = door.client.get("/").content.decode()
    settings.DEMO = True
    page = door.client.get("/").content.decode()

    assert 'href="/demo/"' in page
    assert "/demo/" not in without


def test_the_schema_is_text_that_tools_can_read(door: Door) -> None:
    response = door.client.get("/schema.graphql")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    served = build_schema(response.content.decode())
    assert set(served.type_map) >= {name for name in schema._schema.type_map if not name.startswith("__")}
    assert "type Query" in print_schema(served)


def test_a_ready_made_operation_opens_in_graphiql(catalogue: Any, door: Door) -> None:
    page = door.client.get("/graphql/?operation=similar", HTTP_ACCEPT="text/html").content.decode()
    unknown = door.client.get("/graphql/?operation=<script>", HTTP_ACCEPT="text/html").content.decode()

    assert "query Similar($show: ID!)" in page
    assert "&quot;show&quot;: &quot;U2hvdzox" in page
    assert 'data-query=""' in unknown


@pytest.mark.django_db(transaction=True)
def test_the_python_example_prints_a_list(world: Any, ada_token: str, live_server: Any) -> None:
    env = {"PATH": os.environ["PATH"], "BINGEBOARD_URL": live_server.url, "BINGEBOARD_TOKEN": ada_token}

    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / "recommendations.py")], env=env, capture_output=True, text=True, timeout=60
    )

    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == 5
    assert all(re.fullmatch(r"Title \d+ - .{5,}", line) for line in lines)


def test_the_typescript_example_asks_what_the_schema_has() -> None:
    text = example_text("recommendations.ts")
    document = parse(re.search(r"graphql\(`(.*?)`\)", text, re.DOTALL)[1])  # type: ignore[index]

    assert validate(schema._schema, document) == []
    # The names of the generated types follow the operation's.
    assert document.definitions[0].name.value == "MyList"  # type: ignore[attr-defined]
    assert "MyListQuery, MyListQueryVariables" in text
    assert "/schema.graphql" in example_text("codegen.ts")


def test_only_examples_are_served_as_examples(door: Door) -> None:
    assert door.client.get("/examples/recommendations.py").status_code == 200
    for wrong in ("nothing.py", "..%2Fsettings.py", "__init__.py", "README"):
        assert door.client.get(f"/examples/{wrong}").status_code == 404


def test_operations_stand_on_the_page(db: None, door: Door) -> None:
    page = door.client.get("/").content.decode()

    assert all(f"operation={name}" in page for name in operations())


def test_it_says_where_subscriptions_are_listened_for(db: None, door: Door, settings: Any) -> None:
    settings.SOCKET_URL = ""
    without = door.client.get("/").content.decode()
    settings.SOCKET_URL = "wss://sockets.example/graphql/"
    page = door.client.get("/").content.decode()

    assert "<code>http://localhost/graphql/</code>" in without
    assert "<code>http://localhost/graphql/</code>" in page
    assert "<code>wss://sockets.example/graphql/</code>" in page
    assert "socket" not in without
