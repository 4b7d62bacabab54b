"""Every table is classed; what is held on a viewer is handed out whole, and erased without a trace."""

import datetime as dt
import json
import logging
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import ProgrammingError, connection

from bingeboard.errors import NotFound
from bingeboard.shows.models import Show, ShowTag, Watchlist
from bingeboard.signin.models import Session
from bingeboard.signin.sessions import SessionStore
from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import issue_token
from experiments.queries import Assignment
from experiments.services import VariantSpec, create_experiment, record_exposure, start_experiment
from recommendations.models import ServedList, TrendingEntry, UserCluster, ViewerCheckpoint
from recommendations.pipeline import candidates, ranking
from recommendations.pipeline.events import record_events
from recommendations.pipeline.feedback import NewFeedback, record_feedback
from recommendations.pipeline.holdings import NOT_ABOUT_VIEWERS, OWN, Own, erase, everything_on
from recommendations.pipeline.profiles import PlatformChoice, set_platforms
from recommendations.pipeline.taste import exclude_from_taste
from social.models import Friendship
from social.services import recommend

pytestmark = pytest.mark.django_db
# Found in a table, it is theirs: id, name, and every word of their own that they leave somewhere.
CANARY = "canary-7f3a"
FRIEND = "space-1"


def tables() -> dict[str, list[str]]:
    """Return every table of the database with the texts of its rows."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def naming(word: str) -> dict[str, int]:
    """Return which tables name somebody, in how many rows; what is encoded there is decoded first."""
    found = {name: sum(word in row for row in rows) for name, rows in tables().items()}
    found["sessions"] = sum(word in f"{session.user_id} {session.get_decoded()}" for session in Session.objects.all())
    found["account_emailconfirmation"] = EmailConfirmation.objects.filter(email_address__email__contains=word).count()
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def canary(world: Any, event: Any, now: dt.datetime) -> User:
    """A viewer, staff besides, of whom there is something in every table that could hold it."""
    user = User.objects.create_user(
        CANARY, id=CANARY, password=CANARY, email=f"{CANARY}@example.org", is_staff=True, share_with_friends=True
    )
    User.objects.filter(pk=FRIEND).update(share_with_friends=True)
    Friendship.objects.create(user_id=FRIEND, friend=user, status="accepted")
    user.groups.add(Group.objects.create(name="curators"))
    user.user_permissions.add(Permission.objects.first())
    issue_token(user_id=CANARY, name=f"{CANARY}'s", expires_at=None, now=now)
    create_experiment(name="wide", variants=[VariantSpec("control"), VariantSpec("bold")], now=now)
    start_experiment(name="wide", now=now)
    record_exposure(user_id=CANARY, assigned=[Assignment("wide", "bold")], now=now)
    acts = [event("complete", show, platform_source="hulu", session_id=CANARY) for show in (1, 2, 103)]
    record_events(user_id=CANARY, events=acts, now=now)
    record_events(user_id=FRIEND, events=[event("like", 104)], now=now)
    set_platforms(user_id=CANARY, choices=[PlatformChoice("hulu", has_subscription=True)], now=now)
    recommend(user_id=CANARY, friend_id=FRIEND, show_id=105, note=f"{CANARY} says so", now=now)
    exclude_from_taste(user_id=CANARY, session_id="kids", show_id=None, exclude=True, now=now)
    Watchlist.objects.create(user=user, show_id=1)
    ShowTag.objects.create(user=user, show_id=1, tag=CANARY)
    UserCluster.objects.create(user=user, cluster_id="t-1", cluster_type="taste_based")
    ViewerCheckpoint.objects.create(user=user, through=now)
    TrendingEntry.objects.create(
        content_id=1, time_window="week", trend_type="friend_network", trend_score=1, segment={"user": CANARY},
        expires_at=now + dt.timedelta(days=1),
    )  # fmt: skip
    candidates.rebuild(now=now, user_ids=[CANARY, FRIEND])
    for viewer in (CANARY, FRIEND):
        kept = ranking.serve(user_id=viewer, algorithm="hybrid", now=now)
        shown = kept.items[0]["show"]
        record_feedback(user_id=viewer, items=[NewFeedback("like", shown, request_id=kept.request_id)], now=now)
    _notes(user)
    session = SessionStore()
    session["_auth_user_id"] = CANARY
    session.create()
    address = EmailAddress.objects.create(user=user, email=user.email, primary=True)
    EmailConfirmation.objects.create(email_address=address, key="secret-of-a-mail")
    return user


def _notes(user: User) -> None:
    """Note in the admin what the canary did, and what others did to them and to what is theirs."""
    other = User.objects.create(id="boss", username="boss", is_staff=True)
    token = ApiToken.objects.get(user=user)
    for who, thing in ((user, Show.objects.get(pk=1)), (other, user), (other, token), (other, other)):
        LogEntry.objects.create(
            user=who, content_type=ContentType.objects.get_for_model(thing), object_id=str(thing.pk),
            object_repr=str(thing), action_flag=2, change_message="[]",
        )  # fmt: skip


def test_every_table_is_classed_once_and_every_class_is_a_table() -> None:
    there = set(connection.introspection.table_names())

    assert there - OWN.keys() - NOT_ABOUT_VIEWERS.keys() == set(), "say in holdings.py whose rows these are"
    assert (OWN.keys() | NOT_ABOUT_VIEWERS.keys()) - there == set()
    assert OWN.keys() & NOT_ABOUT_VIEWERS.keys() == set()
    assert all(NOT_ABOUT_VIEWERS.values())


def test_every_table_that_refers_to_users_is_the_viewers_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'users'::regclass")
        assert {table for (table,) in cursor.fetchall()} <= OWN.keys()


def test_the_canary_is_in_every_table_that_is_a_viewers_own(canary: User) -> None:
    assert naming(CANARY).keys() == OWN.keys()


def test_nothing_names_an_erased_viewer_and_the_rest_is_as_it_was(canary: User, now: dt.datetime) -> None:
    before = tables()
    friends_list = candidates_of(FRIEND)
    assert CANARY in str(ServedList.objects.get(user_id=FRIEND).items)

    gone = erase(user_id=CANARY, now=now)

    assert naming(CANARY) == {}
    assert gone > len(OWN)
    after = tables()
    # That somebody was erased is kept, by a hash.
    changed = {"served_lists", "recommendation_candidates", "viewer_states", "trending_cache", "cache_entries"}
    for name in before.keys() - changed:
        kept = [
            row for row in before[name] if CANARY not in row and name not in ("sessions", "account_emailconfirmation")
        ]
        assert after[name] == kept, name
    # The friend keeps their own: what is gone from candidates is what named the canary.
    assert candidates_of(FRIEND) <= friends_list
    assert [len(rows) for rows in (after["served_lists"], after["viewer_states"])] == [
        len(before["served_lists"]) - 1, len(before["viewer_states"]) - 1
    ]  # fmt: skip


def candidates_of(user_id: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM recommendation_candidates WHERE user_id = %s", [user_id])
        return {row for (row,) in cursor.fetchall()}


def test_somebody_with_a_similar_name_keeps_everything(canary: User, now: dt.datetime) -> None:
    like = User.objects.create(id=f"{CANARY}-2", username=f"my-{CANARY}")
    entry = LogEntry.objects.create(
        user=User.objects.get(pk="boss"), content_type=ContentType.objects.get_for_model(User), object_id=like.pk,
        object_repr=str(like), action_flag=2, change_message="[]",
    )  # fmt: skip

    erase(user_id=CANARY, now=now)

    assert User.objects.filter(pk=like.pk).exists()
    assert LogEntry.objects.filter(pk=entry.pk).exists()


def test_names_that_mean_something_to_a_pattern_are_only_names(world: Any, now: dt.datetime) -> None:
    odd = r"a.*(b|c)[d\w"
    user = User.objects.create(id=odd, username=f"{odd} %s")
    boss = User.objects.create(id="boss", username="boss")
    for thing in (user, boss):
        LogEntry.objects.create(
            user=boss, content_type=ContentType.objects.get_for_model(User), object_id="x", object_repr=str(thing),
            action_flag=2, change_message="[]",
        )  # fmt: skip

    assert everything_on(user_id=odd, now=now)["tables"]["users"][0]["id"] == odd
    erase(user_id=odd, now=now)

    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["boss"]


def test_what_is_exported_is_every_row_but_secrets(canary: User, now: dt.datetime) -> None:
    document = everything_on(user_id=CANARY, now=now)

    assert json.loads(json.dumps(document)) == document
    assert document["exportedAt"] == now.isoformat()
    exported = document["tables"]
    assert exported.keys() == OWN.keys()
    assert all(exported.values()), [name for name, rows in exported.items() if not rows]
    assert exported["users"][0]["email"] == f"{CANARY}@example.org"
    assert {row["content_id"] for row in exported["user_behavior_events"]} >= {1, 2, 103}
    assert {row["friend_id"] for row in exported["social_signals"]} == {CANARY, FRIEND}
    assert len(exported["django_admin_log"]) == 1
    text = json.dumps(document)
    token = ApiToken.objects.get(user=canary)
    for secret in (canary.password, token.token_hash, Session.objects.get().session_key, "secret-of-a-mail"):
        assert secret not in text
    for other in ("boss", "space-2", "cosy-1"):
        assert other not in text


@pytest.mark.parametrize("who", [CANARY, FRIEND])
def test_of_friends_an_export_holds_what_the_viewer_may_see(canary: User, now: dt.datetime, who: str) -> None:
    # Past the services, as the admin does it: what was told is still there, and must not be seen.
    User.objects.filter(pk=who).update(share_with_friends=False)

    exported = everything_on(user_id=CANARY, now=now)["tables"]

    assert {row["friend_id"] for row in exported["social_signals"]} == {CANARY}
    assert len(exported["friendships"]) == 1
    for table in ("served_lists", "recommendation_candidates"):
        assert exported[table]
        assert FRIEND not in json.dumps(exported[table])
    assert bool(exported["trending_cache"]) is (who == FRIEND)


def test_export_and_erasure_of_nobody_are_refused(db: None, now: dt.datetime) -> None:
    for refused in (everything_on, erase):
        with pytest.raises(NotFound):
            refused(user_id="nobody", now=now)


def test_neither_leaves_a_word_in_the_log(
    canary: User, now: dt.datetime, caplog: pytest.LogCaptureFixture, event: Any
) -> None:
    from recommendations.pipeline import sweep

    with caplog.at_level(logging.DEBUG):
        everything_on(user_id=CANARY, now=now)
        erase(user_id=CANARY, now=now)
        # Messages that were under way.
        assert sweep.refresh_one(user_id=CANARY, now=now) == 0
        with pytest.raises(NotFound):
            record_events(user_id=CANARY, events=[event("like", 1)], now=now)

    said = [record for record in caplog.records if not record.name.startswith("django.db.backends")]
    assert not [record.getMessage() for record in said if CANARY in record.getMessage()]


def test_an_erasure_that_fails_half_way_changes_nothing(
    canary: User, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables()
    monkeypatch.setitem(OWN, "watchlists", Own(where="t.no_such_column = %(user)s"))

    with pytest.raises(ProgrammingError):
        erase(user_id=CANARY, now=now)

    assert tables() == before
