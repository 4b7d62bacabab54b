"""
The least that a list can cost: the same rows by one query and one call of orjson, as a WSGI application.

It checks nothing, keeps nothing and knows one question; it is what the API is measured beside.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

ROWS = """
    SELECT c.content_id, c.base_score, c.popularity_boost, c.recency_boost, c.diversity_penalty, c.availability_boost,
        c.social_boost, c.final_score, c.explanation->'reasons'->0 AS reason, s.title, s.release_year, s.poster_path
    FROM recommendation_candidates c JOIN shows s ON s.id = c.content_id
    WHERE c.user_id = %s AND c.algorithm_type = 'hybrid' AND c.expires_at > now()
    ORDER BY c.final_score DESC LIMIT 20
"""
_held: dict[str, psycopg.Connection[dict[str, Any]]] = {}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the list of the viewer whom the X-Viewer-Id header names."""
    if "connection" not in _held:
        _held["connection"] = psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row, autocommit=True)
    rows = _held["connection"].execute(ROWS, [environ["HTTP_X_VIEWER_ID"]]).fetchall()
    body = orjson.dumps({"data": {"recommendations": rows}})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
