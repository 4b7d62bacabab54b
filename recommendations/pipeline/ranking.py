"""Candidates + filter + variant -> the list that is served, kept under its request id."""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction

from bingeboard.errors import NotFound, Stale
from bingeboard.shows.models import Platform, Show
from bingeboard.users.models import User
from experiments.queries import assignments_for
from experiments.services import record_exposure
from recommendations.engine.candidates import Proposal
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.exploration import explore
from recommendations.engine.snapshot import Snapshot
from recommendations.models import ServedList
from recommendations.pipeline import candidates, folding, moments
from recommendations.pipeline.moments import Moment
from recommendations.pipeline.wording import sentence
from recommendations.queries.events import dealt_with
from recommendations.queries.filters import ListFilter, allowed_rows

logger = logging.getLogger(__name__)
__all__ = ["ListFilter", "Moment", "rank_for_export", "read_served", "serve"]
PARTS = (
    "base_score",
    "popularity_boost",
    "recency_boost",
    "diversity_penalty",
    "availability_boost",
    "social_boost",
    "final_score",
)


@dataclass(frozen=True)
class Entry:
    """One title of a list before it is put into words; `algorithm` where it is another than the list's."""

    show_id: int
    breakdown: dict[str, float]
    parts: list[tuple[str, float, float, int | None]]
    reasons: list[dict[str, Any]]
    penalties: list[dict[str, Any]]
    algorithm: str = ""


@dataclass(frozen=True)
class Ranked:
    """A list in order, what it was made with (no snapshot: no model yet), and when its candidates were made."""

    entries: list[Entry]
    assigned: Sequence[Any]
    config: EngineConfig
    known: Snapshot | None
    generated_at: dt.datetime


def serve(
    *,
    user_id: str,
    algorithm: str,
    filter: ListFilter | None = None,
    moment: Moment | None = None,
    now: dt.datetime,
) -> ServedList:
    """
    Make a viewer's list of this moment, keep it, and return it.

    It reflects everything acknowledged before: where the stored candidates are older than the viewer's last act, the
    whole pool is scored anew, here and now, whether or not any worker is alive. So it is for a filter, which chooses
    before the list is cut, and for a moment; a list asked for without one is of no moment in particular.
    """
    chosen = filter or ListFilter()
    made = rank(user_id=user_id, algorithm=algorithm, chosen=chosen, moment=moment, now=now)
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
        version="" if made.known is None else made.known.version,
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


def keep(
    entries: Sequence[Entry],
    *,
    user_id: str,
    assigned: Sequence[Any],
    filter: ListFilter,
    moment: Moment | None,
    now: dt.datetime,
    algorithm: str = candidates.HYBRID,
    propensities: Sequence[float] | None = None,
    request_id: uuid.UUID | None = None,
    version: str = "",
    generated_at: dt.datetime | None = None,
    page: Mapping[str, Any] | None = None,
    config: EngineConfig = DEFAULT,
) -> ServedList:
    """
    Keep a list as it is served, and note that its variants were seen.

    propensities   how likely each title was to stand where it stands; 1 where left out
    page           what else there is to say of how it was laid out
    """
    likely = [1.0] * len(entries) if propensities is None else propensities
    with transaction.atomic():
        kept = ServedList.objects.create(
            request_id=request_id or uuid.uuid4(),
            user_id=user_id,
            algorithm=algorithm,
            experiment_name=assigned[0].experiment if assigned else "",
            variant=assigned[0].variant if assigned else "",
            model_version=version,
            parameters={"filter": _given(filter), "context": _given(moment or Moment()), **(page or {})},
            items=_worded(entries, likely, algorithm),
            generated_at=generated_at or now,
            created_at=now,
            expires_at=now + dt.timedelta(hours=config.serving.retention),
        )
        if assigned:
            record_exposure(user_id=user_id, assigned=assigned, now=now)
    return kept


