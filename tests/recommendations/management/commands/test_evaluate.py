"""The command measures, writes, compares, and refuses what is wrong before it begins."""

import json

import pytest
from django.core.management import call_command

from bingeboard.shows.models import Show
from tests.imports import run
from tests.recommendations.evaluation.worlds import some_ratings, write_ratings, write_shows


@pytest.fixture
def files(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    return (
        "--ratings",
        write_ratings(tmp_path / "ratings.csv", some_ratings()),
        "--shows",
        write_shows(tmp_path / "shows.jsonl"),
    )


@pytest.mark.django_db(transaction=True)
def test_a_run_is_printed_written_and_compared_with_an_earlier_one(files, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    first = run("evaluate", *files, "--out", before, "--algorithms", "hybrid", "popular", "hybrid")

    second = run(
        *("evaluate", *files, "--out", after, "--compare", before / "result.json", "--algorithms", "hybrid"),
        *("--set", "ranking.collaborative_weight=0", "--set", "ranking.content_weight=0"),
        *("--set", "ranking.popular_weight=0"),
    )

    assert (first.code, second.code) == (0, 0), (first.error, second.error)
    assert sorted(path.name for path in before.iterdir()) == ["chart.svg", "metrics.csv", "result.json"]
    assert "hybrid" in first.out
    assert "popular" in first.out
    assert "worse" in second.out
    assert "ranking.collaborative_weight 1.0 -> 0.0" in second.out
    found = json.loads((after / "result.json").read_text())
    assert found["changed_constants"] == {
        "ranking.collaborative_weight": 0.0,
        "ranking.content_weight": 0.0,
        "ranking.popular_weight": 0.0,
    }
    assert found["compared"]["differences"]["hybrid"]["verdict"] == "worse"
    assert not Show.objects.exists()

    # Another split is refused before anything is made of it.
    third = run("evaluate", *files, "--split", "temporal", "--compare", before / "result.json")
    assert third.code == 2
    assert "other ratings were held out then" in third.error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--split", "monthly"], "--split must be one of per-user, temporal, leave-last, random, got 'monthly'"),
        (["--holdout", "1"], "--holdout must be a number between 0 and 1, got '1'"),
        (["--holdout", "nan"], "--holdout must be a number between 0 and 1, got 'nan'"),
        (["--holdout", "a fifth"], "--holdout must be a number between 0 and 1, got 'a fifth'"),
        (["--viewers", "0"], "--viewers must be a whole number from 1 on, got '0'"),
        (["--seed", "-1"], "--seed must be a whole number from 0 on, got '-1'"),
        (["--set", "ranking.diversity"], "--set wants NAME=VALUE, got 'ranking.diversity'"),
        (["--set", "ranking.diversity=2"], "--set ranking.diversity must be in [0, 1] (0-1), got 2"),
        (["--set", "ranking.diversity=much"], "--set ranking.diversity is a number in [0, 1], got 'much'"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(arguments, reason, files):
    ran = run("evaluate", *files, *arguments)

    assert (ran.code, ran.error) == (2, reason)


def test_an_unknown_algorithm_or_constant_is_named(files):
    assert "got 'magic'" in run("evaluate", *files, "--algorithms", "hybrid", "magic").error
    assert "no engine constant 'ranking.charm'" in run("evaluate", *files, "--set", "ranking.charm=1").error


def test_files_that_are_not_there_are_named(files, tmp_path):
    nothing = tmp_path / "nothing"

    assert run("evaluate", "--ratings", nothing, *files[2:]).error == f"--ratings: there is no file {nothing}"
    assert run("evaluate", *files[:2], "--shows", nothing).error == f"--shows: there is no file {nothing}"
    assert "cannot be read" in run("evaluate", *files, "--compare", nothing).error


def test_help_says_what_each_split_and_metric_is(capsys):
    with pytest.raises(SystemExit) as end:
        call_command("evaluate", "--help")

    said = capsys.readouterr().out
    assert end.value.code == 0
    for word in ("per-user", "temporal", "leave-last", "random", "NDCG@10", "Miscalibration@20", "Gini@20", "examples"):
        assert word in said
