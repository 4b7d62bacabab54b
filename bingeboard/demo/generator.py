"""
Made-up viewers and what they did, from a seed: the same seed, titles and moment give the same world.

A viewer's liking of a title is the mix of their personas' likings, plus the title's fame, plus noise. They meet titles
in proportion to e^liking, finish what they like, leave what they do not, and say so now and then. Pure: arrays and
dataclasses, no database.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bingeboard.demo.personas import BY_NAME, PERSONAS, Persona

NAMESPACE = uuid.UUID("2b6c0a57-58a1-5c39-8c2f-0d1c2f6a9e10")
HISTORY_DAYS = 365
# How strongly liking decides what is met; 0 would be chance, more would leave no surprises.
SHARPNESS = 0.9
FAME_SPREAD = 0.8
NOISE = 0.7
RISING_TITLES = 6
FIRST_NAMES = (
    "Ada", "Ben", "Cleo", "Dan", "Edda", "Finn", "Gita", "Hugo", "Ines", "Jack", "Kira", "Leo", "Mina",
    "Nils", "Olga", "Paul", "Qi", "Rosa", "Sami", "Tara", "Udo", "Vera", "Will", "Xenia", "Yara", "Zeno",
    "Amir", "Bela", "Cora", "Dara", "Emil", "Faye", "Gus", "Hana", "Ivo", "Jola", "Kemi", "Lars", "Maya",
    "Noor",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Berg", "Cho", "Diaz", "Engel", "Frey", "Gold", "Haas", "Iyer", "Jung", "Kline", "Lopez", "Mori",
    "Nagy", "Okoye", "Park", "Quinn", "Rossi", "Sato", "Toth", "Usman", "Vogel", "Weiss", "Xu", "Yilmaz",
    "Zorn",
)  # fmt: skip
TIMEZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "UTC")
COUNTRIES = {"Europe/Berlin": "DE", "Europe/London": "GB", "America/New_York": "US", "America/Los_Angeles": "US",
             "Asia/Tokyo": "JP", "UTC": ""}  # fmt: skip
# How the ids of made-up viewers begin, but for those below.
OTHERS = "viewer-"
# Viewers whom the demo shows off: (id, name, persona).
NAMED = (
    ("demo-ada", "ada", "space-opera dreamer"),
    ("demo-ben", "ben", "cosy mystery fan"),
    ("demo-cleo", "cleo", "arthouse melancholic"),
)
# Viewers of whom little is known: how many titles they ever met.
NEWCOMERS = (0, 0, 1, 1, 3, 3)


@dataclass(frozen=True)
class Title:
    """What the generator knows of a title: its facts as the catalogue has them."""

    id: int
    media_type: str
    year: int
    runtime: int
    traits: Mapping[tuple[str, str], float]
    platforms: Sequence[str]


@dataclass(frozen=True)
class MadeViewer:
    """A made-up viewer; `mix` is the share of each persona in them."""

    id: str
    username: str
    mix: Mapping[str, float]
    timezone: str
    country: str
    birth_year: int | None
    shares: bool
    platforms: Sequence[str]
    joined: dt.datetime


@dataclass(frozen=True)
class MadeEvent:
    """One act of a made-up viewer."""

    event_id: uuid.UUID
    user_id: str
    session_id: str
    event_type: str
    show_id: int
    content_type: str
    platform: str | None
    context: dict[str, Any]
    at: dt.datetime


@dataclass(frozen=True)
class World:
    """Everything that was made up; friends are pairs (asker, asked, accepted)."""

    viewers: list[MadeViewer]
    events: list[MadeEvent]
    friends: list[tuple[str, str, bool]]
    liking: dict[str, NDArray[np.float64]] = field(repr=False)
    rising: list[int]


def title_of(record: Mapping[str, Any], slug: Mapping[str, str]) -> Title:
    """Return a catalogue line as the generator reads it; `slug` maps a platform's name to its slug."""
    traits = {("type", record["media_type"]): 1.0, ("era", era(record["year"])): 1.0}
    for kind, column in (("genre", "genres"), ("mood", "moods"), ("theme", "themes"), ("keyword", "keywords")):
        for place, value in enumerate(record[column]):
            # The first genre says more than the fourth; the rest stand side by side.
            traits[(kind, value)] = 1.0 / (1 + 0.35 * place) if kind == "genre" else 1.0
    return Title(
        id=record["id"],
        media_type=record["media_type"],
        year=record["year"],
        runtime=record["runtime"] or 100,
        traits=traits,
        platforms=[slug[name] for name in record["platforms"]],
    )


def era(year: int) -> str:
    """Return which era a year belongs to."""
    return "classic" if year < 1980 else "retro" if year < 2000 else "modern"


