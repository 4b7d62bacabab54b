"""Moods and themes guessed from what is written about a title, by the words in our lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from recommendations.engine.config import DEFAULT, Features
from recommendations.engine.lexicon import MOODS, THEMES, Cues

TABLES: Mapping[str, Mapping[str, Cues]] = {"mood": MOODS, "theme": THEMES}
LONGEST_PHRASE = 4
_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a word without its commonest English endings; only ever compared with other stems."""
    word = word.removesuffix("'s").removesuffix("'")
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words, in order."""
    return tuple(stem(word) for word in _WORD.findall(text.casefold().replace("’", "'")))


def infer(
    feature_type: str,
    *,
    text: str,
    phrases: Iterable[str],
    genres: Sequence[str],
    kept: int,
    config: Features = DEFAULT.features,
) -> list[tuple[str, float]]:
    """
    Return the moods or themes that the evidence speaks for, as (name, evidence), strongest first.

    Evidence adds up: config.phrase_evidence for each cue among the phrases (keywords, tags), text_evidence for
    each other cue in the text, and for each genre what its table says. A cue counts once however often it
    comes; less than inferred_threshold is not enough. Equal evidence keeps the alphabet's order.

    feature_type   "mood" or "theme"
    """
    index, by_genre = _tables(feature_type)
    evidence: dict[str, float] = {}
    told = {cue for phrase in phrases for cue in _cues_in(stems(phrase), index)}
    for cue in told:
        for name in index[cue]:
            evidence[name] = evidence.get(name, 0.0) + config.phrase_evidence
    for cue in _cues_in(stems(text), index) - told:
        for name in index[cue]:
            evidence[name] = evidence.get(name, 0.0) + config.text_evidence
    for genre in genres:
        for name, amount in by_genre.get(genre, ()):
            evidence[name] = evidence.get(name, 0.0) + amount
    enough = [(name, amount) for name, amount in evidence.items() if amount >= config.inferred_threshold]
    return sorted(enough, key=lambda pair: (-round(pair[1], 9), pair[0]))[:kept]


def _cues_in(words: tuple[str, ...], index: Mapping[tuple[str, ...], tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Return the cues that stand in a run of stems."""
    return {
        words[start : start + length]
        for length in range(1, LONGEST_PHRASE + 1)
        for start in range(len(words) - length + 1)
        if words[start : start + length] in index
    }


@lru_cache(maxsize=2)
def _tables(
    feature_type: str,
) -> tuple[dict[tuple[str, ...], tuple[str, ...]], dict[str, tuple[tuple[str, float], ...]]]:
    """Return the table turned round: stems of a cue -> names, and genre -> (name, evidence)."""
    index: dict[tuple[str, ...], list[str]] = {}
    by_genre: dict[str, list[tuple[str, float]]] = {}
    for name, (genres, cues) in TABLES[feature_type].items():
        for cue in dict.fromkeys(stems(cue) for cue in cues.split(",")):
            index.setdefault(cue, []).append(name)
        for genre, amount in genres.items():
            by_genre.setdefault(genre, []).append((name, amount))
    return (
        {cue: tuple(names) for cue, names in index.items()},
        {genre: tuple(pairs) for genre, pairs in by_genre.items()},
    )
