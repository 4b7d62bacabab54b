"""What is held out never reaches the engine, and lists are made by the path that serves them."""

import csv
import datetime as dt
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from django.db import connection
from django.test import override_settings

from bingeboard.errors import Invalid
from bingeboard.users.models import User
from recommendations.engine.config import DEFAULT
from recommendations.evaluation import run
from recommendations.evaluation.judging import NDCG, OVERALL
from recommendations.evaluation.reading import read_ratings
from recommendations.evaluation.run import ALGORITHMS, Plan, evaluate, make_world
from recommendations.evaluation.scratch import scratch_database
from recommendations.evaluation.splits import split
from recommendations.models import UserBehaviorEvent
from recommendations.pipeline.rebuild import NAMES
from tests.recommendations.evaluation.conftest import NOW
from tests.recommendations.evaluation.worlds import DAY, FIRST_SECOND, some_ratings, unwatched, write_ratings

in_database = pytest.mark.django_db(transaction=True)
# A moment that nothing else happens at.
CANARY_SECOND = FIRST_SECOND + 900 * DAY + 4321
CANARY_AT = dt.datetime.fromtimestamp(CANARY_SECOND, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture(autouse=True)
def _media(tmp_path_factory):
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


def plan_of(small_files, **given):
    ratings, shows = small_files
    return Plan(**{"ratings": ratings, "shows": shows, **given})


def found_in_database(text: str) -> list[str]:
    """Return the tables in which some row, written out, holds a text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{text}%"])
            found += [table] if cursor.fetchone()[0] else []
    return found


@in_database
def test_what_is_held_out_can_not_be_found_in_the_database_that_lists_are_made_in(small_files, tmp_path):
    canary = ("v03", 40, 5.0, CANARY_SECOND)
    rows = [row for row in some_ratings() if row[:2] != canary[:2]]
    ratings = write_ratings(tmp_path / "ratings.csv", [*rows[:100], canary, *rows[100:]])
    newest = max(second for _, _, _, second in rows)
    known = dt.datetime.fromtimestamp(min(second for _, _, _, second in rows), tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    seen = {}

    @contextmanager
    def step(title, total=None):
        if title == "lists: hybrid":
            seen["canary"] = found_in_database(CANARY_AT)
            # The same search does find what is known.
            seen["known"] = found_in_database(known)
            seen["acts"] = set(UserBehaviorEvent.objects.values_list("user_id", "content_id"))
        yield lambda n=1: None

    result = evaluate(
        plan=plan_of(small_files, ratings=ratings, algorithms=["hybrid"]),
        now=NOW,
        step=step,
    )

    assert seen["canary"] == []
    assert "user_behavior_events" in seen["known"]
    assert canary[:2] not in seen["acts"]
    assert len(seen["acts"]) == result.data["train"]
    held = result.data["test"]
    assert len(seen["acts"] & {(viewer, show) for viewer, show, _, _ in rows}) == len(rows) + 1 - held
    # And the moment at which the held-out rating was given is not the clock either.
    assert result.clock.timestamp() <= newest < CANARY_SECOND


@in_database
def test_lists_are_the_same_whatever_was_held_out(small_files, measured, tmp_path):
    rows = some_ratings()
    ratings = read_ratings(path=small_files[0], now=NOW)
    held = np.flatnonzero(
        split("per-user", viewer=ratings.viewer, seconds=ratings.seconds, holdout=0.2, seed=0)
    ).tolist()
    shuffled = list(rows)
    for place, other in zip(held, np.random.default_rng(3).permutation(held).tolist(), strict=True):
        viewer, _, stars, second = rows[place]
        shuffled[place] = (viewer, rows[other][1], stars, second)

    other = evaluate(
        plan=plan_of(small_files, ratings=write_ratings(tmp_path / "other.csv", shuffled), algorithms=ALGORITHMS),
        now=NOW + dt.timedelta(days=200),
        step=unwatched,
    )

    assert other.data["fingerprint"] != measured.data["fingerprint"]
    assert other.viewers == measured.viewers
    assert other.lists == measured.lists
    assert other.algorithms["hybrid"].values[NDCG].tolist() != measured.algorithms["hybrid"].values[NDCG].tolist()


@in_database
def test_the_stages_that_are_left_out_would_change_no_list(small_files, measured, monkeypatch):
    monkeypatch.setattr(run, "needed_stages", lambda: list(NAMES))

    everything = evaluate(plan=plan_of(small_files, algorithms=ALGORITHMS), now=NOW, step=unwatched)

    assert everything.lists == measured.lists
    assert "similarity" in everything.seconds
    assert "similarity" not in measured.seconds


def test_the_engine_is_better_than_fame_where_there_is_taste(measured):
    hybrid, popular = (measured.algorithms[name].estimates[OVERALL][NDCG].value for name in ("hybrid", "popular"))

    assert hybrid > popular > 0
    assert measured.algorithms["hybrid"].wasted == 0
    assert measured.algorithms["popular"].wasted == 0
    # Ratings name no friends.
    assert measured.algorithms["social"].empty == len(measured.viewers)


@in_database
def test_the_configured_database_is_not_touched(small_files, measured):
    assert User.objects.count() == 0


def test_viewers_are_judged_who_liked_something_that_was_held_out(small_files, measured):
    ratings = read_ratings(path=small_files[0], now=NOW)
    held = split("per-user", viewer=ratings.viewer, seconds=ratings.seconds, holdout=0.2, seed=0)

    liked = {ratings.viewers[ratings.viewer[i]] for i in np.flatnonzero(held) if ratings.rating[i] >= 4}

    assert sorted(measured.viewers) == sorted(liked)
    assert measured.n_known.tolist() == [
        sum(ratings.viewers[v] == viewer for v in ratings.viewer[~held]) for viewer in measured.viewers
    ]


@in_database
def test_some_viewers_are_drawn_by_chance_and_have_the_lists_they_had(small_files, measured):
    few = evaluate(plan=plan_of(small_files, algorithms=["popular", "hybrid"], viewers=7), now=NOW, step=unwatched)

    assert len(few.viewers) == 7
    for name in ("popular", "hybrid"):
        all_lists = dict(zip(measured.viewers, measured.lists[name], strict=True))
        assert few.lists[name] == [all_lists[viewer] for viewer in few.viewers]


@in_database
def test_after_one_moment_for_all_there_are_viewers_who_are_new_and_the_clock_stands_at_it(small_files, tmp_path):
    rows = some_ratings()
    last = max(second for _, _, _, second in rows)
    late = [("new", show, 5.0, last + show * DAY) for show in (1, 3, 5, 7)]
    ratings = write_ratings(tmp_path / "ratings.csv", [*rows, *late])
    # One line that no import would take in, and a rating of a title that is not there.
    ratings.write_text(f"{ratings.read_text()}v01,3,nine,1\nv01,999,4.0,{FIRST_SECOND}\n")

    found = evaluate(plan=plan_of(small_files, ratings=ratings, split="temporal", holdout=0.3), now=NOW, step=unwatched)

    assert "new" in found.viewers
    assert found.n_known[found.viewers.index("new")] == 0
    assert found.algorithms["hybrid"].estimates["0"][NDCG].viewers == 1
    seconds = sorted([FIRST_SECOND, *(second for _, _, _, second in [*rows, *late])])
    assert found.clock.timestamp() == seconds[len(seconds) - int(len(seconds) * 0.3) - 1]
    # Of a new viewer nothing is known but what others like: there is a list all the same.
    assert found.lists["hybrid"][found.viewers.index("new")]
    assert found.data["skipped_lines"] == 1
    assert "rating must be a number" in found.data["first_skipped"]
    assert found.data["train_ratings_left_out"] == 1


def test_more_diversity_is_more_spread(measured):
    spread = [judged.estimates[OVERALL]["GenreSpread@10"].value for judged in measured.dial.values()]

    assert list(measured.dial) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert spread[-1] > spread[0]


def test_ratings_without_times_are_told_by_the_order_of_the_file_and_lists_are_made_for_now(tmp_path):
    path = tmp_path / "untimed.csv"
    path.write_text("user_id,show_id,rating\n" + "".join(f"a,{show},4.5\n" for show in range(1, 11)))

    ratings = read_ratings(path=path, now=NOW)
    held = split("per-user", viewer=ratings.viewer, seconds=ratings.seconds, holdout=0.2, seed=0)

    assert ratings.show_id[held].tolist() == [9, 10]
    assert run.clock_of(ratings, held, now=NOW) == NOW


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("a", n, 2.0, n) for n in range(1, 9)], "0 viewers who liked something that was held out"),
        ([("a", 1, 5.0, 1)], "nothing to measure"),
    ],
)
def test_ratings_that_leave_nothing_to_measure_are_refused(small_files, rows, reason, tmp_path):
    ratings = write_ratings(tmp_path / "ratings.csv", rows)

    with pytest.raises(Invalid, match=reason):
        evaluate(plan=plan_of(small_files, ratings=ratings), now=NOW, step=unwatched)


@in_database
def test_titles_that_can_not_be_taken_in_are_refused_by_their_first_line(small_files, tmp_path):
    shows = tmp_path / "shows.jsonl"
    shows.write_text('{"id": 1}\n')

    with pytest.raises(Invalid, match=r"shows\.jsonl: none of its 1 lines can be taken in; the first, line 1"):
        evaluate(plan=plan_of(small_files, shows=shows), now=NOW, step=unwatched)


@in_database
@pytest.mark.usefixtures("unexplored")
def test_lists_are_those_that_would_be_served_but_for_the_places_drawn_by_chance(small_files, measured, tmp_path):
    """Made by hand in a scratch database, and served there by the function that serves viewers."""
    from recommendations.evaluation.reading import write_part
    from recommendations.pipeline import ranking

    ratings = read_ratings(path=small_files[0], now=NOW)
    held = split("per-user", viewer=ratings.viewer, seconds=ratings.seconds, holdout=0.2, seed=0)
    write_part(ratings=ratings, part=~held, path=tmp_path / "train.csv")
    with scratch_database():
        make_world(
            train=tmp_path / "train.csv",
            shows=small_files[1],
            viewers=[],
            clock=measured.clock,
            config=DEFAULT,
            watch=unwatched,
            stages=NAMES,
        )
        for viewer, expected in list(zip(measured.viewers, measured.lists["hybrid"], strict=True))[:5]:
            served = ranking.serve(user_id=viewer, algorithm="hybrid", now=measured.clock).items
            assert [item["show"] for item in served] == expected


@pytest.mark.shared_data
def test_the_yardsticks_scripts_say_the_same(shared_data, small_files, measured, tmp_path):
    """Its split of the file, and its score of our lists."""
    scripts = shared_data / "eval"
    subprocess.run([sys.executable, scripts / "split.py", small_files[0], tmp_path], check=True, capture_output=True)
    for name in ("hybrid", "popular", "trending"):
        with (tmp_path / "recs.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["user_id", "show_id", "rank"])
            for viewer, shows in zip(measured.viewers, measured.lists[name], strict=True):
                writer.writerows((viewer, show, rank) for rank, show in enumerate(shows, start=1))
        done = subprocess.run(
            [sys.executable, scripts / "score.py", tmp_path, tmp_path / "recs.csv"],
            check=True,
            capture_output=True,
            text=True,
        )

        said, ours = json.loads(done.stdout), measured.algorithms[name].estimates[OVERALL]

        assert said["viewers"] == len(measured.viewers)
        for theirs in ("NDCG@10", "NDCG@20", "Recall@20", "MRR", "HitRate@10"):
            assert said[theirs] == pytest.approx(ours[theirs].value, abs=5.1e-5), (name, theirs)
        assert said["coverage@20"] == pytest.approx(ours["Coverage@20"].value, abs=5.1e-5)


def test_a_plan_is_its_defaults():
    plan = Plan(ratings=None, shows=None)

    assert replace(plan, seed=0) == plan
    assert "social" not in plan.algorithms
    assert "popular" in plan.algorithms
