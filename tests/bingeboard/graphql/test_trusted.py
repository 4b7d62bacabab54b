"""Trusted documents: where they are named only they run, by hash or by text; whether the schema can be asked for."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bingeboard.errors import Invalid
from bingeboard.graphql.trusted import digest_of, manifest_of, trusted_documents, without_comments
from bingeboard.pages.operations import FOLDER, operations
from recommendations.checks import check_door_settings
from tests.door import Door

KNOWN = "# Who is asking\nquery Who { me { username } }\n"
DENIED = "only trusted documents run here"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one document."""
    made = tmp_path / "documents"
    made.mkdir()
    (made / "who.graphql").write_text(KNOWN)
    return made


@pytest.fixture(params=["folder", "manifest"])
def closed(request: pytest.FixtureRequest, settings: Any, folder: Path, tmp_path: Path) -> Path:
    """The door for that document only."""
    place = folder
    if request.param == "manifest":
        place = tmp_path / "trusted.json"
        call_command("trust_documents", str(folder), "--out", str(place), stdout=io.StringIO())
    settings.TRUSTED_DOCUMENTS = str(place)
    return place


def _persisted(digest: Any, version: Any = 1) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest}}}


@pytest.mark.parametrize(
    "body",
    [
        {"query": KNOWN},
        {"query": without_comments(KNOWN)},
        {"query": f"# something else\n\n{without_comments(KNOWN)}\n\n"},
        {"documentId": digest_of(KNOWN)},
        {"documentId": f"sha256:{digest_of(KNOWN)}"},
        {"documentId": digest_of(without_comments(KNOWN)).upper()},
        _persisted(digest_of(KNOWN)),
        # What runs is what the hash names.
        {"query": "{ platforms { name } }", **_persisted(digest_of(KNOWN))},
    ],
)
def test_a_trusted_document_runs_by_hash_and_by_text(db: None, door: Door, closed: Path, body: Any) -> None:
    answer = door.post(body).json()

    assert answer["data"] == {"me": None}
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["requested"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ me { username } }"},
        {"query": KNOWN.replace("username", "username id")},
        {"query": KNOWN.replace(" { me", "{me")},
        {"query": "{ __schema { types { name } } }"},
        {"query": "{ this is no document"},
        {"documentId": "0" * 64},
        _persisted("0" * 64),
        {"query": KNOWN, "documentId": "0" * 64},
    ],
)
def test_anything_else_is_refused_before_it_is_read(door: Door, closed: Path, body: Any) -> None:
    # Without the database: nothing is read.
    answer = door.post(body).json()

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert DENIED in answer["errors"][0]["message"]
    assert "extensions" not in answer


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "Who"},
        {"documentId": "sha256:"},
        {"documentId": "../../etc/passwd"},
        {"documentId": "٣" * 64},
        _persisted(digest_of(KNOWN), version=2),
        _persisted(None),
        _persisted([1]),
        {"extensions": {"persistedQuery": "x"}},
        {"query": None},
        {"query": ""},
    ],
)
def test_what_names_no_document_is_refused_saying_so(door: Door, closed: Path, body: Any) -> None:
    answer = door.post(body).json()

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]


def test_a_document_id_that_is_no_text_is_no_request(door: Door) -> None:
    assert door.post({"documentId": 7}).status_code == 400


def test_an_open_door_runs_any_document_and_keeps_none(db: None, door: Door) -> None:
    text = "{ me { username } }"

    assert door.post({"query": text, **_persisted(digest_of(text))}).json()["data"] == {"me": None}
    refused = door.post(_persisted(digest_of(text))).json()["errors"][0]
    assert refused["extensions"]["code"] == "BAD_INPUT"
    assert "send the query itself" in refused["message"]


