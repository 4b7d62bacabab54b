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
from recommendations.engine.features import FeatureMatrix, genres_of, tidy
from recommendations.pipeline import vector_index
from recommendations.pipeline.locking import only_one
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

    Raises Stale where another process is at it; ProviderError where the provider fails (what was done stays).
    """
    embedder = provider or providers.get(config=config.embeddings)
    with only_one("embeddings"):
        texts = _texts(None if show_ids is None else sorted(set(show_ids)), config)
        to_embed = _outdated(texts, embedder.model_version)
        features = load_feature_matrix() if show_ids is None else None
        metadata_version = _metadata_version(features, config) if features is not None else None
        stale_metadata = metadata_version is not None and not _is_current(metadata_version, len(texts))
        to_write = 2 * len(to_embed) + (2 * len(texts) if stale_metadata else 0)
        with vector_index.set_aside(rows_to_write=to_write, config=config):
            if progress is not None:
                progress(len(texts) - len(to_embed))
            for chunk in _embedded(texts, to_embed, embedder, config, progress):
                _store([chunk], now)
            made = [_metadata(features, metadata_version, config)] if stale_metadata and features is not None else []
            hybrid = _hybrid(list(texts), made[0] if made else None, embedder.model_version, config)
            written = _store([*made, hybrid], now)
    return {"description": len(to_embed), "metadata": written.get("metadata", 0), "hybrid": written.get("hybrid", 0)}


def _texts(show_ids: Sequence[int] | None, config: EngineConfig) -> dict[int, str]:
    """Return what the text model reads of each title, by id ascending."""
    chosen = "" if show_ids is None else "WHERE id = ANY(%s)"
    query = f"SELECT id, title, overview, genres, keywords FROM shows {chosen} ORDER BY id"  # noqa: S608 - a constant
    with connection.cursor() as cursor:
        cursor.execute(query, [] if show_ids is None else [list(show_ids)])
        return {show_id: description(*row, config=config) for show_id, *row in cursor.fetchall()}


def description(
    title: str, overview: str, genres: Sequence[str], keywords: Sequence[str], config: EngineConfig = DEFAULT
) -> str:
    """Return a title in words: its name, what it is about, its first keywords; where nothing is known, its genres."""
    about = [tidy(overview)] if overview.strip() else [", ".join(genres_of(genres))]
    about.append(", ".join(tidy(word) for word in keywords[: config.features.keywords_kept]))
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


def _metadata_version(features: FeatureMatrix, config: EngineConfig) -> str:
    """Return the hash of everything the projection depends on."""
    c = config.embeddings
    numbers = f"{c.metadata_width} {c.metadata_seed} {c.metadata_rounds} {c.metadata_oversampling}"
    digest = hashlib.sha256(f"{METADATA_VERSION} {numbers} {config.features.min_titles_in_profile}\x00".encode())
    digest.update("\x00".join(features.values).encode())
    x = features.strengths
    for array in (features.show_ids, features.types, x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _is_current(metadata_version: str, n_titles: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM content_embeddings WHERE embedding_type = 'metadata' AND source_hash = %s",
            [metadata_version],
        )
        return bool(cursor.fetchone()[0] == n_titles)


def _metadata(features: FeatureMatrix, version: str | None, config: EngineConfig) -> Made:
    """Return every title's features as a vector; what one title alone has says nothing and is left out."""
    shared = features.of_types(min_titles=config.features.min_titles_in_profile)
    vectors = project(shared.strengths, config.embeddings)
    hashes = [version or ""] * len(vectors)
    return Made("metadata", METADATA_VERSION, features.show_ids, vectors, hashes)


def _hybrid(show_ids: Sequence[int], metadata: Made | None, text_version: str, config: EngineConfig) -> Made:
    """Return the joined vectors of the titles, from the rows as they are now and the metadata just made."""
    ids, text = load_embeddings(kind="description")
    chosen = np.intersect1d(ids, np.array(show_ids, dtype=np.int64))
    facts_ids, facts = load_embeddings(kind="metadata") if metadata is None else (metadata.show_ids, metadata.vectors)
    joined = join(
        _rows_of(chosen, ids, text),
        _rows_of(chosen, facts_ids, facts),
        metadata_share=config.embeddings.metadata_share,
        width=config.embeddings.width,
    )
    made_from = _kept("description", chosen.tolist())
    projected = {} if metadata else _kept("metadata", chosen.tolist())
    version = metadata.hashes[0] if metadata and metadata.hashes else ""
    share = str(config.embeddings.metadata_share)
    hashes = [_hash(made_from[i][1], projected.get(i, ("", version))[1], share) for i in chosen.tolist()]
    return Made("hybrid", f"{text_version}+{METADATA_VERSION}", chosen, joined, hashes)


def _rows_of(wanted: NDArray[np.int64], ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors of the wanted titles, zeros where there is none."""
    found = rows_in(ids, wanted)
    rows = np.zeros((len(wanted), vectors.shape[1]), dtype=np.float32)
    rows[found >= 0] = vectors[found[found >= 0]]
    return rows


def _store(made: Sequence[Made], now: dt.datetime) -> dict[str, int]:
    """Write what differs from what is kept, in one transaction; returns the rows written of each kind."""
    written: dict[str, int] = {}
    with transaction.atomic():
        for part in made:
            kept = _kept(part.kind, part.show_ids.tolist())
            changed = [
                row
                for row, (show_id, source) in enumerate(zip(part.show_ids.tolist(), part.hashes, strict=True))
                if kept.get(show_id) != (part.model_version, source)
            ]
            written[part.kind] = _write(part, np.array(changed, dtype=np.int64), now) if changed else 0
    return written


def _write(part: Made, chosen: NDArray[np.int64], now: dt.datetime) -> int:
    """Upsert the chosen rows through a staging table. A vector of zeros has no direction and is kept as NULL."""
    fresh_table(name="made_vectors", columns="place int8, content_id int8, embedding vector(1536)")
    fresh_table(name="made_hashes", columns="place int8, source_hash text")
    write_records(
        table="made_vectors",
        columns=[("place", "int8"), ("content_id", "int8"), ("embedding", "vector(1536)")],
        values=[chosen, part.show_ids[chosen], part.vectors[chosen]],
    )
    with connection.cursor() as cursor:
        with cursor.copy("COPY made_hashes FROM STDIN") as copy:
            for place in chosen.tolist():
                copy.write_row((place, part.hashes[place]))
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
        return int(cursor.rowcount)
