"""Text to vectors without any model: words and pieces of words, hashed and projected; quick and the same anywhere."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendations.engine.inference import stems
from recommendations.engine.similarity import unit_rows
from recommendations.providers.base import Progress

WIDTH = 256
PIECE = 4  # letters
PIECE_WEIGHT = 0.25  # pieces link words of one family; whole words say more
TEXTS_AT_ONCE = 512
_COMMON = (
    "a about after all also an and are as at be been but by can for from had has have he her him his how i if in into"
    " is it its more not of on one only or other out over she so some than that the their them then there they thi this"
    " to two up wa was we were what when where which while who will with you"
)
COMMON = frozenset(_COMMON.split())


class LexicalEmbedder:
    """
    Hashed bag of words and word pieces, projected to 256 random signs.

    A term's vector is the 256 bits of its BLAKE2b digest as +1 and -1 (a random projection: Achlioptas, JCSS 2003),
    so there is no vocabulary to keep. A text is the sum of its terms' vectors, each weighted 1 + ln(count); the
    commonest English words are left out, which is what idf would do to them. A text without words is zeros.
    """

    model_version = "lexical-256-1"
    width = WIDTH

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> NDArray[np.float32]:
        """Return (n_texts, 256) rows of length 1."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            part = texts[start : start + TEXTS_AT_ONCE]
            vectors[start : start + len(part)] = _vectors(part)
            if progress is not None:
                progress(len(part))
        return vectors


def _vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    columns: dict[str, int] = {}
    rows, places, weights = [], [], []
    for row, text in enumerate(texts):
        for term, weight in _terms(text).items():
            rows.append(row)
            places.append(columns.setdefault(term, len(columns)))
            weights.append(weight)
    entries = (np.array(weights, dtype=np.float32), (rows, places))
    counts = sparse.csr_matrix(entries, shape=(len(texts), len(columns)))
    digests = b"".join(_digest(term) for term in columns)
    signs = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(len(columns), WIDTH)
    return unit_rows(np.asarray(counts @ (2.0 * signs.astype(np.float32) - 1.0)))


def _terms(text: str) -> dict[str, float]:
    """Return the terms of a text and how much each counts."""
    words = Counter(word for word in stems(text) if word not in COMMON)
    terms: dict[str, float] = {}
    for word, count in words.items():
        weight = 1.0 + float(np.log(count))
        terms[word] = terms.get(word, 0.0) + weight
        for piece in _pieces(word):
            terms[piece] = terms.get(piece, 0.0) + PIECE_WEIGHT * weight
    return terms


@lru_cache(maxsize=65536)
def _pieces(word: str) -> tuple[str, ...]:
    """Return the runs of letters in a word with its edges marked; shorter words have none."""
    marked = f"<{word}>"
    return tuple(marked[at : at + PIECE] for at in range(len(marked) - PIECE + 1)) if len(word) > PIECE else ()


@lru_cache(maxsize=65536)
def _digest(term: str) -> bytes:
    return hashlib.blake2b(term.encode(), digest_size=WIDTH // 8).digest()
