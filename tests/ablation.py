"""Are reasons true? What the first reason names is taken away, and the title's rank is looked at again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommendations.engine import reasons
from recommendations.engine.candidates import HYBRID, Proposal, propose
from recommendations.engine.config import DEFAULT
from recommendations.engine.reasons import Evidence
from recommendations.engine.snapshot import Snapshot, Viewer

# From how far up a list cases are drawn.
SHOWN = 20


@dataclass(frozen=True)
class Case:
    """A recommended title, the kind of its first reason, and its rank from 1 with and without what that names."""

    viewer: str
    show: int
    kind: str
    before: int
    after: int

    @property
    def falls(self) -> bool:
        """Return whether the title comes later without the evidence."""
        return self.after > self.before


def ablate(*, proposals: Sequence[Proposal], today: float, n_cases: int, seed: int) -> list[Case]:
    """
    Return cases drawn at random from the first titles of viewers' lists.

    proposals   of the blend, one a viewer, by the engine as it serves
    today       days since 1970-01-01, as when they were made

    Ranks are by score alone, among all titles that were free: what stands above for variety is no evidence.
    """
    dice = random.Random(seed)
    full = [proposal for proposal in proposals if len(proposal.slate)]
    found = []
    for _ in range(n_cases):
        proposal = dice.choice(full)
        place = dice.randrange(min(SHOWN, len(proposal.slate)))
        row, first = int(proposal.slate.rows[place]), proposal.reasons[place][0]
        thought = proposal.thought
        known, viewer = _without(thought.snapshot, thought.viewer, first, row)
        found.append(
            Case(
                proposal.user_id,
                int(thought.snapshot.show_ids[row]),
                first.kind,
                _rank(thought.snapshot, thought.viewer, thought.free, row, today),
                _rank(known, viewer, thought.free, row, today),
            )
        )
    return found


def _rank(known: Snapshot, viewer: Viewer, free: Any, row: int, today: float) -> int:
    """Return a title's rank from 1 by score alone; one more than there are titles where nothing proposes it."""
    [made] = propose(
        known,
        [viewer],
        algorithms=[HYBRID],
        today=today,
        config=DEFAULT,
        diversity=0.0,
        allowed=free[None, :],
        sizes={HYBRID: len(known)},
    )
    at = np.flatnonzero(made.slate.rows == row)
    return int(at[0]) + 1 if len(at) else len(known) + 1


def _without(known: Snapshot, viewer: Viewer, evidence: Evidence, row: int) -> tuple[Snapshot, Viewer]:
    """Return the world as it would be without what a reason names."""
    if evidence.kind in (reasons.BECAUSE, reasons.LIKENESS):
        kept = ~np.isin(viewer.history, evidence.rows)
        return known, replace(viewer, history=viewer.history[kept], liked=viewer.liked[kept], day=viewer.day[kept])
    if evidence.kind == reasons.FEATURE:
        kept = viewer.columns != evidence.feature
        said = None if viewer.is_stated is None else viewer.is_stated[kept]
        return known, replace(viewer, columns=viewer.columns[kept], affinity=viewer.affinity[kept], is_stated=said)
    if evidence.kind == reasons.PLATFORM:
        # Where several of their services have it, one is named, and any of them will do.
        holding = known.available[[row]].indices
        return known, replace(viewer, subscribed=viewer.subscribed[~np.isin(viewer.subscribed, holding)])
    if evidence.kind == reasons.FRIENDS:
        left = tuple(act for act in viewer.friends if act.row != row or act.friend_id not in evidence.friends)
        return known, replace(viewer, friends=left)
    changed = {
        reasons.RISING: {"trend": 0.0},
        reasons.POPULAR: {"popularity": 0.0, "fame": 0.0, "trend": 0.0},
        reasons.NEW: {"release_day": np.nan},
    }[evidence.kind]
    arrays: dict[str, Any] = {}
    if evidence.kind == reasons.POPULAR:
        arrays["followers"] = replace(
            known.followers, rate=np.where(known.followers.titles == row, 0.0, known.followers.rate).astype(np.float32)
        )
    for name, value in changed.items():
        arrays[name] = getattr(known, name).copy()
        arrays[name][row] = value
    return replace(known, **arrays), viewer
