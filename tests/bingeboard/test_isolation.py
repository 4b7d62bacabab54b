"""Nobody sees another viewer's things: not by cursor, node id, header or error; 'not yours' looks like 'not there'."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import issue_token, revoke_tokens_of
from experiments.services import VariantSpec, create_experiment
from recommendations.models import ServedList
from recommendations.pipeline.holdings import everything_on
from social.services import Act, record_signals
from tests.door import Door, befriend, served, subscribe, taste, token_of, viewer
from tests.signin import PASSWORD, SignIn

BOB, SHOW = global_id("User", "bob"), global_id("Show", 1)
MINE = {
    "recommendations": "{ recommendations { requestId } }",
    "home": "{ home { requestId } }",
    "groupRecommendations": "{ groupRecommendations(viewerIds: []) { score } }",
    "tasteProfile": "{ tasteProfile { edges { node { featureValue } } } }",
    "friends' trends": "{ trending(scope: FRIEND_NETWORK) { rank } }",
    "trackEvents": "mutation { trackEvents(events: []) { accepted } }",
    "sendFeedback": "mutation { sendFeedback(feedback: []) { accepted } }",
    "whyNot": '{ whyNot(showId: "U2hvdzox") { text } }',
    "previewTaste": "{ previewTaste(changes: []) { after { id } } }",
    "updateTaste": "mutation { updateTaste(changes: []) { userErrors { code } } }",
    "excludeFromTaste": 'mutation { excludeFromTaste(sessionId: "s") { userErrors { code } } }',
    "undoFeedback": "mutation { undoFeedback(feedbackIds: []) { accepted } }",
    "setPlatforms": "mutation { setPlatforms(platforms: []) { userErrors { code } } }",
    "refreshRecommendations": "mutation { refreshRecommendations { user { id } } }",
    "friends": "{ friends { edges { node { username } } } }",
    "recommendToFriend": f'mutation {{ recommendToFriend(friendId: "{BOB}", showId: "{SHOW}")'
    " { signal { note } } }",
    "requestFriendship": f'mutation {{ requestFriendship(userId: "{BOB}") {{ friendship {{ status }} }} }}',
    "answerFriendship": f'mutation {{ answerFriendship(userId: "{BOB}", accept: true) {{ friendship {{ status }} }} }}',
    "endFriendship": f'mutation {{ endFriendship(userId: "{BOB}") {{ friendship {{ status }} }} }}',
    "setConsent": "mutation { setConsent(personalisation: false, shareWithFriends: false) { personalisation } }",
    "exportMyData": "mutation { exportMyData { document } }",
    "deleteMyData": "mutation { deleteMyData(confirm: true) { rows } }",
}
STAFF = {
    "experiments": "{ experiments { name } }",
    "experimentReport": '{ experimentReport(name: "wide") { name } }',
}
# Of these, whoever is signed in but no friend of Bob's gets to hear that there is nothing.
NEEDS_BOB = ("recommendToFriend", "answerFriendship", "endFriendship")
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


CALLERS = {
    "nobody": (None, None, "UNAUTHENTICATED", "UNAUTHENTICATED"),
    "a viewer": ("ada", None, "", "FORBIDDEN"),
    "a friend who shares": ("friend", None, "friend", "FORBIDDEN"),
    "a friend who does not": ("private", None, "friend", "FORBIDDEN"),
    "a service that names a viewer": ("svc", "ada", "", "FORBIDDEN"),
    "a service that names nobody": ("svc", None, "UNAUTHENTICATED", "FORBIDDEN"),
    "a service that names staff": ("svc", "boss", "", "FORBIDDEN"),
    "a viewer that names another": ("ada", "bob", "FORBIDDEN", "FORBIDDEN"),
    "a curator": ("boss", None, "", ""),
    "a curator that names a viewer": ("boss", "bob", "FORBIDDEN", "FORBIDDEN"),
    "an administrator": ("chief", None, "", ""),
    "staff as a viewer": ("offduty", None, "", "FORBIDDEN"),
    "a person who signed in": ("person", None, "", "FORBIDDEN"),
    "a person who signed in, naming another": ("person", "bob", "FORBIDDEN", "FORBIDDEN"),
    "a person who signed out": ("left", None, "UNAUTHENTICATED", "UNAUTHENTICATED"),
    "staff who signed in": ("staff person", None, "", "FORBIDDEN"),
    "an outside provider's viewer": ("outside", None, "", "FORBIDDEN"),
    "an outside provider's viewer, naming another": ("outside", "bob", "FORBIDDEN", "FORBIDDEN"),
    "an outside provider's member of staff": ("outside staff", None, "", "FORBIDDEN"),
    "an outside provider's stranger": ("outside stranger", None, "UNAUTHENTICATED", "UNAUTHENTICATED"),
}


@pytest.fixture
def cast(bobs: ServedList, bob: User, ada_token: str, provider: Any) -> dict[str, str]:
    """Everybody's tokens. Bob has two friends, one of whom does not share; there is an experiment."""
    befriend(bob, friend := viewer("friend", share_with_friends=True))
    befriend(private := viewer("private"), bob)
    create_experiment(name="wide", variants=[VariantSpec("control"), VariantSpec("bold")], now=timezone.now())
    staff = {name: viewer(name, is_staff=True) for name in ("boss", "chief", "offduty")}
    record_signals(acts=[Act("bob", 2, "liked", timezone.now())])
    viewer("outsider")
    app, people = SignIn(), {"person": False, "left": False, "staff person": True}
    signed_in = {}
    for name, is_staff in people.items():
        User.objects.create_user(name, PASSWORD, is_staff=is_staff)
        signed_in[name] = app.sign_in(name)
    app.call("DELETE", "auth/session", token=signed_in["left"])
    return {
        **signed_in,
        "outside": provider.token(sub="outsider"),
        "outside staff": provider.token(sub="chief"),
        "outside stranger": provider.token(sub="nobody-of-that-name"),
        "ada": ada_token,
        "friend": token_of(friend),
        "private": token_of(private),
        "svc": token_of(viewer("svc"), "act_as"),
        "boss": token_of(staff["boss"], "curator"),
        "chief": token_of(staff["chief"], "admin"),
        "offduty": token_of(staff["offduty"]),
    }


