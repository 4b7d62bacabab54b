"""Every metric is what it says: cases worked by hand, edges, slow twins, and the yardstick's own script."""

import csv
import json
import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy import sparse

from recommendations.evaluation import metrics
from recommendations.evaluation.metrics import NOTHING


def table(rows, n_titles):
    """Return csr of ones from the titles of each viewer."""
    found = np.zeros((len(rows), n_titles))
    for viewer, titles in enumerate(rows):
        found[viewer, list(titles)] = 1
    return sparse.csr_matrix(found)


def padded(lists, k):
    found = np.full((len(lists), k), NOTHING)
    for row, titles in enumerate(lists):
        found[row, : len(titles)] = titles
    return found


# Viewer 0 wants 1, 3 and 9; knows 5. Viewer 1 wants 2 and gets nothing. Viewer 2 wants nothing.
LISTS = padded([[5, 1, 2, 3], [], [1, 2]], 4)
WANTED = table([[1, 3, 9], [2], []], 10)
KNOWN = table([[5], [], [0]], 10)
HITS = metrics.hits(LISTS, wanted=WANTED, known=KNOWN)
N_WANTED = np.array([3, 1, 0])


def test_hits_are_what_is_wanted_and_not_known():
    assert HITS.tolist() == [[False, True, False, True], [False] * 4, [False] * 4]
    both = metrics.hits(padded([[5, 1]], 2), wanted=table([[5, 1]], 10), known=table([[5]], 10))
    assert both.tolist() == [[False, True]]
    assert metrics.wasted(LISTS, known=KNOWN) == 1


def test_gain_by_hand():
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / best

    assert metrics.ndcg(HITS, N_WANTED, at=10) == pytest.approx([expected, 0, math.nan], nan_ok=True)
    # Of two places the first is lost, and only two hits could have stood there.
    first_two = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert metrics.ndcg(HITS, N_WANTED, at=2)[0] == pytest.approx(first_two)


def test_recall_rank_and_hit_by_hand():
    assert metrics.recall(HITS, N_WANTED, at=20) == pytest.approx([2 / 3, 0, math.nan], nan_ok=True)
    assert metrics.recall(HITS, N_WANTED, at=2)[0] == 1 / 2
    assert metrics.reciprocal_rank(HITS, N_WANTED) == pytest.approx([1 / 2, 0, math.nan], nan_ok=True)
    assert metrics.hit_rate(HITS, N_WANTED, at=10) == pytest.approx([1, 0, math.nan], nan_ok=True)
    assert metrics.hit_rate(HITS, N_WANTED, at=1)[0] == 0


def test_a_perfect_list_has_all_of_it():
    lists = padded([[4, 7, 1]], 3)
    wanted, n_wanted = table([[1, 4, 7]], 10), np.array([3])
    found = metrics.hits(lists, wanted=wanted, known=table([[]], 10))

    for value in (
        metrics.ndcg(found, n_wanted, at=10),
        metrics.recall(found, n_wanted, at=20),
        metrics.reciprocal_rank(found, n_wanted),
        metrics.hit_rate(found, n_wanted, at=10),
    ):
        assert value.tolist() == [1.0]


def test_surprise_is_in_bits():
    knowing = np.array([8.0, 2.0, 1.0, 0.0])

    found = metrics.self_information(padded([[0], [1, 2], [3], []], 2), knowing, 8, at=20)

    assert found == pytest.approx([0.0, 2.5, 3.0, math.nan], nan_ok=True)


def test_popularity_is_the_share_of_titles_that_fewer_know():
    # Three titles are known, two of them to as many; the fourth is known to nobody.
    knowing = np.array([5.0, 1.0, 1.0, 0.0])

    found = metrics.popularity_percentile(padded([[0], [1], [1, 2], [3], []], 2), knowing, at=20)

    assert found == pytest.approx([5 / 6, 1 / 3, 1 / 3, 0.0, math.nan], nan_ok=True)


def test_genre_spread_by_hand():
    genres = table([[0, 1], [1], [2], []], 3)

    # {0, 1} and {1} share one of two; {2} shares nothing; the last has no genres and is passed over.
    assert metrics.genre_spread(padded([[0, 1]], 4), genres, at=10)[0] == 0.5
    assert metrics.genre_spread(padded([[0, 1, 2, 3]], 4), genres, at=10)[0] == pytest.approx(1 - 0.5 / 3)
    assert metrics.genre_spread(padded([[0, 0]], 4), genres, at=10)[0] == 0.0
    assert np.isnan(metrics.genre_spread(padded([[0, 3], [], [1]], 4), genres, at=10)).all()


