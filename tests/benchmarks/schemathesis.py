"""
What schemathesis finds in the GraphQL door of a running house, asking as viewers, as staff and as nobody.

    python -m tests.benchmarks schemathesis --examples 100

Every field of Query and Mutation is asked so many times by each, half with what the schema allows, half with what it
does not. An answer is wrong where its status is 5xx, where a code is INTERNAL or unheard of, where it says what only we
should read or does not fit the schema; and where what the schema forbids is taken. Nor may any program, the worker
included, have logged a traceback by the end.
"""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import ROOT, House, house, table

CHECKS = "clean_answer,response_schema_conformance,negative_data_rejection"
# How many viewers ask in turn, know each other's ids, and so get into each other's way.
N_VIEWERS = 6
SECONDS = 6 * 60 * 60
STAFF = "staff-of-the-house"
# What is found in place of made-up words, by argument.
GENRES = ("Drama", "drama", "Comedy")
WORDS = {
    "genre": GENRES,
    "genres": GENRES,
    "excludeGenres": GENRES,
    "featureValue": GENRES,
    "query": ("a crime in the north", "drama", "lvoe story"),
    "sessionId": ("one", "another"),
    "timeOfDay": ("night", "evening"),
    "dayOfWeek": ("monday", "sunday"),
    "device": ("tv", "phone"),
    "timezone": ("Europe/Berlin",),
}
Calls = dict[str, Counter[str]]


@dataclass(frozen=True)
class Caller:
    """
    Who asks.

    token    None: nobody
    viewers  whom X-Viewer-Id names, in turn
    doomed   whom it names where they are deleted
    """

    name: str
    token: str | None
    viewers: Sequence[str] = ()
    doomed: Sequence[str] = ()


def main(args: list[str]) -> int:
    """Run schemathesis, print what it said and a table of what was answered; return 1 where it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks schemathesis", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, metavar="N", help="of each field and caller; default: 100")
    parser.add_argument("--seed", type=int, metavar="SEED", help="as an earlier run printed it; default: a new one")
    parser.add_argument("--only", metavar="FIELD", help="as Query.recommendations; default: all")
    given = parser.parse_args(args)
    with house(n_viewers=20, preload=(2 * given.examples, 2)) as built:
        found = [f"something as {caller.name}" for caller in _callers(built) if not _is_clean(built, caller, given)]
        said = built.log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:
            found.append("tracebacks in the programs' log")
            print(f"\n{said[max(0, said.index('Traceback') - 500) :][:5000]}")
    print(f"\nfound {', '.join(found)}" if found else "\nnothing found")
    return 1 if found else 0


def _callers(built: House) -> list[Caller]:
    built.sql("INSERT INTO users (id, username, date_joined, is_staff) VALUES (%s, %s, now(), true)", STAFF, STAFF)
    issued = built.manage("issue_token", STAFF, "--scope", "viewer", "--scope", "curator", "--scope", "admin")
    assert issued.returncode == 0, issued.stderr
    return [
        Caller("viewer", built.token, _acquainted(built), built.viewers),
        Caller("staff", issued.stdout.split()[-1]),
        Caller("nobody", None),
    ]


def _acquainted(built: House) -> list[str]:
    """Return the ids of the first made-up viewers."""
    made_up = "SELECT id FROM users WHERE id LIKE 'demo-%%' OR id LIKE 'viewer-%%' ORDER BY id LIMIT %s"
    return [identity for (identity,) in built.sql(made_up, N_VIEWERS)]


def _is_clean(built: House, caller: Caller, given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="bingeboard-schemathesis-") as folder:
        calls = Path(folder) / "calls"
        calls.touch()
        env = {
            **built.env,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
            "BINGEBOARD_STRANGERS": json.dumps({**_known(built, caller), "calls": str(calls)}),
        }
        # It keeps notes in the folder that it runs in.
        process = subprocess.Popen(_command(built, caller, given), cwd=folder, env=env, stdout=sys.stdout)
        # Led here: what dies under it is started again, and what it is told then is looked at as well.
        built.run(lambda: process.poll() is not None, "schemathesis ends", seconds=SECONDS)
        _print(caller, _answers(calls))
        return process.returncode == 0


def _command(built: House, caller: Caller, given: argparse.Namespace) -> list[str]:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{built.url}/graphql/", "--no-color"]
    command += ["--checks", CHECKS, "--continue-on-failure", "--request-timeout", "30", "--warnings", "off"]
    command += ["--max-examples", str(given.examples), "--generation-database", "none"]
    command += ["--suppress-health-check", "all"]
    if caller.token is not None:
        command += ["--header", f"Authorization: Bearer {caller.token}"]
    if not caller.doomed:
        command += ["--exclude-name", "Mutation.deleteMyData"]
    if given.seed is not None:
        command += ["--seed", str(given.seed)]
    if given.only:
        command += ["--include-name-regex", given.only]
    return command


def _known(built: House, caller: Caller) -> dict[str, Any]:
    """Return the ids and words that a caller may come upon, and who it is in turn."""
    services = built.sql("SELECT slug FROM platforms ORDER BY slug LIMIT 2")
    lists = [str(row[0]) for row in built.sql("SELECT request_id FROM served_lists ORDER BY request_id LIMIT 3")]
    pairs = [("Show", str(show)) for show in built.shows[:4]] + [("Show", "999999999")]
    pairs += [("User", name) for name in _acquainted(built)] + [("Platform", slug) for (slug,) in services]
    pairs += [("Recommendation", f"{served}:1") for served in lists]
    ids = [base64.b64encode(f"{kind}:{key}".encode()).decode() for kind, key in pairs]
    uuids = [*lists, "00000000-0000-4000-8000-000000000007"]
    slugs = [slug for (slug,) in services]
    words = {
        **WORDS,
        **dict.fromkeys(("platform", "platforms", "platformSource"), slugs),
        "eventId": uuids,
        "showId": ids[:4],
    }
    return {"ids": ids, "uuids": uuids, "words": words, "viewers": caller.viewers, "doomed": caller.doomed}


def _answers(calls: Path) -> tuple[Calls, Mapping[str, float]]:
    """Return by field how often what was answered, and the longest an answer took, in seconds."""
    counted: Calls = defaultdict(Counter)
    longest: dict[str, float] = defaultdict(float)
    for line in calls.read_text(encoding="utf-8").splitlines():
        label, status, codes, seconds = json.loads(line)
        counted[label][", ".join(map(str, codes)) or ("answered" if status == 200 else str(status))] += 1
        longest[label] = max(longest[label], seconds)
    return counted, longest


def _print(caller: Caller, answers: tuple[Calls, Mapping[str, float]]) -> None:
    counted, longest = answers
    kinds = sorted({kind for counts in counted.values() for kind in counts})
    rows = [
        (label, sum(counts.values()), *(counts[kind] for kind in kinds), longest[label] * 1000)
        for label, counts in sorted(counted.items())
    ]
    if rows:
        print(f"\nasked as {caller.name}:\n{table(('field', 'asked', *kinds, 'longest ms'), rows)}\n", flush=True)
