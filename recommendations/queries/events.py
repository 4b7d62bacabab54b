"""Events as arrays: who did what to which title, when, and what it says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.arrays import Vocabulary
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.weighting import decay, event_codes, evidence_weights, signals

SECONDS_PER_DAY = 86_400.0
# The code of what stands for several acts that have left the events.
DEPARTED = -1
# What counts as having dealt with a title: it is not proposed again.
DEALT_WITH = ("play", "complete", "abandon", "like", "dislike")
ANSWERS_THAT_DEAL = ("not_interested", "dislike", "watch_started", "watch_completed", "like")


@dataclass(frozen=True)
class EventArrays:
    """
    Acts on titles in the order of (viewer, time, id); all arrays have n_events entries.

    users       Vocabulary of viewer ids; user[i] is a row of it
    show_id     the titles' ids
    code        event codes of engine.weighting; DEPARTED for what several acts amounted to that have left
    engagement  in [0, 1]
    evidence    how much the act counts, signed: that times its signal in [-1, 1]
    day         when, in days since 1970-01-01 UTC
    received    when it came in, in seconds since 1970-01-01 UTC
    """

    users: Vocabulary[str]
    user: NDArray[np.int64]
    show_id: NDArray[np.int64]
    code: NDArray[np.int8]
    engagement: NDArray[np.float64]
    evidence: NDArray[np.float64]
    signed: NDArray[np.float64]
    day: NDArray[np.float64]
    received: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.user)


def to_day(moment: dt.datetime) -> float:
    """Return a moment as days since 1970-01-01 UTC."""
    return moment.timestamp() / SECONDS_PER_DAY


def load_events(
    *,
    user_ids: Sequence[str] | None = None,
    departed: bool = False,
    only: Sequence[int] | None = None,
    config: EngineConfig = DEFAULT,
) -> EventArrays:
    """
    Return all acts on titles of these viewers (None: of all viewers), oldest first.

    Left out are viewers who do not allow personalisation, and what a viewer took out of their taste.

    departed   also what has left the events, as one act a viewer and title, before the viewer's others
    only       of the acts, those with these ids
    """
    chosen = "" if user_ids is None else "AND e.user_id = ANY(%(users)s)"
    chosen += "" if only is None else " AND e.id = ANY(%(only)s)"
    query = f"""
        SELECT e.user_id, e.content_id, e.event_type, e.engagement_score, extract(epoch FROM e.created_at)::float8,
               extract(epoch FROM e.received_at)::float8
        FROM user_behavior_events e JOIN users u ON u.id = e.user_id
        WHERE e.content_id IS NOT NULL AND u.personalisation {chosen} AND NOT EXISTS (
            SELECT 1 FROM taste_exclusions x WHERE x.user_id = e.user_id
            AND (x.session_id IS NULL OR x.session_id = e.session_id)
            AND (x.content_id IS NULL OR x.content_id = e.content_id))
        ORDER BY e.user_id, e.created_at, e.id
    """  # noqa: S608 - what is put in is constant
    with connection.cursor() as cursor:
        cursor.execute(query, {"users": list(user_ids or ()), "only": list(only or ())})
        rows = cursor.fetchall()
    gone = _departed(user_ids) if departed else []
    names, shows, kinds, engagement, seconds, received = zip(*rows, strict=True) if rows else ((),) * 6
    gone_names, gone_shows, gone_evidence, gone_signed, gone_days = zip(*gone, strict=True) if gone else ((),) * 5
    users = Vocabulary(sorted({*names, *gone_names}))
    code, engaged = event_codes(kinds), np.array(engagement, dtype=np.float64)
    weight = evidence_weights(code, config.events)
    user = users.rows([*gone_names, *names])
    # A viewer's acts stand together; in each, what has left comes first.
    order = np.argsort(user, kind="stable") if gone else slice(None)

    def column(left: Sequence[Any], here: NDArray[Any], dtype: Any) -> NDArray[Any]:
        return np.concatenate([np.array(left, dtype=dtype), here.astype(dtype)])[order]

    return EventArrays(
        users=users,
        user=user[order],
        show_id=column(gone_shows, np.array(shows, dtype=np.int64), np.int64),
        code=column([DEPARTED] * len(gone), code, np.int8),
        engagement=column([0.5] * len(gone), engaged, np.float64),
        evidence=column(gone_evidence, weight, np.float64),
        signed=column(gone_signed, weight * signals(engaged), np.float64),
        day=column(gone_days, np.array(seconds, dtype=np.float64) / SECONDS_PER_DAY, np.float64),
        received=column([-np.inf] * len(gone), np.array(received, dtype=np.float64), np.float64),
    )


def _departed(user_ids: Sequence[str] | None) -> list[tuple[str, int, float, float, float]]:
    """Return (viewer, show, evidence, signed evidence, day) of what has left the events."""
    chosen = "" if user_ids is None else "AND c.user_id = ANY(%s)"
    query = f"""
        SELECT c.user_id, (x->>0)::bigint, (x->>1)::float8, (x->>2)::float8, (x->>3)::float8
        FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.titles) AS x
        JOIN users u ON u.id = c.user_id AND u.personalisation
        WHERE (x->>1)::float8 > 0 {chosen} AND NOT EXISTS (
            SELECT 1 FROM taste_exclusions t WHERE t.user_id = c.user_id AND t.session_id IS NULL
            AND t.content_id = (x->>0)::bigint)
        ORDER BY 1, 2
    """  # noqa: S608 - the only thing put in is one of two constants
    with connection.cursor() as cursor:
        cursor.execute(query, [] if user_ids is None else [list(user_ids)])
        return cursor.fetchall()


def newest_event_at() -> dt.datetime | None:
    """Return when the latest act happened, or None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(created_at) FROM user_behavior_events")
        return cursor.fetchone()[0]


