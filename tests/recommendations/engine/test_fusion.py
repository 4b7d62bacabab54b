"""Several rankings in one."""

import pytest

from recommendations.engine.fusion import fused


def test_two_rankings_by_hand() -> None:
    found = fused([(1.0, [7, 3]), (2.0, [3, 9])], k=1.0)

    assert found == [(3, round(1 / 3 + 2 / 2, 12)), (9, round(2 / 3, 12)), (7, 0.5)]


def test_nothing_is_nothing_and_equals_come_by_id() -> None:
    assert fused([], k=60) == []
    assert fused([(1.0, [])], k=60) == []
    assert [key for key, _ in fused([(1.0, [5]), (1.0, [2])], k=60)] == [2, 5]


def test_a_ranking_without_weight_adds_nothing() -> None:
    assert fused([(0.0, [1, 2]), (1.0, [3])], k=1.0) == [(3, 0.5)]


def test_what_stands_higher_in_every_ranking_stands_higher(rng) -> None:
    ways = [(float(weight), rng.permutation(20).tolist()) for weight in rng.uniform(0.1, 3, 4)]
    places = {key: place for place, (key, _) in enumerate(fused(ways, k=60.0))}

    for a in range(20):
        for b in range(20):
            if all(ids.index(a) < ids.index(b) for _, ids in ways):
                assert places[a] < places[b]


@pytest.mark.parametrize(("ways", "k"), [([(1.0, [1])], 0.0), ([(-1.0, [1])], 60.0)])
def test_what_can_not_be_is_refused(ways, k) -> None:
    with pytest.raises(ValueError, match="must be"):
        fused(ways, k=k)
