"""Candidates + filter + variant -> the list that is served, kept under its request id."""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from bingeboard.errors import NotFound
from bingeboard.shows.models import Show
from experiments.queries import assignments_for
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.exploration import explore
from recommendations.engine.snapshot import Snapshot
from recommendations.models import ServedList
from recommendations.pipeline import candidates, collaborative, folding, moments
from recommendations.pipeline.moments import Moment
from recommendations.pipeline.served import PARTS, Entry, entries_of, keep, keep_stored
from recommendations.queries.filters import ListFilter, allowed_rows

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ranked:
    """
    A list in order, what it was made with, and when its candidates were made.

    version   of the model that is live; '' where none has been fitted, and then the list is empty
    """

    entries: list[Entry]
    assigned: Sequence[Any]
    config: EngineConfig
    version: str
    generated_at: dt.datetime


def serve(
    *,
    user_id: str,
    algorithm: str,
    filter: ListFilter | None = None,
    moment: Moment | None = None,
    now: dt.datetime,
    shown: int | None = None,
) -> ServedList:
    """
    Make a viewer's list of this moment, keep it, and return it.

    shown   how many of its items will be looked at; the others are read when they are after all

    It reflects everything acknowledged before: where the stored candidates are older than the viewer's last act, the
    whole pool is scored anew, here and now, whether or not any worker is alive. So it is for a filter, which chooses
    before the list is cut, and for a moment; a list asked for without one is of no moment in particular.
    """
    chosen = filter or ListFilter()
    assigned = assignments_for(user_id=user_id, now=now)
    config = configured(assigned)
    best = _best_stored(user_id, now) if _is_usual(algorithm, chosen, moment, config) else None
    if best is not None:
        kept = _kept_stored(best, user_id, assigned, config, config.serving.kept if shown is None else shown, now)
        if kept is not None:
            return kept
    # Where nothing was up to date just now, nothing is looked for again.
    stored = None if best is None else _stored(user_id, now)
    made = _ranked(stored, user_id, algorithm, chosen, moment, assigned, config, now)
    return _kept(made, user_id=user_id, algorithm=algorithm, chosen=chosen, moment=moment, now=now)


def _kept(
    made: Ranked, *, user_id: str, algorithm: str, chosen: ListFilter, moment: Moment | None, now: dt.datetime
) -> ServedList:
    """Draw some places of a list by chance, and keep it."""
    request_id = uuid.uuid4()
    shown, propensities = _explored(made.entries, request_id, made.config)
    return keep(
        shown,
        user_id=user_id,
        assigned=made.assigned,
        filter=chosen,
        moment=moment,
        now=now,
        algorithm=algorithm,
        propensities=propensities,
        request_id=request_id,
        version=made.version,
        generated_at=made.generated_at,
        config=made.config,
    )


def serve_changed(
    *, user_id: str, algorithm: str, shown: int, last: Sequence[int] | None, now: dt.datetime
) -> tuple[ServedList | None, list[int]]:
    """
    Make a viewer's list of this moment; keep and return it where its first titles are others than they were.

    shown   how many of its titles are looked at
    last    the titles, in order, that this returned the last time; None: there was no last time

    Returns (the list, None where nothing changed; its first titles before any place is drawn by chance).
    """
    made = rank(user_id=user_id, algorithm=algorithm, chosen=ListFilter(), now=now)
    titles = [entry.show_id for entry in made.entries[:shown]]
    if last is not None and titles == list(last):
        return None, titles
    return _kept(made, user_id=user_id, algorithm=algorithm, chosen=ListFilter(), moment=None, now=now), titles


def rank(*, user_id: str, algorithm: str, chosen: ListFilter, moment: Moment | None = None, now: dt.datetime) -> Ranked:
    """Return a viewer's list of this moment, before any place is drawn by chance; keeps nothing."""
    assigned = assignments_for(user_id=user_id, now=now)
    config = configured(assigned)
    stored = _stored(user_id, now) if _is_usual(algorithm, chosen, moment, config) else None
    return _ranked(stored, user_id, algorithm, chosen, moment, assigned, config, now)


