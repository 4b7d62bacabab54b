"""What strangers send to the GraphQL door, by name, and what each is told: shared by the tests and the benchmark."""

import base64
import gzip
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from recommendations.models import ServedList
from tests.door import served, token_of, viewer

# A list that was served to bob, of which nobody else may hear.
ADA, BOB = "besieged-ada", "besieged-bob"
BOBS_LIST = uuid.UUID("b0b00000-0000-4000-8000-000000000001")
# What an answer must never hold: traces, statements, paths, names of our tools.
CANARIES = re.compile(
    r'(?i:Traceback|File "|line \d+, in|(?<!manage)\.py\b|site-packages|/(?:usr|home|work|tmp|etc)/)'
    r"|(?i:psycopg|django|strawberry|relation \"|column \"|sqlstate|password)"
    r"|\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE) "
)
# Bytes of a refusal: a hundred errors of the longest message.
LONGEST_REFUSAL = 64 * 1024


@dataclass(frozen=True)
class Attack:
    """
    One request and the refusal it gets.

    body     as sent
    code     of every error in the answer; None: it is answered, and does no harm
    status   of HTTP
    who      ada, service (which may act for viewers), revoked or nobody
    headers  as Django's test client takes them
    """

    body: bytes
    code: str | None = "BAD_INPUT"
    status: int = 200
    who: str = "ada"
    method: str = "POST"
    headers: Mapping[str, Any] = field(default_factory=dict)
    path: str = "/graphql/"


def asks(query: str, variables: Any = None, *, code: str | None = "BAD_INPUT", **rest: Any) -> Attack:
    """Return an attack by a document."""
    body: dict[str, Any] = {"query": query}
    if variables is not None:
        body["variables"] = variables
    body.update(rest.pop("beside", {}))
    return Attack(json.dumps(body).encode(), code=code, **rest)


def sends(body: bytes, *, status: int = 400, **rest: Any) -> Attack:
    """Return an attack by a body that is no request."""
    return Attack(body, status=status, **rest)


def with_header(name: str, value: str, code: str | None, *, who: str = "nobody", **rest: Any) -> Attack:
    """Return an attack by a header on a harmless document."""
    return asks("{ __typename }", code=code, who=who, headers={name: value}, **rest)


def nested(opening: str, n: int, inside: str = "", closing: str = "}") -> str:
    """Return something opened and closed n times."""
    return opening * n + inside + closing * n


def often(pattern: str, n: int, separator: str = " ") -> str:
    """Return a pattern n times, each @ in it replaced by its number."""
    return separator.join(pattern.replace("@", str(number)) for number in range(n))


def gid(type_name: str, key: object) -> str:
    return str(global_id(type_name, key))


