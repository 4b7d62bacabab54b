"""What rises: by hand, against a slow twin, and as probability theory says it should."""

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.config import DEFAULT
from recommendations.engine.trending import (
    HOUR,
    UNITS,
    WINDOWS,
    Acts,
    Counts,
    Rising,
    by_group,
    count,
    distinct,
    joined,
    of_friends,
    rising,
    scores,
    surprise,
    traffic,
)

CONFIG = DEFAULT.trending


def acts(*rows: tuple[int, int, int, float]) -> Acts:
    """Acts from (segment, title, viewer, age in days)."""
    segment, title, viewer, age = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Acts(*(np.array(x, dtype=np.int64) for x in (segment, title, viewer)), np.array(age, dtype=np.float64))


def counts(*rows: tuple[int, int, float, float, int]) -> Counts:
    """Counts from (segment, title, fast, slow, viewers)."""
    segment, title, fast, slow, viewers = zip(*rows, strict=True)
    whole = [np.array(x, dtype=np.int64) for x in (segment, title, viewers)]
    return Counts(whole[0], whole[1], np.array(fast, float), np.array(slow, float), whole[2])


def as_rows(found: Rising) -> list[tuple[int, int, int]]:
    return list(zip(found.segment.tolist(), found.title.tolist(), found.viewers.tolist(), strict=True))


# --- Counting ---------------------------------------------------------------------------------------------------


def test_a_viewer_counts_once_a_title_and_unit_at_their_latest_act():
    found = distinct(acts((0, 1, 7, 0.9), (0, 1, 7, 0.2), (0, 1, 7, 1.1), (0, 2, 7, 0.3), (1, 1, 7, 0.4)), 1.0)

    rows = zip(found.segment.tolist(), found.title.tolist(), found.viewer.tolist(), found.age.tolist(), strict=True)
    assert list(rows) == [(0, 1, 7, 0.2), (0, 1, 7, 1.1), (0, 2, 7, 0.3), (1, 1, 7, 0.4)]


def test_an_act_ahead_of_the_present_is_refused():
    with pytest.raises(ValueError, match=r"age -0\.5 days"):
        distinct(acts((0, 1, 7, -0.5)), 1.0)


def test_counts_fade_at_two_speeds():
    found = count(distinct(acts((0, 3, 1, 0.0), (0, 3, 2, 1.0), (0, 3, 2, 2.5), (0, 4, 1, 3.0)), 1.0), 1.0)

    assert found.title.tolist() == [3, 4]
    assert found.fast == pytest.approx([1 + math.exp(-1) + math.exp(-2.5), math.exp(-3)])
    assert found.slow == pytest.approx([1 + math.exp(-1 / 8) + math.exp(-2.5 / 8), math.exp(-3 / 8)])
    # Whoever came within the window is there, however often, and whoever came before is not.
    assert found.viewers.tolist() == [2, 0]


def test_acts_beyond_the_horizon_are_left_out():
    reach = CONFIG.slow_factor * CONFIG.horizon

    assert len(count(distinct(acts((0, 1, 1, reach)), 1.0), 1.0)) == 1
    assert len(count(distinct(acts((0, 1, 1, reach + 0.1)), 1.0), 1.0)) == 0


def test_nothing_gives_nothing():
    nothing = count(distinct(acts(), 1.0), 1.0)

    assert len(nothing) == 0
    assert traffic(nothing, 2).tolist() == [1.0, 1.0]
    assert len(rising(nothing, np.ones(2), min_viewers=1)) == 0
    assert len(joined([])) == 0


# --- Surprise ---------------------------------------------------------------------------------------------------


def test_surprise_by_hand():
    # slow 8 and k 8: one viewer expected; variance 1 * 7^2 / (2 * 8 * 9) = 49 / 144.
    found = surprise(counts((0, 0, 5.0, 8.0, 5), (0, 1, 1.0, 8.0, 5), (0, 2, 0.0, 8.0, 0)), np.ones(1))

    root = math.sqrt(49 / 144 + 1)
    assert found == pytest.approx([4 / root, 0.0, -1 / root])


