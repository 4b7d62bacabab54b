"""Events -> trending_cache: what does better than was to be expected, for every window and scope."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from django.db import connection, transaction
from scipy import sparse

from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.trending import (
    UNITS,
    WINDOWS,
    Acts,
    Counts,
    Rising,
    by_group,
    count,
    distinct,
    in_order,
    joined,
    of_friends,
    rising,
    traffic,
)
from recommendations.models.fields import TrendType
from recommendations.pipeline import circle
from recommendations.queries.copying import fresh_table, write_records
from recommendations.queries.trends import Rows, acts_for_titles, friends_among, genres_of_titles

Progress = Callable[[int], None]
# Viewers whose friends' acts are laid out at once: bounds memory at about 100 MB where circles are busy.
VIEWERS_AT_ONCE = 1000


@dataclass(frozen=True)
class Known:
    """
    The acts that speak for titles, each viewer's once a unit of time, and what they can be divided by.

    acts, on_platforms   distinct; the first without segments, the second by row of platforms
    genres, genre_of     names, and csr (n_titles, n_genres)
    circle               viewers with friends; pairs of (row of circle, viewer of acts)
    viewers              ids; the viewers of acts are rows of it
    """

    acts: Acts
    on_platforms: Acts
    show_ids: Rows
    platforms: list[str]
    genres: list[str]
    genre_of: sparse.csr_matrix
    circle: list[str]
    pairs: tuple[Rows, Rows]
    viewers: list[str]


@dataclass(frozen=True)
class Found:
    """What rises in one window and scope; rising.title is a row of show_ids, rising.segment one of segments."""

    window: str
    scope: TrendType
    segments: Sequence[dict[str, str]]
    show_ids: Rows
    rising: Rising


def rebuild(
    *, now: dt.datetime, as_of: dt.datetime, config: EngineConfig = DEFAULT, progress: Progress | None = None
) -> dict[str, int]:
    """
    Replace trending_cache by what rises at as_of; returns the number of rows of each scope.

    One transaction: readers see the old trends or the new. Repeating it with the same clocks changes nothing.

    now        what calculated_at and expires_at are reckoned from
    as_of      the present of the data; later acts are not counted yet
    progress   called with 1 for each window
    """
    found: list[Found] = []
    circles: list[Known] = []
    for unit in sorted(set(UNITS.values())):
        windows = [window for window in WINDOWS if UNITS[window] == unit]
        known = _known(as_of, unit, reach(windows[-1], config), config)
        circles.append(known)
        for window in windows:
            found += _in_window(window, known, config)
            if progress is not None:
                progress(1)
    _replace(found, circles, now, config)
    return {scope.value: sum(len(one.rising) for one in found if one.scope is scope) for scope in TrendType}


def reach(window: str, config: EngineConfig = DEFAULT) -> dt.timedelta:
    """Return how far back a window looks to learn what is usual."""
    return dt.timedelta(days=WINDOWS[window] * config.trending.slow_factor * config.trending.horizon)


def lifetime(window: str, config: EngineConfig = DEFAULT) -> dt.timedelta:
    """Return how long an entry may be shown without being made anew."""
    return min(dt.timedelta(days=WINDOWS[window]), dt.timedelta(hours=config.trending.lifetime))


def _known(as_of: dt.datetime, unit: float, back: dt.timedelta, config: EngineConfig) -> Known:
    read = acts_for_titles(since=as_of - back, as_of=as_of, unit=dt.timedelta(days=unit), config=config)
    genres, genre_of = genres_of_titles(show_ids=read.show_ids)
    names, viewer, friend = friends_among(viewers=read.viewers, at_least=config.trending.min_friends)
    return Known(
        acts=distinct(read.acts.everywhere(), unit),
        on_platforms=distinct(read.acts.chosen(read.acts.segment >= 0), unit),
        show_ids=read.show_ids,
        platforms=read.platforms,
        genres=genres,
        genre_of=genre_of,
        circle=names,
        pairs=(viewer, friend),
        viewers=read.viewers,
    )


def _in_window(window: str, known: Known, config: EngineConfig) -> list[Found]:
    """Return what rises in a window, in every scope."""
    c, length = config.trending, WINDOWS[window]
    counts = count(known.acts, length, c)
    on_platforms = count(known.on_platforms, length, c)
    lists: dict[TrendType, tuple[list[dict[str, str]], Rising]] = {
        TrendType.GLOBAL: ([{}], _rising(counts, 1, config)),
        TrendType.GENRE: (
            [{"genre": name} for name in known.genres],
            _rising(by_group(counts, known.genre_of), len(known.genres), config),
        ),
        TrendType.PLATFORM: (
            [{"platform": slug} for slug in known.platforms],
            _rising(on_platforms, len(known.platforms), config),
        ),
        TrendType.FRIEND_NETWORK: (
            [{"user": viewer} for viewer in known.circle],
            _among_friends(known, counts, length, config),
        ),
    }
    return [Found(window, scope, segments, known.show_ids, what) for scope, (segments, what) in lists.items()]


def _rising(counts: Counts, n_segments: int, config: EngineConfig) -> Rising:
    c = config.trending
    return rising(counts, traffic(counts, n_segments, c), min_viewers=c.min_viewers, config=c)


def _among_friends(known: Known, counts: Counts, length: float, config: EngineConfig) -> Rising:
    """
    Return what rises among each viewer's friends.

    A circle is too small to tell how busy it is by itself, so the traffic is everybody's.
    """
    c = config.trending
    busy = np.full(len(known.circle), traffic(counts, 1, c)[0])
    # What fewer than two have watched lately, no two friends have.
    lately = counts.title[counts.viewers >= c.min_friends]
    recent = known.acts.age <= length * c.slow_factor * c.horizon
    acts = known.acts.chosen(recent & np.isin(known.acts.title, lately))
    viewer, friend = known.pairs
    found = []
    for start in range(0, len(known.circle), VIEWERS_AT_ONCE):
        low, high = np.searchsorted(viewer, (start, start + VIEWERS_AT_ONCE))
        theirs = in_order(of_friends(acts, viewer[low:high], friend[low:high]))
        found.append(rising(count(theirs, length, c), busy, min_viewers=c.min_friends, config=c))
    return joined(found)


def _parted(circles: Sequence[Known], config: EngineConfig) -> list[str]:
    """Return the viewers of whose friends one may no longer be seen, or is no friend any more."""
    gone: set[str] = set()
    for known in circles:
        names, viewer, friend = friends_among(viewers=known.viewers, at_least=config.trending.min_friends)
        still = {(names[row], other) for row, other in zip(viewer.tolist(), friend.tolist(), strict=True)}
        before = zip(known.pairs[0].tolist(), known.pairs[1].tolist(), strict=True)
        gone |= {known.circle[row] for row, other in before if (known.circle[row], other) not in still}
    return sorted(gone)


def _replace(found: Sequence[Found], circles: Sequence[Known], now: dt.datetime, config: EngineConfig) -> None:
    """Make trending_cache what was found; an entry that stays keeps its row."""
    with transaction.atomic(), connection.cursor() as cursor:
        fresh_table(name="wanted_trends", columns="place int4, content_id int8, score float8, viewers int4")
        fresh_table(
            name="trend_segments",
            columns="place int4, time_window text, trend_type text, document jsonb, expires_at timestamptz",
        )
        place = 0
        for one in found:
            _stage(one, place, now + lifetime(one.window, config))
            place += len(one.segments)
        cursor.execute("ANALYZE wanted_trends")
        cursor.execute("ANALYZE trend_segments")
        # Who stopped sharing since the friends were read is found here; who does from now on waits, and then deletes.
        circle.hold()
        cursor.execute(
            "DELETE FROM trend_segments WHERE trend_type = 'friend_network' AND document->>'user' = ANY(%s)",
            [_parted(circles, config)],
        )
        cursor.execute(_FORGET)
        cursor.execute(_STORE, [now])


def _stage(one: Found, place: int, expires_at: dt.datetime) -> None:
    """Put a window and scope into the temporary tables, its segments numbered from place on."""
    write_records(
        table="wanted_trends",
        columns=[("place", "int4"), ("content_id", "int8"), ("score", "float8"), ("viewers", "int4")],
        values=[
            place + one.rising.segment,
            one.show_ids[one.rising.title],
            one.rising.score,
            one.rising.viewers,
        ],
    )
    with connection.cursor() as cursor, cursor.copy("COPY trend_segments FROM STDIN") as copy:
        for segment in np.unique(one.rising.segment).tolist():
            document = orjson.dumps(one.segments[segment]).decode()
            copy.write_row((place + segment, one.window, one.scope.value, document, expires_at))


_FORGET = """
DELETE FROM trending_cache t WHERE NOT EXISTS (
    SELECT FROM trend_segments s JOIN wanted_trends w USING (place)
    WHERE w.content_id = t.content_id AND s.time_window = t.time_window AND s.trend_type = t.trend_type
      AND s.document = t.segment)
"""
# A title, a viewer or a consent may have gone meanwhile.
_STORE = """
INSERT INTO trending_cache
    (content_id, time_window, trend_type, trend_score, segment, viewers, calculated_at, expires_at)
SELECT w.content_id, s.time_window, s.trend_type, w.score, s.document, w.viewers, %s, s.expires_at
FROM wanted_trends w JOIN trend_segments s USING (place) JOIN shows t ON t.id = w.content_id AND t.is_active
WHERE s.trend_type <> 'friend_network'
   OR EXISTS (SELECT FROM users u WHERE u.id = s.document->>'user' AND u.share_with_friends AND u.is_active)
ORDER BY w.place, w.score DESC, w.content_id
ON CONFLICT (content_id, time_window, trend_type, segment) DO UPDATE
SET trend_score = excluded.trend_score, viewers = excluded.viewers, calculated_at = excluded.calculated_at,
    expires_at = excluded.expires_at
WHERE (trending_cache.trend_score, trending_cache.viewers, trending_cache.calculated_at, trending_cache.expires_at)
   IS DISTINCT FROM (excluded.trend_score, excluded.viewers, excluded.calculated_at, excluded.expires_at)
"""
