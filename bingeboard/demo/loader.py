"""The demo catalogue and its made-up viewers -> an empty database; running it again brings nothing new."""

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction

from bingeboard.demo.generator import MadeEvent, Title, World, make_world, title_of
from bingeboard.errors import Invalid
from bingeboard.importing import Rejects, Source
from bingeboard.shows.models import Show
from bingeboard.shows.services import import_shows
from bingeboard.shows.services.catalogue import platform_slug
from recommendations.engine.config import DEFAULT
from recommendations.engine.weighting import engagement_scores, event_codes

CATALOGUE = Path(__file__).resolve().parent / "catalogue"
N_VIEWERS = 500
SEED = 7
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Loaded:
    """What there was to load, and how much of it was new."""

    titles: int
    viewers: int
    events: int
    friendships: int
    new_events: int


def records() -> list[dict[str, Any]]:
    """Return the catalogue's lines, in the order of the titles' ids."""
    lines = [
        json.loads(line)
        for path in sorted(CATALOGUE.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return sorted(lines, key=lambda record: record["id"])


def titles() -> list[Title]:
    """Return the catalogue as the generator reads it."""
    lines = records()
    slugs = {name: platform_slug(name) for record in lines for name in record["platforms"]}
    return [title_of(record, slugs) for record in lines]


def load(
    *,
    now: dt.datetime,
    n_viewers: int = N_VIEWERS,
    seed: int = SEED,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Loaded:
    """
    Load the demo: titles, viewers, what they did, and who is friends with whom.

    Raises Invalid where other titles are there already, unless forced.
    """
    tell = progress or (lambda what, done, total: None)
    catalogue = titles()
    ids = [title.id for title in catalogue]
    others = Show.objects.exclude(pk__in=ids).count()
    if others and not force:
        raise Invalid(f"this database holds {others} other titles; --force loads the demo beside them")
    # Dates count back from the day the demo was first loaded, or a second run would shift them all.
    first = _loaded_at() or now
    world = make_world(titles=catalogue, n_viewers=n_viewers, seed=seed, now=first)
    with transaction.atomic():
        _load_titles(now, tell)
        _load_viewers(world)
        new = _load_events(world.events, first, tell)
        _load_friends(world, first)
        _rate_titles()
        if dry_run:
            transaction.set_rollback(True)
    return Loaded(len(catalogue), len(world.viewers), len(world.events), len(world.friends), new)


def _loaded_at() -> dt.datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT received_at FROM user_behavior_events WHERE user_id = 'demo-ada' LIMIT 1")
        found = cursor.fetchone()
        return found[0] if found else None


def _load_titles(now: dt.datetime, tell: Progress) -> None:
    paths = sorted(CATALOGUE.glob("*.jsonl"))
    for done, path in enumerate(paths, start=1):
        with tempfile.TemporaryDirectory() as folder, Rejects(Path(folder) / "rejects.csv") as rejects:
            import_shows(source=Source(path), rejects=rejects, now=now)
            if rejects.count:
                raise Invalid(f"{path.name} holds {rejects.count} lines that can not be imported")
        tell("titles", done, len(paths))


def _load_viewers(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO users (id, username, timezone, country, birth_year, share_with_friends, date_joined)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::bool[],
                %s::timestamptz[]) ON CONFLICT DO NOTHING
            """,
            [
                [v.id for v in world.viewers],
                [v.username for v in world.viewers],
                [v.timezone for v in world.viewers],
                [v.country for v in world.viewers],
                [v.birth_year for v in world.viewers],
                [v.shares for v in world.viewers],
                [v.joined for v in world.viewers],
            ],
        )
        pairs = [(v.id, slug, v.joined) for v in world.viewers for slug in v.platforms]
        cursor.execute(
            """
            INSERT INTO platform_user_preferences
                (user_id, platform_name, has_subscription, preference_score, is_stated, last_updated)
            SELECT user_id, platform, true, 0.75, true, at
            FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS said(user_id, platform, at)
            ON CONFLICT DO NOTHING
            """,
            [list(column) for column in zip(*pairs, strict=True)],
        )
        cursor.execute(
            "INSERT INTO viewer_states (user_id, behavior_version, unprofiled, profiled_through)"
            " SELECT unnest(%s::text[]), 1, true, -1 ON CONFLICT DO NOTHING",
            [[v.id for v in world.viewers]],
        )


def _load_events(events: Sequence[MadeEvent], received: dt.datetime, tell: Progress) -> int:
    """Bring acts in by COPY and keep those that are new; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE made_events (LIKE user_behavior_events INCLUDING DEFAULTS) ON COMMIT DROP;"
            "ALTER TABLE made_events DROP COLUMN id"
        )
        with cursor.copy(
            "COPY made_events (event_id, user_id, session_id, event_type, content_id, content_type, platform_source,"
            " context, engagement_score, created_at, received_at) FROM STDIN"
        ) as copy:
            for done, row in enumerate(_rows(events, received), start=1):
                copy.write_row(row)
                if done % 5000 == 0 or done == len(events):
                    tell("events", done, len(events))
        cursor.execute(
            "INSERT INTO user_behavior_events (event_id, user_id, session_id, event_type, content_id, content_type,"
            " platform_source, context, engagement_score, created_at, received_at)"
            " SELECT event_id, user_id, session_id, event_type, content_id, content_type, platform_source, context,"
            " engagement_score, created_at, received_at FROM made_events ON CONFLICT (user_id, event_id) DO NOTHING"
        )
        new = int(cursor.rowcount)
        cursor.execute("DROP TABLE made_events")
        return new


def _rows(events: Sequence[MadeEvent], received: dt.datetime) -> Iterator[tuple[Any, ...]]:
    progress = np.array([event.context.get("progress_percent", np.nan) for event in events]) / 100
    scores = engagement_scores(
        event_codes([event.event_type for event in events]), progress, np.full(len(events), np.nan), DEFAULT.events
    )
    for event, score in zip(events, scores.tolist(), strict=True):
        yield (
            event.event_id,
            event.user_id,
            event.session_id,
            event.event_type,
            event.show_id,
            event.content_type,
            event.platform,
            orjson.dumps(event.context).decode(),
            score,
            event.at,
            received,
        )


def _load_friends(world: World, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO friendships (user_id, friend_id, status, created_at, answered_at)
            SELECT asker, asked, CASE WHEN yes THEN 'accepted' ELSE 'requested' END, %s, CASE WHEN yes THEN %s END
            FROM unnest(%s::text[], %s::text[], %s::bool[]) AS f(asker, asked, yes) ON CONFLICT DO NOTHING
            """,
            [now, now, *[list(column) for column in zip(*world.friends, strict=True)]],
        )


def _rate_titles() -> None:
    """Give titles the votes and popularity that the made-up viewers amount to: no figure comes from elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE shows s SET vote_count = v.votes, vote_average = v.average, popularity = v.viewers
            FROM (
                SELECT content_id, count(*) FILTER (WHERE engagement_score NOT BETWEEN 0.4 AND 0.7) AS votes,
                    round((10 * avg(engagement_score))::numeric, 1)::float8 AS average,
                    count(DISTINCT user_id) AS viewers
                FROM user_behavior_events
                WHERE event_type IN ('like', 'dislike', 'complete', 'abandon') GROUP BY content_id
            ) v
            WHERE s.id = v.content_id
              AND (s.vote_count, s.vote_average, s.popularity) IS DISTINCT FROM (v.votes, v.average, v.viewers)
            """
        )
