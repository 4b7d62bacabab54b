"""Friends through the door: asked, answered, ended, told of titles, and paged."""

from typing import Any

import pytest

from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.paging import cursor_of
from bingeboard.users.models import User
from social.models import Friendship, SocialSignal
from tests.door import Door, befriend, show_gid, token_of, viewer

FRIENDSHIP = "friendship { userId user { username } status requestedByViewer answeredAt } userErrors { code }"
REQUEST = f"mutation($id: ID!) {{ requestFriendship(userId: $id) {{ {FRIENDSHIP} }} }}"
ANSWER = (
    f"mutation($id: ID!, $accept: Boolean!) {{ answerFriendship(userId: $id, accept: $accept) {{ {FRIENDSHIP} }} }}"
)
END = f"mutation($id: ID!) {{ endFriendship(userId: $id) {{ {FRIENDSHIP} }} }}"
RECOMMEND = """mutation($friend: ID!, $show: ID!, $note: String) {
    recommendToFriend(friendId: $friend, showId: $show, note: $note) {
        signal { friend { username } show { title } signalType note } friendship { status } } }"""
FRIENDS = """query($first: Int, $after: String) { friends(first: $first, after: $after) {
    edges { cursor node { id username } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
BOB, ADA = str(global_id("User", "bob")), str(global_id("User", "ada"))


def names(door: Door, token: str, **variables: Any) -> list[str]:
    page = door.data(FRIENDS, variables, token=token)["friends"]
    return [edge["node"]["username"] for edge in page["edges"]]


def recommend(**given: Any) -> dict[str, Any]:
    return {"friend": BOB, "show": show_gid(1), "note": None, **given}


def test_asked_answered_and_ended(ada_token: str, bob_token: str, door: Door) -> None:
    asked = door.data(REQUEST, {"id": BOB}, token=ada_token)["requestFriendship"]
    assert asked == {
        "friendship": {
            "userId": BOB, "user": None, "status": "REQUESTED", "requestedByViewer": True, "answeredAt": None
        },
        "userErrors": [],
    }  # fmt: skip
    assert names(door, ada_token) == names(door, bob_token) == []

    answered = door.data(ANSWER, {"id": ADA, "accept": True}, token=bob_token)["answerFriendship"]["friendship"]
    assert (answered["status"], answered["user"], answered["requestedByViewer"]) == (
        "ACCEPTED", {"username": "ada"}, False
    )  # fmt: skip
    assert (names(door, ada_token), names(door, bob_token)) == (["bob"], ["ada"])

    ended = door.data(END, {"id": BOB}, token=ada_token)["endFriendship"]
    assert ended == {"friendship": None, "userErrors": []}
    assert names(door, ada_token) == names(door, bob_token) == []
    assert not Friendship.objects.exists()


def test_a_guessed_id_tells_no_name(ada: User, bob: User, ada_token: str, door: Door) -> None:
    def name(query: str, **variables: Any) -> Any:
        return next(iter(door.data(query, {"id": BOB, **variables}, token=ada_token).values()))["friendship"]["user"]

    assert name(REQUEST) is None
    assert name(REQUEST) is None
    Friendship.objects.update(status="declined")
    assert door.code(REQUEST, {"id": BOB}, token=ada_token) == "BAD_INPUT"
    Friendship.objects.all().delete()
    Friendship.objects.create(user=bob, friend=ada)
    assert name(ANSWER, accept=False) == {"username": "bob"}


def test_friends_come_by_name_page_by_page(ada: User, ada_token: str, door: Door) -> None:
    for name in ("dan", "Cyd", "bob", "eve"):
        befriend(ada, viewer(name)) if name != "bob" else befriend(viewer(name), ada)
    befriend(ada, viewer("gone", is_active=False))
    Friendship.objects.create(user=ada, friend=viewer("asked"))

    first = door.data(FRIENDS, {"first": 3}, token=ada_token)["friends"]
    rest = door.data(FRIENDS, {"first": 3, "after": first["pageInfo"]["endCursor"]}, token=ada_token)["friends"]

    everyone = [edge["node"]["username"] for page in (first, rest) for edge in page["edges"]]
    assert sorted(everyone) == ["Cyd", "bob", "dan", "eve"]
    assert len(first["edges"]) == 3
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert everyone == names(door, ada_token)
    assert rest["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize(
    "variables", [{"first": 0}, {"first": 101}, {"after": "x"}, {"after": cursor_of("bob", 1)}, {"after": cursor_of(1)}]
)
def test_a_page_that_is_none_is_refused(ada_token: str, door: Door, variables: dict[str, Any]) -> None:
    assert door.code(FRIENDS, variables, token=ada_token) == "BAD_INPUT"


def test_a_friend_is_told_of_a_title_once_with_the_latest_note(
    catalogue: Any, ada: User, bob: User, ada_token: str, door: Door
) -> None:
    befriend(ada, bob)

    told = door.data(RECOMMEND, recommend(note="  Do!  "), token=ada_token)["recommendToFriend"]
    door.data(RECOMMEND, recommend(note="Ünbedingt 🎬"), token=ada_token)

    assert told == {
        "signal": {
            "friend": {"username": "bob"}, "show": {"title": "Title 1"}, "signalType": "RECOMMENDED", "note": "Do!"
        },
        "friendship": None,
    }  # fmt: skip
    kept = SocialSignal.objects.values_list("user_id", "friend_id", "content_id", "signal_type", "metadata")
    assert list(kept) == [("bob", "ada", 1, "recommended", {"note": "Ünbedingt 🎬"})]


@pytest.mark.parametrize(
    ("status", "sharing", "given", "code", "field"),
    [
        ("requested", ("ada", "bob"), {}, "NOT_FOUND", "no friends"),
        ("declined", ("ada", "bob"), {}, "NOT_FOUND", "no friends"),
        (None, ("ada", "bob"), {}, "NOT_FOUND", "no friends"),
        ("accepted", ("ada", "bob"), {"friend": ADA}, "NOT_FOUND", "no friends"),
        ("accepted", ("ada", "bob"), {"friend": str(global_id("User", "nobody"))}, "NOT_FOUND", "no friends"),
        ("accepted", ("ada",), {}, "FORBIDDEN", "both share"),
        ("accepted", ("bob",), {}, "FORBIDDEN", "both share"),
        ("accepted", ("ada", "bob"), {"show": show_gid(9999)}, "NOT_FOUND", "no such show"),
        ("accepted", ("ada", "bob"), {"show": BOB}, "BAD_INPUT", "showId"),
        ("accepted", ("ada", "bob"), {"friend": show_gid(1)}, "BAD_INPUT", "friendId"),
        ("accepted", ("ada", "bob"), {"note": "x" * 501}, "BAD_INPUT", "500 letters, got 501"),
        ("accepted", ("ada", "bob"), {"note": "a\0b"}, "BAD_INPUT", "NUL"),
        ("accepted", ("ada", "bob"), {"note": "\ud800"}, "BAD_INPUT", "surrogate"),
    ],
)
def test_what_can_not_be_told_is_refused_and_tells_nothing(
    catalogue: Any, ada: User, bob: User, ada_token: str, door: Door,
    status: str | None, sharing: tuple[str, ...], given: dict[str, Any], code: str, field: str,
) -> None:  # fmt: skip
    if status:
        Friendship.objects.create(user=ada, friend=bob, status=status)
    User.objects.exclude(pk__in=sharing).update(share_with_friends=False)

    error = door.error(RECOMMEND, recommend(**given), token=ada_token)

    assert error["extensions"]["code"] == code
    assert field in error["message"]
    assert not SocialSignal.objects.exists()


def test_strangers_and_nobodies_look_alike(ada: User, bob: User, ada_token: str, door: Door) -> None:
    nobody = str(global_id("User", "nobody"))
    for query, more in ((END, {}), (ANSWER, {"accept": True})):
        answers = [door.ask(query, {"id": who, **more}, token=ada_token) for who in (BOB, nobody)]
        assert answers[0] == answers[1]
        assert answers[0]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_the_friends_next_list_knows(world: None, ada: User, bob: User, ada_token: str, door: Door) -> None:
    befriend(ada, bob)
    reasons = "{ recommendations(first: 60) { edges { node { show { id } reasons { kind friends { username } } } } } }"
    token = token_of(bob)

    def told_of() -> dict[str, Any]:
        edges = door.data(reasons, token=token)["recommendations"]["edges"]
        return {
            edge["node"]["show"]["id"]: [r["friends"] for r in edge["node"]["reasons"] if r["kind"] == "friends"]
            for edge in edges
        }

    before = told_of()
    wanted = next(show for show in reversed(before) if not before[show])
    door.data(RECOMMEND, recommend(show=wanted), token=ada_token)

    assert told_of()[wanted] == [[{"username": "ada"}]]
    door.data(END, {"id": ADA}, token=token)
    assert not any(friends for friends in told_of().values())
