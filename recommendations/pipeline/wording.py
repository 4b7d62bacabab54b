"""Evidence -> a sentence a viewer can read. Nothing is said that the evidence does not hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from recommendations.engine import reasons

_FEATURE_SENTENCES = {
    "genre": "You enjoy {value}",
    "cast": "With {value}, whom you like to watch",
    "director": "By {value}, whose work you like",
    "keyword": "It is about {value}, which you keep coming back to",
    "mood": "It is {value}, the way you like it",
    "theme": "It deals with {value}, as titles you liked do",
}


def sentence(
    evidence: Mapping[str, Any], *, titles: Mapping[int, str], names: Mapping[str, str], platforms: Mapping[str, str]
) -> str:
    """Return what a reason says; ids that are not in the mappings any more are left out."""
    kind = evidence["kind"]
    shows = listed([titles[show] for show in evidence.get("shows", []) if show in titles])
    if kind == reasons.BECAUSE and shows:
        return f"Because you watched {shows}"
    if kind == reasons.LIKENESS and shows:
        return f"Close in story and feel to {shows}"
    if kind == reasons.FEATURE:
        feature_type, value = evidence["feature"]
        return _FEATURE_SENTENCES[feature_type].format(value=value)
    if kind == reasons.RISING:
        return "More people than usual are watching it"
    if kind == reasons.NEW:
        return "Recently released"
    if kind == reasons.PLATFORM:
        return f"On {platforms.get(evidence['platform'], evidence['platform'])}, which you have"
    if kind == reasons.FRIENDS:
        friends = listed([names[friend] for friend in evidence.get("friends", []) if friend in names])
        return f"{friends} watched or liked it" if friends else "Friends watched or liked it"
    return "Popular with viewers"


def listed(words: Sequence[str]) -> str:
    """Return words as prose: 'A', 'A and B', 'A, B and C'."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
