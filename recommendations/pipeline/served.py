"""Titles in order -> the list that is kept under its request id, and pages of it."""

import datetime as dt
import uuid
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any, overload

import orjson
from django.db import connection, transaction

from bingeboard.errors import NotFound, Stale
from experiments.services import record_exposure
from recommendations.engine.candidates import HYBRID, Proposal
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.snapshot import Snapshot
from recommendations.models import ServedList
from recommendations.pipeline import candidates
from recommendations.pipeline.moments import Moment
from recommendations.queries.filters import ListFilter

PARTS = (
    "base_score",
    "popularity_boost",
    "recency_boost",
    "diversity_penalty",
    "availability_boost",
    "social_boost",
    "final_score",
)
# What is told of a title beside its scores: as values, or as the JSON that candidates are stored with. Most of a list
# is kept and never looked at, and what is not looked at is not read.
Told = list[Any] | str
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One title of a list before it has its place.

    scores      in the order of PARTS
    parts       [algorithm, its score, its share, its rank] for each that is in the base score
    reasons     evidence as candidates have it, largest first
    penalties   what was taken off and why
    algorithm   where it is another than the list's
    """

    show_id: int
    scores: Sequence[float]
    parts: Told
    reasons: Told
    penalties: Told
    algorithm: str = ""

    @property
    def final_score(self) -> float:
        """Return what the list is ordered by."""
        return self.scores[-1]

    @property
    def breakdown(self) -> dict[str, float]:
        """Return every part of the score by name."""
        return dict(zip(PARTS, self.scores, strict=True))

    def names_friends(self) -> bool:
        """Return whether there may be a friend among the reasons."""
        if isinstance(self.reasons, str):
            return '"friends"' in self.reasons
        return any(reason.get("friends") for reason in self.reasons)


def read(told: Told) -> list[Any]:
    """Return what is told as values."""
    found: list[Any] = orjson.loads(told) if isinstance(told, str) else told
    return found


def _as_it_is(told: Told) -> Any:
    return orjson.Fragment(told) if isinstance(told, str) else told


def _item(entry: Entry, position: int, propensity: float, algorithm: str, as_told: Any) -> Item:
    item = {
        "show": entry.show_id,
        "position": position,
        "algorithm": entry.algorithm or algorithm,
        "breakdown": entry.breakdown,
        "parts": as_told(entry.parts),
        "reasons": as_told(entry.reasons),
        "propensity": propensity,
    }
    if entry.penalties and entry.penalties != "[]":
        item["penalties"] = as_told(entry.penalties)
    return item


class _Read(Sequence[Item]):
    """Items that are made or read one by one when they are looked at; equal to any sequence of the same."""

    @abstractmethod
    def _at(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        places = range(len(self))
        return [self._at(i) for i in places[place]] if isinstance(place, slice) else self._at(places[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Items(_Read):
    """A list's items as models.ServedList has them, each made when it is looked at."""

    entries: Sequence[Entry]
    propensities: Sequence[float]
    algorithm: str

    def __len__(self) -> int:
        return len(self.entries)

    def _at(self, place: int) -> Item:
        return _item(self.entries[place], place + 1, self.propensities[place], self.algorithm, read)

    def json(self) -> str:
        """Return all of them as they are kept."""
        items = [
            _item(entry, position, propensity, self.algorithm, _as_it_is)
            for position, (entry, propensity) in enumerate(zip(self.entries, self.propensities, strict=True), start=1)
        ]
        return orjson.dumps(items).decode()


@dataclass(eq=False)
class KeptItems(_Read):
    """
    The items of a list that the database put together: the first at hand, the rest read where they are looked at.

    size   of the list
    """

    request_id: uuid.UUID
    size: int
    first: list[Item]

    def __len__(self) -> int:
        return self.size

    def _at(self, place: int) -> Item:
        if place >= len(self.first):
            self.first = ServedList.objects.values_list("items", flat=True).get(pk=self.request_id)
        return self.first[place]


def entries_of(proposal: Proposal, known: Snapshot) -> Iterator[Entry]:
    """Yield a proposal's titles as a list has them, in order."""
    return (entry_of(proposal, place, known) for place in range(len(proposal.slate)))