def test_a_busy_segment_expects_more():
    found = surprise(counts((0, 0, 5.0, 8.0, 5), (1, 0, 5.0, 8.0, 5)), np.array([1.0, 2.0]))

    assert found[1] == pytest.approx(3 / math.sqrt(2 * 49 / 144 + 1))


def test_steady_viewers_are_no_surprise_and_spread_as_the_variance_says(rng):
    # 1,500 titles at 40 new viewers a day each, as Poisson streams over all that is looked at.
    days, rate, n_titles = CONFIG.slow_factor * CONFIG.horizon, 40.0, 1500
    title = np.repeat(np.arange(n_titles), rng.poisson(rate * days, n_titles))
    age = rng.uniform(0, days, len(title))
    steady = Acts(np.zeros(len(title), np.int64), title, np.arange(len(title)), age)

    found = count(distinct(steady, 1.0), 1.0)
    z = surprise(found, traffic(found, 1), replace(CONFIG, smoothing=0.01))

    assert abs(z.mean()) < 0.1
    assert z.std() == pytest.approx(1.0, abs=0.06)


def test_traffic_by_hand():
    quiet = counts((0, 0, 50.0, 800.0, 9), (0, 1, 50.0, 800.0, 9))

    assert traffic(quiet, 1, replace(CONFIG, background=0.0)) == pytest.approx([0.5])
    assert traffic(quiet, 1, replace(CONFIG, background=50.0)) == pytest.approx([8 * 150 / 2000])


def test_a_saturday_lifts_everything_and_is_no_news():
    saturday = counts(*((0, title, 20.0, 80.0, 20) for title in range(30)), (0, 30, 40.0, 80.0, 40))

    found = rising(saturday, traffic(saturday, 1), min_viewers=5)

    assert found.title.tolist()[0] == 30
    z = surprise(saturday, traffic(saturday, 1))
    assert abs(z[0]) < 1.5 < 4 < z[30]


def test_a_new_service_is_news_to_itself():
    first_day = counts((0, 0, 900.0, 1000.0, 900), (0, 1, 90.0, 100.0, 90))

    assert traffic(first_day, 1).tolist() == [CONFIG.busiest]
    assert rising(first_day, traffic(first_day, 1), min_viewers=5).title.tolist() == [0, 1]


def test_scores_rise_with_surprise_from_nothing_to_below_one():
    found = scores(np.array([-5.0, 0.0, 1.0, 3.0, 1000.0]))

    assert found[:4] == pytest.approx([0.0, 0.0, 0.25, 0.5])
    assert 0.99 < found[4] < 1.0


# --- Lists ------------------------------------------------------------------------------------------------------


def test_too_few_viewers_and_what_does_not_rise_are_left_out():
    found = rising(counts((0, 0, 9.0, 9.0, 4), (0, 1, 9.0, 9.0, 5), (0, 2, 1.0, 80.0, 9)), np.ones(1), min_viewers=5)

    assert as_rows(found) == [(0, 1, 5)]


def test_ties_go_to_the_title_with_more_viewers_then_to_the_lower_row():
    found = rising(
        counts((0, 3, 9.0, 9.0, 6), (0, 4, 9.0, 9.0, 7), (0, 5, 9.0, 9.0, 6), (1, 1, 5.0, 5.0, 5)),
        np.ones(2),
        min_viewers=5,
    )

    assert as_rows(found) == [(0, 4, 7), (0, 3, 6), (0, 5, 6), (1, 1, 5)]


def test_each_segment_keeps_its_best():
    rows = [(segment, title, 5.0 + title, 9.0, 5) for segment in (0, 2) for title in range(6)]

    found = rising(counts(*rows), np.ones(3), min_viewers=1, config=replace(CONFIG, kept=2))

    assert as_rows(found) == [(0, 5, 5), (0, 4, 5), (2, 5, 5), (2, 4, 5)]


