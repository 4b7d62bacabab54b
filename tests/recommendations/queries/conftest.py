"""A handful of titles with vectors."""

from collections.abc import Callable

import numpy as np
import pytest

from bingeboard.shows.models import Show
from recommendations.models import ContentEmbedding


@pytest.fixture
def give_vectors(db: None) -> Callable[..., None]:
    """Store vectors of a kind, making the titles as needed: row i belongs to title i + 1."""

    def give(vectors: np.ndarray, kind: str = "hybrid", model_version: str = "m") -> None:
        ids = range(1, len(vectors) + 1)
        Show.objects.bulk_create([Show(id=i, title=f"t{i}") for i in ids], ignore_conflicts=True)
        ContentEmbedding.objects.bulk_create(
            ContentEmbedding(
                content_id=i,
                embedding_type=kind,
                model_version=model_version,
                embedding=np.pad(vector, (0, 1536 - len(vector))) if vector.any() else None,
            )
            for i, vector in zip(ids, vectors, strict=True)
        )

    return give