def json_of(depth: int) -> Any:
    """Return a list in a list, so deep."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


SIMILAR = "similar { show { "
BY_ID = "query($id: ID!) { show(id: $id) { title } }"
AFTER = "query($after: String) { shows(after: $after) { edges { cursor } } }"
PAGE = "query($after: String) { recommendations(after: $after) { requestId } }"
GENRE = "query($g: String) { trending(scope: GENRE, genre: $g) { rank } }"
FIRST = "{ shows(first: %s) { edges { cursor } } }"
RATING = "query($r: Float) { shows(filter: {minRating: $r}) { edges { cursor } } }"
TRACK = "mutation($e: [EventInput!]!) { trackEvents(events: $e) { accepted } }"
EVENT = {"eventId": str(uuid.UUID(int=7)), "sessionId": "s", "eventType": "LIKE", "contentType": "MOVIE"}
ALL_TYPES = "__schema { types { name fields { name args { name type { name } } type { name ofType { name } } } } }"
INVALID_GID = {
    "of another type": gid("User", BOB),
    "of a type that is no node": gid("ServedList", BOBS_LIST),
    "that is not base64": "!!!!",
    "that is junk in base64": base64.b64encode(b"\xff\xfe\x00").decode(),
    "without a key": base64.b64encode(b"Show:").decode(),
    "with an apostrophe": gid("Show", "1' OR '1'='1"),
    "with a statement": gid("Show", "1; DROP TABLE shows"),
    "with a path": gid("Show", "../../secret"),
    "that is negative": gid("Show", "-1"),
    "in other digits": gid("Show", "\u0663"),
    "with a space": gid("Show", " 1"),
    "with an exponent": gid("Show", "1e3"),
    "beyond 64 bits": gid("Show", 2**64),
    "with a NUL in it": gid("Show", "1\0"),
    "spelled otherwise": gid("Show", 1).rstrip("=") + "====",
    "that is too long": gid("Show", "1" * 5000),
    "that is empty": "",
}
BROKEN_CURSOR = {
    "that is not base64": "%%%",
    "of another list": cursor_of(str(BOBS_LIST), 2),
    "that is no list": base64.urlsafe_b64encode(b'{"a":1}').decode(),
    "that is not a number": base64.urlsafe_b64encode(b"[NaN,1]").decode(),
    "beyond 64 bits": cursor_of(2**70, 2**70),
    "with a statement": cursor_of("1; DROP TABLE shows", "x"),
    "nested": base64.urlsafe_b64encode(b"[" * 300).decode(),
    "that is too long": cursor_of("x" * 5000, 1),
}
BAD_FIRST = {
    "huge": "2147483647",
    "negative": "-1",
    "zero": "0",
    "a float": "1.5",
    "a float in disguise": "1e1",
    "a string": '"10"',
    "a list": "[1, 2]",
    "an object": "{a: 1}",
    "a boolean": "true",
    "beyond 32 bits": str(2**31),
    "beyond 64 bits": str(2**63),
    "of a thousand digits": "9" * 1000,
    "of ten thousand digits": "9" * 10_000,
}

DEPTH: dict[str, Attack] = {
    "depth": asks("{ shows { edges { node { " + nested(SIMILAR, 8, "title", "} }") + " } } } }", code="TOO_COMPLEX"),
    "depth of hundreds": asks("{ a " + nested("{ a ", 150) + "}", code="TOO_COMPLEX"),
    "depth of thousands": asks(nested("{ a ", 4000), code="TOO_COMPLEX"),
    "depth that never ends": asks("{ a " * 4000, code="TOO_COMPLEX"),
    "depth through inline fragments": asks("{ " + nested("... { ", 4000, "__typename") + "}", code="TOO_COMPLEX"),
    "depth through inline fragments that validation walks": asks(
        "{ " + nested("... { ", 90, "__typename") + "}", code=None
    ),
    "depth through fragments": asks(
        "{ shows { edges { node { ...F0 } } } } "
        + "fragment F0 on Show { similar { show { ...G } } } fragment G on Show { ...H } fragment H on Show { "
        + nested(SIMILAR, 6, "title", "} }")
        + " }",
        code="TOO_COMPLEX",
    ),
    "a list in a list in the document": asks(
        "{ show(id: " + nested("[", 4000, "", "]") + ") { title } }", code="TOO_COMPLEX"
    ),
    "an object in an object in the document": asks(
        "{ show(id: " + nested("{a: ", 2000, "1") + ") { title } }", code="TOO_COMPLEX"
    ),
    "a list in a list as a type": asks(
        "query($x: " + nested("[", 4000, "Int", "]") + ") { __typename }", code="TOO_COMPLEX"
    ),
    "variables in variables": asks(GENRE, {"g": json_of(400)}),
    "an object in an object as a variable": asks(RATING, {"r": json.loads(nested('{"a":', 400, "1"))}),
    "introspection in depth": asks(
        "{ __schema { types { " + nested("fields { type { ", 5, "name", "} }") + " } } }", code="TOO_COMPLEX"
    ),
    "introspection in depth, out of fragments": asks(
        "{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } "
        "fragment B on __Type { fields { type { ...C } } } fragment C on __Type { fields { type { ...D } } } "
        "fragment D on __Type { fields { type { fields { name } } } }",
        code="TOO_COMPLEX",
    ),
    "introspection of interfaces of types of interfaces": asks(
        "{ __schema { types { " + nested("possibleTypes { interfaces { ", 4, "name", "} }") + " } } }",
        code="TOO_COMPLEX",
    ),
}

BREADTH: dict[str, Attack] = {
    "aliases": asks("{ " + often("a@: platforms { name }", 300) + " }", code="TOO_COMPLEX"),
    "aliases by the thousand": asks("{ " + often("a@: __typename", 3000) + " }", code="TOO_COMPLEX"),
    "aliases of mutations": asks(
        "mutation { " + often("a@: refreshRecommendations { user { id } }", 200) + " }", code="TOO_COMPLEX"
    ),
    "aliases of what is dear": asks(
        "{ " + often("a@: recommendations(first: 100) { requestId }", 200) + " }", code="TOO_COMPLEX"
    ),
    "aliases of a search": asks(
        "{ " + often('a@: searchShows(query: "x", first: 100) { edges { cursor } }', 150) + " }", code="TOO_COMPLEX"
    ),
    "lists in lists": asks(
        "{ shows(first: 100) { edges { node { similar(first: 100) { show { similar(first: 100) { score } } } } } } }",
        code="TOO_COMPLEX",
    ),
    "lists in lists, their sizes in variables": asks(
        "query($n: Int = 100) { shows(first: $n) { edges { node { similar(first: $n) { show { similar(first: $n) "
        "{ score } } } } } } }",
        {"n": 99},
        code="TOO_COMPLEX",
    ),
    "repeated fields": asks("{ " + "platforms { name } " * 300 + "}", code="TOO_COMPLEX"),
    "repeated fields by the thousand": asks("{ " + "me { id } " * 1900 + "}", code="TOO_COMPLEX"),
    "introspection many times over": asks("{ " + often(f"a@: {ALL_TYPES}", 50) + " }", code="TOO_COMPLEX"),
    "introspection of types many times over": asks(
        "{ " + often('a@: __type(name: "Query") { fields { name args { name type { name } } } }', 80) + " }",
        code="TOO_COMPLEX",
    ),
    "fragments that spread fragments": asks(
        "{ ...F } fragment F on Query { ...G ...G } fragment G on Query { ...H ...H } "
        "fragment H on Query { ...I ...I } fragment I on Query { " + often("a@: __typename", 70) + " }",
        code="TOO_COMPLEX",
    ),
    "fragments that double thirty times": asks(
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
        + " fragment F30 on Query { __typename }",
        code="TOO_COMPLEX",
    ),
    "fragments that double into nothing": asks(
        "{ __typename ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))
        + " fragment F200 on Query { ...F200 }",
        code="TOO_COMPLEX",
    ),
    "a chain of fragments": asks(
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(1200))
        + " fragment F1200 on Query { __typename }",
        code="TOO_COMPLEX",
    ),
    "a cyclic fragment": asks("{ ...F } fragment F on Query { ...F }"),
    "fragments in a circle": asks(
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }"
    ),
    "a circle through fields": asks(
        "{ shows { edges { node { ...A } } } } fragment A on Show { similar { show { ...A } } }"
    ),
    "fragments that all spread all": asks(
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ {often('...F@', 40)} }}" for n in range(40)),
        code="TOO_COMPLEX",
    ),
    "fragments nobody spreads": asks(
        "{ __typename } " + often("fragment F@ on Query { me { id } }", 400), code="TOO_COMPLEX"
    ),
    "fragments that compare in pairs": asks(
        "{ " + often("...F@", 120) + " } " + often("fragment F@ on Query { x: __typename }", 120), code="TOO_COMPLEX"
    ),
    "one name for many fields": asks(
        "{ " + "me { id } platforms { id } " * 60 + often("me: shows(first: @)", 20) + "}", code="TOO_COMPLEX"
    ),
    "one field with many arguments' values": asks(
        "{ " + often("shows(first: @) { edges { cursor } }", 160) + " }", code="TOO_COMPLEX"
    ),
    "one name for fields of many fields": asks(
        "{ " + "shows { edges { node { title } } } " * 120 + "shows { edges { node { title: overview } } } }",
        code="TOO_COMPLEX",
    ),
    "inline fragments by the thousand": asks("{ " + "... { __typename } " * 480 + "}", code="TOO_COMPLEX"),
    "empty-handed fragments by the thousand": asks(
        "{ __typename " + "... { ...F } " * 1500 + "} fragment F on Query { ...G } fragment G on Query { ...F }",
        code="TOO_COMPLEX",
    ),
}

WORDS: dict[str, Attack] = {
    "directives by the thousand": asks(
        "{ platforms" + " @include(if: true)" * 2000 + " { name } }", code="TOO_COMPLEX"
    ),
    "directives by the hundred": asks("{ platforms" + " @include(if: true)" * 300 + " { name } }", code="TOO_COMPLEX"),
    "unknown directives": asks("{ platforms @nope { name } }"),
    "unknown directives by the thousand": asks(
        "{ platforms" + " @nope(a: 1)" * 400 + " { name } }", code="TOO_COMPLEX"
    ),
    "incremental directives": asks("{ ... @defer { platforms @stream(initialCount: 0) { name } } }"),
    "skip and include that contradict": asks("{ __typename @skip(if: true) @include(if: true) }", code=None),
    "skip under an undefined variable": asks("{ platforms @skip(if: $never) { name } }"),
    "skip by a word": asks('{ platforms @skip(if: "false") { name } }'),
    "depth hidden under skip": asks(
        "{ shows @skip(if: true) { edges { node { " + nested(SIMILAR, 8, "title", "} }") + " } } } }",
        code="TOO_COMPLEX",
    ),
    "another's list under skip and include": asks(
        "query($a: String, $t: Boolean!) { x: recommendations(after: $a) @include(if: $t) { requestId } }",
        {"a": cursor_of(str(BOBS_LIST), 1), "t": True},
        code="NOT_FOUND",
    ),
    "unknown arguments by the thousand": asks(
        "{ show(" + often("a@: 1", 900, ", ") + ") { title } }", code="BAD_INPUT"
    ),
    "unknown fields by the hundred": asks("{ shows { edges { node { " + often("titleOfTheShow@", 480) + " } } } }"),
    "unknown fields with long names": asks(
        "{ shows { edges { node { " + often("recommendation" * 12 + "@", 240) + " } } } }"
    ),
    "unknown types by the hundred": asks("query(" + often("$v@: RecommendationFilterr", 90) + ") { __typename }"),
    "variables by the thousand": asks("query(" + often("$v@: Int", 2000) + ") { __typename }", code="TOO_COMPLEX"),
    "an undefined variable": asks("{ shows(first: $n) { edges { cursor } } }", {"n": 1}),
    "an unused variable": asks("query($n: Int) { __typename }", {"n": 1}),
    "a variable nobody asked for": asks("{ __typename }", {"n": 1}, code=None),
    "a variable of the wrong type": asks("query($n: Int) { shows(first: $n) { edges { cursor } } }", {"n": "ten"}),
    "a variable of the wrong type for its place": asks("query($n: String) { shows(first: $n) { edges { cursor } } }"),
    "a variable declared twice": asks("query($n: Int, $n: Int) { shows(first: $n) { edges { cursor } } }"),
    "a variable that is missing": asks(BY_ID),
    "a variable that is null": asks(BY_ID, {"id": None}),
    "duplicate arguments": asks('{ show(id: "a", id: "b") { title } }'),
    "duplicate input fields": asks("{ shows(filter: {yearTo: 1, yearTo: 2}) { edges { cursor } } }"),
    "__proto__ in the document": asks("{ shows(filter: {__proto__: {yearTo: 1}}) { edges { cursor } } }"),
    "__proto__ as an alias": asks("{ __proto__: __typename constructor: __typename }", code=None),
    "an unknown enum value": asks("{ trending(window: CENTURY) { rank } }"),
    "an enum value as a string": asks('{ trending(window: "WEEK") { rank } }'),
    "several operations, unnamed": asks("query A { __typename } query B { __typename }"),
    "several operations, none of that name": asks(
        "query A { __typename } query B { __typename }", beside={"operationName": "C"}
    ),
    "an operation by nobody's name": asks("{ __typename }", beside={"operationName": "__proto__"}),
    "operations of one name": asks("query A { __typename } query A { me { id } }", beside={"operationName": "A"}),
    "operations by the thousand": asks(
        often("query Q@ { __typename }", 1900), code="TOO_COMPLEX", beside={"operationName": "Q7"}
    ),
    "an operation's name that is half a surrogate": asks("{ __typename }", beside={"operationName": "\ud800"}),
    "an operation's name without end": asks("{ __typename }", beside={"operationName": "A" * 500_000}),
    "a subscription over POST": asks("subscription { recommendationsChanged { requestId } }"),
    "types in the document": asks("type Query { secret: String } { __typename }"),
    "an extension of the schema": asks("extend type Query { secret: String }"),
    "a directive's definition": asks("directive @x on FIELD { __typename }"),
    "a fragment alone": asks("fragment F on Query { __typename }"),
    "no document": Attack(b'{"query": ""}'),
    "a document of space": Attack(b'{"query": " \\n\\t,,,"}'),
    "no query": Attack(b'{"variables": {}}'),
    "a persisted query nobody kept": Attack(
        b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "' + b"0" * 64 + b'"}}}'
    ),
    "many errors, one a field": asks("{ " + often("a@: shows(first: -@1) { edges { cursor } }", 40) + " }"),
}

LENGTHS: dict[str, Attack] = {
    "a document without end": asks("{ __typename } #" + "x" * 200_000, code="TOO_COMPLEX"),
    "a name without end": asks("{ " + "x" * 90_000 + " }"),
    "a variable's name without end": asks("query($" + "x" * 45_000 + ": Nope) { __typename }"),
    "a string without end in the document": asks('{ searchShows(query: "' + "x" * 90_000 + '") { edges { cursor } } }'),
    "a string without end as a variable": asks(
        "query($q: String!) { searchShows(query: $q) { edges { cursor } } }", {"q": "x" * 1_000_000}
    ),
    "a string without end as a genre": asks(GENRE, {"g": "x" * 1_000_000}),
    "a string of escapes": asks('{ show(id: "' + "\\u0041" * 15_000 + '") { title } }'),
    "a block string of lines": asks('{ show(id: """' + "\n  x" * 20_000 + '""") { title } }', code="TOO_COMPLEX"),
    "comments without end": asks("#\n" * 49_000 + "{ nope }", code="TOO_COMPLEX"),
    "commas without end": asks("{" + "," * 95_000 + "nope }"),
    "lines without end before many errors": asks("\n" * 80_000 + "{ " + often("nope@", 150) + " }", code="TOO_COMPLEX"),
    "lines without end before an error": asks("\n" * 95_000 + "{", code="TOO_COMPLEX"),
    "punctuation without end": asks("!" * 95_000),
    "tokens without end": asks("{ " + "a " * 45_000 + "}", code="TOO_COMPLEX"),
    "a long list in the document": asks("{ shows(filter: {genres: [" + '"a" ' * 3000 + "]}) { edges { cursor } } }"),
    "a long list as a variable": asks(
        "query($f: ShowFilter) { shows(filter: $f) { edges { cursor } } }", {"f": {"genres": ["a"] * 501}}
    ),
    "a very long list as a variable": asks(GENRE, {"g": [1] * 400_000}, status=400),
    "lists of lists as a variable": asks(GENRE, {"g": [[[]] * 400] * 400}, status=400),
    "keys by the thousand in a variable": asks(RATING, {"r": {f"k{n}": n for n in range(60_000)}}, status=400),
    "variables by the hundred thousand": asks("{ __typename }", {f"v{n}": n for n in range(100_000)}, status=400),
    "too many events": asks(TRACK, {"e": [EVENT] * 501}),
    "too many events, written out": asks(
        "mutation { trackEvents(events: [" + '{eventId: "x"} ' * 501 + "]) { accepted } }"
    ),
    "five hundred events of nothing": asks(TRACK, {"e": [{}] * 500}),
    "five hundred events with unknown keys": asks(TRACK, {"e": [{**EVENT, "nope": 1}] * 500}),
    "five hundred events with a wrong id": asks(TRACK, {"e": [{**EVENT, "eventId": "x"}] * 500}),
    "a context without end": asks(
        TRACK, {"e": [{**EVENT, "context": {f"k{n}": n for n in range(1000)}}] * 100}, status=400
    ),
}

VALUES: dict[str, Attack] = {
    **{f"first, {name}": asks(FIRST % value) for name, value in BAD_FIRST.items()},
    "first, null": asks(FIRST % "null", code=None),
    "a number beyond floats in the document": asks("{ shows(filter: {minRating: 1e400}) { edges { cursor } } }"),
    "a number beyond floats as a variable": sends(
        b'{"query": "' + RATING.encode() + b'", "variables": {"r": 1e400}}', status=200
    ),
    "an infinity": sends(b'{"query": "' + RATING.encode() + b'", "variables": {"r": -Infinity}}'),
    "a NaN": sends(b'{"query": "' + RATING.encode() + b'", "variables": {"r": NaN}}'),
    "an integer beyond floats": asks(RATING, {"r": 10**400}),
    "an integer of ten thousand digits": sends(
        b'{"query": "' + RATING.encode() + b'", "variables": {"r": ' + b"9" * 10_000 + b"}}"
    ),
    "a number beyond 32 bits": asks("{ show(tmdbId: 2147483648) { title } }"),
    "a number beyond 64 bits as a variable": asks("query($n: Int) { show(tmdbId: $n) { title } }", {"n": 2**64}),
    "a number below 32 bits": asks("query($n: Int) { show(tmdbId: $n) { title } }", {"n": -(2**31) - 1}),
    "an id that is a number of a thousand digits": asks("{ show(id: " + "9" * 1000 + ") { title } }"),
    "a NUL in the document": asks("{ __typename \0 }"),
    "a NUL in a string of the document": asks('{ show(id: "a\\u0000") { title } }'),
    "a NUL in a variable": asks(GENRE, {"g": "a\0b"}),
    "a NUL in a variable's key": asks(RATING, {"r": {"\0": 1}}),
    "half a surrogate in the document": asks('{ show(id: "\ud800") { title } }'),
    "half a surrogate, escaped": asks('{ show(id: "\\uD800") { title } }'),
    "half a surrogate in a variable": asks(GENRE, {"g": "\udfff"}),
    "half a surrogate as a field": asks("{ \ud83d }"),
    "text that turns around": asks(BY_ID, {"id": "\u202eabc"}),
    "letters nobody sees, in a name": asks("{ __type\u200bname }"),
    "letters that look like others": asks("{ m\u0435 { id } }"),
    "wide letters": asks("{ \uff4d\uff45 { id } }"),
    **{f"an id {name}": asks(BY_ID, {"id": value}) for name, value in INVALID_GID.items()},
    "a node of no type": asks("query($id: ID!) { node(id: $id) { id } }", {"id": gid("__proto__", 1)}),
    "another viewer's node": asks(
        "query($id: ID!) { node(id: $id) { id } }", {"id": gid("Recommendation", f"{BOBS_LIST}:1")}, code=None
    ),
    **{f"a cursor {name}": asks(AFTER, {"after": value}) for name, value in BROKEN_CURSOR.items()},
    "another viewer's cursor": asks(PAGE, {"after": cursor_of(str(BOBS_LIST), 1)}, code="NOT_FOUND"),
    "another viewer's cursor, by nobody": asks(
        PAGE, {"after": cursor_of(str(BOBS_LIST), 1)}, code="UNAUTHENTICATED", who="nobody"
    ),
    "a cursor to before the start": asks(PAGE, {"after": cursor_of(str(BOBS_LIST), -5)}, code="NOT_FOUND"),
    "a cursor of nobody's list": asks(PAGE, {"after": cursor_of("x' OR 1=1", 1)}),
    "a group of strangers": asks(
        "query($v: [ID!]!) { groupRecommendations(viewerIds: $v) { score } }",
        {"v": [gid("User", BOB)]},
        code="NOT_FOUND",
    ),
    "a whole town as a group": asks(
        "query($v: [ID!]!) { groupRecommendations(viewerIds: $v) { score } }",
        {"v": [gid("User", f"u{n}") for n in range(500)]},
        code="TOO_COMPLEX",
    ),
    "deletion without a yes": asks("mutation { deleteMyData(confirm: false) { rows } }"),
    "__proto__ as a variable's key": asks(
        "query($f: ShowFilter) { shows(filter: $f) { edges { cursor } } }", {"f": {"__proto__": {"x": 1}}}
    ),
}

BODIES: dict[str, Attack] = {
    "a batch": sends(b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]'),
    "a batch by the thousand": sends(b"[" + b", ".join([b'{"query": "{ __typename }"}'] * 5000) + b"]"),
    "a body that is null": sends(b"null"),
    "a body that is a string": sends(b'"{ __typename }"'),
    "a body that is a number": sends(b"12"),
    "a body that is true": sends(b"true"),
    "a body that is a list with null": sends(b"[null]"),
    "a body that is empty": sends(b"\n"),
    "a body of space": sends(b" " * 100_000),
    "a body that stops": sends(b'{"query": "{ __typename'),
    "a body with a tail": sends(b'{"query": "{ __typename }"} {}'),
    "a body that is a document": sends(b"{ __typename }"),
    "a body that is a form": sends(b"query=%7B__typename%7D"),
    "bytes that are not UTF-8": sends(b'{"query": "\xff\xfe"}'),
    "bytes of UTF-16": sends('{"query": "{ __typename }"}'.encode("utf-16")),
    "a byte order mark": sends(b'\xef\xbb\xbf{"query": "{ __typename }"}'),
    "JSON 100,000 deep": sends(b"[" * 100_000),
    "JSON 100,000 deep, closed": sends(b"[" * 100_000 + b"]" * 100_000),
    "JSON 100,000 objects deep": sends(b'{"a":' * 100_000),
    "JSON deep in the variables": sends(
        b'{"query": "{ __typename }", "variables": {"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
    ),
    "JSON of empty lists": sends(b"[" + b"[]," * 600_000 + b"[]]"),
    "JSON of long integers": sends(b"[" + b",".join([b"9" * 4000] * 500) + b"]"),
    "JSON of keys": sends(b"{" + b",".join(b'"k%d":0' % n for n in range(180_000)) + b"}"),
    "keys that stand twice": sends(b'{"query": "{ nope }", "query": "{ __typename }"}', status=200, code=None),
    "a query that is a list": sends(b'{"query": ["{ __typename }"]}'),
    "a query that is a number": sends(b'{"query": 1}'),
    "variables that are a list": sends(b'{"query": "{ __typename }", "variables": []}'),
    "variables that are a string": sends(b'{"query": "{ __typename }", "variables": "{}"}'),
    "an operation's name that is an object": sends(b'{"query": "{ __typename }", "operationName": {}}'),
    "extensions that are a list": sends(b'{"query": "{ __typename }", "extensions": []}'),
    "a body of three megabytes": sends(b'{"query": "' + b" " * 3_000_000 + b'"}', status=413),
    "a gzip bomb": sends(
        gzip.compress(b'{"query": "' + b" " * 20_000_000 + b'"}'), headers={"HTTP_CONTENT_ENCODING": "gzip"}
    ),
    "a body said to be compressed": sends(b"\x1f\x8b\x08\x00junk", headers={"HTTP_CONTENT_ENCODING": "br"}),
}

WAYS_IN: dict[str, Attack] = {
    "GET with a query": Attack(b"", status=405, method="GET", path="/graphql/?query=%7B__typename%7D"),
    "GET with a mutation": Attack(
        b"", status=405, method="GET", path="/graphql/?query=mutation%7BdeleteMyData(confirm:true)%7Brows%7D%7D"
    ),
    "PUT": Attack(b'{"query": "{ __typename }"}', status=405, method="PUT"),
    "DELETE": Attack(b"", status=405, method="DELETE"),
    "a method nobody knows": Attack(b"", status=405, method="BREW"),
    "plain text": Attack(b'{"query": "{ __typename }"}', status=415, headers={"content_type": "text/plain"}),
    "a form": Attack(b"query=1", status=415, headers={"content_type": "application/x-www-form-urlencoded"}),
    "a form in parts": Attack(
        b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{ __typename }\r\n--x--\r\n',
        status=415,
        headers={"content_type": "multipart/form-data; boundary=x"},
    ),
    "a form in parts without end": Attack(
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 20_000,
        status=415,
        headers={"content_type": "multipart/form-data; boundary=x"},
    ),
    "a content type without end": Attack(b"{}", status=415, headers={"content_type": "application/" + "x" * 100_000}),
    "a content type that is nonsense": Attack(b"{}", status=415, headers={"content_type": "\x01;;=;"}),
    "no content type": Attack(b"{}", status=415, headers={"content_type": ""}),
    "another method by a header": with_header("HTTP_X_HTTP_METHOD_OVERRIDE", "DELETE", None),
    "X-Viewer-Id without a token": with_header("HTTP_X_VIEWER_ID", BOB, "UNAUTHENTICATED"),
    "X-Viewer-Id of another viewer": with_header("HTTP_X_VIEWER_ID", BOB, "FORBIDDEN", who="ada"),
    "X-Viewer-Id of nobody": with_header("HTTP_X_VIEWER_ID", "no-such-viewer", "NOT_FOUND", who="service"),
    "X-Viewer-Id with an apostrophe": with_header("HTTP_X_VIEWER_ID", "x' OR '1'='1", "NOT_FOUND", who="service"),
    "X-Viewer-Id with a NUL": with_header("HTTP_X_VIEWER_ID", f"{BOB}\0", "NOT_FOUND", who="service"),
    "X-Viewer-Id without end": with_header("HTTP_X_VIEWER_ID", "b" * 100_000, "NOT_FOUND", who="service"),
    "X-Viewer-Id in bytes that are not UTF-8": with_header("HTTP_X_VIEWER_ID", "\xff\xfe", "NOT_FOUND", who="service"),
    "X-Viewer-Id of two viewers": with_header("HTTP_X_VIEWER_ID", f"{ADA},{BOB}", "NOT_FOUND", who="service"),
    "a token nobody issued": with_header("HTTP_AUTHORIZATION", "Bearer bb_" + "x" * 43, "UNAUTHENTICATED"),
    "a token that was revoked": asks("{ __typename }", code="UNAUTHENTICATED", who="revoked"),
    "a token without end": with_header("HTTP_AUTHORIZATION", "Bearer " + "x" * 1_000_000, "UNAUTHENTICATED"),
    "a token with an apostrophe": with_header("HTTP_AUTHORIZATION", "Bearer x' OR '1'='1", "UNAUTHENTICATED"),
    "a token with a NUL": with_header("HTTP_AUTHORIZATION", "Bearer bb_\0", "UNAUTHENTICATED"),
    "a token in bytes that are not UTF-8": with_header("HTTP_AUTHORIZATION", "Bearer \xff\xfe", "UNAUTHENTICATED"),
    "a token of dots": with_header("HTTP_AUTHORIZATION", "Bearer " + "." * 10_000, "UNAUTHENTICATED"),
    "no token after Bearer": with_header("HTTP_AUTHORIZATION", "Bearer", "UNAUTHENTICATED"),
    "a name and a word": with_header("HTTP_AUTHORIZATION", "Basic YTpi", "UNAUTHENTICATED"),
    "two tokens": with_header("HTTP_AUTHORIZATION", "Bearer a, Bearer b", "UNAUTHENTICATED"),
    "a session that was made up": with_header("HTTP_COOKIE", "sessionid=" + "x" * 32, None),
    "a session without end": with_header("HTTP_COOKIE", "sessionid=" + "x" * 100_000, None),
    "cookies by the thousand": with_header("HTTP_COOKIE", often("c@=1", 5000, "; "), None),
    "a request id with a line break": with_header("HTTP_X_REQUEST_ID", "a\r\nSet-Cookie: x=1", None),
    "a request id that is a script": with_header("HTTP_X_REQUEST_ID", "<script>alert(1)</script>", None),
    "a header without end": with_header("HTTP_X_ANYTHING", "x" * 1_000_000, None),
}

ATTACKS: dict[str, Attack] = {**DEPTH, **BREADTH, **WORDS, **LENGTHS, **VALUES, **BODIES, **WAYS_IN}


@dataclass(frozen=True)
class Siege:
    """The door with those who stand before it: ada, bob, a service, and somebody whose token was revoked."""

    client: Client
    tokens: Mapping[str, str]

    def send(self, attack: Attack) -> Any:
        """Send an attack, and return the response."""
        headers = {"content_type": "application/json", **attack.headers}
        if attack.who in self.tokens:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[attack.who]}"
        return self.client.generic(attack.method, attack.path, data=attack.body, **headers)


def besieged() -> Siege:
    """Make ada, bob with a list of his own, a service and a revoked token beside the catalogue there is."""
    bob = viewer(BOB, share_with_friends=True)
    ServedList.objects.filter(pk=served(bob, 5).pk).update(request_id=BOBS_LIST)
    gone = viewer("besieged-gone")
    tokens = {
        "ada": token_of(viewer(ADA)),
        "service": token_of(viewer("besieged-service"), "act_as"),
        "revoked": token_of(gone),
    }
    gone.api_tokens.update(revoked_at=gone.date_joined)
    return Siege(Client(SERVER_NAME="localhost", raise_request_exception=True), tokens)


def rows_written() -> int:
    """Return how many rows this transaction has written so far, in any table, whatever became of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0])


def flaws(attack: Attack, response: Any) -> list[str]:
    """Return what is wrong with an answer to an attack; [] where it is the refusal that was promised."""
    found = []
    if response.status_code != attack.status:
        found.append(f"status {response.status_code}, not {attack.status}")
    text = response.content.decode(errors="replace")
    if len(response.content) > LONGEST_REFUSAL:
        found.append(f"an answer of {len(response.content)} bytes")
    canary = CANARIES.search(text)
    if canary:
        found.append(f"the answer says {text[max(0, canary.start() - 40) : canary.end() + 40]!r}")
    try:
        errors = json.loads(text).get("errors", [])
    except ValueError:
        return [*found, f"no JSON: {text[:200]!r}"]
    codes = {error.get("extensions", {}).get("code") for error in errors}
    if codes != ({attack.code} if attack.code else set()):
        found.append(f"{codes or 'no error'}, not {attack.code}: {[error['message'] for error in errors][:2]}")
    return found
