"""Lists are held against what was wanted, for all viewers and by how much is known of them."""

import numpy as np
import pytest
from scipy import sparse

from recommendations.evaluation.judging import METRICS, NDCG, OVERALL, PER_VIEWER, Truth, judge, most_popular
from tests.recommendations.evaluation.test_metrics import made_up, padded, table


def truth_of(rng, n_viewers=40, n_titles=60):
    lists, wanted, known, genres = made_up(rng, n_viewers, n_titles)
    everybody = table(known, n_titles)
    knowing = np.asarray(everybody.sum(axis=0)).ravel()
    judged = [v for v in range(n_viewers) if wanted[v]]
    truth = Truth(
        wanted=table([wanted[v] for v in judged], n_titles),
        known=everybody[judged],
        liked=everybody[judged],
        knowing=knowing,
        n_knowers=n_viewers,
        genres=table(genres, 6),
    )
    return padded([lists[v] for v in judged], 30), truth


def test_every_metric_is_told_of_all_and_of_each_group(rng):
    lists, truth = truth_of(rng)

    found = judge(lists, truth, seed=0)

    groups = truth.groups()
    assert list(found.estimates) == list(groups) == ["all", "0", "1-9", "10-99"]
    assert sum(int(there.sum()) for name, there in groups.items() if name != OVERALL) == len(lists)
    for name, there in groups.items():
        assert list(found.estimates[name]) == list(METRICS)
        for metric in PER_VIEWER:
            e = found.estimates[name][metric]
            told = found.values[metric][there & ~np.isnan(found.values[metric])]
            assert e.viewers == len(told)
            # Whose history is empty has no genres to be true to.
            assert len(told) or (name, metric) == ("0", "Miscalibration@20")
            if len(told):
                assert e.value == pytest.approx(told.mean())
                assert e.low <= e.value <= e.high
    assert found.empty == np.count_nonzero((lists == -1).all(axis=1))


def test_maturity_is_by_titles_known():
    counts = [0, 1, 9, 10, 99, 100, 150]
    known = table([range(n) for n in counts], 200)
    nothing = sparse.csr_matrix((7, 200))
    truth = Truth(nothing, known, known, np.ones(200), 7, table([[0]] * 200, 1))

    groups = truth.groups()

    assert {name: np.flatnonzero(there).tolist() for name, there in groups.items()} == {
        "all": [0, 1, 2, 3, 4, 5, 6],
        "0": [0],
        "1-9": [1, 2],
        "10-99": [3, 4],
        "100+": [5, 6],
    }


def test_a_list_with_the_hit_in_front_is_worth_more_than_one_with_it_behind():
    truth = Truth(table([[3]], 5), table([[0]], 5), table([[0]], 5), np.ones(5), 2, table([[0]] * 5, 1))

    front, behind = (judge(padded([titles], 4), truth, seed=0) for titles in ([3, 1, 2], [1, 2, 3]))

    assert front.values[NDCG][0] == 1.0 > behind.values[NDCG][0] > 0


def test_the_most_popular_are_shown_less_what_is_known():
    knowing = np.array([3.0, 9.0, 0.0, 3.0, 5.0])

    lists = most_popular(knowing, table([[], [1, 0], [0, 1, 3, 4]], 5), k=3)

    assert lists.tolist() == [[1, 4, 0], [4, 3, -1], [-1, -1, -1]]


def test_the_most_popular_agree_with_a_slow_twin(rng):
    knowing = rng.integers(0, 6, 50).astype(float)
    known = [set(rng.permutation(50)[: rng.integers(0, 30)].tolist()) for _ in range(20)]

    lists = most_popular(knowing, table(known, 50), k=12)

    for viewer, row in enumerate(lists.tolist()):
        best = sorted((t for t in range(50) if knowing[t] and t not in known[viewer]), key=lambda t: (-knowing[t], t))
        assert [t for t in row if t != -1] == best[:12]
