"""The vector index: built anew under its name, set aside and restored."""

import numpy as np
import pytest
from django.db import connection

from bingeboard.errors import Invalid
from bingeboard.shows.models import Show
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentEmbedding
from recommendations.pipeline import vector_index
from recommendations.pipeline.vector_index import INDEX, advised_lists, build, exists, set_aside

pytestmark = pytest.mark.django_db
NEVER_LEAVE_IT = DEFAULT.with_overrides({"embeddings.reindex_above": 1})


def definition() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [INDEX])
        return " ".join(row[0] for row in cursor.fetchall())


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {INDEX}")


@pytest.fixture
def vectors(rng) -> None:
    Show.objects.bulk_create(Show(id=i, title=f"t{i}") for i in range(1, 31))
    ContentEmbedding.objects.bulk_create(
        ContentEmbedding(content_id=i, embedding_type="hybrid", embedding=rng.normal(size=1536)) for i in range(1, 31)
    )


def test_hnsw_is_what_the_migrations_leave():
    assert "USING hnsw" in definition()


def test_each_method_is_built_under_the_same_name(vectors):
    assert build(method="ivfflat", lists=7) == {"method": "ivfflat", "lists": 7, "rows": 30}
    assert "USING ivfflat" in definition()
    assert "lists='7'" in definition()

    assert build(method="hnsw") == {"method": "hnsw", "lists": 0, "rows": 30}
    assert "USING hnsw" in definition()
    assert "ef_construction='40'" in definition()


def test_the_settings_say_the_default(vectors, settings):
    settings.VECTOR_INDEX_METHOD = "ivfflat"

    assert build() == {"method": "ivfflat", "lists": 1, "rows": 30}


def test_an_index_that_is_missing_is_built(vectors):
    drop()
    assert not exists()

    build()

    assert exists()


def test_building_reports_no_more_than_a_hundred_steps(vectors):
    told: list[int] = []

    build(progress=told.append)

    assert sum(told) <= 100


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "btree"}, "'btree'"),
        ({"method": "hnsw", "lists": 5}, "lists are for ivfflat"),
        ({"method": "ivfflat", "lists": 0}, "got 0"),
        ({"method": "ivfflat", "lists": 32769}, "from 1 to 32768, or auto; got 32769"),
    ],
)
def test_what_cannot_be_is_refused_and_the_index_stays(asked, said):
    before = definition()

    with pytest.raises(Invalid, match=said):
        build(**asked)

    assert definition() == before


@pytest.mark.parametrize(
    ("rows", "lists"), [(0, 1), (999, 1), (29_000, 29), (1_000_000, 1000), (4_000_000, 2000), (10**12, 32768)]
)
def test_lists_follow_pgvectors_advice(rows, lists):
    assert advised_lists(rows=rows) == lists


def test_few_rows_keep_the_index():
    with set_aside(rows_to_write=1, config=NEVER_LEAVE_IT):
        assert exists()


def test_many_rows_do_without_and_have_it_back():
    with set_aside(rows_to_write=2, config=NEVER_LEAVE_IT):
        assert not exists()

    assert exists()


def test_a_failure_restores_the_index():
    with pytest.raises(OSError, match="lights"), set_aside(rows_to_write=2, config=NEVER_LEAVE_IT):
        raise OSError("the lights went out")

    assert exists()


def test_a_missing_index_is_built_even_where_nothing_was_written():
    drop()

    with set_aside(rows_to_write=0):
        pass

    assert exists()


@pytest.mark.django_db(transaction=True)
def test_a_failed_build_leaves_the_old_index(vectors, monkeypatch):
    before = definition()
    monkeypatch.setattr(vector_index, "_options", lambda *args: ("m = 1", 0))

    with pytest.raises(Exception, match='value 1 out of bounds for option "m"'):
        build(method="hnsw")

    assert definition() == before


def test_the_new_index_answers(vectors):
    build(method="ivfflat", lists=1)
    goal = ContentEmbedding.objects.get(content_id=4).embedding
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "SELECT content_id FROM content_embeddings ORDER BY embedding <=> %s::vector LIMIT 1",
            [str(np.asarray(goal).tolist())],
        )
        assert cursor.fetchone() == (4,)
