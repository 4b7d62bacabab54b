"""Answers of the schema as the demo page draws them: cards with posters and score bars, and what moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bingeboard.pages.posters import Poster, poster

# The parts of a score as they stand in a bar, and what they are called there.
PARTS = (
    ("taste", "baseScore", "Your taste"),
    ("popular", "popularityBoost", "Well known"),
    ("new", "recencyBoost", "New"),
    ("services", "availabilityBoost", "On your services"),
    ("friends", "socialBoost", "Friends"),
)
BAR = 100.0
# Less than this of the longest bar can not be seen.
LEAST_SEEN = 0.4
# Reasons a card shows.
REASONS = 3
MINUTES_AN_HOUR = 60


@dataclass(frozen=True)
class Part:
    """A stretch of a bar: where it begins and how long it is, out of 100, and the number it stands for."""

    key: str
    label: str
    value: float
    start: float
    length: float


@dataclass(frozen=True)
class Move:
    """What became of a title's place: "new", "up" or "down", and by how many places."""

    kind: str
    places: int = 0


@dataclass(frozen=True)
class Card:
    """
    A title as it is drawn; what only lists know is left out elsewhere.

    request   the served list it stands in, which feedback points back to; "" where it stands in none
    """

    id: str
    title: str
    facts: str
    genres: str
    poster: Poster
    key: str
    request: str = ""
    position: int | None = None
    score: float | None = None
    penalty: float = 0.0
    parts: list[Part] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    foremost: str = ""
    algorithms: list[tuple[str, int]] = field(default_factory=list)
    services: str = ""
    because: Mapping[str, Any] | None = None
    move: Move | None = None


@dataclass(frozen=True)
class Row:
    """A heading and its cards."""

    title: str
    cards: list[Card]


@dataclass(frozen=True)
class Liking:
    """One entry of a taste profile: how long its bar is, out of 100, and whether it is a dislike."""

    kind: str
    value: str
    length: float
    against: bool


def cards_of(items: Sequence[Mapping[str, Any]], *, row: str, request: str = "") -> list[Card]:
    """
    Return the cards of a row of recommendations, or of anything with a show.

    row       letters and digits that keep its drawings apart from those of other rows
    request   the served list that the row is of; "" where it is of none
    """
    longest = max((_positive(item["breakdown"]) for item in items if "breakdown" in item), default=1.0)
    return [_card(item, f"{row}x{place}", request, longest) for place, item in enumerate(items)]


def _card(item: Mapping[str, Any], key: str, request: str, longest: float) -> Card:
    show = item["show"]
    genres = [feature["featureValue"] for feature in show["features"]]
    breakdown = item.get("breakdown")
    reasons = item.get("reasons", [])
    return Card(
        id=show["id"],
        title=show["title"],
        facts=_facts(show),
        genres=" · ".join(genres[:2]),
        poster=poster(title=show["title"], genres=genres, key=key),
        key=key,
        request=request,
        position=item.get("position"),
        score=breakdown["finalScore"] if breakdown else None,
        penalty=breakdown["diversityPenalty"] if breakdown else 0.0,
        parts=_parts(breakdown, longest) if breakdown else [],
        reasons=[reason["text"] for reason in reasons][:REASONS],
        foremost=_foremost(reasons),
        algorithms=_algorithms(breakdown) if breakdown else [],
        services=", ".join(platform["name"] for platform in show.get("platforms", [])),
        because=next((reason["shows"][0] for reason in reasons if reason.get("shows")), None),
    )


def _foremost(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Return the weightiest reason that is about the title; where it runs is seen from the bar."""
    about = [reason["text"] for reason in reasons if reason.get("kind") != "platform"]
    return str((about or [reason["text"] for reason in reasons] or [""])[0])


def _facts(show: Mapping[str, Any]) -> str:
    minutes = show["runtimeMinutes"]
    if show["contentType"] == "TV":
        length = "series"
    elif minutes:
        hours, rest = divmod(minutes, MINUTES_AN_HOUR)
        length = f"{hours} h {rest} min" if hours else f"{rest} min"
    else:
        length = ""
    return " · ".join(str(fact) for fact in (show["releaseYear"], length) if fact)


def _positive(breakdown: Mapping[str, float]) -> float:
    return sum(max(0.0, breakdown[name]) for _, name, _ in PARTS) or 1.0


def _parts(breakdown: Mapping[str, float], longest: float) -> list[Part]:
    parts, start = [], 0.0
    for key, name, label in PARTS:
        length = BAR * max(0.0, breakdown[name]) / longest
        if length >= LEAST_SEEN:
            parts.append(Part(key, label, breakdown[name], round(start, 2), round(length, 2)))
            start += length
    return parts


def _algorithms(breakdown: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return each algorithm's share of the base score, in per cent, the largest first."""
    given = {a["algorithm"]: a["score"] * a["weight"] for a in breakdown["algorithms"]}
    total = sum(given.values())
    shares = [(_words(str(name)), round(100 * value / total)) for name, value in given.items()] if total else []
    return sorted(((name, share) for name, share in shares if share), key=lambda item: -item[1])


def _words(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ").lower()


def moves_between(before: Sequence[str], cards: Sequence[Card]) -> tuple[dict[str, Move], str]:
    """
    Return what moved, by title, and a sentence that says it.

    before   the titles as they stood; empty where nothing is to be compared
    """
    if not before:
        return {}, ""
    was = {gid: place for place, gid in enumerate(before)}
    # Titles that only close a gap have not moved: places count among those that stayed.
    stayed = [card.id for card in cards if card.id in was]
    old = {gid: place for place, gid in enumerate(sorted(stayed, key=was.__getitem__))}
    moves = {}
    for place, gid in enumerate(stayed):
        if old[gid] != place:
            moves[gid] = Move("up" if place < old[gid] else "down", abs(old[gid] - place))
    new = [card for card in cards if card.id not in was]
    moves |= {card.id: Move("new") for card in new}
    gone = len(was) - len(stayed)
    told = [
        _count(gone, "left the list"),
        _count(len(new), "came in"),
        _count(len(moves) - len(new), "moved"),
    ]
    return moves, ", ".join(part for part in told if part) or "nothing moved"


def _count(n: int, did: str) -> str:
    return "" if n == 0 else f"1 title {did}" if n == 1 else f"{n} titles {did}"


def taste_of(edges: Sequence[Mapping[str, Any]]) -> list[Liking]:
    """Return the entries of a taste profile as bars, the longest 100."""
    nodes = [edge["node"] for edge in edges]
    longest = max((abs(node["affinityScore"]) for node in nodes), default=1.0) or 1.0
    return [
        Liking(
            _words(str(node["featureType"])),
            node["featureValue"],
            round(BAR * abs(node["affinityScore"]) / longest, 1),
            node["affinityScore"] < 0,
        )
        for node in nodes
    ]
