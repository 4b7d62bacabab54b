"""A viewer and friends on one sofa -> titles for all of them, each one's score, and no one's secrets."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bingeboard.errors import Invalid, NotFound
from bingeboard.users.queries import usernames
from recommendations.engine import reasons
from recommendations.engine.arrays import top_rows
from recommendations.engine.candidates import Proposal, relevances
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.groups import shared_scores, to_own_scale
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import candidates, folding
from recommendations.pipeline.wording import Names
from recommendations.queries.events import to_day
from recommendations.queries.filters import ListFilter, allowed_rows, still_active
from social.queries import friend_network, visible_signals

logger = logging.getLogger(__name__)
# Reasons that say nothing of the viewer they are given to.
OF_NOBODY = frozenset({reasons.RISING, reasons.POPULAR, reasons.NEW})
# Reasons that name titles a viewer watched: told to a friend where the friend may see each of them anyway.
OF_TITLES = frozenset({reasons.BECAUSE, reasons.LIKENESS})


@dataclass(frozen=True)
class MemberScore:
    """What a title is to one of a group: in [0, 1] of their own best, and why, where that may be told."""

    user_id: str
    score: float
    reason: dict[str, Any] | None


@dataclass(frozen=True)
class GroupTitle:
    """A title for a group; the viewer's own score comes first, then the others' in the order they were named."""

    show_id: int
    score: float
    members: Sequence[MemberScore]


def for_group(
    *,
    user_id: str,
    others: Sequence[str],
    first: int,
    filter: ListFilter | None = None,
    now: dt.datetime,
    config: EngineConfig = DEFAULT,
) -> list[GroupTitle]:
    """
    Return titles for a viewer and friends together, best first: the average, drawn towards who likes it least.

    Nothing that one of them has dealt with is proposed, unless the filter asks for what was seen. Services that are
    "mine" are the viewer's; who names nobody is a group of one. Another's reason is told only where it says nothing
    that the viewer may not see: their statements, services and friends stay theirs.

    Raises Invalid for too many, NotFound where one is no friend with whom the viewer shares, be there such a one or
    not; nothing is kept.
    """
    members = list(dict.fromkeys([user_id, *others]))
    if len(members) > config.group.members:
        raise Invalid(f"a group may have {config.group.members} members, got {len(members)}", field="viewerIds")
    sharing = dict(friend_network(user_ids=[user_id])).get(user_id, [])
    if not set(members[1:]) <= set(sharing):
        raise NotFound("viewerIds may only name friends, where both of you share with friends", field="viewerIds")
    folding.settle(user_ids=members)
    try:
        known = candidates.snapshot(now=now)
    except NotFound as unfitted:
        logger.warning("a group was proposed nothing: %s", unfitted.message)
        return []
    viewers = candidates.viewers_of(user_ids=members, known=known, now=now, config=config)
    chosen = filter or ListFilter()
    allowed = allowed_rows(chosen=chosen, user_id=user_id, known=known, today=now.date())
    free = still_active(known=known)
    free &= True if allowed is None else allowed
    if not chosen.include_seen:
        for viewer in viewers:
            free[viewer.dealt_with] = False
    each = to_own_scale(relevances(known, viewers, today=to_day(now), config=config), free)
    together = np.where(free, shared_scores(each, misery=config.group.misery), -np.inf)
    rows = top_rows(together, first)
    told = _told(members, rows, viewers, known, now, config)
    return [
        GroupTitle(
            show_id=int(known.show_ids[row]),
            score=round(float(together[row]), 6),
            members=[
                MemberScore(member, round(float(each[place, row]), 6), told[member].get(int(known.show_ids[row])))
                for place, member in enumerate(members)
            ],
        )
        for row in rows.tolist()
    ]


def _told(
    members: Sequence[str], rows: Any, viewers: Sequence[Any], known: Snapshot, now: dt.datetime, config: EngineConfig
) -> dict[str, dict[int, dict[str, Any]]]:
    """Return by member and title the first reason that may be told to the first member, the viewer; in words."""
    only = np.zeros((len(viewers), len(known)), dtype=bool)
    only[:, rows] = True
    proposals = candidates.proposals_for(
        viewers=viewers, known=known, now=now, algorithms=["hybrid"], sizes={"hybrid": max(len(rows), 1)},
        config=config, diversity=0.0, allowed=only, fill=True,
    )  # fmt: skip
    visible = _visible(members[0], now, config)
    found: dict[str, dict[int, dict[str, Any]]] = {member: {} for member in members}
    for proposal in proposals:
        own = proposal.user_id == members[0]
        for show_id, evidence in _evidence(proposal, known):
            seen = visible.get(proposal.user_id, set())
            told = next((document for document in evidence if own or _may_be_told(document, seen)), None)
            if told is not None:
                found[proposal.user_id][show_id] = told
    return _worded(found, viewer=members[0])


def _worded(told: Mapping[str, Mapping[int, dict[str, Any]]], *, viewer: str) -> dict[str, dict[int, dict[str, Any]]]:
    """Return evidence, by whom it is about and by title, in words for a viewer: of others it speaks by name."""
    known = Names.of([reason for of_user in told.values() for reason in of_user.values()])
    names = usernames(user_ids=list(told))
    return {
        user: {
            show: {**reason, "text": known.sentence(reason, who="you" if user == viewer else names.get(user, "they"))}
            for show, reason in of_user.items()
        }
        for user, of_user in told.items()
    }


def _evidence(proposal: Proposal, known: Snapshot) -> list[tuple[int, list[dict[str, Any]]]]:
    shows = known.show_ids[proposal.slate.rows].tolist()
    return [
        (show_id, [candidates.evidence_document(evidence, known) for evidence in of_title])
        for show_id, of_title in zip(shows, proposal.reasons, strict=True)
    ]


def _visible(user_id: str, now: dt.datetime, config: EngineConfig) -> dict[str, set[int]]:
    """Return by friend the titles of which the viewer may see that they watched or liked them."""
    seen: dict[str, set[int]] = {}
    since = now - dt.timedelta(days=config.group.shown_days)
    for signal in visible_signals(user_ids=[user_id], since=since):
        seen.setdefault(signal.friend_id, set()).add(signal.show_id)
    return seen


def _may_be_told(reason: dict[str, Any], seen: set[int]) -> bool:
    """Return whether a reason holds nothing but what the viewer may see of the friend it is about."""
    if reason["kind"] in OF_NOBODY:
        return True
    return reason["kind"] in OF_TITLES and set(reason.get("shows", ())) <= seen