def liking_of(persona: Persona, titles: Sequence[Title]) -> NDArray[np.float64]:
    """Return how much a persona likes each title, (n_titles,), on no particular scale."""
    return np.array(
        [
            sum(persona.likes.get(trait, 0.0) * weight for trait, weight in title.traits.items())
            - sum(persona.avoids.get(trait, 0.0) * weight for trait, weight in title.traits.items())
            for title in titles
        ]
    )


def make_world(*, titles: Sequence[Title], n_viewers: int, seed: int, now: dt.datetime) -> World:
    """
    Return made-up viewers, their acts and their friendships.

    Raises ValueError for fewer viewers than the named ones and newcomers together, or no titles.
    """
    least = len(NAMED) + len(NEWCOMERS)
    if n_viewers < least:
        raise ValueError(f"at least {least} viewers are needed, got {n_viewers}")
    if not titles:
        raise ValueError("there is no title to watch")
    rng = np.random.default_rng(seed)
    now = now.replace(minute=0, second=0, microsecond=0)
    tastes = {p.name: _standard(liking_of(p, titles)) for p in PERSONAS}
    fame = rng.normal(0, FAME_SPREAD, len(titles))
    rising = sorted(rng.choice(len(titles), size=min(RISING_TITLES, len(titles)), replace=False).tolist())
    viewers = [_viewer(n, n_viewers, rng, now) for n in range(n_viewers)]
    liking = {v.id: np.sum([share * tastes[name] for name, share in v.mix.items()], axis=0) for v in viewers}
    events: list[MadeEvent] = []
    for n, viewer in enumerate(viewers):
        met = NEWCOMERS[n_viewers - 1 - n] if n_viewers - 1 - n < len(NEWCOMERS) else None
        events += _history(viewer, titles, liking[viewer.id], fame, rising, met, rng, now)
    return World(
        viewers=viewers,
        events=events,
        friends=_friends(viewers, rng),
        liking=liking,
        rising=[titles[row].id for row in rising],
    )


def _standard(liking: NDArray[np.float64]) -> NDArray[np.float64]:
    return (liking - liking.mean()) / max(float(liking.std()), 1e-9)


def _viewer(n: int, n_viewers: int, rng: np.random.Generator, now: dt.datetime) -> MadeViewer:
    timezone = TIMEZONES[int(rng.integers(len(TIMEZONES)))]
    first, last = (words[int(rng.integers(len(words)))] for words in (FIRST_NAMES, LAST_NAMES))
    main, side = rng.choice(len(PERSONAS), size=2, replace=False)
    share = float(rng.beta(6, 2))
    mix = {PERSONAS[main].name: share, PERSONAS[side].name: 1 - share}
    identity, username = f"{OTHERS}{n:04d}", f"{first}.{last}.{n}".lower()
    if n < len(NAMED):
        identity, username, persona = NAMED[n]
        mix = {persona: 1.0}
    chosen = BY_NAME[max(mix, key=lambda name: mix[name])]
    return MadeViewer(
        id=identity,
        username=username,
        mix=mix,
        timezone=timezone,
        country=COUNTRIES[timezone] if rng.random() < 0.7 else "",
        birth_year=int(rng.integers(1950, 2008)) if rng.random() < 0.6 else None,
        shares=n < len(NAMED) or bool(rng.random() < 0.6),
        platforms=chosen.platforms,
        joined=now - dt.timedelta(days=HISTORY_DAYS if n < len(NAMED) else float(rng.uniform(30, HISTORY_DAYS))),
    )


def _history(
    viewer: MadeViewer,
    titles: Sequence[Title],
    liking: NDArray[np.float64],
    fame: NDArray[np.float64],
    rising: Sequence[int],
    met: int | None,
    rng: np.random.Generator,
    now: dt.datetime,
) -> list[MadeEvent]:
    """Return one viewer's acts: which titles they met when, and what they did with each."""
    count = int(np.clip(rng.lognormal(2.9, 0.6), 8, 80)) if met is None else met
    if viewer.id in {identity for identity, *_ in NAMED}:
        count = 30
    count = min(count, len(titles) - 1)
    felt = SHARPNESS * 2 * liking + fame + rng.normal(0, NOISE, len(titles))
    chosen = rng.choice(len(titles), size=count, replace=False, p=_softmax(felt)) if count else np.zeros(0, int)
    span = (now - viewer.joined).total_seconds()
    moments = np.sort(rng.uniform(0, span, count))
    events: list[MadeEvent] = []
    for place, (row, offset) in enumerate(zip(chosen, moments, strict=True)):
        start = _evening(viewer, viewer.joined + dt.timedelta(seconds=float(offset)), now, rng)
        events += _sitting(viewer, titles[row], float(liking[row]), start, place, rng)
    if met is None and rng.random() < 0.35:
        # Something everybody talks about this week.
        row = int(rng.choice(rising))
        if row not in chosen:
            start = _evening(viewer, now - dt.timedelta(days=float(rng.uniform(0.5, 6))), now, rng)
            events += _sitting(viewer, titles[row], float(liking[row]) + 0.5, start, count, rng)
    return events


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    e = np.exp(values - values.max())
    return np.asarray(e / e.sum())


