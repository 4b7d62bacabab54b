"""Shows and content_features -> content_embeddings: each title as a vector of its text, of its facts and of both."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from recommendations import providers
from recommendations.engine.arrays import rows_in
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.embeddings import join, project
from recommendations.engine.features import FeatureMatrix, canonical_values, genres_of, tidy
from recommendations.pipeline import vector_index
from recommendations.providers.base import TextEmbedder
from recommendations.queries.catalogue import load_embeddings, load_feature_matrix
from recommendations.queries.copying import fresh_table, write_records

Progress = Callable[[int], None]
METADATA_VERSION = "features-svd-1"


@dataclass(frozen=True)
class Made:
    """Vectors ready to be kept: one row a title, and what each was made from."""

    kind: str
    model_version: str
    show_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    hashes: Sequence[str]

    def __len__(self) -> int:
        return len(self.show_ids)


def rebuild(
    *,
    now: dt.datetime,
    show_ids: Sequence[int] | None = None,
    provider: TextEmbedder | None = None,
    config: EngineConfig = DEFAULT,
    progress: Progress | None = None,
) -> dict[str, int]:
    """
    Make the vectors of these titles (None: of all) what their texts and features say; only what changed is made again.

    Texts are committed in chunks, so that a killed run goes on where it was. The projection of the features depends on
    the whole catalogue: a full run makes it anew when any feature changed, and keeps it with all hybrid vectors in one
    transaction, so that readers never mix two projections. A run for some titles leaves the projection alone; a title
    that has none yet is told by its text until the next full run.

    now        the created_at of what is written
    provider   None: the one that the settings name
    progress   called with the number of titles whose text is done

    Returns how many vectors of each kind were written.

    Raises ProviderError where the provider fails; what was done stays.
    """
    embedder = provider or providers.get(config=config.embeddings)
    texts = _texts(None if show_ids is None else sorted(set(show_ids)), config)
    to_embed = _outdated(texts, embedder.model_version)
    if progress is not None:
        progress(len(texts) - len(to_embed))
    with vector_index.set_aside(rows_to_write=len(to_embed), config=config):
        for chunk in _embedded(texts, to_embed, embedder, config, progress):
            _store([chunk], now)
        metadata = _metadata(config) if show_ids is None else None
        hybrid = _hybrid(list(texts), metadata, embedder.model_version, config)
        changed = [_changed(part) for part in (metadata, hybrid) if part is not None]
        with vector_index.set_aside(rows_to_write=sum(len(part) for part in changed), config=config):
            _store(changed, now)
    return {"description": len(to_embed), **{kind: _count(changed, kind) for kind in ("metadata", "hybrid")}}


def _texts(show_ids: Sequence[int] | None, config: EngineConfig) -> dict[int, str]:
    """Return what the text model reads of each title, by id ascending."""
    chosen = "" if show_ids is None else "WHERE id = ANY(%s)"
    query = f"SELECT id, title, overview, genres, keywords FROM shows {chosen} ORDER BY id"  # noqa: S608 - a constant
    with connection.cursor() as cursor:
        cursor.execute(query, [] if show_ids is None else [list(show_ids)])
        return {
            show_id: description(title, overview, genres, keywords, config)
            for show_id, title, overview, genres, keywords in cursor.fetchall()
        }


def description(
    title: str, overview: str, genres: Sequence[str], keywords: Sequence[str], config: EngineConfig = DEFAULT
) -> str:
    """Return a title in words: its name, what it is about, its first keywords; where nothing is known, its genres."""
    about = [tidy(overview)] if overview.strip() else [", ".join(genres_of(genres))]
    telling = [value for word in keywords for value in canonical_values("keyword", word)]
    about.append(", ".join(telling[: config.features.keywords_kept]))
    return ". ".join([tidy(title), *(part.rstrip(".") for part in about if part)]) + "."


def _outdated(texts: dict[int, str], model_version: str) -> list[int]:
    """Return the titles whose description vector is missing, of another model or of another text."""
    kept = _kept("description", list(texts))
    return [
        show_id for show_id, text in texts.items() if kept.get(show_id) != (model_version, _hash(model_version, text))
    ]


def _kept(kind: str, show_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return (model_version, source_hash) of the vectors there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_id, model_version, source_hash FROM content_embeddings"
            " WHERE embedding_type = %s AND content_id = ANY(%s)",
            [kind, list(show_ids)],
        )
        return {show_id: (version, source) for show_id, version, source in cursor.fetchall()}


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _embedded(
    texts: dict[int, str],
    to_embed: Sequence[int],
    embedder: TextEmbedder,
    config: EngineConfig,
    progress: Progress | None,
) -> Iterator[Made]:
    """Yield the description vectors, a chunk at a time."""
    size = config.embeddings.texts_per_commit
    for start in range(0, len(to_embed), size):
        chosen = to_embed[start : start + size]
        vectors = embedder.embed([texts[show_id] for show_id in chosen], progress=progress)
        hashes = [_hash(embedder.model_version, texts[show_id]) for show_id in chosen]
        yield Made("description", embedder.model_version, np.array(chosen, dtype=np.int64), vectors, hashes)


def _metadata(config: EngineConfig) -> Made | None:
    """Return every title's features as a vector, None where they are kept already and no feature has changed."""
    features = load_feature_matrix()
    version = _metadata_hash(features, config)
    if _is_kept(version, n_titles=len(features.show_ids)):
        return None
    # What one title alone has says nothing about another.
    shared = features.of_types(min_titles=config.features.min_titles_in_profile)
    vectors = project(shared.strengths, config.embeddings)
    return Made("metadata", METADATA_VERSION, features.show_ids, vectors, [version] * len(vectors))


