"""The demo: a whole catalogue, viewers who are the same every time, lists that suit who they were made to be."""

import datetime as dt
from collections import Counter

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from bingeboard.demo import loader
from bingeboard.demo.generator import NAMED, NEWCOMERS, World, make_world
from bingeboard.demo.personas import PERSONAS
from bingeboard.errors import Invalid
from bingeboard.shows.models import Show
from recommendations.models import UserBehaviorEvent
from recommendations.pipeline import candidates, ranking
from recommendations.pipeline.rebuild import STAGES, run_stage
from recommendations.queries.events import to_day
from social.models import Friendship
from tests.ablation import ablate

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
MADE = 40


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(titles=loader.titles(), n_viewers=MADE, seed=7, now=NOW)


def test_the_catalogue_is_whole() -> None:
    lines = loader.records()

    assert len(lines) >= 300
    assert len({line["id"] for line in lines}) == len(lines)
    assert len({(line["title"], line["year"]) for line in lines}) == len(lines)
    assert {line["media_type"] for line in lines} == {"movie", "tv"}
    for line in lines:
        for column in ("genres", "cast", "directors", "keywords", "moods", "themes"):
            assert line[column], (line["title"], column)
            assert len(set(line[column])) == len(line[column]), (line["title"], column)
        assert len(line["overview"].split()) >= 12, line["title"]
        assert 1900 < line["year"] <= 2026
        assert line["runtime"] > 0
    # The oldest are on no service; most are.
    assert sum(bool(line["platforms"]) for line in lines) > 0.8 * len(lines)
    overviews = Counter(line["overview"] for line in lines)
    assert max(overviews.values()) == 1


def test_every_liking_of_a_persona_is_found_in_the_catalogue() -> None:
    known = {trait for title in loader.titles() for trait in title.traits}
    unknown = {(p.name, trait) for p in PERSONAS for trait in (*p.likes, *p.avoids) if trait not in known}

    assert unknown == set()


def test_one_seed_makes_one_world_and_another_another(world: World) -> None:
    again = make_world(titles=loader.titles(), n_viewers=MADE, seed=7, now=NOW)
    other = make_world(titles=loader.titles(), n_viewers=MADE, seed=8, now=NOW)

    assert (again.viewers, again.events, again.friends) == (world.viewers, world.events, world.friends)
    assert other.events != world.events


def test_what_is_made_up_is_plausible(world: World) -> None:
    joined = {viewer.id: viewer.joined for viewer in world.viewers}
    known = {viewer.id for viewer in world.viewers}

    assert [viewer.id for viewer in world.viewers[: len(NAMED)]] == [name for name, _, _ in NAMED]
    assert all(joined[event.user_id] <= event.at <= NOW for event in world.events)
    assert len({(event.user_id, event.event_id) for event in world.events}) == len(world.events)
    assert all({a, b} <= known and a != b for a, b, _ in world.friends)
    assert len({frozenset((a, b)) for a, b, _ in world.friends}) == len(world.friends)
    assert {(a, b, yes) for a, b, yes in world.friends if {a, b} <= {name for name, _, _ in NAMED}} >= {
        ("demo-ada", "demo-ben", True),
        ("demo-cleo", "demo-ada", False),
    }
    met = Counter(dict.fromkeys(known, 0))
    met.update({user: len({e.show_id for e in world.events if e.user_id == user}) for user in known})
    assert sorted(met.values())[: len(NEWCOMERS)] == sorted(NEWCOMERS)


def test_too_few_viewers_or_no_titles_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 9 viewers are needed, got 8"):
        make_world(titles=loader.titles(), n_viewers=8, seed=7, now=NOW)
    with pytest.raises(ValueError, match="no title"):
        make_world(titles=[], n_viewers=MADE, seed=7, now=NOW)


@pytest.mark.django_db
def test_loading_twice_is_once_and_a_dry_run_is_nothing() -> None:
    call_command("load_demo", viewers=MADE, dry_run=True)
    assert not Show.objects.exists()
    assert not UserBehaviorEvent.objects.exists()

    first = loader.load(now=NOW, n_viewers=MADE)
    counted = (Show.objects.count(), UserBehaviorEvent.objects.count(), Friendship.objects.count())
    again = loader.load(now=NOW + dt.timedelta(days=3), n_viewers=MADE)

    assert first.new_events == first.events == counted[1]
    assert again.new_events == 0
    assert (Show.objects.count(), UserBehaviorEvent.objects.count(), Friendship.objects.count()) == counted


@pytest.mark.django_db
def test_other_titles_are_left_alone() -> None:
    Show.objects.create(id=1_000_000, title="Somebody's own", content_type="movie")

    with pytest.raises(Invalid, match="holds 1 other titles; --force"):
        loader.load(now=NOW, n_viewers=MADE)

    assert Show.objects.count() == 1


@pytest.mark.django_db
def test_lists_suit_who_the_viewers_were_made_to_be_and_their_reasons_hold() -> None:
    """The right answer is known by construction: the liking that drew a viewer's history."""
    now = timezone.now()
    loader.load(now=now, n_viewers=200)
    for stage in STAGES[:-1]:
        run_stage(stage=stage, now=now)
    titles = loader.titles()
    world = make_world(titles=titles, n_viewers=200, seed=loader.SEED, now=now)
    place = {title.id: i for i, title in enumerate(titles)}
    full = [viewer.id for viewer in world.viewers[: -len(NEWCOMERS)]][:60]

    lists = dict(ranking.rank_for_export(user_ids=full, algorithm="hybrid", limit=10, now=now))

    percentile = []
    for user, shows in lists.items():
        rank = world.liking[user].argsort().argsort() / (len(titles) - 1)
        percentile.append(np.mean([rank[place[show]] for show in shows]))
    # A list drawn at random would stand at 0.5 on average. (What they have seen, the most liked, is not in it.)
    assert np.mean(percentile) > 0.70
    assert np.mean([p > 0.5 for p in percentile]) > 0.9
    _reasons_hold(now, full)


def _reasons_hold(now: dt.datetime, viewers: list[str]) -> None:
    """Without what its first reason names, a title comes later: in nine of ten cases."""
    proposals = candidates.generate(user_ids=viewers, now=now, algorithms=["hybrid"])
    cases = ablate(proposals=proposals, today=to_day(now), n_cases=100, seed=1)

    assert len({case.kind for case in cases}) > 1
    # On this small catalogue the first of a list often stays first: on real data 98.7 of 100 fell.
    assert [case for case in cases if not case.falls][10:] == []