def _ranked(
    stored: tuple[list[Entry], dt.datetime, str] | None,
    user_id: str,
    algorithm: str,
    chosen: ListFilter,
    moment: Moment | None,
    assigned: Sequence[Any],
    config: EngineConfig,
    now: dt.datetime,
) -> Ranked:
    """Return the stored list, else one made of everything known at this moment."""
    if stored is not None:
        entries, generated_at, version = stored
        return Ranked(entries[: config.serving.kept], assigned, config, version, generated_at)
    folding.settle(user_ids=[user_id])
    try:
        known = candidates.snapshot(now=now)
    except NotFound as unfitted:
        # A viewer is not who can do something about it: an empty list, and a line in the log for who can.
        logger.warning("an empty list was served: %s", unfitted.message)
        return Ranked([], assigned, config, "", now)
    entries = _fresh(user_id, algorithm, chosen, moment, config, known, now)
    return Ranked(entries[: config.serving.kept], assigned, config, known.version, now)


def rank_for_export(
    *,
    user_ids: Sequence[str],
    algorithm: str,
    limit: int,
    now: dt.datetime,
    diversity: float | None = None,
    config: EngineConfig = DEFAULT,
) -> Iterator[tuple[str, list[int]]]:
    """
    Yield each viewer and the titles that would be served, best first, by the path that serves them.

    No place is drawn by chance: what is exported and measured is what the engine thinks best.

    diversity   the dial in [0, 1]; the config's own where left out
    """
    known = candidates.snapshot(now=now)
    for start in range(0, len(user_ids), candidates.VIEWERS_AT_ONCE):
        chunk = user_ids[start : start + candidates.VIEWERS_AT_ONCE]
        folding.settle(user_ids=chunk, config=config)
        proposals = candidates.generate(
            user_ids=chunk,
            now=now,
            algorithms=[algorithm],
            config=config,
            diversity=diversity,
            sizes={algorithm: limit},
        )
        for proposal in proposals:
            yield proposal.user_id, [int(show) for show in known.show_ids[proposal.slate.rows]]


def mark_stale(*, user_id: str) -> None:
    """Ask for a viewer's candidates to be made anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO viewer_states (user_id, behavior_version) VALUES (%s, 1) ON CONFLICT (user_id)"
            " DO UPDATE SET behavior_version = viewer_states.behavior_version + 1",
            [user_id],
        )


def configured(assigned: Sequence[Any]) -> EngineConfig:
    """Return the engine's constants as the viewer's variants change them."""
    config = DEFAULT
    for assignment in assigned:
        try:
            config = config.with_overrides(assignment.algorithm_config)
        except ValueError as error:
            # It was good when it was saved: a constant has been renamed since. The viewer gets the usual list.
            logger.error("experiment %s, variant %s: %s", assignment.experiment, assignment.variant, error)
    return config


def _is_usual(algorithm: str, chosen: ListFilter, moment: Moment | None, config: EngineConfig) -> bool:
    """Return whether the stored candidates were made for just such a list."""
    # Only the blend is kept as long as a list is; the others are kept to be compared, and served anew.
    return algorithm == candidates.HYBRID and moment is None and not chosen.narrows and config == DEFAULT


# The stored blend, where it is up to date: everything that deals with a title makes the viewer stale, so what is up to
# date holds nothing dealt with. What a curator has taken out since is out at once.
_UP_TO_DATE = """
    FROM viewer_states v JOIN recommendation_candidates c ON c.user_id = v.user_id
        JOIN shows s ON s.id = c.content_id AND s.is_active
    WHERE v.user_id = %(user)s AND v.candidates_version >= v.behavior_version
        AND c.algorithm_type = 'hybrid' AND c.expires_at > %(now)s
        AND c.explanation IS NOT NULL AND c.parts IS NOT NULL