def test_the_ready_made_operations_are_trusted_as_files_and_as_the_start_page_opens_them(
    db: None, door: Door, settings: Any, tmp_path: Path
) -> None:
    place, out = tmp_path / "trusted.json", io.StringIO()
    call_command("trust_documents", "--out", str(place), stdout=out)
    settings.TRUSTED_DOCUMENTS = str(place)
    files = sorted(FOLDER.glob("*.graphql"))

    assert out.getvalue() == f"{place}: {len(files)} documents\n"
    texts = [path.read_text() for path in files] + [operation.text for operation in operations().values()]
    for text in texts:
        errors = door.post({"query": text, "variables": {}}).json().get("errors", [])
        assert not any(DENIED in error["message"] for error in errors), text
    # Word for word what the folder says, one hash a text.
    written = json.loads(place.read_text())
    assert written == manifest_of(FOLDER)
    assert all(digest == digest_of(text) for digest, text in written.items())


def test_the_command_prints_where_no_file_is_named(folder: Path) -> None:
    out = io.StringIO()

    call_command("trust_documents", str(folder), stdout=out)

    bare = "query Who { me { username } }"
    assert json.loads(out.getvalue()) == {digest_of(KNOWN): KNOWN, digest_of(bare): bare}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there are no .graphql files"),
        ({"bad.graphql": "query {"}, "bad.graphql is no GraphQL document: Syntax Error"),
    ],
)
def test_the_command_names_what_is_wrong(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    with pytest.raises(CommandError, match=re.escape(said)) as caught:
        call_command("trust_documents", str(tmp_path), stderr=io.StringIO())

    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no manifest that can be read"),
        ("{", "no manifest that can be read"),
        ("[]", "one JSON object"),
        ('{"a": 1}', "one JSON object"),
        ('{"a": "{ me { id } }"}', "a is not the sha256 of its document"),
        (json.dumps({digest_of("{"): "{"}), "no GraphQL document"),
    ],
)
def test_a_manifest_that_is_wrong_is_found_before_anything_runs(
    door: Door, settings: Any, tmp_path: Path, text: str | None, said: str
) -> None:
    place = tmp_path / "trusted.json"
    if text is not None:
        place.write_text(text)
    settings.TRUSTED_DOCUMENTS = str(place)

    with pytest.raises(Invalid, match=said):
        trusted_documents(str(place))
    assert [found.id for found in check_door_settings(None)] == ["recommendations.E005"]
    # And a server that was started all the same trusts nothing, and tells no path.
    answer = door.ask(KNOWN)
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert str(tmp_path) not in json.dumps(answer)


def test_limits_that_make_no_sense_are_found_before_anything_runs(settings: Any) -> None:
    assert check_door_settings(None) == []
    settings.COST_LIMIT, settings.BUDGET_PER_MINUTE = 0, 1
    assert [found.id for found in check_door_settings(None)] == ["recommendations.E003"]
    settings.COST_LIMIT = 2
    assert [found.id for found in check_door_settings(None)] == ["recommendations.E004"]
    settings.BUDGET_PER_MINUTE = 0
    assert check_door_settings(None) == []


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "User") { name } }',
        "{ x: __schema { types { name } } me { id } }",
        "{ ...F } fragment F on Query { ... on Query { __schema { types { name } } } }",
        "{ me { id } } fragment F on Query { __schema { types { name } } }",
        "query A { me { id } } query B { __schema { types { name } } }",
        # Refused as that, before anybody looks whether it is right.
        "{ __schema { nothing } }",
    ],
)
def test_the_schema_can_not_be_asked_for_where_that_is_off(door: Door, settings: Any, query: str) -> None:
    settings.INTROSPECTION = False

    answer = door.post({"query": query, "operationName": "A" if "query A" in query else None}).json()

    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


def test_where_it_is_off_the_schema_is_no_file_and_no_hint_either(db: None, door: Door, settings: Any) -> None:
    hinted = door.error("{ platfroms { name } }")["message"]
    page = door.client.get("/").content.decode()
    settings.INTROSPECTION = False

    assert "Did you mean 'platforms'?" in hinted
    assert door.error("{ platfroms { name } }")["message"] == "Cannot query field 'platfroms' on type 'Query'."
    assert door.data("{ __typename me { __typename } }") == {"__typename": "Query", "me": None}
    assert 'href="/schema.graphql"' in page
    assert 'href="/schema.graphql"' not in door.client.get("/").content.decode()
    assert door.client.get("/schema.graphql").status_code == 404