def entry_of(proposal: Proposal, place: int, known: Snapshot, *, algorithm: str = "") -> Entry:
    """Return one of a proposal's titles, counted from 0, as a list has it."""
    s = proposal.slate
    parts = (s.base, s.popularity, s.recency, s.diversity, s.availability, s.social)
    base, *added = [float(part[place]) for part in parts]
    popularity, recency, diversity, availability, social = added
    return Entry(
        show_id=int(known.show_ids[s.rows[place]]),
        # Added up in the order of Slate.final, to the last bit.
        scores=(base, *added, base + popularity + recency - diversity + availability + social),
        parts=[[p.algorithm, p.score, p.weight, p.rank] for p in proposal.parts[place]],
        reasons=[candidates.evidence_document(evidence, known) for evidence in proposal.reasons[place]],
        penalties=candidates.penalty_documents(proposal, place, known),
        algorithm=algorithm,
    )


def keep(
    entries: Sequence[Entry],
    *,
    user_id: str,
    assigned: Sequence[Any],
    filter: ListFilter,
    moment: Moment | None,
    now: dt.datetime,
    algorithm: str = HYBRID,
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
    kept = _list(
        request_id or uuid.uuid4(),
        user_id=user_id,
        algorithm=algorithm,
        assigned=assigned,
        version=version,
        parameters={"filter": _given(filter), "context": _given(moment or Moment()), **(page or {})},
        generated_at=generated_at or now,
        now=now,
        config=config,
    )
    likely = [1.0] * len(entries) if propensities is None else propensities
    kept.items = Items(entries, likely, algorithm)
    named = _friends_named(entries)
    with _together(assigned):
        _insert(kept, named)
        record_exposure(user_id=user_id, assigned=assigned, now=now)
    return kept


def keep_stored(
    drawn: Sequence[tuple[int, float]],
    *,
    user_id: str,
    assigned: Sequence[Any],
    now: dt.datetime,
    request_id: uuid.UUID,
    version: str,
    generated_at: dt.datetime,
    shown: int,
    config: EngineConfig = DEFAULT,
) -> ServedList | None:
    """
    Keep a list made of stored candidates, put together where they are, and note that its variants were seen.

    drawn   (title, how likely it was to stand there), in the order of the list
    shown   how many of its items are handed back at once

    Returns what `keep` does for the same titles; None, and keeps nothing, where the candidates have been replaced since
    they were looked at, or a friend whom they name is gone.
    """
    kept = _list(
        request_id,
        user_id=user_id,
        algorithm=HYBRID,
        assigned=assigned,
        version=version,
        parameters={"filter": {}, "context": {}},
        generated_at=generated_at,
        now=now,
        config=config,
    )
    with _together(assigned):
        found = _put_together(kept, drawn, shown)
        if found is not None:
            record_exposure(user_id=user_id, assigned=assigned, now=now)
    return found


def _together(assigned: Sequence[Any]) -> AbstractContextManager[Any]:
    """Keep a list and the note of its variants together; without variants there is but one statement."""
    return transaction.atomic() if assigned else nullcontext()


def _list(
    request_id: uuid.UUID,
    *,
    user_id: str,
    algorithm: str,
    assigned: Sequence[Any],
    version: str,
    parameters: dict[str, Any],
    generated_at: dt.datetime,
    now: dt.datetime,
    config: EngineConfig,
) -> ServedList:
    """Return a list without its items."""
    return ServedList(
        request_id=request_id,
        user_id=user_id,
        algorithm=algorithm,
        experiment_name=assigned[0].experiment if assigned else "",
        variant=assigned[0].variant if assigned else "",
        model_version=version,
        parameters=parameters,
        generated_at=generated_at,
        created_at=now,
        expires_at=now + dt.timedelta(hours=config.serving.retention),
    )


def _friends_named(entries: Sequence[Entry]) -> list[str]:
    """Return the friends whom reasons name."""
    told = [entry.reasons for entry in entries if entry.names_friends()]
    return sorted({friend for reasons in told for reason in read(reasons) for friend in reason.get("friends") or ()})


# Whoever is named stays until the transaction ends; where one was erased while the list was made, nothing is written.
_COLUMNS = """
    INSERT INTO served_lists (request_id, user_id, algorithm, experiment_name, variant, model_version, parameters,
        generated_at, created_at, expires_at, items)
    SELECT %(request)s, %(user)s, %(algorithm)s, %(experiment)s, %(variant)s, %(version)s, %(parameters)s::jsonb,
        %(generated)s, %(created)s, %(expires)s, """
_INSERT = f"{_COLUMNS} %(items)s::jsonb {{}}"
_IF_ALL_ARE_HERE = """
    WHERE (SELECT count(*) FROM (SELECT 1 FROM users WHERE id = ANY(%(named)s) ORDER BY id FOR KEY SHARE) AS here)
        = %(n_named)s
"""
# Of titles that are candidates still, as they were when the list was drawn, items as _item makes them.
_PUT_TOGETHER = f"""
    WITH made AS (
        SELECT count(*) AS n_items, jsonb_agg(
            jsonb_build_object(
                'show', c.content_id, 'position', drawn.place, 'algorithm', %(algorithm)s::text,
                'breakdown', jsonb_build_object({", ".join(f"'{part}', c.{part}" for part in PARTS)}),
                'parts', c.parts, 'reasons', c.explanation->'reasons', 'propensity', drawn.propensity
            ) || CASE WHEN c.explanation->'penalties' <> '[]'
                THEN jsonb_build_object('penalties', c.explanation->'penalties') ELSE '{{}}' END
            ORDER BY drawn.place) AS items
        FROM unnest(%(shows)s::bigint[], %(propensities)s::float8[])
            WITH ORDINALITY AS drawn (show_id, propensity, place)
            JOIN recommendation_candidates c ON c.user_id = %(user)s AND c.content_id = drawn.show_id
                AND c.algorithm_type = %(algorithm)s AND c.generated_at = %(generated)s
    ), named AS (
        SELECT DISTINCT friend #>> '{{}}' AS id
        FROM made, jsonb_path_query(made.items, '$[*].reasons[*].friends[*]') AS friend
    ), here AS (
        SELECT 1 FROM users WHERE id IN (SELECT id FROM named) ORDER BY id FOR KEY SHARE
    )
    {_COLUMNS} made.items FROM made
    WHERE made.n_items = %(n_items)s AND (SELECT count(*) FROM named) = (SELECT count(*) FROM here)
    RETURNING jsonb_path_query_array(items, %(first)s)::text
"""  # noqa: S608


def _put_together(kept: ServedList, drawn: Sequence[tuple[int, float]], shown: int) -> ServedList | None:
    values = {
        **_values(kept),
        # As PostgreSQL writes arrays: a list would be adapted item by item, which takes as long as the statement.
        "shows": f"{{{','.join(str(show) for show, _ in drawn)}}}",
        "propensities": f"{{{','.join(repr(propensity) for _, propensity in drawn)}}}",
        "n_items": len(drawn),
        "first": f"$[0 to {max(1, shown) - 1}]",
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT_TOGETHER, values)
        found = cursor.fetchone()
    if found is None:
        return None
    _note_written(kept)
    kept.items = KeptItems(kept.request_id, len(drawn), orjson.loads(found[0]))
    return kept


def _note_written(kept: ServedList) -> None:
    """Say, as the model does, that the row is there; saving it by the model takes as long as all the rest."""
    kept._state.adding, kept._state.db = False, connection.alias


def _values(kept: ServedList) -> dict[str, Any]:
    """Return a list's columns but its items, as statements name them."""
    return {
        "request": kept.request_id,
        "user": kept.user_id,
        "algorithm": kept.algorithm,
        "experiment": kept.experiment_name,
        "variant": kept.variant,
        "version": kept.model_version,
        "parameters": orjson.dumps(kept.parameters).decode(),
        "generated": kept.generated_at,
        "created": kept.created_at,
        "expires": kept.expires_at,
    }


def _insert(kept: ServedList, named: Sequence[str]) -> None:
    """Write a list; of friends who were erased meanwhile, reasons are left out."""
    _note_written(kept)
    values = {**_values(kept), "items": kept.items.json(), "named": list(named), "n_named": len(named)}
    with connection.cursor() as cursor:
        if not named:
            cursor.execute(_INSERT.format(""), values)
            return
        cursor.execute(_INSERT.format(_IF_ALL_ARE_HERE), values)
        if cursor.rowcount == 1:
            return
        cursor.execute("SELECT id FROM users WHERE id = ANY(%s)", [list(named)])
        here = {user_id for (user_id,) in cursor.fetchall()}
    kept.items = replace(kept.items, entries=_without(kept.items.entries, set(named) - here))
    _insert(kept, sorted(here))


def _without(entries: Sequence[Entry], gone: set[str]) -> list[Entry]:
    """Return the entries without reasons that name any of these."""
    return [
        replace(entry, reasons=[r for r in read(entry.reasons) if gone.isdisjoint(r.get("friends") or ())])
        for entry in entries
    ]


def _given(choice: Any) -> dict[str, Any]:
    """Return what was really said of a filter or moment; what was left out is left out."""
    blank = type(choice)()
    if choice == blank:
        return {}
    return {name: value for name, value in asdict(choice).items() if value != getattr(blank, name)}


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
