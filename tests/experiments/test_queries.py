"""Where a viewer stands: by hash, at most one experiment a layer, and unmoved by what others do."""

import datetime as dt
from collections import Counter
from collections.abc import Callable

from bingeboard.users.models import User
from experiments.models import Experiment, ExperimentVariant
from experiments.queries import assignments_for, is_running
from experiments.services import VariantSpec, record_exposure, stop_experiment
from experiments.statistics import sample_ratio_p_value
from tests.experiments.conftest import BOLD

Make = Callable[..., Experiment]
HOUR = dt.timedelta(hours=1)
VIEWERS = [f"viewer-{n}" for n in range(200)]
PLAIN = (VariantSpec("a"), VariantSpec("b"))


def where(now: dt.datetime) -> dict[str, list[tuple[str, str]]]:
    return {viewer: [(a.experiment, a.variant) for a in assignments_for(user_id=viewer, now=now)] for viewer in VIEWERS}


def test_viewers_are_split_and_carry_their_constants(run: Make, now: dt.datetime) -> None:
    run("wide")

    found = [assignments_for(user_id=viewer, now=now)[0] for viewer in VIEWERS]

    counts = Counter(a.variant for a in found)
    assert sample_ratio_p_value([counts["control"], counts["bold"]], [1, 1]) > 0.001
    assert all(a.algorithm_config == (BOLD if a.variant == "bold" else {}) for a in found)


def test_asking_again_and_having_been_exposed_change_nothing(run: Make, now: dt.datetime) -> None:
    run("wide")
    before = where(now)
    User.objects.create_user("viewer-0", id="viewer-0")
    record_exposure(user_id="viewer-0", assigned=assignments_for(user_id="viewer-0", now=now), now=now)

    assert where(now + HOUR) == before


def test_the_moments_of_start_and_end_are_in_and_out(run: Make, now: dt.datetime) -> None:
    running = run("wide", at=now + HOUR)
    Experiment.objects.update(end_date=now + 3 * HOUR)
    running.refresh_from_db()
    moments = [now, now + HOUR, now + 2 * HOUR, now + 3 * HOUR]

    assert [bool(assignments_for(user_id="ada", now=moment)) for moment in moments] == [False, True, True, False]
    assert [is_running(running, now=moment) for moment in moments] == [False, True, True, False]


def test_traffic_takes_in_its_share_and_leaves_the_rest_alone(run: Make, now: dt.datetime) -> None:
    run("wide", traffic=0.3)

    inside = sum(bool(found) for found in where(now).values())

    assert sample_ratio_p_value([inside, len(VIEWERS) - inside], [0.3, 0.7]) > 0.001


def test_a_second_experiment_of_a_layer_moves_nobody_of_the_first(run: Make, now: dt.datetime) -> None:
    run("first", traffic=0.5)
    before = where(now)
    run("second", at=now + HOUR, traffic=0.4)
    after = where(now + HOUR)

    assert all(after[viewer] == before[viewer] for viewer in VIEWERS if before[viewer])
    taken = sum(after[viewer] != before[viewer] for viewer in VIEWERS)
    assert sample_ratio_p_value([taken, len(VIEWERS) - taken], [0.4, 0.6]) > 0.001
    assert all(len(found) <= 1 for found in after.values())


def test_stopping_the_first_moves_nobody_of_the_second(run: Make, now: dt.datetime) -> None:
    run("first", traffic=0.5)
    run("second", at=now + HOUR, traffic=0.4)
    before = where(now + HOUR)
    stop_experiment(name="first", now=now + 2 * HOUR)
    after = where(now + 3 * HOUR)

    in_second = {viewer: [a for a in found if a[0] == "second"] for viewer, found in before.items()}
    assert after == in_second


def test_layers_are_independent_and_in_the_order_of_their_names(run: Make, now: dt.datetime) -> None:
    run("one", layer="b", variants=PLAIN)
    run("two", layer="a", variants=PLAIN)

    found = where(now)

    assert all([name for name, _ in pairs] == ["two", "one"] for pairs in found.values())
    counts = Counter((pairs[0][1], pairs[1][1]) for pairs in found.values())
    assert sample_ratio_p_value([counts[x, y] for x in "ab" for y in "ab"], [1] * 4) > 0.001


def test_the_variants_order_is_that_of_their_making(run: Make, now: dt.datetime) -> None:
    run("wide", variants=[VariantSpec("z"), VariantSpec("a")])
    Experiment.objects.update(salt="salt")

    # ada stands at .97 for this salt: in the second of two halves.
    assert assignments_for(user_id="ada", now=now)[0].variant == "a"


def test_an_experiment_left_without_variants_takes_nobody_in(run: Make, now: dt.datetime) -> None:
    run("wide")
    ExperimentVariant.objects.all().delete()

    assert assignments_for(user_id="ada", now=now) == []


def test_where_a_viewer_stands_is_one_query(run: Make, now: dt.datetime, django_assert_num_queries) -> None:
    run("one", layer="a", variants=PLAIN)
    run("two", layer="b", variants=PLAIN)
    with django_assert_num_queries(1):
        assert len(assignments_for(user_id="ada", now=now)) == 2
