"""Served lists and what viewers answered to them, title by title: what the shares of the blend are learned from."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.answering import Shown
from recommendations.engine.arrays import rows_in
from recommendations.engine.config import EngineConfig
from recommendations.engine.snapshot import BLENDED
from recommendations.queries.behavior import ALLOWED
from recommendations.queries.copying import read_records
from recommendations.queries.events import SECONDS_PER_DAY

# The parts whose scores a served list keeps, in the order of BLENDED; how well known a title is, it does not.
KEPT = BLENDED[:3]


def shown_titles(*, show_ids: NDArray[np.int64], fame: NDArray[np.float64], config: EngineConfig) -> Shown:
    """
    Return what was shown of the latest lists of the blend, and whether it was taken up within its window.

    A title counts as shown where an impression or an answer says so, or where something below it was answered. One
    that the viewer went on to dismiss or dislike was not taken up.

    show_ids, fame   (n,) titles, ascending, and how well known each is now; others are left out
    """
    windows = config.attribution
    found = read_records(
        select=f"""
            WITH lists AS (
                SELECT s.request_id, s.user_id, s.created_at, s.items
                FROM served_lists s JOIN users u ON u.id = s.user_id
                WHERE s.algorithm = 'hybrid' AND NOT s.parameters ? 'home' AND {ALLOWED}
                ORDER BY s.created_at DESC, s.request_id LIMIT %s
            ), answers AS (
                SELECT l.request_id, f.content_id,
                    bool_or(f.feedback_type <> 'impression') AS answered,
                    bool_or((f.feedback_type = 'click' AND f.created_at <= l.created_at + %s)
                        OR (f.feedback_type IN ('like', 'watch_started') AND f.created_at <= l.created_at + %s)
                        OR (f.feedback_type = 'watch_completed' AND f.created_at <= l.created_at + %s))
                    AND NOT bool_or(f.feedback_type IN ('not_interested', 'dislike')) AS taken
                FROM lists l JOIN recommendation_feedback f ON f.request_id = l.request_id AND f.user_id = l.user_id
                GROUP BY l.request_id, f.content_id
            ), items AS (
                SELECT l.request_id, l.user_id, l.created_at, item, (item->>'show')::bigint AS show,
                    (item->>'position')::int AS place, a.content_id IS NOT NULL AS told,
                    coalesce(a.taken, false) AS taken,
                    max((item->>'position')::int) FILTER (WHERE a.answered) OVER (PARTITION BY l.request_id) AS lowest
                FROM lists l CROSS JOIN jsonb_array_elements(l.items) item
                    LEFT JOIN answers a ON a.request_id = l.request_id AND a.content_id = (item->>'show')::bigint
            ), known AS (
                SELECT l.request_id, (SELECT count(DISTINCT e.content_id) FROM user_behavior_events e
                    WHERE e.user_id = l.user_id AND e.engagement_score > 0.5 AND e.created_at < l.created_at) AS titles
                FROM lists l WHERE l.request_id IN (SELECT request_id FROM answers)
            )
            SELECT dense_rank() OVER (ORDER BY i.user_id)::int4, k.titles::float8, i.show, i.place::float8,
                (i.item->>'propensity')::float8, i.taken, extract(epoch FROM i.created_at)::float8,
                coalesce(p.collaborative, 0), coalesce(p.content_based, 0), coalesce(p.trending, 0)
            FROM items i JOIN known k USING (request_id) CROSS JOIN LATERAL (
                SELECT max((a->>1)::float8) FILTER (WHERE a->>0 = 'collaborative') AS collaborative,
                    max((a->>1)::float8) FILTER (WHERE a->>0 = 'content_based') AS content_based,
                    max((a->>1)::float8) FILTER (WHERE a->>0 = 'trending') AS trending
                FROM jsonb_array_elements(i.item->'parts') a) p
            WHERE i.place <= %s AND (i.told OR i.place < i.lowest)
            ORDER BY i.created_at, i.request_id, i.place
            """,  # noqa: S608 - a condition of our own
        columns=[
            ("viewer", "int4"),
            ("known", "float8"),
            ("show", "int8"),
            ("place", "float8"),
            ("propensity", "float8"),
            ("taken", "bool"),
            ("seconds", "float8"),
            *((name, "float8") for name in KEPT),
        ],
        params=[
            config.blending.lists,
            dt.timedelta(hours=windows.click),
            dt.timedelta(days=windows.start),
            dt.timedelta(days=windows.completion),
            config.blending.places,
        ],
    )
    row = rows_in(show_ids, found["show"].astype(np.int64))
    known_well = fame[row] if len(fame) else np.zeros(len(row))
    parts = np.stack([*(found[name].astype(np.float64) for name in KEPT), known_well], axis=1)
    shown = Shown(
        viewer=found["viewer"].astype(np.int64),
        known=found["known"].astype(np.float64),
        parts=parts,
        position=found["place"].astype(np.float64),
        propensity=found["propensity"].astype(np.float64),
        taken=found["taken"].astype(bool),
        day=found["seconds"].astype(np.float64) / SECONDS_PER_DAY,
    )
    return shown.where(row >= 0)
