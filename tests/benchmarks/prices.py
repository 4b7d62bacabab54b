"""
What CPU a thousand points buy, field by field: each asked as often as one document that is allowed may ask it.

    python -m tests.benchmarks prices
    python -m tests.benchmarks prices --only home --runs 7

The view runs in this process, so that its own CPU is what is measured; what passes while the database works is in the
other column. Of several runs the least counts. Each field is asked with other arguments every time, so that nothing of
one answer helps the next, and of few things as well as of many; mutations are taken back.
"""

import argparse
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.harness import table
from tests.benchmarks.worlds import world

if TYPE_CHECKING:
    from bingeboard.users.models import User
    from tests.attacks import Siege

# How much dearer a field may be than its points say, beside the median of the fields.
MOST_TIMES = 10.0
ITEM = "score show { title features { featureValue } platforms { name } similar(first: 3) { score } }"
EVENT = '{"eventId": "#uuid", "sessionId": "s", "eventType": "LIKE", "showId": "#show", "contentType": "MOVIE"}'
DISLIKED = '{"feedbackType": "NOT_INTERESTED", "showId": "#show"}'
LIKED = '{"featureType": "GENRE", "featureValue": "Drama #n", "affinity": 0.5}'


@dataclass(frozen=True)
class Asked:
    """
    A field as it is asked. In it #n is a number, #show a title, #uuid a UUID, #year a year, each another every time;
    #friends are nine friends, #friend one of them.

    many  of what $many is a list, an item of it, and how many: the same list wherever it stands
    """

    name: str
    field: str
    is_mutation: bool = False
    many: tuple[str, str, int] | None = None


