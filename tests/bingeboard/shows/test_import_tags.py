"""The words that viewers put on titles come in once each."""

import datetime as dt
from pathlib import Path

import pytest

from bingeboard.importing import Rejects, Source, Summary
from bingeboard.shows.models import Show, ShowTag
from bingeboard.shows.services import import_tags, show_id_of
from bingeboard.users.models import User
from tests.imports import everything, rejects, write

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HEADER = "user_id,show_id,tag,timestamp"


@pytest.fixture(autouse=True)
def _titles() -> None:
    Show.objects.create(id=6, title="Heat")
    Show.objects.create(id=show_id_of("tt0089881"), title="Ran")


def bring(folder: Path, *lines: str, header: str = HEADER, dry_run: bool = False) -> Summary:
    path = write(folder / "tags.csv", [header, *lines])
    with Rejects(folder / "rejects.csv") as found:
        return import_tags(source=Source(path), rejects=found, now=NOW, dry_run=dry_run)


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return (summary.read, summary.added, summary.updated, summary.unchanged, summary.rejected)


def test_a_tag_is_kept_with_who_said_it_and_when(tmp_path):
    summary = bring(tmp_path, '2,6,"slick, cold",1445714994', "ann,tt0089881,epic,2015-10-24")

    assert counts(summary) == (2, 2, 0, 0, 0)
    assert summary.notes == ["new viewers: 2"]
    assert list(ShowTag.objects.order_by("id").values_list("user_id", "show_id", "tag", "created_at")) == [
        ("2", 6, "slick, cold", dt.datetime(2015, 10, 24, 19, 29, 54, tzinfo=dt.UTC)),
        ("ann", show_id_of("tt0089881"), "epic", dt.datetime(2015, 10, 24, tzinfo=dt.UTC)),
    ]


def test_a_viewer_made_by_an_import_has_no_password_and_agreed_to_nothing(tmp_path):
    bring(tmp_path, "2,6,slick,")

    user = User.objects.get(pk="2")
    assert (user.username, user.password, user.has_usable_password()) == ("2", "!", False)
    assert (user.is_active, user.is_staff, user.share_with_friends, user.date_joined) == (True, False, False, NOW)


def test_tags_imported_twice_are_there_once_and_a_new_time_is_an_update(tmp_path):
    lines = ["2,6,slick,1445714994", "2,6,slick,1445714995", "2,6,Slick,1445714995"]
    bring(tmp_path, *lines)
    before = everything()

    again = bring(tmp_path, *lines)
    same = everything()
    later = bring(tmp_path, "2,6,slick,1445714999")

    assert counts(again) == (3, 0, 0, 3, 0)
    assert same == before
    assert counts(later) == (1, 0, 1, 0, 0)
    assert ShowTag.objects.count() == 2


def test_a_tag_without_a_time_is_the_same_tag_every_time(tmp_path):
    bring(tmp_path, "2,6,slick", header="user_id,show_id,tag")

    again = bring(tmp_path, "2,6,slick", header="user_id,show_id,tag")

    assert counts(again) == (1, 0, 0, 1, 0)


def test_a_dry_run_keeps_nothing(tmp_path):
    before = everything()

    summary = bring(tmp_path, "2,6,slick,1445714994", dry_run=True)

    assert counts(summary) == (1, 1, 0, 0, 0)
    assert everything() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",6,slick,1", "user_id is empty"),
        ("x" * 65 + ",6,slick,1", "user_id may have 64 letters, got 65"),
        ("2,,slick,1", "show_id is empty"),
        ("2,0,slick,1", "show_id must be a whole number in 1 to 2^52 or a text, got '0'"),
        ("2,7,slick,1", "there is no show 7"),
        ("2,tt1,slick,1", "there is no show tt1"),
        ("2,6, ,1", "tag is empty"),
        ("2,6," + "x" * 201 + ",1", "tag may have 200 letters, got 201"),
        ("2,6,slick,2026-06-02", "timestamp '2026-06-02' is in the future: 2026-06-02 00:00 UTC"),
        ("2,6,slick", "3 fields under a header of 4"),
        ("ada,6,slick,1", "the name ada belongs to another user"),
    ],
)
def test_a_bad_line_is_rejected_alone_and_named(tmp_path, line, reason):
    User.objects.create_user("ada", id="someone-else")

    summary = bring(tmp_path, "2,6,first,1", line, "2,6,last,1")

    assert counts(summary) == (3, 2, 0, 0, 1)
    assert rejects(tmp_path / "rejects.csv") == [(3, reason, line)]
    assert list(ShowTag.objects.order_by("id").values_list("tag", flat=True)) == ["first", "last"]