def test_a_title_is_counted_in_each_of_its_genres():
    genre_of = sparse.csr_matrix(np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]]))

    found = by_group(counts((0, 0, 5.0, 9.0, 5), (0, 1, 6.0, 9.0, 6), (0, 2, 7.0, 9.0, 7)), genre_of)

    assert list(zip(found.segment.tolist(), found.title.tolist(), found.fast.tolist(), strict=True)) == [
        (0, 0, 5.0),
        (2, 0, 5.0),
        (2, 2, 7.0),
    ]


def test_the_acts_of_friends_are_laid_out_for_each_viewer():
    did = distinct(acts((0, 1, 7, 0.1), (0, 2, 7, 0.2), (0, 1, 8, 0.3)), 1.0)

    found = of_friends(did, np.array([0, 0, 3]), np.array([7, 99, 8]))

    rows = zip(found.segment.tolist(), found.title.tolist(), found.viewer.tolist(), found.age.tolist(), strict=True)
    assert list(rows) == [(0, 1, 7, 0.1), (0, 2, 7, 0.2), (3, 1, 8, 0.3)]


# --- The slow twin ----------------------------------------------------------------------------------------------


def slowly(rows, length, unit, n_segments, min_viewers):
    """The module's own words, one row at a time: the best titles of each segment."""
    k, reach = CONFIG.slow_factor, CONFIG.slow_factor * CONFIG.horizon * length
    latest: dict[tuple, float] = {}
    for segment, title, viewer, age in rows:
        key = (segment, title, viewer, math.floor(age / unit))
        latest[key] = min(age, latest.get(key, math.inf))
    fast, slow, people = defaultdict(float), defaultdict(float), defaultdict(set)
    for (segment, title, viewer, _), age in latest.items():
        if age <= reach:
            fast[segment, title] += math.exp(-age / length)
            slow[segment, title] += math.exp(-age / length / k)
            people[segment, title] |= {viewer} if age <= length else set()
    listed = []
    for segment in range(n_segments):
        titles = sorted(title for s, title in fast if s == segment)
        b = CONFIG.background
        total_fast, total_slow = sum(fast[segment, t] for t in titles), sum(slow[segment, t] for t in titles)
        busy = min(CONFIG.busiest, k * (total_fast + b) / (total_slow + k * b))
        found = []
        for title in titles:
            expected = busy * slow[segment, title] / k
            variance = expected * (k - 1) ** 2 / (2 * k * (k + 1))
            z = (fast[segment, title] - expected) / math.sqrt(variance + CONFIG.smoothing)
            if round(z, 9) > 0 and len(people[segment, title]) >= min_viewers:
                found.append((-round(z, 9), -len(people[segment, title]), title))
        listed += [(segment, title, -n, -z / (-z + CONFIG.half_score)) for z, n, title in sorted(found)]
    return listed


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", WINDOWS)
def test_lists_agree_with_a_slow_twin(window, seed):
    rng = np.random.default_rng([seed, len(window)])
    length, unit = WINDOWS[window], UNITS[window]
    n = 4000
    rows = list(
        zip(
            rng.integers(0, 3, n).tolist(),
            rng.integers(0, 12, n).tolist(),
            rng.integers(0, 40, n).tolist(),
            (rng.gamma(0.7, 8 * length, n)).tolist(),
            strict=True,
        )
    )

    found = count(distinct(acts(*rows), unit), length)
    listed = rising(found, traffic(found, 3), min_viewers=5)

    twin = slowly(rows, length, unit, 3, 5)
    assert as_rows(listed) == [row[:3] for row in twin]
    assert listed.score == pytest.approx([row[3] for row in twin])


def test_an_hour_is_an_hour():
    assert WINDOWS["hour"] == HOUR == 3600 / 86400
