"""Feedback as scoring sees it: what a viewer dismissed, what is close to that, and what they were shown in vain."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from recommendations.engine.arrays import rows_in
from recommendations.engine.config import EngineConfig
from recommendations.engine.snapshot import Answers, Snapshot
from recommendations.engine.weighting import event_codes, signals
from recommendations.queries.events import SECONDS_PER_DAY, EventArrays

# What shows that a viewer enjoyed a title, and what that they took up one they were shown.
ENJOYED = ("complete", "like")
TAKEN_UP = ("view", "click", "play", "complete", "like", "share", "add_to_list")


@dataclass
class _Said:
    """One viewer's feedback: when each title was last dismissed, oldest first, and every impression (title, day)."""

    dismissed: dict[int, float] = field(default_factory=dict)
    shown: list[tuple[int, float]] = field(default_factory=list)


def load_answers(
    *, user_ids: Sequence[str], snapshot: Snapshot, events: EventArrays, now: dt.datetime, config: EngineConfig
) -> dict[str, Answers]:
    """
    Return what viewers dismissed and let pass of late; who did neither is left out.

    events   these viewers' acts: a title that was taken up after it was shown was not shown in vain

    Nothing is read from titles that a viewer took out of their taste, nor of who does not allow personalisation.
    """
    said = _said(user_ids, now, config)
    for heard in said.values():
        heard.dismissed = dict(list(heard.dismissed.items())[-config.rests.dismissals :])
    near = _neighbours({show for heard in said.values() for show in heard.dismissed}, config)
    return {user_id: _answers(user_id, heard, near, events, snapshot) for user_id, heard in said.items()}


def _said(user_ids: Sequence[str], now: dt.datetime, config: EngineConfig) -> dict[str, _Said]:
    since = {
        "not_interested": now - dt.timedelta(days=config.rests.days),
        # All that count towards a rest that is not over; what is older has faded to a hundredth.
        "impression": now - dt.timedelta(days=2 * config.rests.shown_days),
    }
    found: dict[str, _Said] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT f.user_id, f.feedback_type, f.content_id, extract(epoch FROM f.created_at)::float8
            FROM unnest(%s::text[], %s::timestamptz[]) AS wanted(kind, since)
                JOIN recommendation_feedback f ON f.feedback_type = wanted.kind AND f.created_at > wanted.since
                JOIN users u ON u.id = f.user_id
            WHERE f.user_id = ANY(%s) AND u.personalisation AND NOT EXISTS (
                SELECT 1 FROM taste_exclusions x
                WHERE x.user_id = f.user_id AND x.session_id IS NULL AND x.content_id = f.content_id)
            ORDER BY f.user_id, f.created_at, f.id
            """,
            [list(since), list(since.values()), list(user_ids)],
        )
        for user_id, kind, show, seconds in cursor.fetchall():
            heard, day = found.setdefault(user_id, _Said()), seconds / SECONDS_PER_DAY
            if kind == "impression":
                heard.shown.append((show, day))
            else:
                heard.dismissed.pop(show, None)
                heard.dismissed[show] = day
    return found


def _neighbours(show_ids: set[int], config: EngineConfig) -> dict[int, list[int]]:
    """Return the titles most alike to each, in any respect: all that its page may show."""
    found: dict[int, list[int]] = {}
    if show_ids:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT DISTINCT content_id_a, content_id_b FROM (
                    SELECT s.content_id_a, s.content_id_b, row_number() OVER (
                        PARTITION BY s.content_id_a, s.similarity_type
                        ORDER BY s.similarity_score DESC, s.content_id_b) AS place
                    FROM content_similarity s JOIN shows b ON b.id = s.content_id_b AND b.is_active
                    WHERE s.content_id_a = ANY(%s)
                ) AS ranked WHERE place <= %s ORDER BY 1, 2
                """,
                [sorted(show_ids), config.rests.neighbours],
            )
            for show, neighbour in cursor.fetchall():
                found.setdefault(show, []).append(neighbour)
    return found


def _answers(
    user_id: str, said: _Said, near: Mapping[int, list[int]], events: EventArrays, snapshot: Snapshot
) -> Answers:
    """Return one viewer's answers in rows of the snapshot; titles that it does not know are left out."""
    known = rows_in(snapshot.show_ids, np.array(list(said.dismissed), dtype=np.int64))
    dismissed = known[known >= 0]
    pairs = [
        (other, place)
        for place, show in enumerate(snapshot.show_ids[dismissed].tolist())
        for other in (show, *near.get(show, ()))
    ]
    close, place = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    close = rows_in(snapshot.show_ids, close)
    shown = rows_in(snapshot.show_ids, np.array([show for show, _ in said.shown], dtype=np.int64))
    shown_day = np.array([day for _, day in said.shown], dtype=np.float64)
    enjoyed, enjoyed_day = _acts(user_id, events, snapshot, ENJOYED, pleased=True)
    taken_up = np.full(len(snapshot), -np.inf)
    np.maximum.at(taken_up, *_acts(user_id, events, snapshot, TAKEN_UP))
    in_vain = (shown >= 0) & (shown_day > taken_up[shown])
    return Answers(
        dismissed=dismissed,
        dismissed_day=np.array(list(said.dismissed.values()), dtype=np.float64)[known >= 0],
        near=close[close >= 0],
        near_dismissed=place[close >= 0],
        enjoyed=enjoyed,
        enjoyed_day=enjoyed_day,
        shown=shown[in_vain],
        shown_day=shown_day[in_vain],
    )


def _acts(
    user_id: str, events: EventArrays, snapshot: Snapshot, kinds: Sequence[str], *, pleased: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (row, day) of a viewer's acts of these kinds, only those that say they were pleased where asked for."""
    place = events.users.row(user_id) if user_id in events.users else len(events.users)
    held = slice(*np.searchsorted(events.user, [place, place + 1]).tolist())
    row, day = rows_in(snapshot.show_ids, events.show_id[held]), events.day[held]
    use = (row >= 0) & np.isin(events.code[held], event_codes(kinds))
    if pleased:
        use &= signals(events.engagement[held]) > 0
    return row[use], day[use]
