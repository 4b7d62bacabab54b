"""Everything that is known -> recommendation_candidates: who is proposed to whom, by which algorithm, and why."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from numpy.typing import NDArray
from scipy import sparse

from bingeboard.errors import NotFound
from recommendations.engine.candidates import ALL_ALGORITHMS, HYBRID, Proposal, propose
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.followers import Followers
from recommendations.engine.moments import Effect
from recommendations.engine.reasons import Evidence
from recommendations.engine.snapshot import Snapshot, Viewer
from recommendations.pipeline import artifacts, blending, collaborative, folding, shares
from recommendations.pipeline.collaborative import likes
from recommendations.queries.events import EventArrays, to_day
from recommendations.queries.social import friend_acts
from recommendations.queries.viewers import Stated, load_viewers, trend_by_show

Progress = Callable[[int], None]
# Stored in a transaction each: a killed run loses one chunk, and no reader waits long.
VIEWERS_AT_ONCE = 100
_held: dict[str, Any] = {}


def snapshot(*, now: dt.datetime) -> Snapshot:
    """
    Return what scoring reads: the live model with today's trends and the learned shares on top, built once a version.

    Raises NotFound where no model has been fitted yet.
    """
    model = artifacts.live(kind=collaborative.KIND)
    if model is None:
        raise NotFound("no model has been fitted yet; run `python manage.py rebuild`")
    stamp = (model.version, _stamp())
    if _held.get("stamp") != stamp:
        base = _held.get("base")
        if base is None or base.version != model.version:
            base = _from_model(model)
        _held.update(base=base, stamp=stamp, snapshot=_of_today(base, now))
    found: Snapshot = _held["snapshot"]
    return found


def _stamp() -> Any:
    """Return what changes when trends or the learned shares do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(calculated_at), count(*),"
            " (SELECT version FROM model_artifacts WHERE kind = %s AND state = 'live')"
            " FROM trending_cache WHERE trend_type = 'global'",
            [blending.KIND],
        )
        return cursor.fetchone()


def _from_model(model: artifacts.LoadedModel) -> Snapshot:
    a, document = model.arrays, model.document
    n = len(a["show_ids"])
    strengths = sparse.csr_matrix(
        (np.asarray(a["strengths_data"]), np.asarray(a["strengths_indices"]), np.asarray(a["strengths_indptr"])),
        shape=(n, len(document["features"])),
    )
    available = sparse.csr_matrix(
        (np.ones(len(a["available_indices"]), bool), a["available_indices"], a["available_indptr"]),
        shape=(n, len(document["platforms"])),
    )
    outside_traits = sparse.csr_matrix(
        (np.asarray(a["outside_data"]), np.asarray(a["outside_indices"]), np.asarray(a["outside_indptr"])),
        shape=(len(a["outside"]), a["bridge"].shape[1]),
    )
    return Snapshot(
        show_ids=np.asarray(a["show_ids"]),
        active=np.asarray(a["active"]),
        items=np.asarray(a["items"]),
        item_item=a["item_item"],
        outside=np.asarray(a["outside"]),
        outside_traits=outside_traits,
        bridge=a["bridge"],
        fade=document["fade"],
        blend=shares.read(document),
        followers=Followers(np.asarray(a["followers"]), np.asarray(a["followers_rate"]), a["followers_lift"]),
        strengths=strengths,
        likeness=sparse.csr_matrix(
            (np.asarray(a["likeness_data"]), strengths.indices, strengths.indptr), shape=strengths.shape
        ),
        features=[(kind, value) for kind, value in document["features"]],
        # In memory: rows of it are gathered many times a viewer, and a mapped file pays for each.
        vectors=np.array(a["vectors"]),
        popularity=np.asarray(a["popularity"]),
        fame=np.asarray(a["fame"]),
        trend=np.zeros(n),
        release_day=np.asarray(a["release_day"]),
        available=available,
        platforms=document["platforms"],
        version=model.version,
    )


def _of_today(base: Snapshot, now: dt.datetime) -> Snapshot:
    """Return the model with what is newer than it: trends, and shares learned from answers."""
    answered = artifacts.live(kind=blending.KIND)
    trend = np.zeros(len(base))
    found = trend_by_show(now=now)
    rows = np.searchsorted(base.show_ids, list(found))
    for row, (show_id, score) in zip(rows, found.items(), strict=True):
        if row < len(base) and base.show_ids[row] == show_id:
            trend[row] = score
    return Snapshot(
        **{
            name: getattr(base, name)
            for name in Snapshot.__dataclass_fields__
            if Snapshot.__dataclass_fields__[name].init and name not in ("trend", "blend")
        },
        trend=trend,
        blend=base.blend if answered is None else shares.read(answered.document),
    )