FIELDS = [
    Asked("me", "me { id }"),
    Asked("node", 'node(id: "#show") { id }'),
    Asked("show", 'show(id: "#show") { title }'),
    Asked("show, all of it", 'show(id: "#show") { ' + ITEM.removeprefix("score show { ")),
    Asked("shows", "shows(first: 1, filter: {yearTo: #year}) { edges { cursor } }"),
    Asked("shows, many", "shows(first: 100, filter: {yearTo: #year}) { edges { node { title } } }"),
    Asked("platforms", "platforms { name }"),
    Asked("searchShows", 'searchShows(query: "lonely detective #n", first: 1) { edges { cursor } }'),
    Asked("searchShows, many", 'searchShows(query: "cold war #n", first: 100) { edges { node { title } } }'),
    Asked("recommendations", "recommendations(first: 1, filter: {yearTo: #year}) { requestId }"),
    Asked(
        "recommendations, many",
        f"recommendations(first: 100, filter: {{yearTo: #year}}) {{ edges {{ node {{ {ITEM} }} }} }}",
    ),
    Asked("whyNot", 'whyNot(showId: "#show") { text }'),
    Asked("similarShows", 'similarShows(showId: "#show", first: 1) { score }'),
    Asked("similarShows, many", 'similarShows(showId: "#show", first: 100) { score show { title } }'),
    Asked("trending", "trending(first: 1) { rank }"),
    Asked("trending, many", "trending(first: 100) { rank show { title } }"),
    Asked("tasteProfile", "tasteProfile(first: 1) { edges { cursor } }"),
    Asked("tasteProfile, many", "tasteProfile(first: 100) { edges { node { featureValue } } }"),
    Asked(
        "previewTaste",
        "previewTaste(changes: $many, first: 1) { entered { title } }",
        many=("TasteChangeInput", LIKED, 1),
    ),
    Asked(
        "previewTaste, many",
        "previewTaste(changes: $many, first: 100) { after { title } }",
        many=("TasteChangeInput", LIKED, 100),
    ),
    Asked("home", "home(rows: 1, perRow: 1, filter: {yearTo: #year}) { requestId }"),
    Asked("home, many", f"home(rows: 20, perRow: 20, filter: {{yearTo: #year}}) {{ rows {{ items {{ {ITEM} }} }} }}"),
    Asked(
        "groupRecommendations",
        'groupRecommendations(viewerIds: ["#friend"], first: 1, filter: {yearTo: #year}) { score }',
    ),
    Asked(
        "groupRecommendations, many",
        "groupRecommendations(viewerIds: [#friends], first: 100, filter: {yearTo: #year}) { score members { score } }",
    ),
    Asked("friends", "friends(first: 1) { edges { cursor } }"),
    Asked("friends, many", "friends(first: 100) { edges { node { username } } }"),
    Asked("__schema", "__schema { types { name fields { name args { name } } } }"),
    Asked(
        "trackEvents",
        "trackEvents(events: $many) { accepted outcomes { status code } }",
        True,
        ("EventInput", EVENT, 1),
    ),
    Asked(
        "trackEvents, many",
        "trackEvents(events: $many) { accepted outcomes { status code } }",
        True,
        ("EventInput", EVENT, 500),
    ),
    Asked("sendFeedback", "sendFeedback(feedback: $many) { accepted }", True, ("FeedbackInput", DISLIKED, 1)),
    Asked("sendFeedback, many", "sendFeedback(feedback: $many) { accepted }", True, ("FeedbackInput", DISLIKED, 500)),
    Asked("undoFeedback", 'undoFeedback(feedbackIds: ["#n"]) { accepted }', True),
    Asked("updateTaste", "updateTaste(changes: $many) { userErrors { code } }", True, ("TasteChangeInput", LIKED, 1)),
    Asked(
        "updateTaste, many",
        "updateTaste(changes: $many) { userErrors { code } }",
        True,
        ("TasteChangeInput", LIKED, 100),
    ),
    Asked("excludeFromTaste", 'excludeFromTaste(showId: "#show") { userErrors { code } }', True),
    Asked(
        "setPlatforms",
        'setPlatforms(platforms: [{platform: "netflix", hasSubscription: true}]) { userErrors { code } }',
        True,
    ),
    Asked("refreshRecommendations", "refreshRecommendations { userErrors { code } }", True),
    Asked("recommendToFriend", 'recommendToFriend(friendId: "#friend", showId: "#show") { userErrors { code } }', True),
    Asked("requestFriendship", 'requestFriendship(userId: "#friend") { userErrors { code } }', True),
    Asked("answerFriendship", 'answerFriendship(userId: "#friend", accept: true) { userErrors { code } }', True),
    Asked("endFriendship", 'endFriendship(userId: "#friend") { userErrors { code } }', True),
    Asked("setConsent", "setConsent(personalisation: true) { personalisation }", True),
    Asked("exportMyData", "exportMyData { document }", True),
    Asked("deleteMyData", "deleteMyData(confirm: true) { rows }", True),
]


def main(args: list[str]) -> int:
    """Measure, print a table, and return 1 where a field is far dearer than its points say."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks prices", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each document; default: 3")
    parser.add_argument("--only", default="", metavar="WORDS", help="those fields whose name has these words")
    parser.add_argument("--viewers", type=int, default=60, metavar="N", help="of the demo; default: 60")
    given = parser.parse_args(args)
    with world(database=None, n_viewers=given.viewers):
        rows = _measured(given.only, given.runs)
    usual = median(row[-1] for row in rows)
    shown = sorted(((*row, row[-1] / usual) for row in rows), key=lambda row: -row[-1])
    columns = ("field", "times", "errors", "points", "CPU ms", "ms", "CPU ms per 1,000 points", "of the median")
    print(table(columns, shown))
    beyond = [row[0] for row in shown if row[-1] > MOST_TIMES]
    print(
        f"\nthe median is {usual:.3g} ms; {len(beyond)} beyond {MOST_TIMES:g} times that: {', '.join(beyond) or 'none'}"
    )
    return 1 if beyond else 0


def _measured(only: str, runs: int) -> list[tuple[Any, ...]]:
    from django.db import transaction

    from tests.attacks import besieged
    from tests.door import token_of

    rows = []
    with transaction.atomic():
        siege = besieged()
        dearest, friends = _dearest_viewer()
        siege = type(siege)(siege.client, {**siege.tokens, "ada": token_of(dearest)})
        for asked in FIELDS:
            if only in asked.name:
                rows.append((asked.name, *_spent(siege, asked, friends, runs)))
        transaction.set_rollback(True)
    return rows


def _dearest_viewer() -> tuple["User", list[str]]:
    """Return the viewer who did most, with nine friends, all of whom share, and the friends' ids."""
    from django.db.models import Count, Q

    from bingeboard.users.models import User
    from recommendations.models import UserBehaviorEvent
    from social.models import Friendship

    ids = UserBehaviorEvent.objects.values_list("user_id").annotate(n=Count("pk")).order_by("-n", "user_id")
    most, *others = [pk for pk, _ in ids[:10]]
    Friendship.objects.filter(Q(user_id=most) | Q(friend_id=most)).delete()
    Friendship.objects.bulk_create(Friendship(user_id=most, friend_id=other, status="accepted") for other in others)
    User.objects.filter(pk__in=[most, *others]).update(share_with_friends=True)
    return User.objects.get(pk=most), others


