"""Nobody sees another viewer's things: not by cursor, node id, header or error; 'not yours' looks like 'not there'."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import issue_token, revoke_tokens_of
from recommendations.models import ServedList
from tests.door import Door, befriend, served, subscribe, taste, token_of, viewer

MINE = {
    "recommendations": "{ recommendations { requestId } }",
    "home": "{ home { requestId } }",
    "groupRecommendations": "{ groupRecommendations(viewerIds: []) { score } }",
    "tasteProfile": "{ tasteProfile { edges { node { featureValue } } } }",
    "friends' trends": "{ trending(scope: FRIEND_NETWORK) { rank } }",
    "trackEvents": "mutation { trackEvents(events: []) { accepted } }",
    "sendFeedback": "mutation { sendFeedback(feedback: []) { accepted } }",
    "previewTaste": "{ previewTaste(changes: []) { after { id } } }",
    "updateTaste": "mutation { updateTaste(changes: []) { userErrors { code } } }",
    "excludeFromTaste": 'mutation { excludeFromTaste(sessionId: "s") { userErrors { code } } }',
    "undoFeedback": "mutation { undoFeedback(feedbackIds: []) { accepted } }",
    "setPlatforms": "mutation { setPlatforms(platforms: []) { userErrors { code } } }",
    "refreshRecommendations": "mutation { refreshRecommendations { user { id } } }",
}
OPEN = [
    "{ me { id } }",
    "{ platforms { name hasSubscription } }",
    "{ shows { edges { node { title } } } }",
    "{ trending { rank } }",
    '{ searchShows(query: "title") { edges { node { title } } } }',
]
NODE = "query($id: ID!) { node(id: $id) { id __typename } }"
PAGE = "query($after: String) { recommendations(after: $after) { requestId edges { node { id } } } }"


@pytest.fixture
def bobs(catalogue: Any, bob: User) -> ServedList:
    taste(bob, 3)
    subscribe(bob, "streamly")
    return served(bob, 5)


@pytest.mark.parametrize("query", MINE.values(), ids=MINE)
def test_what_is_a_viewers_own_needs_one(db: None, door: Door, query: str) -> None:
    error = door.error(query)

    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "Bearer" in error["message"]


@pytest.mark.parametrize("query", OPEN)
def test_the_catalogue_is_open_to_nobody(catalogue: Any, door: Door, query: str) -> None:
    assert door.data(query)


def test_a_viewers_own_list_can_be_paged_and_asked_for_by_node(bobs: ServedList, bob_token: str, door: Door) -> None:
    page = door.data(PAGE, {"after": cursor_of(str(bobs.request_id), 2)}, token=bob_token)["recommendations"]
    node = page["edges"][0]["node"]

    assert page["requestId"] == str(bobs.request_id)
    assert node["id"] == global_id("Recommendation", f"{bobs.request_id}:3")
    assert door.data(NODE, {"id": node["id"]}, token=bob_token)["node"]["id"] == node["id"]


def test_not_yours_and_not_there_are_the_same_answer(bobs: ServedList, ada_token: str, door: Door) -> None:
    def page(request_id: Any) -> Any:
        return door.ask(PAGE, {"after": cursor_of(str(request_id), 1)}, token=ada_token)

    def node(request_id: Any) -> Any:
        return door.ask(NODE, {"id": global_id("Recommendation", f"{request_id}:1")}, token=ada_token)

    assert page(bobs.request_id) == page(uuid.uuid4())
    assert page(bobs.request_id)["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert node(bobs.request_id) == node(uuid.uuid4()) == {"data": {"node": None}}


def test_nobody_sees_a_list_by_cursor_or_node(bobs: ServedList, door: Door) -> None:
    node_id = global_id("Recommendation", f"{bobs.request_id}:1")

    assert door.code(PAGE, {"after": cursor_of(str(bobs.request_id), 1)}) == "UNAUTHENTICATED"
    assert door.data(NODE, {"id": node_id}) == {"node": None}


def test_users_are_seen_by_themselves_friends_and_staff(ada: User, bob: User, ada_token: str, door: Door) -> None:
    bobs_id = global_id("User", "bob")
    boss = viewer("boss", is_staff=True)

    def sees(token: str | None) -> bool:
        return door.data(NODE, {"id": bobs_id}, token=token)["node"] is not None

    assert not sees(None)
    assert not sees(ada_token)
    assert not sees(token_of(boss, "viewer"))
    assert sees(token_of(boss, "admin"))
    assert sees(token_of(bob))
    friendship = befriend(ada, bob)
    assert sees(ada_token)
    friendship.status = "requested"
    friendship.save()
    assert not sees(ada_token)
    assert door.data(NODE, {"id": global_id("User", "nobody-of-that-name")}, token=ada_token) == {"node": None}


def test_a_service_names_its_viewer(bobs: ServedList, ada: User, door: Door) -> None:
    service = token_of(viewer("svc"), "act_as")

    assert door.data("{ me { username } }", token=service, viewer="bob") == {"me": {"username": "bob"}}
    assert len(door.data(MINE["tasteProfile"], token=service, viewer="bob")["tasteProfile"]["edges"]) == 3
    assert door.data(MINE["tasteProfile"], token=service, viewer="ada")["tasteProfile"]["edges"] == []
    assert door.data("{ me { username } }", token=service) == {"me": None}
    error = door.error(MINE["tasteProfile"], token=service)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "X-Viewer-Id" in error["message"]
    assert door.code("{ me { id } }", token=service, viewer="nobody-of-that-name") == "NOT_FOUND"


@pytest.mark.parametrize("name", ["bob", "nobody-of-that-name"])
def test_without_the_scope_the_header_is_refused_whoever_it_names(
    bobs: ServedList, ada_token: str, door: Door, name: str
) -> None:
    answer = door.ask(MINE["tasteProfile"], token=ada_token, viewer=name)

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert name not in answer["errors"][0]["message"]


def test_the_header_alone_is_nobody(bobs: ServedList, door: Door) -> None:
    assert door.code("{ me { id } }", viewer="bob") == "UNAUTHENTICATED"


def test_naming_oneself_is_no_acting_for_another(ada_token: str, door: Door) -> None:
    assert door.data("{ me { username } }", token=ada_token, viewer="ada") == {"me": {"username": "ada"}}


def test_tokens_that_do_not_hold_look_alike(bob: User, bob_token: str, ada: User, door: Door) -> None:
    now = timezone.now()
    _, expired = issue_token(user_id="bob", expires_at=now - dt.timedelta(hours=1), now=now - dt.timedelta(hours=2))
    shut_out = viewer("gone", is_active=False)
    revoked = bob_token
    assert door.data("{ me { username } }", token=revoked) == {"me": {"username": "bob"}}
    assert revoke_tokens_of(user_id="bob", now=now) == 2

    answers = [
        door.ask("{ me { id } shows { edges { cursor } } }", token=token)
        for token in (revoked, expired, token_of(shut_out), "bb_" + "x" * 43, "bb_", "", "x\x7f", "ü")
    ]

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["data"] is None
    assert answers[0]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("header", ["Basic YTpi", "bb_xyz", "Token x", "Bearer"])
def test_another_kind_of_authorization_is_refused(db: None, door: Door, header: str) -> None:
    assert door.code("{ me { id } }", HTTP_AUTHORIZATION=header) == "UNAUTHENTICATED"


def test_services_show_each_viewer_their_own_preference(
    bobs: ServedList, ada_token: str, bob_token: str, door: Door
) -> None:
    query = "{ platforms { name hasSubscription usageFrequency preferenceScore } }"

    assert door.data(query)["platforms"][1] == {
        "name": "Streamly", "hasSubscription": None, "usageFrequency": None, "preferenceScore": None
    }  # fmt: skip
    assert door.data(query, token=ada_token)["platforms"][1] == {
        "name": "Streamly", "hasSubscription": False, "usageFrequency": 0.0, "preferenceScore": None
    }  # fmt: skip
    assert door.data(query, token=bob_token)["platforms"][1] == {
        "name": "Streamly", "hasSubscription": True, "usageFrequency": 0.25, "preferenceScore": 0.75
    }  # fmt: skip


def test_a_refused_token_is_not_noted_as_used(bob: User, door: Door) -> None:
    token, plain = issue_token(user_id="bob", expires_at=None, now=timezone.now())
    ApiToken.objects.update(revoked_at=timezone.now())

    door.code("{ me { id } }", token=plain)

    token.refresh_from_db()
    assert token.last_used_at is None