def generate(
    *,
    user_ids: Sequence[str],
    now: dt.datetime,
    algorithms: Sequence[str] = ALL_ALGORITHMS,
    config: EngineConfig = DEFAULT,
    diversity: float | None = None,
    allowed: NDArray[np.bool_] | None = None,
    include_seen: bool = False,
    sizes: dict[str, int] | None = None,
    known: Snapshot | None = None,
    stated: Stated | None = None,
    moments: Sequence[Effect] | None = None,
    fill: bool = False,
) -> list[Proposal]:
    """
    Return proposals for these viewers from everything known at this moment; writes nothing.

    include_seen   also what they have dealt with
    stated         entries of their tastes as they would be
    moments        what the moment adds for each of them; see pipeline.moments
    fill           also titles that nothing speaks for, after the rest
    """
    known = known or snapshot(now=now)
    viewers = viewers_of(user_ids=user_ids, known=known, now=now, config=config, stated=stated)
    return proposals_for(
        viewers=viewers,
        known=known,
        now=now,
        algorithms=algorithms,
        config=config,
        diversity=diversity,
        allowed=allowed,
        include_seen=include_seen,
        sizes=sizes,
        moments=moments,
        fill=fill,
    )


def proposals_for(
    *,
    viewers: Sequence[Viewer],
    known: Snapshot,
    now: dt.datetime,
    algorithms: Sequence[str],
    config: EngineConfig = DEFAULT,
    diversity: float | None = None,
    allowed: NDArray[np.bool_] | None = None,
    include_seen: bool = False,
    sizes: dict[str, int] | None = None,
    moments: Sequence[Effect] | None = None,
    fill: bool = False,
) -> list[Proposal]:
    """Return proposals for viewers who have been read; see `generate`."""
    if include_seen:
        one = np.ones(len(known), bool) if allowed is None else allowed
        allowed = np.tile(one, (len(viewers), 1))
    return propose(
        known,
        viewers,
        algorithms=algorithms,
        today=to_day(now),
        config=config,
        diversity=diversity,
        allowed=allowed,
        sizes=sizes,
        moments=moments,
        fill=fill,
    )


def viewers_of(
    *,
    user_ids: Sequence[str],
    known: Snapshot,
    now: dt.datetime,
    config: EngineConfig = DEFAULT,
    stated: Stated | None = None,
) -> list[Viewer]:
    """Return these viewers as scoring sees them; see `generate`."""
    rows_of = known.show_ids

    def liked(events: EventArrays) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        found = likes(events=events, show_ids=rows_of, config=config)
        return found.user, found.row, found.liked, found.day

    return load_viewers(
        user_ids=user_ids,
        snapshot=known,
        likes=liked,
        friend_acts=friend_acts(user_ids=user_ids, now=now, config=config),
        now=now,
        config=config,
        instead=stated,
    )


def rebuild(
    *,
    now: dt.datetime,
    user_ids: Sequence[str] | None = None,
    config: EngineConfig = DEFAULT,
    progress: Progress | None = None,
) -> int:
    """
    Replace these viewers' candidates (None: of all active viewers); returns the number of rows kept.

    What a viewer did is marked as known before it is read: an act that comes in meanwhile leaves the viewer stale.
    """
    total = untidied = 0
    for chunk in _chunks(_viewers(user_ids)):
        versions = _versions(chunk)
        folding.settle(user_ids=chunk, config=config)
        proposals = generate(user_ids=chunk, now=now, config=config)
        kept = store(user_ids=chunk, proposals=proposals, versions=versions, now=now, config=config)
        total += kept
        untidied = _tidied(untidied + kept, config)
        if progress is not None:
            progress(len(chunk))
    return total


def _tidied(replaced: int, config: EngineConfig) -> int:
    """
    Make the room of replaced rows usable again where they are many; returns how many wait for that still.

    Autovacuum looks once a minute: by then a whole table has been replaced, and takes twice its room from then on.
    """
    if connection.in_atomic_block:
        return replaced
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples, EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = c.oid)"
            " FROM pg_class c WHERE oid = 'recommendation_candidates'::regclass"
        )
        n_rows, is_at_it = cursor.fetchone()
        # Whoever is at it already does not see what was replaced since they began: it waits for the next chunk.
        if is_at_it or replaced < config.candidates.tidied * max(n_rows, 0):
            return replaced
        cursor.execute("VACUUM (SKIP_LOCKED) recommendation_candidates")
    return 0


def store(
    *,
    user_ids: Sequence[str],
    proposals: Sequence[Proposal],
    versions: dict[str, int],
    now: dt.datetime,
    config: EngineConfig = DEFAULT,
) -> int:
    """Replace the viewers' candidates in one transaction, and note which version of their doings these know."""
    known = snapshot(now=now)
    expires = now + dt.timedelta(hours=config.candidates.lifetime)
    rows = 0
    with transaction.atomic(), connection.cursor() as cursor:
        # After a crash of the whole machine the last of them are made again: that is cheaper than waiting for the disk.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(
            "SELECT user_id FROM viewer_states WHERE user_id = ANY(%s) ORDER BY user_id FOR UPDATE", [list(user_ids)]
        )
        # Who was erased meanwhile has no row any more; who has one can not be erased until this is over.
        there = {user_id for (user_id,) in cursor.fetchall()}
        cursor.execute("DELETE FROM recommendation_candidates WHERE user_id = ANY(%s)", [list(user_ids)])
        with cursor.copy(
            "COPY recommendation_candidates (user_id, content_id, algorithm_type, base_score, popularity_boost,"
            " recency_boost, diversity_penalty, availability_boost, social_boost, explanation, parts,"
            " generated_at, expires_at) FROM STDIN"
        ) as copy:
            for proposal in (one for one in proposals if one.user_id in there):
                for row in _rows(proposal, known, now, expires):
                    copy.write_row(row)
                    rows += 1
        cursor.execute(
            """
            UPDATE viewer_states SET candidates_version = new.version, refreshed_at = %s, attempts = 0,
                lease_until = NULL, last_error = ''
            FROM unnest(%s::text[], %s::bigint[]) AS new(user_id, version)
            WHERE viewer_states.user_id = new.user_id AND candidates_version <= new.version
            """,
            [now, list(versions), list(versions.values())],
        )
    return rows


