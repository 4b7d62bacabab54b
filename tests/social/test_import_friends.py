"""Friendships come in one a pair, and nobody is made to share by them."""

import datetime as dt
from pathlib import Path

import pytest

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.users.models import User
from social.models import Friendship
from social.services import import_friends
from tests.imports import everything, rejects, write

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def bring(folder: Path, *lines: str, header: str = "user_id,friend_id", **options: bool) -> Summary:
    path = write(folder / "friends.csv", [header, *lines])
    with Rejects(folder / "rejects.csv") as found:
        return import_friends(source=Source(path), rejects=found, now=NOW, **options)


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return (summary.read, summary.added, summary.updated, summary.unchanged, summary.rejected)


def sharing() -> set[str]:
    return set(User.objects.filter(share_with_friends=True).values_list("id", flat=True))


def pairs() -> list[tuple[str, str, str]]:
    return list(Friendship.objects.order_by("id").values_list("user_id", "friend_id", "status"))


def test_a_line_is_a_friendship_between_viewers_who_are_made_where_need_be(tmp_path):
    User.objects.create_user("ada", id="ada")

    summary = bring(tmp_path, "ada,bob", "cy,ada")

    assert counts(summary) == (2, 2, 0, 0, 0)
    assert summary.notes == ["new viewers: 2"]
    assert pairs() == [("ada", "bob", "accepted"), ("cy", "ada", "accepted")]
    assert set(Friendship.objects.values_list("created_at", "answered_at")) == {(NOW, NOW)}


def test_both_directions_are_one_friendship(tmp_path):
    summary = bring(tmp_path, "a,b", "b,a", "a,b")
    again = bring(tmp_path, "b,a")

    assert counts(summary) == (3, 1, 0, 2, 0)
    assert pairs() == [("a", "b", "accepted")]
    assert counts(again) == (1, 0, 0, 1, 0)


def test_friends_imported_twice_change_nothing_the_second_time(tmp_path):
    lines = ["a,b,0.5,1", "b,c,1,", "c,a,1,true"]
    bring(tmp_path, *lines, header="user_id,friend_id,trust,share")
    before = everything()

    summary = bring(tmp_path, *lines, header="user_id,friend_id,trust,share")

    assert counts(summary) == (3, 0, 0, 3, 0)
    assert everything() == before


def test_a_status_is_kept_and_a_new_one_is_an_update(tmp_path):
    header = "user_id,friend_id,status"
    bring(tmp_path, "a,b,Requested", "a,c,", header=header)
    asked = Friendship.objects.get(friend="b")

    summary = bring(tmp_path, "b,a,accepted", "a,c,accepted", header=header)

    assert (asked.status, asked.answered_at) == ("requested", None)
    assert counts(summary) == (2, 0, 1, 1, 0)
    assert pairs() == [("a", "b", "accepted"), ("a", "c", "accepted")]
    assert Friendship.objects.get(friend="b").answered_at == NOW


def test_consent_stays_off_unless_the_file_or_the_caller_says_so(tmp_path):
    bring(tmp_path, "a,b")
    silent = sharing()
    bring(tmp_path, "a,b,yes", "c,a,no", header="user_id,friend_id,share")
    by_column = sharing()
    summary = bring(tmp_path, "a,b", "c,d", share=True)

    assert silent == set()
    assert by_column == {"a"}
    assert sharing() == {"a", "b", "c", "d"}
    assert "viewers who now share with friends: 3" in summary.notes


def test_a_line_that_does_not_say_leaves_consent_on(tmp_path):
    User.objects.create_user("a", id="a", share_with_friends=True)

    bring(tmp_path, "a,b,0", header="user_id,friend_id,share")

    assert sharing() == {"a"}


def test_a_dry_run_keeps_nothing(tmp_path):
    before = everything()

    summary = bring(tmp_path, "a,b", "c,d", share=True, dry_run=True)

    assert counts(summary) == (2, 2, 0, 0, 0)
    assert summary.notes == ["new viewers: 4", "viewers who now share with friends: 4"]
    assert everything() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,a,,,", "'a' cannot be their own friend"),
        (",b,,,", "user_id is empty"),
        ("a,,,,", "friend_id is empty"),
        ("a," + "x" * 65 + ",,,", "friend_id may have 64 letters, got 65"),
        ("a,b,married,,", "status must be one of requested, accepted, declined, got 'married'"),
        ("a,b,,0,", "trust must be above 0 where two are friends, got '0'"),
        ("a,b,,-1,", "trust must be above 0 where two are friends, got '-1'"),
        ("a,b,,much,", "trust must be a number, got 'much'"),
        ("a,b,,,maybe", "share must be true or false, got 'maybe'"),
        ("a,ada,,,", "the name ada belongs to another user"),
    ],
)
def test_a_bad_line_is_rejected_alone_and_named(tmp_path, line, reason):
    User.objects.create_user("ada", id="someone-else")

    summary = bring(tmp_path, "p,q,,,", line, "q,r,,,", header="user_id,friend_id,status,trust,share")

    assert counts(summary) == (3, 2, 0, 0, 1)
    assert rejects(tmp_path / "rejects.csv") == [(3, reason, line)]
    assert pairs() == [("p", "q", "accepted"), ("q", "r", "accepted")]