def _bobs_rows() -> dict[str, Any]:
    tables = everything_on(user_id="bob", now=timezone.now())["tables"]
    # Who is friends with him, and what a list of his knows of it, is theirs to change as well.
    return {name: rows for name, rows in tables.items() if name not in ("friendships", "social_signals", "served_lists",
            "viewer_states", "trending_cache")}  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
def test_who_may_do_what(cast: dict[str, str], door: Door, caller: str) -> None:
    who, named, mine, staffs = CALLERS[caller]
    before, codes, expected = _bobs_rows(), {}, {}

    for operation, query in {**MINE, **STAFF}.items():
        with transaction.atomic():
            answer = door.ask(query, token=None if who is None else cast[who], viewer=named)
            # Bob is named to whoever is his friend, and else to nobody.
            assert mine == "friend" or "bob" not in str(answer.get("data")), operation
            assert _bobs_rows() == before, operation
            transaction.set_rollback(True)
        codes[operation] = answer["errors"][0]["extensions"]["code"] if "errors" in answer else ""
        if operation in STAFF:
            expected[operation] = staffs
        elif mine in ("", "friend"):
            expected[operation] = _of_whoever_is_signed_in(operation, who if mine else None)
        else:
            expected[operation] = mine

    assert codes == expected


def _of_whoever_is_signed_in(operation: str, friend: str | None) -> str:
    if operation == "previewTaste":
        # No model has been fitted here.
        return "NOT_FOUND"
    if operation not in NEEDS_BOB or (friend and operation == "endFriendship"):
        return ""
    if operation == "recommendToFriend" and friend:
        return "" if friend == "friend" else "FORBIDDEN"
    if operation == "answerFriendship" and friend == "friend":
        # Bob asked, and was told yes: saying so again changes nothing.
        return ""
    return "NOT_FOUND"


def test_an_export_holds_of_friends_what_both_agreed_to(cast: dict[str, str], door: Door) -> None:
    def told(who: str) -> list[Any]:
        document = door.data(MINE["exportMyData"], token=cast[who])["exportMyData"]["document"]
        return [(row["friend_id"], row["content_id"]) for row in document["tables"]["social_signals"]]

    assert (told("friend"), told("private"), told("ada")) == ([("bob", 2)], [], [])
    User.objects.filter(pk="bob").update(share_with_friends=False)
    assert told("friend") == []


def test_whoever_is_erased_is_a_stranger_to_the_next_request(cast: dict[str, str], door: Door) -> None:
    assert door.code("mutation { deleteMyData(confirm: false) { rows } }", token=cast["friend"]) == "BAD_INPUT"
    assert User.objects.filter(pk="friend").exists()
    shown = door.data("mutation { deleteMyData(confirm: true) { userId rows } }", token=cast["friend"])["deleteMyData"]

    assert shown == {"userId": global_id("User", "friend"), "rows": shown["rows"]}
    assert shown["rows"] >= 4
    assert door.code("{ me { id } }", token=cast["friend"]) == "UNAUTHENTICATED"
    assert door.code("{ me { id } }", token=cast["svc"], viewer="friend") == "NOT_FOUND"
    assert door.data(NODE, {"id": shown["userId"]}, token=cast["chief"]) == {"node": None}
    assert User.objects.filter(pk="bob").exists()


def test_consent_says_what_holds_and_what_is_left_out_stays(ada: User, ada_token: str, door: Door) -> None:
    query = """mutation($p: Boolean, $s: Boolean) { setConsent(personalisation: $p, shareWithFriends: $s) {
        user { username } personalisation shareWithFriends userErrors { code } } }"""

    def said(**variables: bool) -> tuple[bool, bool]:
        payload = door.data(query, variables, token=ada_token)["setConsent"]
        assert (payload["user"], payload["userErrors"]) == ({"username": "ada"}, [])
        ada.refresh_from_db()
        assert (ada.personalisation, ada.share_with_friends) == (
            payload["personalisation"],
            payload["shareWithFriends"],
        )
        return payload["personalisation"], payload["shareWithFriends"]

    assert said() == (True, True)
    assert said(p=False) == (False, True)
    assert said(s=False) == (False, False)
    assert said(p=True, s=True) == (True, True)


def test_friends_trends_end_with_the_consent_however_it_is_taken_back(
    catalogue: Any, ada: User, ada_token: str, door: Door
) -> None:
    query = MINE["friends' trends"]
    assert door.data(query, token=ada_token)["trending"]

    User.objects.filter(pk="ada").update(share_with_friends=False)
    assert door.data(query, token=ada_token)["trending"] == []
    User.objects.filter(pk="ada").update(share_with_friends=True)
    door.data("mutation { setConsent(shareWithFriends: false) { personalisation } }", token=ada_token)
    door.data("mutation { setConsent(shareWithFriends: true) { personalisation } }", token=ada_token)
    assert door.data(query, token=ada_token)["trending"] == []


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
