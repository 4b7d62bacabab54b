"""Rests worked out by hand, at their edges, and against a slow obvious twin."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.candidates import ALL_ALGORITHMS, propose
from recommendations.engine.config import DEFAULT
from recommendations.engine.rests import OF_A_KIND, Cause, exposed_features, rests
from recommendations.engine.snapshot import Answers, Snapshot, Viewer

TODAY = 20_000.0
R = DEFAULT.rests
LARGEST_PENALTY = DEFAULT.ranking.diversity_strength + DEFAULT.ranking.calibration_strength
N = 12
FEATURES = [("genre", "Drama"), ("director", "Ann"), ("mood", "dark"), ("genre", "Comedy")]
# Drama: titles 0-3 of twelve. By Ann: 0, 1, 4. Dark: 0-3. Comedy: 4-11.
HAVING = [{0, 1, 2, 3}, {0, 1, 4}, {0, 1, 2, 3}, set(range(4, 12))]


def snapshot(having: list[set[int]] = HAVING, n: int = N) -> Snapshot:
    strengths = np.array([[row in titles for titles in having] for row in range(n)], np.float32)
    return Snapshot(
        show_ids=np.arange(100, 100 + n),
        active=np.ones(n, bool),
        items=np.arange(n),
        item_item=(np.full((n, n), 0.1) * (1 - np.eye(n))).astype(np.float32),
        strengths=sparse.csr_matrix(strengths),
        features=FEATURES[: len(having)],
        vectors=np.eye(n, dtype=np.float32),
        popularity=np.linspace(1, 0, n),
        trend=np.linspace(0.1, 0.9, n),
        release_day=np.full(n, np.nan),
        available=sparse.csr_matrix(np.zeros((n, 1), bool)),
        platforms=["hulu"],
    )


def answers(dismissed=(), days=None, near=(), enjoyed=(), shown=()) -> Answers:
    """near: (neighbour, place in dismissed); enjoyed and shown: (row, day)."""

    def columns(pairs):
        table = np.array(list(pairs), dtype=np.float64).reshape(-1, 2)
        return table[:, 0].astype(np.int64), table[:, 1]

    close, place = columns(near)
    return Answers(
        np.array(dismissed, dtype=np.int64),
        np.array(days if days is not None else [TODAY - 1] * len(dismissed), dtype=np.float64),
        close, place.astype(np.int64), *columns(enjoyed), *columns(shown),
    )  # fmt: skip


def found(given: Answers, **having):
    return rests(snapshot(**having), given, TODAY, DEFAULT)


def test_nothing_answered_nothing_rests() -> None:
    resting = found(answers())

    assert not resting.penalty.any()
    assert [resting.cause(row) for row in range(N)] == [None] * N


def test_close_neighbours_of_what_was_dismissed_rest_because_of_it() -> None:
    resting = found(answers([7, 9], near=[(7, 0), (8, 0), (9, 1), (8, 1), (10, 1)]))

    assert np.flatnonzero(resting.penalty).tolist() == [7, 8, 9, 10]
    assert set(resting.penalty[[7, 8, 9, 10]]) == {R.full}
    assert resting.cause(8) == Cause(because=(7, 9))
    assert resting.cause(10) == Cause(because=(9,))
    assert resting.cause(11) is None


def test_what_three_dismissed_titles_share_rests_wherever_it_is() -> None:
    resting = found(answers([0, 1, 2]))

    # All three are dramas, four of twelve titles: a lift of 3. Two are by Ann: too few. A mood is a guess.
    assert resting.exposed == {0: (0, 1, 2)}
    assert np.flatnonzero(resting.penalty).tolist() == [0, 1, 2, 3]
    assert resting.cause(3) == Cause(because=(0, 1, 2), feature=0)


def test_what_is_everywhere_is_not_blamed() -> None:
    # Eight of twelve are comedies: three of three dismissed are a lift of exactly 1.5, three of four are less.
    assert list(exposed_features(snapshot(), answers([5, 6, 7]), R)) == [3]
    assert exposed_features(snapshot(), answers([5, 6, 7, 3]), R) == {}


def test_the_most_telling_feature_is_the_one_named() -> None:
    resting = found(answers([0, 1, 4]))

    assert list(resting.exposed) == [1]
    both = found(answers([0, 1, 4, 2]))
    assert list(both.exposed) == [1, 0]
    assert both.cause(0) == Cause(because=(0, 1, 4), feature=1)


@pytest.mark.parametrize(
    ("enjoyed", "exposed"),
    [
        ([(3, TODAY)], True),
        ([(3, TODAY), (1, TODAY)], True),
        ([(3, TODAY), (3, TODAY), (3, TODAY)], True),
        ([(0, TODAY), (1, TODAY), (3, TODAY)], False),
        ([(0, TODAY - 20), (1, TODAY - 20), (3, TODAY - 20)], True),
        ([(0, TODAY - 5), (1, TODAY - 5), (3, TODAY - 5)], False),
        ([(5, TODAY), (6, TODAY), (7, TODAY)], True),
    ],
    ids=["once", "twice", "one title again and again", "as often", "before the first", "after the first", "others"],
)
def test_who_has_enjoyed_it_as_often_since_gets_it_back(enjoyed, exposed) -> None:
    given = answers([0, 1, 2], days=[TODAY - 10, TODAY - 9, TODAY - 1], enjoyed=enjoyed)

    assert (0 in exposed_features(snapshot(), given, R)) is exposed


def test_shown_in_vain_costs_a_little_and_fades() -> None:
    resting = found(answers(shown=[(5, TODAY), (5, TODAY - R.shown_half_life), (6, TODAY - 10)]))

    assert resting.penalty[5] == pytest.approx(1.5 * R.shown)
    assert resting.penalty[6] == pytest.approx(R.shown / 2 ** (10 / R.shown_half_life))
    assert resting.cause(5) == Cause(shown=2)
    assert resting.penalty[7] == 0


def test_a_clock_that_is_ahead_makes_it_no_worse_than_now() -> None:
    assert found(answers(shown=[(5, TODAY + 0.9)])).penalty[5] == pytest.approx(R.shown)


@pytest.mark.parametrize(
    ("days_ago", "wholly"),
    [
        ([0, 1, 2, 3], False),
        ([0, 1, 2, 3, 4], True),
        ([0, 1, 2, 3, 6.99], True),
        ([0, 1, 2, 3, 7], False),
        ([6.99, 8, 9, 10, 13], True),
        ([7, 8, 9, 10, 13], False),
        ([0, 8, 9, 10, 11, 12], False),
    ],
)
def test_five_times_within_a_week_is_a_weeks_rest_from_the_last(days_ago, wholly) -> None:
    resting = found(answers(shown=[(5, TODAY - ago) for ago in days_ago]))

    assert bool(resting.penalty[5] == R.full) is wholly
    assert resting.penalty[5] <= R.full


def test_the_strongest_cause_counts_and_they_do_not_add_up() -> None:
    resting = found(answers([0, 1, 2], near=[(3, 0)], shown=[(3, TODAY)] * 9))

    assert resting.penalty[3] == R.full
    assert resting.cause(3) == Cause(because=(0,))


def test_it_agrees_with_a_slow_obvious_twin(rng) -> None:
    kinds = ["genre", "cast", "mood", "keyword"]
    for _ in range(40):
        n, d = 40, int(rng.integers(0, 9))
        strengths = rng.random((n, 30)) < 0.3
        known = dataclasses.replace(
            snapshot(having=[set()], n=n),
            strengths=sparse.csr_matrix(strengths.astype(np.float32)),
            features=[(kinds[f % 4], str(f)) for f in range(30)],
        )
        given = answers(
            rng.choice(n, d, replace=False), TODAY - rng.random(d) * 90,
            near=[(int(rng.integers(n)), int(rng.integers(d))) for _ in range(5 if d else 0)],
            enjoyed=[(int(rng.integers(n)), TODAY - rng.random() * 90) for _ in range(12)],
            shown=[(int(rng.integers(n)), TODAY - rng.random() * 14) for _ in range(60)],
        )  # fmt: skip

        resting = rests(known, given, TODAY, DEFAULT)

        expected = [_slowly(row, strengths, known.features, given) for row in range(n)]
        np.testing.assert_allclose(resting.penalty, expected, atol=1e-12)
        assert [resting.cause(row) is not None for row in range(n)] == [penalty > 0 for penalty in expected]


def _slowly(row: int, strengths, features, given: Answers) -> float:
    if row in given.near.tolist():
        return R.full
    for f in range(strengths.shape[1]):
        if strengths[row, f] and features[f][0] in OF_A_KIND:
            shared = [i for i, title in enumerate(given.dismissed) if strengths[title, f]]
            lift = len(shared) / max(len(given.dismissed), 1) / strengths[:, f].mean()
            if len(shared) >= R.shared and lift >= R.lift:
                first = min(given.dismissed_day[i] for i in shared)
                enjoyed = {
                    title
                    for title, day in zip(given.enjoyed.tolist(), given.enjoyed_day, strict=True)
                    if day > first and strengths[title, f]
                }
                if len(enjoyed) < len(shared):
                    return R.full
    days = [day for title, day in zip(given.shown.tolist(), given.shown_day, strict=True) if title == row]
    if not days:
        return 0.0
    if sum(day > max(days) - R.shown_days for day in days) >= R.shown_limit and TODAY - max(days) < R.shown_days:
        return R.full
    return sum(R.shown * 0.5 ** ((TODAY - day) / R.shown_half_life) for day in days)


def viewer(given: Answers | None, **fields) -> Viewer:
    nothing = np.zeros(0, np.int64)
    return Viewer("ada", np.array([11]), np.ones(1), np.array([TODAY]), np.array([0, 3]), np.array([0.9, 0.1]),
                  np.array([11]), nothing, answers=given, **fields)  # fmt: skip


def slates(given: Answers | None, **more) -> dict:
    made = propose(snapshot(), [viewer(given)], algorithms=ALL_ALGORITHMS, today=TODAY, config=DEFAULT, **more)
    return {proposal.slate.algorithm: proposal for proposal in made}


@pytest.mark.parametrize("algorithm", ["hybrid", "collaborative", "content_based", "trending"])
def test_what_rests_comes_after_all_others_and_the_page_is_still_filled(algorithm) -> None:
    whole = {"sizes": dict.fromkeys(ALL_ALGORITHMS, 20)}
    plain = slates(None, **whole)[algorithm]
    first = plain.slate.rows[:2].tolist()

    resting = slates(answers(first, near=[(row, place) for place, row in enumerate(first)]), **whole)[algorithm]

    assert sorted(resting.slate.rows) == sorted(plain.slate.rows)
    assert set(resting.slate.rows[-2:].tolist()) == set(first)
    assert np.all(np.diff(resting.slate.final) <= 1e-9)
    assert [cause is not None for cause in resting.rests] == (resting.slate.rest > 0).tolist()


def test_the_rest_is_part_of_the_diversity_penalty_and_of_nothing_else() -> None:
    plain, resting = slates(None, diversity=1.0)["hybrid"].slate, slates(answers([3], near=[(3, 0)]), diversity=1.0)
    slate = resting["hybrid"].slate
    place, before = slate.rows.tolist().index(3), plain.rows.tolist().index(3)

    assert slate.rest[place] == R.full
    assert slate.rest.sum() == R.full
    assert 0 <= slate.diversity[place] - slate.rest[place] <= LARGEST_PENALTY
    assert slate.diversity.max() <= 2
    for part in ("base", "popularity", "recency", "availability", "social"):
        assert getattr(slate, part)[place] == getattr(plain, part)[before]


def test_a_viewer_without_answers_pays_nothing() -> None:
    for proposal in slates(None).values():
        assert not proposal.slate.rest.any()
        assert proposal.rests == [None] * len(proposal.slate)
