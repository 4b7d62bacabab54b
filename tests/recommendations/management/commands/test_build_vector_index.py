"""The command that builds the vector index."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bingeboard.shows.models import Show
from recommendations.models import ContentEmbedding
from recommendations.pipeline.vector_index import INDEX

pytestmark = pytest.mark.django_db


def definition() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [INDEX])
        return str(cursor.fetchone()[0])


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("build_vector_index", *args, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_it_says_what_it_built():
    Show.objects.create(id=1, title="One")
    ContentEmbedding.objects.create(content_id=1, embedding_type="hybrid", embedding=[1.0] * 1536)

    assert run("--method", "ivfflat", "--lists", "3") == "ivfflat with 3 lists over 1 vectors"
    assert "lists='3'" in definition()
    assert run("--method", "ivfflat", "--lists", "auto") == "ivfflat with 1 lists over 1 vectors"
    assert run() == "hnsw over 1 vectors"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--method", "btree"), "the index method is hnsw or ivfflat, got 'btree'"),
        (("--lists", "many"), "lists is a number or auto, got 'many'"),
        (("--lists", "7.5"), "lists is a number or auto, got '7.5'"),
        (("--method", "ivfflat", "--lists", "-1"), "lists is a number from 1 to 32768, or auto; got -1"),
        (("--lists", "5"), "lists are for ivfflat, and the method is hnsw"),
    ],
)
def test_bad_input_ends_with_one_line_and_changes_nothing(args, said):
    before = definition()

    with pytest.raises(CommandError) as caught:
        run(*args)

    assert str(caught.value) == said
    assert caught.value.returncode == 2
    assert definition() == before