def behavioural_present(*, now: dt.datetime, config: EngineConfig = DEFAULT) -> dt.datetime:
    """
    Return the moment that decay and trends are measured from.

    That is `now` while anybody is watching. Data whose newest act is older than profiles.archive_after days is
    an archive: its present is its newest act, or every trend in it would be empty and every taste have faded.
    """
    newest = newest_event_at()
    if newest is None or now - newest <= dt.timedelta(days=config.profiles.archive_after):
        return now
    return newest


def engagement_matrix(
    *, as_of: dt.datetime, config: EngineConfig = DEFAULT
) -> tuple[list[str], NDArray[np.int64], sparse.csr_matrix]:
    """
    Return who engaged with what: (viewer ids, show ids ascending, csr (n_viewers, n_shows) float32).

    An entry is the decayed, weighted sum of positive signals; what was disliked on balance has no entry.
    """
    events = load_events(departed=True, config=config)
    shows = Vocabulary(sorted(set(events.show_id.tolist())))
    age_weeks = np.maximum(to_day(as_of) - events.day, 0.0) / 7.0
    # A floor, so that an old favourite still links two titles.
    strength = events.signed * np.maximum(decay(age_weeks, config.profiles.decay_rate), config.similarity.decay_floor)
    matrix = sparse.coo_matrix(
        (strength, (events.user, shows.rows(events.show_id.tolist()))), shape=(len(events.users), len(shows))
    ).tocsr()
    matrix.data = np.maximum(matrix.data, 0.0)
    matrix.eliminate_zeros()
    return list(events.users), np.array(list(shows), dtype=np.int64), matrix.astype(np.float32)


def dealt_with(*, user_ids: Sequence[str]) -> dict[str, set[int]]:
    """Return for each viewer the titles they have watched, begun, judged or dismissed."""
    found: dict[str, set[int]] = {user_id: set() for user_id in user_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT user_id, content_id FROM user_behavior_events
            WHERE user_id = ANY(%s) AND content_id IS NOT NULL AND event_type = ANY(%s)
            UNION
            SELECT user_id, content_id FROM recommendation_feedback
            WHERE user_id = ANY(%s) AND feedback_type = ANY(%s)
            UNION
            SELECT c.user_id, (x->>0)::bigint FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.titles) AS x
            WHERE c.user_id = ANY(%s) AND (x->>4)::int > 0
            """,
            [list(user_ids), list(DEALT_WITH), list(user_ids), list(ANSWERS_THAT_DEAL), list(user_ids)],
        )
        for user_id, show_id in cursor.fetchall():
            found[user_id].add(show_id)
    return found


def what_was_done(*, user_id: str, show_id: int) -> set[str]:
    """Return by what a viewer has dealt with a title: kinds of events and answers, "departed" where those have left."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT event_type FROM user_behavior_events
            WHERE user_id = %(user)s AND content_id = %(show)s AND event_type = ANY(%(kinds)s)
            UNION
            SELECT feedback_type FROM recommendation_feedback
            WHERE user_id = %(user)s AND content_id = %(show)s AND feedback_type = ANY(%(answers)s)
            UNION
            SELECT 'departed' FROM viewer_checkpoints c CROSS JOIN jsonb_array_elements(c.titles) AS x
            WHERE c.user_id = %(user)s AND (x->>0)::bigint = %(show)s AND (x->>4)::int > 0
            """,
            {"user": user_id, "show": show_id, "kinds": list(DEALT_WITH), "answers": list(ANSWERS_THAT_DEAL)},
        )
        return {kind for (kind,) in cursor.fetchall()}
