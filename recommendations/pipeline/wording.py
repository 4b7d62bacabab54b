"""Evidence -> a sentence a viewer can read. Nothing is said that the evidence does not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from recommendations.engine import reasons

_FEATURE_SENTENCES = {
    "genre": "You enjoy {value}",
    "cast": "With {value}, whom you like to watch",
    "director": "By {value}, whose work you like",
    "keyword": "It is about {value}, which you keep coming back to",
    "mood": "It is {value}, the way you like it",
    "theme": "It deals with {value}, as titles you liked do",
}


# Every page with reasons asks.
_NAMES = """
    SELECT (SELECT json_object_agg(id, title)::text FROM shows WHERE id = ANY(%(shows)s)),
        (SELECT json_object_agg(id, username)::text FROM users WHERE id = ANY(%(friends)s)),
        (SELECT json_object_agg(slug, name)::text FROM platforms WHERE slug = ANY(%(slugs)s))
"""


@dataclass(frozen=True)
class Names:
    """What the things that reasons name are called; those that are not there any more are left out."""

    titles: Mapping[int, str]
    names: Mapping[str, str]
    platforms: Mapping[str, str]

    @classmethod
    def of(cls, evidence: Sequence[Mapping[str, Any]]) -> "Names":
        """Return the names of everything that this evidence names."""
        shows = {show for reason in evidence for show in reason.get("shows", ())}
        friends = {friend for reason in evidence for friend in reason.get("friends", ())}
        slugs = {reason["platform"] for reason in evidence if "platform" in reason}
        if not (shows or friends or slugs):
            return cls({}, {}, {})
        with connection.cursor() as cursor:
            cursor.execute(_NAMES, {"shows": sorted(shows), "friends": sorted(friends), "slugs": sorted(slugs)})
            titles, names, platforms = (orjson.loads(found or "{}") for found in cursor.fetchone())
        return cls({int(key): title for key, title in titles.items()}, names, platforms)

    def sentence(self, evidence: Mapping[str, Any], *, who: str = "you") -> str:
        """Return what a reason says of `who` watched; ids that are not there any more are left out."""
        kind = evidence["kind"]
        shows = listed([self.titles[show] for show in evidence.get("shows", ()) if show in self.titles])
        if kind == reasons.BECAUSE and shows:
            return f"Because {who} watched {shows}"
        if kind == reasons.LIKENESS and shows:
            return f"Close in story and feel to {shows}"
        if kind == reasons.FEATURE:
            feature_type, value = evidence["feature"]
            return _FEATURE_SENTENCES[feature_type].format(value=value)
        if kind == reasons.RISING:
            return "More people than usual are watching it"
        if kind == reasons.BEGUN:
            return "You began it and have not finished it"
        if kind == reasons.ASKED:
            return "Nothing is known of it that speaks for it but that you asked for such titles"
        if kind == reasons.MOMENT:
            return _of_moment(*evidence["during"])
        if kind == reasons.NEW:
            return "Recently released"
        if kind == reasons.PLATFORM:
            return f"On {self.platforms.get(evidence['platform'], evidence['platform'])}, which you have"
        if kind == reasons.FRIENDS:
            friends = listed([self.names[friend] for friend in evidence.get("friends", []) if friend in self.names])
            return f"{friends} watched or liked it" if friends else "Friends watched or liked it"
        return "Popular with viewers"


_TIMES_OF_DAY = {"night": "at night", "morning": "in the morning", "afternoon": "in the afternoon"}


def _of_moment(circumstance: str, value: str) -> str:
    """Return what a circumstance of the moment has to do with a title."""
    if circumstance == "mood":
        return "It is of the mood you asked for" if value == "named" else f"The kind you watch when you feel {value}"
    if circumstance == "time_of_day":
        return f"The kind that is watched {_TIMES_OF_DAY.get(value, 'in the evening')}"
    if circumstance == "day_of_week":
        return f"The kind that is watched {'at the weekend' if value == 'weekend' else 'on weekdays'}"
    return f"The kind that is watched on this device: {value}"


def listed(words: Sequence[str]) -> str:
    """Return words as prose: 'A', 'A and B', 'A, B and C'."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
