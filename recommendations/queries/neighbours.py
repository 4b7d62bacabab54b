"""Nearest titles by vector, straight from PostgreSQL: through the vector index, or one by one among a few."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from bingeboard.errors import Invalid, NotFound
from recommendations.engine.config import DEFAULT, EngineConfig

KINDS = ("description", "metadata", "hybrid")


def nearest(
    *,
    vector: NDArray[np.floating] | None = None,
    show_id: int | None = None,
    kind: str = "hybrid",
    first: int = 20,
    show_ids: Sequence[int] | None = None,
    exact: bool | None = None,
    config: EngineConfig = DEFAULT,
) -> list[tuple[int, float]]:
    """
    Return the titles nearest to a vector, or to a title (itself left out), as (show id, cosine), nearest first.

    vector     of the kind's own model, 1 to 1536 numbers, not all zero
    show_ids   only among these
    exact      compare one by one instead of using the index; None: where so few are in question that it is as quick

    A filter is applied after an index scan, and an index scan alone ends after ef_search rows. So the scan goes on
    (hnsw.iterative_scan) until `first` rows have passed, or embeddings.max_scan_rows were looked at. It may then meet a
    nearer one late: relaxed order keeps it, and the rows are sorted afterwards; strict order would drop it.

    Raises Invalid for a wrong kind, first or vector, or for both or neither of vector and show_id; NotFound where the
    title has no vector of this kind.
    """
    _check(vector, show_id, kind, first)
    wanted = None if show_ids is None else sorted(set(show_ids))
    with transaction.atomic(), connection.cursor() as cursor:
        goal = _as_text(vector) if vector is not None else _vector_of(cursor, show_id, kind)
        one_by_one = _few(wanted, config) if exact is None else exact
        if not one_by_one:
            for setting in _scan_settings(config):
                cursor.execute(f"SET LOCAL {setting}")
        cursor.execute(*_query(goal, kind, show_id, wanted, first, one_by_one=one_by_one))
        rows = cursor.fetchall()
        if len(rows) < first and not one_by_one:
            # The index gave up early, as it may where many rows of it are dead: what is left is few.
            cursor.execute(*_query(goal, kind, show_id, wanted, first, one_by_one=True))
            rows = cursor.fetchall()
        return [(found, round(float(score), 6)) for found, score in rows]


def _check(vector: NDArray[np.floating] | None, show_id: int | None, kind: str, first: int) -> None:
    if kind not in KINDS:
        raise Invalid(f"an embedding is one of {', '.join(KINDS)}; got {kind!r}", field="kind")
    if first < 1:
        raise Invalid(f"first is 1 or more, got {first}", field="first")
    if (vector is None) == (show_id is None):
        raise Invalid("give a vector or a show, one of the two", field="vector")
    if vector is not None and not (vector.ndim == 1 and np.isfinite(vector).all() and vector.any()):
        raise Invalid(f"a vector is a row of finite numbers, not all zero; got shape {vector.shape}", field="vector")
    if vector is not None and len(vector) > DEFAULT.embeddings.width:
        raise Invalid(f"a vector has at most {DEFAULT.embeddings.width} numbers, got {len(vector)}", field="vector")


def _as_text(vector: NDArray[np.floating]) -> str:
    """Return the vector as pgvector writes it, padded with zeros."""
    padded = np.zeros(DEFAULT.embeddings.width, dtype=np.float32)
    padded[: len(vector)] = vector
    return "[" + ",".join(map(repr, padded.tolist())) + "]"


def _vector_of(cursor: Any, show_id: int | None, kind: str) -> str:
    cursor.execute(
        "SELECT embedding::text FROM content_embeddings"
        " WHERE content_id = %s AND embedding_type = %s AND embedding IS NOT NULL",
        [show_id, kind],
    )
    found = cursor.fetchone()
    if found is None:
        raise NotFound(f"show {show_id} has no {kind} embedding")
    return str(found[0])


def _few(wanted: Sequence[int] | None, config: EngineConfig) -> bool:
    return wanted is not None and len(wanted) <= config.embeddings.exact_below


def _scan_settings(config: EngineConfig) -> list[str]:
    """Return how far the index is searched, for the transaction."""
    c = config.embeddings
    return [
        f"hnsw.ef_search = {c.hnsw_ef_search}",
        "hnsw.iterative_scan = relaxed_order",
        f"hnsw.max_scan_tuples = {c.max_scan_rows}",
        f"ivfflat.probes = {c.ivfflat_probes}",
        "ivfflat.iterative_scan = relaxed_order",
    ]


def _query(
    goal: str, kind: str, show_id: int | None, wanted: Sequence[int] | None, first: int, *, one_by_one: bool
) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; only ordering by the bare distance lets the index answer."""
    among = "" if wanted is None else "AND content_id = ANY(%s)"
    order = "score DESC, content_id" if one_by_one else "embedding <=> %s::vector"
    # The outer query puts equals in order, and what a relaxed scan gave out of it.
    statement = f"""
        SELECT content_id, score FROM (
            SELECT content_id, 1 - (embedding <=> %s::vector) AS score FROM content_embeddings
            WHERE embedding_type = %s AND embedding IS NOT NULL AND content_id <> %s {among}
            ORDER BY {order} LIMIT %s) AS found
        ORDER BY score DESC, content_id
    """  # noqa: S608 - what is put in is of our own making
    ids = [] if wanted is None else [list(wanted)]
    return statement, [goal, kind, -1 if show_id is None else show_id, *ids, *([] if one_by_one else [goal]), first]