def _spent(siege: "Siege", asked: Asked, friends: list[str], runs: int) -> tuple[Any, ...]:
    """Return how often one document may ask it, the errors that makes, its points, CPU and time in ms, and its rate."""
    from django.conf import settings

    from bingeboard.graphql.shape import MOST_ROOT_FIELDS

    times = min(settings.COST_LIMIT // _sent(siege, asked, friends, 1).points, MOST_ROOT_FIELDS)
    while _sent(siege, asked, friends, times).is_refused:
        times -= 1
    best = min((_sent(siege, asked, friends, times) for _ in range(runs)), key=lambda sent: sent.cpu_ms)
    return times, best.errors, best.points, best.cpu_ms, best.passed_ms, best.cpu_ms / best.points * 1000


@dataclass(frozen=True)
class Sent:
    """What became of a document: its points, whether it was refused for them, errors, CPU and time in ms."""

    points: int
    is_refused: bool
    errors: int
    cpu_ms: float
    passed_ms: float


def _sent(siege: "Siege", asked: Asked, friends: list[str], times: int) -> Sent:
    """Send a document that asks so often, and take back what it did."""
    from django.db import transaction

    from tests.attacks import asks

    attack = asks(*_document(asked, friends, times))
    with transaction.atomic():
        began, started = time.perf_counter(), time.process_time()
        response = siege.send(attack)
        cpu, passed = time.process_time() - started, time.perf_counter() - began
        transaction.set_rollback(True)
    answer = json.loads(response.content)
    errors = answer.get("errors", [])
    is_refused = any(error["extensions"]["code"] == "TOO_COMPLEX" for error in errors)
    assert is_refused or asked.is_mutation or not errors, (asked.name, errors[:2])
    return Sent(
        answer.get("extensions", {}).get("cost", {}).get("requested") or 0,
        is_refused,
        len(errors),
        cpu * 1000,
        passed * 1000,
    )


def _document(asked: Asked, friends: list[str], times: int) -> tuple[str, dict[str, Any]]:
    """Return a document that asks for a field so often, each time with other arguments, and its variables."""
    from bingeboard.graphql.nodes import global_id
    from bingeboard.shows.models import Show

    shows = list(Show.objects.order_by("pk").values_list("pk", flat=True))
    people = [str(global_id("User", friend)) for friend in friends]
    counted = count()
    value: Mapping[str, Callable[[int], str]] = {
        "n": str,
        "show": lambda n: str(global_id("Show", shows[n % len(shows)])),
        "uuid": lambda n: str(uuid.UUID(int=n + 1)),
        "year": lambda n: str(2005 + n % 20),
        "friends": lambda n: ", ".join(f'"{person}"' for person in people),
        "friend": lambda n: people[n % len(people)],
    }
    filled = partial(re.sub, r"#(\w+)", lambda found: value[found[1]](next(counted)))
    fields = filled("\n".join(f"a{place}: {asked.field}" for place in range(times)))
    kind, item, n = asked.many or ("", "", 0)
    operation = f"{'mutation' if asked.is_mutation else 'query'} Dear{f'($many: [{kind}!]!)' if asked.many else ''}"
    return f"{operation} {{\n{fields}\n}}", {"many": [json.loads(filled(item)) for _ in range(n)]}
