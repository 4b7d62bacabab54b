"""Constants: every one explained, and changed only within its range."""

import pytest

from recommendations.engine.config import DEFAULT, describe


def test_every_constant_has_a_unit_a_reason_and_a_default_in_range() -> None:
    for name, default, unit, low, high, why in describe():
        assert unit, name
        assert len(why) > 5, name
        if low is not None:
            assert low <= default <= high, name


def test_a_constant_is_changed_by_name() -> None:
    changed = DEFAULT.with_overrides({"ranking.diversity": 0.7, "candidates.hybrid": 50})

    assert changed.ranking.diversity == 0.7
    assert changed.candidates.hybrid == 50
    assert DEFAULT.ranking.diversity != 0.7


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"ranking.nonsense": 1}, "no engine constant 'ranking.nonsense'"),
        ({"nonsense": 1}, "no engine constant 'nonsense'"),
        ({"ranking.diversity": 2}, r"ranking.diversity must be in \[0, 1\]"),
        ({"ranking.diversity": "high"}, "got 'high'"),
        ({"ranking.diversity": True}, "got True"),
        ({"ranking.diversity": float("nan")}, "got nan"),
        ({"candidates.hybrid": 50.5}, "whole number"),
        ({"attribution.click": 48}, "attribution.click is what experiments are measured by"),
    ],
)
def test_what_can_not_be_is_refused_by_name(overrides: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DEFAULT.with_overrides(overrides)
