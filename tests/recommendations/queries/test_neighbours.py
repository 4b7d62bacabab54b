"""Nearest titles by vector, by index and one by one."""

import numpy as np
import pytest
from django.db import connection

from bingeboard.errors import Invalid, NotFound
from recommendations.engine.config import DEFAULT
from recommendations.pipeline import vector_index
from recommendations.queries.neighbours import nearest

pytestmark = pytest.mark.django_db


def slow(vectors, goal, first, among):
    """Every cosine, sorted."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(goal)
    scores = vectors @ goal / lengths
    return sorted(((i + 1, scores[i]) for i in among), key=lambda pair: -pair[1])[:first]


def test_nearest_by_hand(give_vectors):
    give_vectors(np.array([[1.0, 0], [1, 1], [0, 2], [-1, 0]]))

    assert nearest(show_id=1, first=2) == [(2, 0.707107), (3, 0.0)]
    assert nearest(vector=np.array([0.0, 3.0]), first=2) == [(3, 1.0), (2, 0.707107)]


@pytest.mark.parametrize("exact", [True, False])
def test_nearest_agrees_with_its_slow_twin(give_vectors, rng, exact):
    vectors = rng.normal(size=(60, 8))
    give_vectors(vectors)
    among = list(range(3, 40))

    found = nearest(vector=vectors[0] + 0.1, first=9, show_ids=[i + 1 for i in among], exact=exact)

    expected = slow(vectors, vectors[0] + 0.1, 9, among)
    assert [i for i, _ in found] == [i for i, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-5)


def test_equals_come_in_the_order_of_their_ids(give_vectors):
    give_vectors(np.ones((6, 2)))

    assert [i for i, _ in nearest(show_id=3, first=10)] == [1, 2, 4, 5, 6]


def test_kinds_do_not_mix(give_vectors):
    give_vectors(np.eye(3))
    give_vectors(np.ones((3, 3)), kind="metadata")

    assert nearest(show_id=1, kind="metadata", first=5) == [(2, 1.0), (3, 1.0)]


def test_a_filter_of_few_still_finds_them_all(give_vectors, rng):
    # The wanted ones are the farthest of all: an index scan alone would end before it met them.
    vectors = rng.normal(size=(400, 8))
    goal = vectors[0]
    wanted = sorted(i for i, _ in slow(vectors, goal, 400, range(400))[-5:])
    with vector_index.set_aside(rows_to_write=3000):
        give_vectors(vectors)
    _use_the_index()
    narrow = DEFAULT.with_overrides({"embeddings.hnsw_ef_search": 10, "embeddings.exact_below": 0})

    found = nearest(vector=goal, first=5, show_ids=wanted, config=narrow)

    assert sorted(i for i, _ in found) == wanted


def test_the_index_finds_nearly_all_that_comparing_finds(give_vectors, rng):
    centres = rng.normal(size=(30, 24))
    vectors = centres[rng.integers(0, 30, 1500)] + 0.5 * rng.normal(size=(1500, 24))
    with vector_index.set_aside(rows_to_write=3000):
        give_vectors(vectors)
        give_vectors(rng.normal(size=(1500, 24)), kind="description")
    _use_the_index()

    found = total = 0
    for goal in rng.choice(1500, 40, replace=False):
        exact = {i for i, _ in nearest(show_id=int(goal) + 1, first=20, exact=True)}
        by_index = {i for i, _ in nearest(show_id=int(goal) + 1, first=20, exact=False)}
        found += len(exact & by_index)
        total += len(exact)

    assert total == 800
    assert found / total >= 0.95


def test_the_index_is_really_used(give_vectors, rng):
    give_vectors(rng.normal(size=(200, 8)))
    _use_the_index()
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN SELECT content_id FROM content_embeddings"
            " WHERE embedding_type = 'hybrid' AND embedding IS NOT NULL"
            " ORDER BY embedding <=> (SELECT embedding FROM content_embeddings LIMIT 1) LIMIT 5"
        )
        plan = " ".join(line for (line,) in cursor.fetchall())

    assert vector_index.INDEX in plan


def _use_the_index() -> None:
    """Small tables are read whole; for this transaction that costs more than the index."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ANALYZE content_embeddings")
        for kind in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")


def test_a_title_without_a_vector_is_not_found(give_vectors):
    give_vectors(np.array([[1.0], [0.0]]))

    for show_id in (2, 99):
        with pytest.raises(NotFound, match=f"show {show_id} has no hybrid embedding"):
            nearest(show_id=show_id)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "one of the two"),
        ({"show_id": 1, "vector": np.ones(2)}, "one of the two"),
        ({"show_id": 1, "kind": "text"}, "'text'"),
        ({"show_id": 1, "first": 0}, "got 0"),
        ({"vector": np.zeros(3)}, r"not all zero; got shape \(3,\)"),
        ({"vector": np.array([np.nan])}, "finite"),
        ({"vector": np.ones((2, 2))}, r"\(2, 2\)"),
        ({"vector": np.ones(1537)}, "got 1537"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, said):
    with pytest.raises(Invalid, match=said):
        nearest(**asked)
