"""Titles become vectors: only what changed is made again, and a killed run goes on where it was."""

from collections.abc import Sequence

import numpy as np
import pytest
from django.db import connection

from bingeboard.shows.models import Show
from recommendations.engine.config import DEFAULT
from recommendations.models import ContentEmbedding
from recommendations.pipeline import embeddings, features, vector_index
from recommendations.pipeline.embeddings import description, rebuild
from recommendations.providers.base import ProviderUnavailable
from recommendations.providers.lexical import LexicalEmbedder
from recommendations.queries.catalogue import load_embeddings

pytestmark = pytest.mark.django_db


class Counting(LexicalEmbedder):
    """The lexical provider, remembering what it was asked; it may be told to fail after so many texts."""

    def __init__(self, version: str = "counting-1", fail_after: int | None = None) -> None:
        self.model_version = version
        self.texts: list[str] = []
        self.fail_after = fail_after

    def embed(self, texts: Sequence[str], **more) -> np.ndarray:
        if self.fail_after is not None and len(self.texts) + len(texts) > self.fail_after:
            raise ProviderUnavailable("out of patience")
        self.texts += texts
        return super().embed(texts, **more)


@pytest.fixture
def shows(now) -> list[Show]:
    made = [
        Show.objects.create(
            id=i,
            title=f"Title {i}",
            overview=f"A story of {kind} number {i}." if i != 5 else "",
            genres=[genre],
            cast=[f"Star {i % 2}"],
            keywords=[kind],
        )
        for i, (kind, genre) in enumerate(
            [("ghosts", "Horror"), ("ghosts", "Horror"), ("romance", "Romance"), ("war", "War"), ("love", "Romance")], 1
        )
    ]
    features.rebuild(now=now)
    return made