def test_calibration_by_hand():
    genres = table([[0], [1], [0, 1], []], 2)
    history = table([[0, 1], [0], [2], [3], [0]], 4)
    lists = padded([[2], [1], [0], [0], []], 2)

    found = metrics.miscalibration(lists, history, genres, at=20)

    a = 0.01
    expected = [
        0.0,
        math.log(1 / a),
        0.5 * math.log(0.5 / ((1 - a) + a / 2)) + 0.5 * math.log(0.5 / (a / 2)),
        math.nan,
        math.nan,
    ]
    assert found == pytest.approx(expected, nan_ok=True)


def test_coverage_and_gini_by_hand():
    assert metrics.coverage(np.array([[3, 0, 1], [0, 0, 0]]), 4).tolist() == [0.5, 0.0]
    assert metrics.gini(np.array([[2.0, 2.0]]), 2)[0] == 0.0
    assert metrics.gini(np.array([[1.0, 3.0]]), 2)[0] == pytest.approx(0.25)
    # All of it for one title of four: (n - 1) / n.
    assert metrics.gini(np.array([[7.0]]), 4)[0] == pytest.approx(0.75)
    assert metrics.gini(np.array([[7.0, 0, 0, 0]]), 4)[0] == pytest.approx(0.75)
    assert np.isnan(metrics.gini(np.array([[0.0, 0.0]]), 2)[0])


def slow_gini(counts):
    n = len(counts)
    return sum(abs(a - b) for a in counts for b in counts) / (2 * n * sum(counts))


def slow_spread(titles, genres):
    told = [genres[t] for t in titles if genres[t]]
    pairs = [(a, b) for i, a in enumerate(told) for b in told[i + 1 :]]
    return 1 - sum(len(a & b) / len(a | b) for a, b in pairs) / len(pairs) if pairs else math.nan


def slow_miscalibration(titles, history, genres):
    def mix(of):
        shares = Counter()
        for title in of:
            for genre in genres[title]:
                shares[genre] += 1 / len(genres[title])
        return {genre: share / sum(shares.values()) for genre, share in shares.items()}

    p, q = mix(history), mix(titles)
    if not p or not q:
        return math.nan
    return sum(share * math.log(share / (0.99 * q.get(g, 0) + 0.01 * share)) for g, share in p.items())


def made_up(rng, n_viewers=40, n_titles=60, k=30):
    """Return lists (some short or empty), what is wanted and known (sometimes both), and genres (sometimes none)."""
    lists = [rng.permutation(n_titles)[: rng.integers(0, k + 1)].tolist() for _ in range(n_viewers)]
    wanted = [set(rng.permutation(n_titles)[: rng.integers(0, 25)].tolist()) for _ in range(n_viewers)]
    known = [set(rng.permutation(n_titles)[: rng.integers(0, 12)].tolist()) for _ in range(n_viewers)]
    genres = [set(rng.permutation(6)[: rng.integers(0, 4)].tolist()) for _ in range(n_titles)]
    return lists, wanted, known, genres