"""
_LIVE = "(SELECT version FROM model_artifacts WHERE kind = %(kind)s AND state = 'live')"


def _best_stored(user_id: str, now: dt.datetime) -> tuple[str, dt.datetime, str] | None:
    """Return the stored blend, as JSON of (title, score)s, with the rest of `_stored`; None where it is out of date."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT
                json_agg(json_build_array(c.content_id, c.final_score) ORDER BY c.final_score DESC, c.content_id)::text,
                min(c.generated_at), max(c.generated_at), {_LIVE}
            {_UP_TO_DATE}
            """,
            {"kind": collaborative.KIND, "user": user_id, "now": now},
        )
        best, generated_at, latest, version = cursor.fetchone()
    # Lists are replaced whole.
    return None if best is None or version is None or generated_at != latest else (best, generated_at, version)


def _kept_stored(
    stored: tuple[str, dt.datetime, str],
    user_id: str,
    assigned: Sequence[Any],
    config: EngineConfig,
    shown: int,
    now: dt.datetime,
) -> ServedList | None:
    """Draw some places of the stored blend by chance, and keep it; None where it has changed meanwhile."""
    best, generated_at, version = stored
    entries = orjson.loads(best)[: config.serving.kept]
    request_id = uuid.uuid4()
    explored = explore([score for _, score in entries], seed=request_id.int, config=config.exploration)
    return keep_stored(
        [(entries[place][0], likely) for place, likely in zip(explored.order, explored.propensity, strict=True)],
        user_id=user_id,
        assigned=assigned,
        now=now,
        request_id=request_id,
        version=version,
        generated_at=generated_at,
        shown=shown,
        config=config,
    )


def _stored(user_id: str, now: dt.datetime) -> tuple[list[Entry], dt.datetime, str] | None:
    """Return the stored blend, when it was made and the version of the live model; None where it is out of date."""
    with connection.cursor() as cursor:
        # What is the same for all rows stands in the first.
        cursor.execute(
            f"""
            SELECT c.content_id, {", ".join(f"c.{part}" for part in PARTS)}, c.parts::text,
                (c.explanation->'reasons')::text, coalesce((c.explanation->'penalties')::text, '[]'),
                CASE WHEN row_number() OVER best = 1 THEN c.generated_at END,
                CASE WHEN row_number() OVER best = 1 THEN {_LIVE} END
            {_UP_TO_DATE}
            WINDOW best AS (ORDER BY c.final_score DESC, c.content_id)
            ORDER BY c.final_score DESC, c.content_id
            """,
            {"kind": collaborative.KIND, "user": user_id, "now": now},
        )
        rows = cursor.fetchall()
    if not rows or rows[0][-1] is None:
        return None
    return [Entry(row[0], row[1:8], *row[8:11]) for row in rows], *rows[0][11:]


def _fresh(
    user_id: str,
    algorithm: str,
    chosen: ListFilter,
    moment: Moment | None,
    config: EngineConfig,
    known: Snapshot,
    now: dt.datetime,
) -> list[Entry]:
    """Return the list from everything known at this moment."""
    allowed = allowed_rows(chosen=chosen, user_id=user_id, known=known, today=now.date())
    effects = None
    if moment is not None:
        effects = [moments.effect_of(moment=moment, user_id=user_id, known=known, now=now, config=config)]
    proposals = candidates.generate(
        user_ids=[user_id],
        now=now,
        algorithms=[algorithm],
        config=config,
        diversity=chosen.diversity,
        allowed=allowed,
        include_seen=chosen.include_seen,
        sizes={algorithm: config.serving.kept},
        known=known,
        moments=effects,
        fill=allowed is not None,
    )
    shown = [int(known.show_ids[row]) for proposal in proposals for row in proposal.slate.rows]
    # The model may be hours old: what a curator has taken out since is out at once.
    gone = set(Show.objects.filter(pk__in=shown, is_active=False).values_list("pk", flat=True))
    entries = (entry for proposal in proposals for entry in entries_of(proposal, known))
    return [entry for entry in entries if entry.show_id not in gone]


def _explored(entries: Sequence[Entry], request_id: uuid.UUID, config: EngineConfig) -> tuple[list[Entry], list[float]]:
    """Return the list with some places drawn by chance, and how likely each title was to stand where it stands."""
    scores = [entry.final_score for entry in entries]
    explored = explore(scores, seed=request_id.int, config=config.exploration)
    return [entries[place] for place in explored.order], explored.propensity