def rank(*, user_id: str, algorithm: str, chosen: ListFilter, moment: Moment | None = None, now: dt.datetime) -> Ranked:
    """Return a viewer's list of this moment, before any place is drawn by chance; keeps nothing."""
    folding.settle(user_ids=[user_id])
    assigned = assignments_for(user_id=user_id, now=now)
    config = configured(assigned)
    entries: list[Entry] | None
    entries, generated_at = None, now
    try:
        known = candidates.snapshot(now=now)
    except NotFound as unfitted:
        # A viewer is not who can do something about it: an empty list, and a line in the log for who can.
        logger.warning("an empty list was served: %s", unfitted.message)
        known, entries = None, []
    # Only the blend is kept as long as a list is; the others are kept to be compared, and served anew.
    if known is not None and algorithm == candidates.HYBRID and _is_usual(chosen, moment, config):
        entries, generated_at = _stored(user_id, algorithm, now)
    if entries is None and known is not None:
        entries, generated_at = _fresh(user_id, algorithm, chosen, moment, config, known, now), now
    return Ranked((entries or [])[: config.serving.kept], assigned, config, known, generated_at)


def read_served(*, user_id: str, request_id: uuid.UUID, now: dt.datetime) -> ServedList:
    """
    Return a list as it was served.

    Raises NotFound where there is none or it is somebody else's, Stale where it is past its retention.
    """
    kept = ServedList.objects.filter(request_id=request_id, user_id=user_id).first()
    if kept is None:
        raise NotFound("there is no such list", field="after")
    if kept.expires_at <= now:
        raise Stale("this list is past its retention; ask for a fresh one", field="after")
    return kept


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


def _is_usual(chosen: ListFilter, moment: Moment | None, config: EngineConfig) -> bool:
    """Return whether the stored candidates were made for just such a list."""
    return moment is None and not chosen.narrows and config == DEFAULT


def _stored(user_id: str, algorithm: str, now: dt.datetime) -> tuple[list[Entry] | None, dt.datetime]:
    """Return the stored candidates where they know all the viewer did; None where they do not, or there are none."""
    with connection.cursor() as cursor:
        # What a curator has taken out since is out at once.
        cursor.execute(
            """
            SELECT c.content_id, c.base_score, c.popularity_boost, c.recency_boost, c.diversity_penalty,
                c.availability_boost, c.social_boost, c.final_score, c.explanation::text, c.parts::text, c.generated_at
            FROM viewer_states v JOIN recommendation_candidates c ON c.user_id = v.user_id
                JOIN shows s ON s.id = c.content_id AND s.is_active
            WHERE v.user_id = %s AND v.candidates_version >= v.behavior_version
                AND c.algorithm_type = %s AND c.expires_at > %s
                AND c.explanation IS NOT NULL AND c.parts IS NOT NULL
            ORDER BY c.final_score DESC, c.content_id
            """,
            [user_id, algorithm, now],
        )
        rows = cursor.fetchall()
    if not rows:
        return None, now
    done = dealt_with(user_ids=[user_id])[user_id]
    entries = []
    for show_id, *scores, explanation, parts, _ in rows:
        if show_id not in done:
            told = orjson.loads(explanation)
            entries.append(
                Entry(
                    show_id=show_id,
                    breakdown=dict(zip(PARTS, scores, strict=True)),
                    parts=[tuple(part) for part in orjson.loads(parts)],
                    reasons=told["reasons"],
                    penalties=told.get("penalties", []),
                )
            )
    return entries, rows[0][-1]


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


def entries_of(proposal: Proposal, known: Snapshot) -> Iterator[Entry]:
    """Yield a proposal's titles as a list has them, in order."""
    s = proposal.slate
    columns = (s.base, s.popularity, s.recency, s.diversity, s.availability, s.social, s.final)
    for i, row in enumerate(s.rows):
        yield Entry(
            show_id=int(known.show_ids[row]),
            breakdown={name: float(column[i]) for name, column in zip(PARTS, columns, strict=True)},
            parts=[(p.algorithm, p.score, p.weight, p.rank) for p in proposal.parts[i]],
            reasons=[candidates.evidence_document(evidence, known) for evidence in proposal.reasons[i]],
            penalties=candidates.penalty_documents(proposal, i, known),
        )


