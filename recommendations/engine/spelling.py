"""How far apart two spellings are: slips of the keys, counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ARTICLE = re.compile(r"^(the|a|an) (.+)$|^(.+), (the|a|an|le|la|les|l'|el|il|der|die|das)$")


def bare(name: str) -> str:
    """
    Return a name as it is compared: lower case, without accents, points and its article, wherever that stands.

    "Matrix, The" and "The Matrix" are both "matrix"; what is an article or signs only stays as it is.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    found = _ARTICLE.match(plain.strip())
    plain = (found.group(2) or found.group(3)) if found else plain
    words = " ".join("".join(c if c.isalnum() else " " if c in " -/:&" else "" for c in plain).split())
    return words or name.casefold().strip()


def slips(word: str, others: Sequence[str]) -> NDArray[np.int64]:
    """
    Return how many slips lie between a word and each of the others, (n,).

    A slip is a letter too many, too few or wrong, or two neighbours swapped; no letter is touched twice (optimal string
    alignment: Damerau, CACM 1964). Time is |word| times the longest of the others, each step for all of them at once.
    """
    n, longest = len(others), max(map(len, others), default=0)
    if n == 0:
        return np.zeros(0, np.int64)
    letters = np.zeros((n, longest), dtype=np.int32)
    for row, other in enumerate(others):
        letters[row, : len(other)] = [ord(c) for c in other]
    lengths = np.array([len(other) for other in others])
    before = np.zeros((n, longest + 1), np.int64)
    above = np.tile(np.arange(longest + 1), (n, 1))
    for i, letter in enumerate(word, start=1):
        current = np.empty_like(above)
        current[:, 0] = i
        differs = letters != ord(letter)
        best = np.minimum(above[:, 1:] + 1, above[:, :-1] + differs)
        if i > 1:
            swapped = (letters[:, :-1] == ord(letter)) & (letters[:, 1:] == ord(word[i - 2]))
            best[:, 1:] = np.where(swapped, np.minimum(best[:, 1:], before[:, :-2] + 1), best[:, 1:])
        for j in range(1, longest + 1):
            current[:, j] = np.minimum(best[:, j - 1], current[:, j - 1] + 1)
        before, above = above, current
    found: NDArray[np.int64] = above[np.arange(n), lengths]
    return found