def _metadata_hash(features: FeatureMatrix, config: EngineConfig) -> str:
    """Return the hash of everything the projection depends on."""
    c = config.embeddings
    numbers = f"{c.metadata_width} {c.metadata_seed} {c.metadata_rounds} {c.metadata_oversampling}"
    digest = hashlib.sha256(f"{METADATA_VERSION} {numbers} {config.features.min_titles_in_profile}\x00".encode())
    digest.update("\x00".join(features.values).encode())
    x = features.strengths
    for array in (features.show_ids, features.types, x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _is_kept(metadata_hash: str, *, n_titles: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM content_embeddings WHERE embedding_type = 'metadata' AND source_hash = %s",
            [metadata_hash],
        )
        return bool(cursor.fetchone()[0] == n_titles)


def _hybrid(show_ids: Sequence[int], metadata: Made | None, text_version: str, config: EngineConfig) -> Made:
    """Return the joined vectors of the titles: their texts' as kept, their facts' as just made or else as kept."""
    told = {i: source for i, (version, source) in _kept("description", show_ids).items() if version == text_version}
    ids = np.array(sorted(told), dtype=np.int64)
    if metadata is None:
        projected = {i: source for i, (_, source) in _kept("metadata", show_ids).items()}
        fact_ids, facts = load_embeddings(kind="metadata")
    else:
        projected = dict(zip(metadata.show_ids.tolist(), metadata.hashes, strict=True))
        fact_ids, facts = metadata.show_ids, metadata.vectors
    joined = join(
        _rows_of(ids, *load_embeddings(kind="description", model_version=text_version)),
        _rows_of(ids, fact_ids, facts),
        metadata_share=config.embeddings.metadata_share,
        width=config.embeddings.width,
    )
    share = str(config.embeddings.metadata_share)
    hashes = [_hash(told[i], projected.get(i, ""), share) for i in ids.tolist()]
    return Made("hybrid", f"{text_version}+{METADATA_VERSION}", ids, joined, hashes)


def _rows_of(wanted: NDArray[np.int64], ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors of the wanted titles, zeros where there is none."""
    found = rows_in(ids, wanted)
    rows = np.zeros((len(wanted), vectors.shape[1]), dtype=np.float32)
    rows[found >= 0] = vectors[found[found >= 0]]
    return rows


def _changed(part: Made) -> Made:
    """Return what differs from what is kept."""
    kept = _kept(part.kind, part.show_ids.tolist())
    rows = [
        row
        for row, (show_id, source) in enumerate(zip(part.show_ids.tolist(), part.hashes, strict=True))
        if kept.get(show_id) != (part.model_version, source)
    ]
    hashes = [part.hashes[row] for row in rows]
    return Made(part.kind, part.model_version, part.show_ids[rows], part.vectors[rows], hashes)


def _count(made: Sequence[Made], kind: str) -> int:
    return sum(len(part) for part in made if part.kind == kind)


def _store(made: Sequence[Made], now: dt.datetime) -> None:
    """Upsert vectors in one transaction. One of zeros has no direction and is kept as NULL."""
    with transaction.atomic():
        for part in made:
            if len(part):
                _stage(part)
                _upsert(part, now)


def _stage(part: Made) -> None:
    """Put the vectors and their hashes into temporary tables."""
    place = np.arange(len(part))
    fresh_table(name="made_vectors", columns="place int8, content_id int8, embedding vector(1536)")
    fresh_table(name="made_hashes", columns="place int8, source_hash text")
    write_records(
        table="made_vectors",
        columns=[("place", "int8"), ("content_id", "int8"), ("embedding", "vector(1536)")],
        values=[place, part.show_ids, part.vectors],
    )
    with connection.cursor() as cursor, cursor.copy("COPY made_hashes FROM STDIN") as copy:
        for row in zip(place.tolist(), part.hashes, strict=True):
            copy.write_row(row)


def _upsert(part: Made, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO content_embeddings
                (content_id, embedding_type, embedding, model_version, source_hash, created_at)
            SELECT v.content_id, %s, CASE WHEN vector_norm(v.embedding) > 0 THEN v.embedding END, %s, h.source_hash, %s
            FROM made_vectors v JOIN made_hashes h USING (place)
            JOIN shows s ON s.id = v.content_id  -- one may have been deleted meanwhile
            ORDER BY v.content_id
            ON CONFLICT (content_id, embedding_type) DO UPDATE
            SET embedding = excluded.embedding, model_version = excluded.model_version,
                source_hash = excluded.source_hash, created_at = excluded.created_at
            """,
            [part.kind, part.model_version, now],
        )
