"""Whose recommendations may have changed: what each viewer's state says, so that a look at it is all it takes."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

Mark = tuple[Any, ...]


def marks_of(*, user_ids: Sequence[str]) -> dict[str, Mark]:
    """
    Return what is different after every act, every refresh and every new model, for each viewer who has a state.

    One indexed query for all of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, behavior_version, refreshed_at,"
            " (SELECT array_agg(version ORDER BY kind) FROM model_artifacts WHERE state = 'live')"
            " FROM viewer_states WHERE user_id = ANY(%s)",
            [list(user_ids)],
        )
        return {user_id: (behavior, refreshed, str(models)) for user_id, behavior, refreshed, models in cursor}
