"""
SQL statements per operation, as recorded in tests/query_counts.json: the same for 5 items and for 50.

A change shows up as a one-line diff. After one that is meant, run this file with UPDATE_QUERY_COUNTS=1.
"""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from bingeboard.users.models import User
from experiments.models import Experiment, RecommendationExperiment
from experiments.services import VariantSpec, create_experiment
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentFeature, ServedList
from recommendations.pipeline.feedback import NewFeedback, record_feedback
from social.models import Friendship
from tests.door import Door, befriend, served, show_gid, subscribe, taste, token_of, viewer

RECORDED = Path(__file__).resolve().parent.parent / "query_counts.json"
UPDATE = bool(os.environ.get("UPDATE_QUERY_COUNTS"))
SHOW = """
id title contentType platforms { name hasSubscription } features { featureValue }
similar(first: 3) { score show { title } }
"""
REASONS = "reasons { text shows { title } feature { weight } friends { username } platform { name hasSubscription } }"
LIST = """
requestId pageInfo { hasNextPage }
edges { cursor node { position score breakdown { finalScore algorithms { score } } show { %s } %s } }
"""
# A viewer's first page is the engine's work, and its statements are the engine's; later pages are the door's alone.
OPERATIONS: dict[str, str] = {
    "me": "{ me { id username } }",
    "node Show": f"query($show: ID!) {{ node(id: $show) {{ ... on Show {{ {SHOW} }} }} }}",
    "node Platform": "query($platform: ID!) { node(id: $platform) { ... on Platform { name hasSubscription } } }",
    "node User": "query($user: ID!) { node(id: $user) { ... on User { username } } }",
    "node Recommendation": "query($place: ID!) { node(id: $place) { ... on Recommendation { show { title } reasons {"
    " text shows { title } friends { username } } } } }",
    "show": f"query($show: ID!) {{ show(id: $show) {{ {SHOW} }} }}",
    "shows": f"query($n: Int!) {{ shows(first: $n) {{ edges {{ node {{ {SHOW} }} }} }} }}",
    "shows, titles only": "query($n: Int!) { shows(first: $n) { edges { node { title } } } }",
    "similarShows": "query($n: Int!, $show: ID!) { similarShows(showId: $show, first: $n) {"
    f" score show {{ {SHOW} }} }} }}",
    "trending": f"query($n: Int!) {{ trending(first: $n) {{ rank show {{ {SHOW} }} }} }}",
    "recommendations, first page": "query($n: Int!) { recommendations(first: $n) {"
    f" {LIST % (SHOW, 'reasons { text }')} }} }}",
    "recommendations, later page": "query($n: Int!, $after: String!) { recommendations(first: $n, after: $after) {"
    f" {LIST % (SHOW, REASONS)} }} }}",
    "tasteProfile": "query($n: Int!) { tasteProfile(first: $n) { edges { node { featureValue affinityScore } } } }",
    "whyNot": "query($show: ID!) { whyNot(showId: $show) { position text show { title } displacedBy { title } } }",
    "previewTaste": "query($n: Int!, $changes: [TasteChangeInput!]!) { previewTaste(changes: $changes, first: $n) {"
    f" before {{ {SHOW} }} entered {{ id }} }} }}",
    "platforms": "{ platforms { name hasSubscription usageFrequency preferenceScore } }",
    "trackEvents": "mutation($events: [EventInput!]!) { trackEvents(events: $events) { accepted } }",
    "updateTaste": "mutation($changes: [TasteChangeInput!]!) { updateTaste(changes: $changes) {"
    " taste { edges { node { featureValue } } } userErrors { index } } }",
    "excludeFromTaste": "mutation($other: ID!) { excludeFromTaste(showId: $other) {"
    " taste { edges { node { featureValue } } } } }",
    "setPlatforms": "mutation($platforms: [PlatformPreferenceInput!]!) { setPlatforms(platforms: $platforms) {"
    " platforms { name hasSubscription } userErrors { index } } }",
    "refreshRecommendations": "mutation { refreshRecommendations { user { id } } }",
    "sendFeedback": "mutation($feedback: [FeedbackInput!]!) { sendFeedback(feedback: $feedback) { accepted } }",
    "undoFeedback": "mutation($undone: [ID!]!) { undoFeedback(feedbackIds: $undone) { accepted } }",
    "friends": "query($n: Int!) { friends(first: $n) { edges { node { username } } } }",
    "recommendToFriend": "mutation($user: ID!, $other: ID!) { recommendToFriend(friendId: $user, showId: $other,"
    f' note: "Do!") {{ signal {{ friend {{ username }} show {{ {SHOW} }} }} }} }}',
    "requestFriendship": "mutation($stranger: ID!) { requestFriendship(userId: $stranger) { friendship {"
    " status user { username } } } }",
    "answerFriendship": "mutation($asker: ID!) { answerFriendship(userId: $asker, accept: true) { friendship {"
    " status user { username } } } }",
    "endFriendship": "mutation($friend: ID!) { endFriendship(userId: $friend) { friendship { status } } }",
    "setConsent": "mutation { setConsent(personalisation: false, shareWithFriends: false) { personalisation } }",
    "exportMyData": "mutation { exportMyData { document } }",
    "deleteMyData": "mutation { deleteMyData(confirm: true) { rows } }",
    "experiments": "{ experiments { name variants { name users } } }",
    "experimentReport": '{ experimentReport(name: "trial-1") { metrics { mean } } }',
}
# Many acts are folded in by who reads next, so both numbers stand on one side of that line.
FEW_AND_MANY = dict.fromkeys(("trackEvents", "sendFeedback"), (2, DEFAULT.intake.folded_at_once))


