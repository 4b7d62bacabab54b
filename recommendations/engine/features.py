"""Which features a title has, how strongly each one speaks, and the matrix that says so for a whole catalogue."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import sparse

from recommendations.engine import lexicon
from recommendations.engine.config import Features
from recommendations.engine.inference import infer

FEATURE_TYPES = ("genre", "cast", "director", "keyword", "mood", "theme")
TYPE_CODES: Mapping[str, int] = {name: code for code, name in enumerate(FEATURE_TYPES)}
LONGEST_VALUE = 300


@dataclass(frozen=True)
class Facts:
    """What is known of one title before anything is inferred; lists in the order the source gave them."""

    show_id: int
    title: str = ""
    overview: str = ""
    genres: Sequence[str] = ()
    cast: Sequence[str] = ()
    directors: Sequence[str] = ()
    keywords: Sequence[str] = ()
    moods: Sequence[str] = ()
    themes: Sequence[str] = ()
    tags: Mapping[str, int] = field(default_factory=dict)  # a viewer's word -> how many viewers said it


class FeatureRow(NamedTuple):
    """One thing that is true of a title."""

    show_id: int
    feature_type: str
    value: str
    weight: float
    source: str
    confidence: float


@dataclass(frozen=True)
class FeatureMatrix:
    """
    Every title's features as numbers.

    show_ids    (n_shows,) int64, ascending
    types       (n_features,) int8, an index into FEATURE_TYPES; columns are ordered by type, then value
    values      n_features names
    strengths   (n_shows, n_features) float64, x(i, f) in [0, 1]; a title's features of one type have length 1
    """

    show_ids: np.ndarray
    types: np.ndarray
    values: list[str]
    strengths: sparse.csr_matrix

    def of_types(self, *names: str, min_titles: int = 1) -> FeatureMatrix:
        """Return the columns of these types that at least min_titles titles share; strengths stay as they are."""
        codes = [TYPE_CODES[name] for name in names or FEATURE_TYPES]
        titles = np.bincount(self.strengths.indices, minlength=len(self.values))
        kept = np.flatnonzero(np.isin(self.types, codes) & (titles >= min_titles))
        return FeatureMatrix(
            show_ids=self.show_ids,
            types=self.types[kept],
            values=[self.values[column] for column in kept],
            strengths=self.strengths[:, kept].tocsr(),
        )

    def columns(self) -> dict[tuple[str, str], int]:
        """Return which column a (type name, value) stands in."""
        names = zip(self.types.tolist(), self.values, strict=True)
        return {(FEATURE_TYPES[code], value): column for column, (code, value) in enumerate(names)}


def tidy(text: str) -> str:
    """Return the text in one Unicode form (NFC), with single spaces and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=4096)
def canonical_genres(raw: str) -> tuple[str, ...]:
    """
    Return the genres of our vocabulary that a source's word stands for.

    Several for "Action & Adventure", none for what is not a genre ("IMAX", "TV Shows"); a word we do not know
    keeps its place with its first letters in capitals.
    """
    word = tidy(raw).casefold()
    if word in lexicon.GENRES:
        return lexicon.GENRES[word]
    bare = " ".join(part for part in word.split() if part not in lexicon.GENRE_FILLERS)
    if bare in lexicon.GENRES:
        return lexicon.GENRES[bare]
    return (bare.title(),) if bare else ()


def canonical_values(feature_type: str, raw: str) -> tuple[str, ...]:
    """
    Return a value as content_features would spell it; () where it says nothing.

    Genres go through our vocabulary, people keep their capitals, everything else is lower case.

    Raises ValueError for an unknown type.
    """
    if feature_type not in TYPE_CODES:
        raise ValueError(f"feature type must be one of {', '.join(FEATURE_TYPES)}, got {feature_type!r}")
    if feature_type == "genre":
        return canonical_genres(raw)
    value = tidy(raw)
    if feature_type not in ("cast", "director"):
        value = value.casefold()
    if feature_type == "keyword" and value in lexicon.NOT_ABOUT_THE_TITLE:
        return ()
    return (value,) if 0 < len(value) <= LONGEST_VALUE else ()


def genres_of(raw: Iterable[str]) -> tuple[str, ...]:
    """Return a title's genres in our vocabulary, each once, in the order given."""
    return tuple(dict.fromkeys(genre for word in raw for genre in canonical_genres(word)))


def feature_rows(facts: Facts, config: Features) -> list[FeatureRow]:
    """
    Return one title's features, each (type, value) once, facts before guesses.

    weight       genre 1/order^genre_exponent, cast 1/order^cast_exponent (billing), everything else 1
    confidence   1 for facts; a tag said by n viewers 1 - (1 - tag_confidence)^n; see inference.infer for guesses
    """
    rows = [
        *_in_order(facts, "genre", genres_of(facts.genres), config.genre_exponent),
        *_in_order(facts, "cast", _values("cast", facts.cast)[: config.cast_billed], config.cast_exponent),
        *_in_order(facts, "director", _values("director", facts.directors), 0.0),
        *_in_order(facts, "keyword", _values("keyword", facts.keywords)[: config.keywords_kept], 0.0),
    ]
    rows += _tag_rows(facts, config, known={row.value for row in rows if row.feature_type == "keyword"})
    for feature_type, given, kept in (
        ("mood", facts.moods, config.moods_inferred),
        ("theme", facts.themes, config.themes_inferred),
    ):
        stated = _in_order(facts, feature_type, _values(feature_type, given), 0.0)
        rows += stated or _inferred_rows(facts, feature_type, kept, config)
    return rows