def _explored(entries: Sequence[Entry], request_id: uuid.UUID, config: EngineConfig) -> tuple[list[Entry], list[float]]:
    """Return the list with some places drawn by chance, and how likely each title was to stand where it stands."""
    scores = np.array([entry.breakdown["final_score"] for entry in entries])
    explored = explore(scores, seed=request_id.int, config=config.exploration)
    return [entries[place] for place in explored.order.tolist()], explored.propensity.tolist()


def _given(choice: Any) -> dict[str, Any]:
    """Return what was really said of a filter or moment; what was left out is left out."""
    blank = type(choice)()
    return {name: value for name, value in asdict(choice).items() if value != getattr(blank, name)}


def _worded(entries: Sequence[Entry], propensities: Sequence[float], algorithm: str) -> list[dict[str, Any]]:
    """Return the items of a served list, their reasons in words."""
    known = _Names.of([reason for entry in entries for reason in entry.reasons])
    return [
        {
            "show": entry.show_id,
            "position": position,
            "algorithm": entry.algorithm or algorithm,
            "breakdown": breakdown_of(entry),
            "reasons": [_reason(reason, known.sentence(reason)) for reason in entry.reasons],
            **({"penalties": entry.penalties} if entry.penalties else {}),
            "propensity": propensity,
        }
        for position, (entry, propensity) in enumerate(zip(entries, propensities, strict=True), start=1)
    ]


def worded_reasons(
    told: Mapping[str, Mapping[int, dict[str, Any]]], *, viewer: str
) -> dict[str, dict[int, dict[str, Any]]]:
    """Return evidence, by whom it is about and by title, in words for a viewer: of others it speaks by name."""
    known = _Names.of([reason for of_user in told.values() for reason in of_user.values()])
    names = dict(User.objects.filter(pk__in=list(told)).values_list("pk", "username"))
    return {
        user: {
            show: _reason(reason, known.sentence(reason, who="you" if user == viewer else names.get(user, "they")))
            for show, reason in of_user.items()
        }
        for user, of_user in told.items()
    }


@dataclass(frozen=True)
class _Names:
    """What the things that reasons name are called."""

    titles: Mapping[int, str]
    names: Mapping[str, str]
    platforms: Mapping[str, str]

    @classmethod
    def of(cls, evidence: Sequence[Mapping[str, Any]]) -> "_Names":
        shows = {show for reason in evidence for show in reason.get("shows", ())}
        friends = {friend for reason in evidence for friend in reason.get("friends", ())}
        slugs = any("platform" in reason for reason in evidence)
        return cls(
            dict(Show.objects.filter(pk__in=shows).values_list("pk", "title")) if shows else {},
            dict(User.objects.filter(pk__in=friends).values_list("pk", "username")) if friends else {},
            dict(Platform.objects.values_list("slug", "name")) if slugs else {},
        )

    def sentence(self, evidence: Mapping[str, Any], *, who: str = "you") -> str:
        return sentence(evidence, titles=self.titles, names=self.names, platforms=self.platforms, who=who)


def breakdown_of(entry: Entry) -> dict[str, Any]:
    """Return every part of an entry's score, as items of served lists have it."""
    return {
        **entry.breakdown,
        "algorithms": [
            {"algorithm": name, "score": score, "weight": weight, "rank": rank}
            for name, score, weight, rank in entry.parts
        ],
    }


def _reason(evidence: Mapping[str, Any], text: str) -> dict[str, Any]:
    feature = evidence.get("feature")
    return {
        "kind": evidence["kind"],
        "text": text,
        "weight": evidence["weight"],
        "shows": evidence.get("shows", []),
        "feature": {"feature_type": feature[0], "feature_value": feature[1]} if feature else None,
        "friends": evidence.get("friends", []),
        "platform": evidence.get("platform"),
    }