@pytest.fixture
def count(world: None, ada: User, bob: User, ada_token: str, door: Door) -> Callable[[str, int], int]:
    """Return how many statements an operation takes with so many items."""
    befriend(ada, bob)
    crowd(ada)
    taste(ada, 60)
    subscribe(ada, "flixo")
    kept = served(ada, 60, friend=bob)
    ContentFeature.objects.bulk_create(
        ContentFeature(content_id=60, feature_type="theme", feature_value=f"Theme {n}", weight=0.1) for n in range(50)
    )

    def variables(n: int) -> dict[str, Any]:
        answered = served(ada, 60)
        return {
            "n": n,
            "show": show_gid(1),
            "other": show_gid(n),
            "platform": str(global_id("Platform", 1)),
            "user": str(global_id("User", "bob")),
            "stranger": str(global_id("User", f"stranger-{n}")),
            "asker": str(global_id("User", f"asker-{n}")),
            "friend": str(global_id("User", f"friend-{n:02d}")),
            "place": str(global_id("Recommendation", f"{kept.request_id}:1")),
            "after": cursor_of(str(kept.request_id), 0),
            "events": [_event(number) for number in range(n)],
            # A list of its own each time, so that nothing of it was said before.
            "feedback": [
                {"feedbackType": "LIKE", "showId": show_gid(item["show"]), "requestId": str(answered.request_id)}
                for item in answered.items[:n]
            ],
            "changes": [_change(number) for number in range(n)],
            "platforms": [{"platform": "flixo", "hasSubscription": bool(number % 2)} for number in range(n)],
        }

    def counted(operation: str, n: int) -> int:
        given = variables(n)
        if "$undone" in operation:
            given["undone"] = _answers(ada, kept, n)
        token = ada_token
        if "experiment" in operation:
            token = token_of(viewer(f"boss-{n}", is_staff=True), "curator")
            trials(n)
        elif "deleteMyData" in operation:
            token = token_of(goner(n))
        # Each time as if it were the first.
        User.objects.filter(pk="ada").update(personalisation=True, share_with_friends=True)
        with CaptureQueriesContext(connection) as statements:
            door.data(operation, given, token=token)
        return sum(not s["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT")) for s in statements)

    return counted


def crowd(user: User) -> None:
    """Make sixty friends, and for each number of items somebody who asked and somebody who did not."""
    for n in range(60):
        befriend(user, viewer(f"friend-{n:02d}", share_with_friends=True))
    for n in (5, 50):
        viewer(f"stranger-{n}")
        Friendship.objects.create(user=viewer(f"asker-{n}"), friend=user, status="requested")


def trials(n: int) -> None:
    """Define so many experiments, the first of them seen by as many viewers."""
    now = timezone.now()
    variants = [VariantSpec("control"), VariantSpec("bold")]
    for number in range(1, n + 1):
        if not Experiment.objects.filter(name=f"trial-{number}").exists():
            create_experiment(name=f"trial-{number}", variants=variants, now=now)
    RecommendationExperiment.objects.all().delete()
    RecommendationExperiment.objects.bulk_create(
        RecommendationExperiment(
            experiment_name="trial-1", user_id=f"friend-{number:02d}", variant="bold", first_exposed_at=now
        )
        for number in range(n)
    )


def goner(n: int) -> User:
    """Return a viewer with so many friends, who is to go."""
    user = viewer(f"goner-{n}", share_with_friends=True)
    for number in range(n):
        befriend(user, User.objects.get(pk=f"friend-{number:02d}"))
    taste(user, n)
    return user


def _answers(user: User, kept: ServedList, n: int) -> list[str]:
    """Return the ids of likes of a list's first titles."""
    likes = [NewFeedback("like", item["show"], request_id=kept.request_id) for item in kept.items[:n]]
    return [
        str(global_id("Feedback", key)) for key in record_feedback(user_id=user.pk, items=likes, now=timezone.now()).ids
    ]


def _change(number: int) -> dict[str, Any]:
    """Return one of a statement, a muting and a forgetting."""
    return {"featureType": "THEME", "featureValue": f"theme {number}", "affinity": (0.5, 0.0, None)[number % 3]}


def _event(number: int) -> dict[str, Any]:
    return {
        "eventId": str(uuid.uuid4()),
        "sessionId": "s",
        "eventType": "LIKE",
        "contentType": "MOVIE",
        "showId": show_gid(number + 1),
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_statements_are_as_recorded_and_do_not_grow_with_the_items(count: Callable[[str, int], int], name: str) -> None:
    few, many = (count(OPERATIONS[name], items) for items in FEW_AND_MANY.get(name, (5, 50)))

    assert few == many, "an N+1: statements grow with the items"
    if UPDATE:
        _record(name, few)
    assert json.loads(RECORDED.read_text()).get(name) == few


def test_every_field_of_query_and_mutation_is_counted() -> None:
    from bingeboard.schema import schema

    fields = {*schema._schema.query_type.fields, *schema._schema.mutation_type.fields}  # type: ignore[union-attr]

    assert fields == {name.split()[0].rstrip(",") for name in OPERATIONS}
    assert set(json.loads(RECORDED.read_text())) == set(OPERATIONS)


def _record(name: str, statements: int) -> None:
    counts = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    counts[name] = statements
    ordered = {known: counts[known] for known in OPERATIONS if known in counts}
    RECORDED.write_text(json.dumps(ordered, indent=2) + "\n")