def _evening(viewer: MadeViewer, day: dt.datetime, now: dt.datetime, rng: np.random.Generator) -> dt.datetime:
    """Return a moment of that day at an hour the viewer watches, in UTC, never in the future."""
    import zoneinfo

    persona = BY_NAME[max(viewer.mix, key=lambda name: viewer.mix[name])]
    hour = int(rng.choice(persona.hours))
    local = day.astimezone(zoneinfo.ZoneInfo(viewer.timezone)).replace(hour=hour, minute=int(rng.integers(60)))
    start = local.astimezone(dt.UTC).replace(second=0, microsecond=0)
    while start > now - dt.timedelta(hours=4):
        start -= dt.timedelta(days=1)
    return max(start, viewer.joined)


def _sitting(
    viewer: MadeViewer, title: Title, liking: float, start: dt.datetime, place: int, rng: np.random.Generator
) -> list[MadeEvent]:
    """Return what a viewer does with one title in one evening."""
    persona = BY_NAME[max(viewer.mix, key=lambda name: viewer.mix[name])]
    own = [slug for slug in title.platforms if slug in viewer.platforms]
    platform = next(iter([*own, *title.platforms]), None)
    device = persona.device if rng.random() < 0.8 else str(rng.choice(["tv", "phone", "laptop", "tablet"]))
    circumstances: dict[str, Any] = {"device": device}
    acts: list[tuple[str, float, dict[str, Any]]] = []
    if rng.random() < 0.4:
        acts.append(("view", 0, {}))
    if rng.random() < 0.5:
        acts.append(("click", 1, {}))
    minutes = title.runtime
    enjoys = liking + float(rng.normal(0, 0.6))
    if rng.random() < 0.08:
        acts.append(("add_to_list", 2, {}))
    elif enjoys > -0.6 + (0.6 - persona.finishes):
        acts.append(("play", 3, {}))
        if rng.random() < 0.15:
            acts.append(("pause", 3 + minutes / 2, {"progress_percent": 50}))
        acts.append(("complete", 3 + minutes, {"progress_percent": 100, "duration": minutes}))
    else:
        progress = int(rng.integers(3, 70))
        acts.append(("play", 3, {}))
        acts.append(("abandon", 3 + minutes * progress / 100, {"progress_percent": progress, "duration": minutes}))
    said = float(rng.random())
    if enjoys > 0.8 and said < 0.45:
        acts.append(("like", 4 + minutes, {}))
    elif enjoys < -0.8 and said < 0.35:
        acts.append(("dislike", 4 + minutes, {}))
    if enjoys > 1.2 and rng.random() < 0.1:
        acts.append(("share", 5 + minutes, {}))
    session = f"{viewer.id}-{start:%Y%m%d%H%M}"
    return [
        MadeEvent(
            event_id=uuid.uuid5(NAMESPACE, f"{viewer.id}:{place}:{title.id}:{kind}"),
            user_id=viewer.id,
            session_id=session,
            event_type=kind,
            show_id=title.id,
            content_type=title.media_type,
            platform=platform if kind in ("play", "pause", "complete", "abandon") else None,
            context=circumstances | more,
            at=start + dt.timedelta(minutes=float(round(after, 1))),
        )
        for kind, after, more in acts
    ]


def _friends(viewers: Sequence[MadeViewer], rng: np.random.Generator) -> list[tuple[str, str, bool]]:
    """Return friendships, three asked a viewer, two of three among people of the same taste; of the named, some."""
    groups: dict[str, list[int]] = {}
    for n, viewer in enumerate(viewers):
        groups.setdefault(max(viewer.mix, key=lambda name: viewer.mix[name]), []).append(n)
    found: dict[tuple[str, str], bool] = {(NAMED[0][0], NAMED[1][0]): True}
    for n, viewer in enumerate(viewers):
        alike = groups[max(viewer.mix, key=lambda name: viewer.mix[name])]
        for _ in range(3):
            other = int(rng.choice(alike)) if rng.random() < 0.67 else int(rng.integers(len(viewers)))
            one, two = sorted((n, other))
            pair = (viewers[one].id, viewers[two].id)
            if n != other and pair not in found:
                found[pair] = bool(rng.random() < 0.9)
    # The third has asked the first, who has not answered yet.
    first, third = NAMED[0][0], NAMED[2][0]
    found.pop((first, third), None)
    found[third, first] = False
    return [(one, two, accepted) for (one, two), accepted in found.items()]