def _rows(proposal: Proposal, known: Snapshot, now: dt.datetime, expires: dt.datetime) -> Iterator[tuple]:
    s = proposal.slate
    for i, row in enumerate(s.rows):
        explanation: dict[str, Any] = {"reasons": [evidence_document(e, known) for e in proposal.reasons[i]]}
        penalties = penalty_documents(proposal, i, known)
        if penalties:
            explanation["penalties"] = penalties
        parts = None
        if s.algorithm == HYBRID:
            parts = [[p.algorithm, round(p.score, 3), round(p.weight, 3), p.rank] for p in proposal.parts[i]]
        yield (
            proposal.user_id,
            int(known.show_ids[row]),
            s.algorithm,
            float(s.base[i]),
            float(s.popularity[i]),
            float(s.recency[i]),
            float(s.diversity[i]),
            float(s.availability[i]),
            float(s.social[i]),
            orjson.dumps(explanation).decode(),
            None if parts is None else orjson.dumps(parts).decode(),
            now,
            expires,
        )


def evidence_document(evidence: Evidence, known: Snapshot) -> dict[str, Any]:
    """Return a reason as it is kept: ids and names in place of rows, nothing that says nothing."""
    document: dict[str, Any] = {"kind": evidence.kind, "weight": round(evidence.weight, 3)}
    if evidence.rows:
        document["shows"] = [int(known.show_ids[row]) for row in evidence.rows]
    if evidence.feature >= 0:
        document["feature"] = list(known.features[evidence.feature])
    if evidence.friends:
        document["friends"] = list(evidence.friends)
    if evidence.during:
        document["during"] = list(evidence.during)
    if evidence.platform >= 0:
        document["platform"] = known.platforms[evidence.platform]
    return document


def penalty_documents(proposal: Proposal, place: int, known: Snapshot) -> list[dict[str, Any]]:
    """Return what was taken off a title's score and why, as it is kept: ids and names in place of rows."""
    cause, stated = proposal.rests[place], float(proposal.slate.stated[place])
    said: list[dict[str, Any]] = [{"kind": "stated", "weight": round(stated, 3)}] if stated < 0 else []
    moment = float(proposal.slate.moment[place])
    said += [{"kind": "moment", "weight": round(moment, 3)}] if moment < 0 else []
    if cause is None:
        return said
    document: dict[str, Any] = {"kind": "rest", "weight": -round(float(proposal.slate.rest[place]), 3)}
    if cause.because:
        document["because"] = [int(known.show_ids[row]) for row in cause.because]
    if cause.feature >= 0:
        document["feature"] = list(known.features[cause.feature])
    if cause.shown:
        document["shown"] = cause.shown
    return [document, *said]


def purge(*, now: dt.datetime, batch: int = 5000) -> int:
    """Delete expired candidates in small batches; returns how many went."""
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM recommendation_candidates WHERE id IN"
                " (SELECT id FROM recommendation_candidates WHERE expires_at < %s ORDER BY expires_at LIMIT %s)",
                [now, batch],
            )
            total += cursor.rowcount
            if cursor.rowcount < batch:
                return total


def _viewers(user_ids: Sequence[str] | None) -> list[str]:
    with connection.cursor() as cursor:
        if user_ids is None:
            cursor.execute("SELECT id FROM users WHERE is_active ORDER BY id")
        else:
            cursor.execute("SELECT id FROM users WHERE id = ANY(%s) ORDER BY id", [list(user_ids)])
        return [row[0] for row in cursor.fetchall()]


def _versions(user_ids: Sequence[str]) -> dict[str, int]:
    """Return how much of each viewer's doings there is to know now; makes the rows that are missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO viewer_states (user_id) SELECT id FROM users WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
            " ON CONFLICT DO NOTHING",
            [sorted(user_ids)],
        )
        cursor.execute(
            "SELECT user_id, behavior_version FROM viewer_states WHERE user_id = ANY(%s) ORDER BY user_id",
            [list(user_ids)],
        )
        return dict(cursor.fetchall())


def _chunks(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), VIEWERS_AT_ONCE):
        yield items[start : start + VIEWERS_AT_ONCE]


def forget_snapshot() -> None:
    """Drop what this process holds; the next reader builds it afresh."""
    _held.clear()
