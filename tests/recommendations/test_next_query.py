"""The query after an acknowledged act or answer knows of it, whatever it was, with no worker alive."""

from typing import Any

import pytest

from bingeboard.users.models import User
from recommendations.models import RecommendationFeedback, UserTasteProfile, ViewerState
from recommendations.pipeline import habits
from tests.door import TITLES, Door, ada, ada_token, catalogue, door, token_of, world
from tests.next_query import stale_trials

__all__ = ["ada", "ada_token", "catalogue", "door", "world"]
N_TRIALS = 150


@pytest.fixture
def trials(world: None, door: Door) -> Any:
    tokens = {user.pk: token_of(user) for user in User.objects.order_by("pk")}

    def run(n_trials: int, seed: int = 20260601) -> list[str]:
        return stale_trials(door=door, tokens=tokens, show_ids=range(1, TITLES + 1), n_trials=n_trials, seed=seed)

    return run


def test_the_next_query_always_knows(trials: Any) -> None:
    made = dict(ViewerState.objects.values_list("user_id", "refreshed_at"))

    assert trials(N_TRIALS) == []

    assert RecommendationFeedback.objects.exists()
    assert dict(ViewerState.objects.values_list("user_id", "refreshed_at")) == made, "a worker lent a hand"


def test_the_trials_notice_a_list_that_does_not_know(trials: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if lists were read from stored candidates and left to workers to refresh."""
    monkeypatch.setattr(habits, "touch", lambda **act: None)

    assert any("still listed" in line for line in trials(40))


def test_the_trials_notice_a_profile_that_does_not_know(trials: Any) -> None:
    UserTasteProfile.objects.filter(user_id="v0").update(affinity_score=0.123)

    assert any("affinity" in line for line in trials(40))