def _values(feature_type: str, raw: Iterable[str]) -> list[str]:
    """Return the canonical values, each once whatever its capitals, in order."""
    first: dict[str, str] = {}
    for word in raw:
        for value in canonical_values(feature_type, word):
            first.setdefault(value.casefold(), value)
    return list(first.values())


def _in_order(facts: Facts, feature_type: str, values: Sequence[str], exponent: float) -> list[FeatureRow]:
    return [
        FeatureRow(facts.show_id, feature_type, value, (order + 1) ** -exponent, "tmdb", 1.0)
        for order, value in enumerate(values)
    ]


def _tag_rows(facts: Facts, config: Features, *, known: set[str]) -> list[FeatureRow]:
    """Return viewers' tags as keywords: the ones most viewers agree on, ties by the alphabet."""
    viewers: dict[str, int] = {}
    for tag, count in facts.tags.items():
        for value in canonical_values("keyword", tag):
            viewers[value] = max(viewers.get(value, 0), count)
    told = sorted((-count, value) for value, count in viewers.items() if value not in known)
    return [
        FeatureRow(
            facts.show_id, "keyword", value, 1.0, "user_tagged", 1.0 - (1.0 - config.tag_confidence) ** -minus_count
        )
        for minus_count, value in told[: config.tags_kept]
    ]


def _inferred_rows(facts: Facts, feature_type: str, kept: int, config: Features) -> list[FeatureRow]:
    guesses = infer(
        feature_type,
        text=f"{facts.title}. {facts.overview}",
        phrases=[*facts.keywords, *facts.tags],
        genres=genres_of(facts.genres),
        kept=kept,
        config=config,
    )
    return [
        FeatureRow(
            facts.show_id,
            feature_type,
            value,
            1.0,
            "ai_extracted",
            config.inferred_confidence * (1.0 - 2.0**-evidence),
        )
        for value, evidence in guesses
    ]


def build_matrix(
    *,
    show_ids: np.ndarray,
    row_shows: np.ndarray,
    row_columns: np.ndarray,
    weights: np.ndarray,
    confidences: np.ndarray,
    types: np.ndarray,
    values: list[str],
) -> FeatureMatrix:
    """
    Return the strengths x(i, f) = weight * confidence * idf(f), scaled to length 1 per title and type.

    Scaling per type keeps forty keywords from drowning one director.

    show_ids      every title of the catalogue, ascending; one without features is a row of zeros
    row_shows     (n_rows,) the title of each feature row; every one must be in show_ids
    row_columns   (n_rows,) its column, an index into types and values
    weights, confidences   (n_rows,) finite, >= 0

    Raises ValueError where a row names a title that is not in show_ids.
    """
    rows = np.searchsorted(show_ids, row_shows)
    if len(row_shows) and (rows.max() >= len(show_ids) or not np.array_equal(show_ids[rows], row_shows)):
        raise ValueError("a feature row names a title that is not in show_ids")
    # In a fixed order: sums of floats, and so every bit of the result, then do not depend on how the rows came.
    order = np.lexsort((row_columns, rows))
    rows, row_columns, weights, confidences = (a[order] for a in (rows, row_columns, weights, confidences))
    n_features = len(values)
    x = weights * confidences * idf(row_columns, n_titles=len(show_ids), n_features=n_features)[row_columns]
    groups = rows * len(FEATURE_TYPES) + types[row_columns]
    lengths = np.sqrt(np.bincount(groups, weights=x * x, minlength=1))[groups]
    x = np.divide(x, lengths, out=np.zeros_like(x), where=lengths > 0)
    strengths = sparse.csr_matrix((x, (rows, row_columns)), shape=(len(show_ids), n_features))
    strengths.eliminate_zeros()
    strengths.sort_indices()
    return FeatureMatrix(show_ids=show_ids, types=types, values=values, strengths=strengths)


def idf(row_columns: np.ndarray, *, n_titles: int, n_features: int) -> np.ndarray:
    """
    Return each feature's telling power, ln(1 + N / df).

    df is the number of titles that have it. After Sparck Jones (Journal of Documentation 28, 1972); the 1 keeps
    what every title has above zero, so that a title with nothing else still has a direction. A column without
    titles is 0.
    """
    df = np.bincount(row_columns, minlength=n_features).astype(float)
    telling: np.ndarray = np.log1p(np.divide(n_titles, df, out=np.zeros_like(df), where=df > 0))
    return telling