def rows() -> list[tuple]:
    """The rows with where they lie on disk: a row that is rewritten moves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, * FROM content_embeddings ORDER BY content_id, embedding_type")
        return cursor.fetchall()


def test_every_title_gets_three_vectors(shows, now):
    counts = rebuild(now=now)

    assert counts == {"description": 5, "metadata": 5, "hybrid": 5}
    for kind, width in (("description", 256), ("metadata", 256), ("hybrid", 512)):
        ids, vectors = load_embeddings(kind=kind)
        assert ids.tolist() == [1, 2, 3, 4, 5]
        assert vectors.shape[1] <= width
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_vectors_are_those_of_the_provider_and_the_projection(shows, now):
    rebuild(now=now)

    texts = [description(s.title, s.overview, s.genres, s.keywords) for s in shows]
    text, facts, hybrid = (load_embeddings(kind=kind)[1] for kind in ("description", "metadata", "hybrid"))
    assert text == pytest.approx(LexicalEmbedder().embed(texts)[:, : text.shape[1]], abs=1e-6)
    assert hybrid @ hybrid.T == pytest.approx(0.5 * text @ text.T + 0.5 * facts @ facts.T, abs=1e-5)
    assert facts[0] @ facts[1] > facts[0] @ facts[3]


def test_twice_is_once_and_rewrites_nothing(shows, now):
    rebuild(now=now)
    before = rows()
    provider = Counting(LexicalEmbedder.model_version)

    assert rebuild(now=now, provider=provider) == {"description": 0, "metadata": 0, "hybrid": 0}
    assert rows() == before
    assert provider.texts == []


def test_only_what_changed_is_embedded_again(shows, now):
    rebuild(now=now)
    Show.objects.filter(id=2).update(overview="Now a story of trains.")
    provider = Counting(LexicalEmbedder.model_version)

    counts = rebuild(now=now, provider=provider)

    assert counts == {"description": 1, "metadata": 0, "hybrid": 1}
    assert provider.texts == ["Title 2. Now a story of trains. ghosts."]


def test_a_changed_feature_projects_the_catalogue_anew(shows, now):
    rebuild(now=now)
    Show.objects.filter(id=1).update(cast=["Star 0"])
    features.rebuild(now=now)

    assert rebuild(now=now) == {"description": 0, "metadata": 5, "hybrid": 5}
    assert rebuild(now=now) == {"description": 0, "metadata": 0, "hybrid": 0}


def test_another_model_embeds_everything_anew(shows, now):
    rebuild(now=now)
    provider = Counting("another-1")

    assert rebuild(now=now, provider=provider) == {"description": 5, "metadata": 0, "hybrid": 5}
    versions = set(ContentEmbedding.objects.values_list("embedding_type", "model_version"))
    assert versions == {
        ("description", "another-1"),
        ("hybrid", "another-1+features-svd-1"),
        ("metadata", "features-svd-1"),
    }


def test_another_share_joins_anew_and_embeds_nothing(shows, now):
    rebuild(now=now)

    counts = rebuild(now=now, config=DEFAULT.with_overrides({"embeddings.metadata_share": 0.2}))

    assert counts == {"description": 0, "metadata": 0, "hybrid": 5}


def test_a_run_for_some_titles_leaves_the_projection_alone(shows, now):
    rebuild(now=now)
    before = {row[0] for row in rows()}
    Show.objects.create(id=6, title="Title 6", overview="A new story of ghosts.", genres=["Horror"])
    features.rebuild(now=now, show_ids=[6])

    assert rebuild(now=now, show_ids=[6]) == {"description": 1, "metadata": 0, "hybrid": 1}
    assert {row[0] for row in rows()} - before == {row[0] for row in rows() if row[2] == 6 or 6 in row}
    assert rebuild(now=now)["metadata"] == 6


def test_a_title_without_words_or_features_is_kept_as_such(now):
    Show.objects.create(id=1, title="東京")
    Show.objects.create(id=2, title="Shared", genres=["War"])
    Show.objects.create(id=3, title="Shared too", genres=["War"])
    features.rebuild(now=now)

    rebuild(now=now)

    assert set(ContentEmbedding.objects.filter(embedding=None).values_list("content_id", "embedding_type")) == {
        (1, "description"),
        (1, "metadata"),
        (1, "hybrid"),
    }
    assert rebuild(now=now) == {"description": 0, "metadata": 0, "hybrid": 0}


def test_a_killed_run_goes_on_where_it_was(shows, now):
    few = DEFAULT.with_overrides({"embeddings.texts_per_commit": 2})
    with pytest.raises(ProviderUnavailable):
        rebuild(now=now, provider=Counting(fail_after=4), config=few)
    assert ContentEmbedding.objects.count() == 4
    provider = Counting()

    counts = rebuild(now=now, provider=provider, config=few)

    assert len(provider.texts) == 1
    assert counts == {"description": 1, "metadata": 5, "hybrid": 5}


def test_progress_counts_every_title_once(shows, now):
    rebuild(now=now, show_ids=[1, 2])
    told: list[int] = []

    rebuild(now=now, progress=told.append)

    assert sum(told) == 5


def test_an_empty_catalogue_is_no_trouble(now):
    assert rebuild(now=now) == {"description": 0, "metadata": 0, "hybrid": 0}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (("Heat", " Cops\nand robbers. ", ["Crime"], ["heist"]), "Heat. Cops and robbers. heist."),
        (("Heat", "", ["Crime", "Sci-Fi"], []), "Heat. Crime, Science Fiction."),
        (("Heat", "", [], ["in Netflix queue", "HEIST "]), "Heat. heist."),
        (("Heat", "", [], []), "Heat."),
    ],
)
def test_a_title_in_words(facts, text):
    assert description(*facts) == text


def test_many_rows_are_written_with_the_index_set_aside(shows, now, monkeypatch):
    seen: list[bool] = []
    real = embeddings._stage
    monkeypatch.setattr(embeddings, "_stage", lambda part: (seen.append(vector_index.exists()), real(part))[1])

    rebuild(now=now, config=DEFAULT.with_overrides({"embeddings.reindex_above": 4}))

    assert seen == [False, False, False]
    assert vector_index.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failure_while_writing_leaves_the_old_rows_and_the_index(shows, now, monkeypatch):
    rebuild(now=now)
    before = rows()
    Show.objects.filter(id=1).update(cast=["Star 0"])
    features.rebuild(now=now)
    real = embeddings._upsert

    def fail(part, now) -> None:
        real(part, now)
        if part.kind == "hybrid":
            raise OSError("the lights went out")

    monkeypatch.setattr(embeddings, "_upsert", fail)
    with pytest.raises(OSError, match="lights"):
        rebuild(now=now, config=DEFAULT.with_overrides({"embeddings.reindex_above": 1}))

    assert rows() == before
    assert vector_index.exists()
