"""Something for everyone on the sofa, and nothing that one of them keeps to themselves."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from bingeboard.graphql.nodes import global_id
from bingeboard.users.models import User
from recommendations.engine import reasons
from recommendations.models import ServedList, UserTasteProfile
from recommendations.pipeline import events
from social.models import SocialSignal
from tests.door import Door, befriend, subscribe, viewer

GROUP = """
query($ids: [ID!]!, $first: Int, $filter: RecommendationFilter) {
  groupRecommendations(viewerIds: $ids, first: $first, filter: $filter) {
    score show { id title contentType } members { user { username } score
      reason { kind text shows { title } feature { featureValue } friends { username } platform { name } } } } }"""
NEUTRAL = {reasons.RISING, reasons.POPULAR, reasons.NEW}


def gid(name: str) -> str:
    return str(global_id("User", name))


def ask(door: Door, token: str, *names: str, **given: Any) -> Any:
    return door.data(GROUP, {"ids": [gid(name) for name in names], **given}, token=token)["groupRecommendations"]


@pytest.fixture
def sofa(world: None, ada: User, bob: User) -> tuple[User, User]:
    """Ada and bob are friends who share; bob likes what the first of the crowd do not."""
    befriend(bob, ada)
    acts = [events.NewEvent(uuid.uuid4(), "s", "like", show_id, "movie") for show_id in range(13, 23)]
    events.record_events(user_id="bob", events=acts, now=timezone.now())
    return ada, bob


def test_everybody_gets_a_score_and_the_viewer_comes_first(sofa: Any, ada_token: str, door: Door) -> None:
    found = ask(door, ada_token, "bob", first=10)

    assert len(found) == 10
    scores = [title["score"] for title in found]
    assert scores == sorted(scores, reverse=True)
    for title in found:
        assert [member["user"]["username"] for member in title["members"]] == ["ada", "bob"]
        each = [member["score"] for member in title["members"]]
        assert all(0 <= score <= 1 for score in each)
        assert title["score"] == pytest.approx((sum(each) / 2 + min(each)) / 2, abs=1e-5)
    assert len({title["show"]["id"] for title in found}) == 10
    assert not ServedList.objects.exists()


def test_what_one_of_them_dealt_with_is_not_proposed(sofa: Any, ada_token: str, door: Door) -> None:
    found = {title["show"]["title"] for title in ask(door, ada_token, "bob", first=60)}

    assert not found & {f"Title {n}" for n in range(1, 23)}
    seen = {title["show"]["title"] for title in ask(door, ada_token, "bob", first=60, filter={"includeSeen": True})}
    assert "Title 15" in seen


def test_a_filter_leaves_the_list_full(sofa: Any, ada_token: str, door: Door) -> None:
    found = ask(door, ada_token, "bob", first=5, filter={"contentTypes": ["TV"]})

    assert [title["show"]["contentType"] for title in found] == ["TV"] * 5


def test_naming_oneself_or_twice_changes_nothing(sofa: Any, ada_token: str, door: Door) -> None:
    assert ask(door, ada_token, "bob", "ada", "bob", first=4) == ask(door, ada_token, "bob", first=4)


def test_only_friends_who_both_share_and_the_refusals_are_alike(
    sofa: tuple[User, User], ada_token: str, door: Door
) -> None:
    viewer("stranger", share_with_friends=True)
    asked = viewer("asked", share_with_friends=True)
    friendship = befriend(asked, sofa[0])
    friendship.status = "requested"
    friendship.save()
    befriend(sofa[0], viewer("shy", share_with_friends=False))
    befriend(sofa[0], viewer("gone", share_with_friends=True, is_active=False))

    answers = [
        door.ask(GROUP, {"ids": [gid("bob"), gid(name)]}, token=ada_token)
        for name in ("stranger", "asked", "shy", "gone", "nobody-of-that-name")
    ]

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_consent_taken_back_ends_it_at_once(sofa: Any, ada_token: str, door: Door, who: str) -> None:
    assert ask(door, ada_token, "bob")
    User.objects.filter(pk=who).update(share_with_friends=False)

    assert door.code(GROUP, {"ids": [gid("bob")]}, token=ada_token) == "NOT_FOUND"


def test_nothing_private_of_one_is_told_to_another(sofa: Any, ada_token: str, door: Door) -> None:
    """Bob's statements, services, other friends and unshared acts are the strongest reasons there could be."""
    carl = viewer("carl", share_with_friends=True)
    befriend(User.objects.get(pk="bob"), carl)
    subscribe(User.objects.get(pk="bob"), "flixo")
    UserTasteProfile.objects.filter(user_id="bob").update(stated_affinity=1.0)
    for show_id in range(41, 61):
        SocialSignal.objects.create(
            user_id="bob", friend=carl, content_id=show_id, signal_type="liked", signal_strength=0.8
        )

    # What came of bob's likes when they were recorded is his to show; here nothing of it was shown.
    SocialSignal.objects.filter(user_id="ada").delete()
    found = [title["members"][1]["reason"] for title in ask(door, ada_token, "bob", first=20)]

    assert {reason["kind"] for reason in found if reason} <= NEUTRAL
    for reason in filter(None, found):
        assert not [name for name in ("shows", "feature", "friends", "platform") if reason[name]]
        assert "carl" not in reason["text"]


def test_what_a_friend_shows_may_be_a_reason_and_names_them(sofa: Any, ada_token: str, door: Door) -> None:
    SocialSignal.objects.filter(user_id="ada").delete()
    for show_id in range(13, 23):
        SocialSignal.objects.create(
            user_id="ada", friend_id="bob", content_id=show_id, signal_type="liked", signal_strength=0.8
        )

    told = [title["members"][1]["reason"] for title in ask(door, ada_token, "bob", first=20)]

    because = [reason for reason in told if reason and reason["kind"] == reasons.BECAUSE]
    assert because
    assert all(reason["text"].startswith("Because bob watched Title ") for reason in because)


def test_ones_own_reasons_are_told_in_full(sofa: Any, ada_token: str, door: Door) -> None:
    own = [title["members"][0]["reason"] for title in ask(door, ada_token, "bob", first=10)]

    assert all(own)
    assert any(reason["kind"] in (reasons.BECAUSE, reasons.FEATURE, reasons.LIKENESS) for reason in own)


def test_a_group_has_ten_at_the_most_and_the_viewer_at_the_least(sofa: Any, ada_token: str, door: Door) -> None:
    alone = ask(door, ada_token, first=5)

    assert [[member["user"]["username"] for member in title["members"]] for title in alone] == [["ada"]] * 5
    assert [title["score"] for title in alone] == [title["members"][0]["score"] for title in alone]
    many = {"ids": [gid(f"f{n}") for n in range(10)]}
    assert door.code(GROUP, many, token=ada_token) == "BAD_INPUT"


def test_an_id_of_something_else_is_refused(sofa: Any, ada_token: str, door: Door) -> None:
    error = door.error(GROUP, {"ids": [str(global_id("Show", 1))]}, token=ada_token)

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "viewerIds" in error["message"]