def test_metrics_agree_with_slow_twins(rng):
    for _ in range(5):
        lists, wanted, known, genres = made_up(rng)
        array, n_wanted = padded(lists, 30), np.array([len(w) for w in wanted])
        found = metrics.hits(array, wanted=table(wanted, 60), known=table(known, 60))
        counts = Counter(t for titles in known for t in titles)
        knowing = np.array([counts[t] for t in range(60)], float)
        of_genres = table(genres, 6)
        spread = metrics.genre_spread(array, of_genres, at=10)
        calibration = metrics.miscalibration(array, table(known, 60), of_genres, at=20)
        surprise = metrics.self_information(array, knowing, 40, at=20)
        percentile = metrics.popularity_percentile(array, knowing, at=20)
        for v, titles in enumerate(lists):
            right = [t in wanted[v] and t not in known[v] for t in titles]
            for at in (10, 20):
                best = sum(1 / math.log2(i + 2) for i in range(min(at, len(wanted[v]))))
                gained = sum(1 / math.log2(i + 2) for i, hit in enumerate(right[:at]) if hit)
                expected = gained / best if best else math.nan
                assert metrics.ndcg(found, n_wanted, at=at)[v] == pytest.approx(expected, nan_ok=True)
            top = titles[:20]
            expected = sum(right[:20]) / min(20, len(wanted[v])) if wanted[v] else math.nan
            assert metrics.recall(found, n_wanted, at=20)[v] == pytest.approx(expected, nan_ok=True)
            expected = next((1 / (i + 1) for i, hit in enumerate(right) if hit), 0.0) if wanted[v] else math.nan
            assert metrics.reciprocal_rank(found, n_wanted)[v] == pytest.approx(expected, nan_ok=True)
            assert spread[v] == pytest.approx(slow_spread(titles[:10], genres), nan_ok=True)
            assert calibration[v] == pytest.approx(slow_miscalibration(top, known[v], genres), nan_ok=True)
            bits = [-math.log2(max(counts[t], 1) / 40) for t in top]
            assert surprise[v] == pytest.approx(sum(bits) / len(bits) if bits else math.nan, nan_ok=True)
            places = [
                (sum(c < counts[t] for c in counts.values()) + sum(c <= counts[t] for c in counts.values()))
                / (2 * len(counts))
                if counts[t]
                else 0.0
                for t in top
            ]
            assert percentile[v] == pytest.approx(sum(places) / len(places) if places else math.nan, nan_ok=True)
        exposure = np.asarray(metrics.as_matrix(array[:, :20], 60).sum(axis=0)).ravel()
        assert exposure.tolist() == [sum(t in titles[:20] for titles in lists) for t in range(60)]
        assert metrics.gini(exposure[None, :], 60)[0] == pytest.approx(slow_gini(exposure.tolist()))
        assert metrics.gini(exposure[None, exposure > 0], 60)[0] == pytest.approx(slow_gini(exposure.tolist()))


@pytest.mark.shared_data
def test_the_yardsticks_script_says_the_same_of_the_same_lists(shared_data, tmp_path, rng):
    lists, wanted, known, _ = made_up(rng, n_viewers=60, n_titles=150, k=120)
    lists = [titles[:100] for titles in lists]
    files = {
        "train.csv": [(f"u{v}", t, 5, 1) for v, titles in enumerate(known) for t in titles],
        "test.csv": [(f"u{v}", t, 4, 2) for v, titles in enumerate(wanted) for t in titles],
        "recs.csv": [(f"u{v}", t, rank) for v, titles in enumerate(lists) for rank, t in enumerate(titles, 1)],
    }
    for name, rows in files.items():
        with (tmp_path / name).open("w", newline="") as file:
            header = ["user_id", "show_id", "rank"] if name == "recs.csv" else ["user_id", "show_id", "rating", "at"]
            csv.writer(file).writerows([header, *rows])
    script = shared_data / "eval" / "score.py"
    said = json.loads(
        subprocess.run(
            [sys.executable, script, tmp_path, tmp_path / "recs.csv"], check=True, capture_output=True, text=True
        ).stdout
    )

    judged = [v for v in range(60) if wanted[v]]
    array, n_wanted = padded([lists[v] for v in judged], 100), np.array([len(wanted[v]) for v in judged])
    seen = table([known[v] for v in judged], 150)
    found = metrics.hits(array, wanted=table([wanted[v] for v in judged], 150), known=seen)
    shown = np.asarray(metrics.as_matrix(array[:, :20], 150).sum(axis=0))

    assert said["viewers"] == len(judged)
    assert said["wasted_places"] == metrics.wasted(array, known=seen) > 0
    assert said["NDCG@10"] == round(metrics.ndcg(found, n_wanted, at=10).mean(), 4)
    assert said["NDCG@20"] == round(metrics.ndcg(found, n_wanted, at=20).mean(), 4)
    assert said["Recall@20"] == round(metrics.recall(found, n_wanted, at=20).mean(), 4)
    assert said["MRR"] == round(metrics.reciprocal_rank(found, n_wanted).mean(), 4)
    assert said["HitRate@10"] == round(metrics.hit_rate(found, n_wanted, at=10).mean(), 4)
    assert said["coverage@20"] == round(float(metrics.coverage(shown, len(set().union(*known)))[0]), 4)
