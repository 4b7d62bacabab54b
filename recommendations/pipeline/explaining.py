"""
Why a title is not in a viewer's list, or where it stands in it: the list's own engine, asked what-if.

Nothing here has rules of its own. The list is ranked as it is served, and every "it would appear if" was tried: the
engine made the list under that condition, and the title was in it.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bingeboard.errors import NotFound
from bingeboard.shows.models import Platform, Show
from recommendations.engine.arrays import rows_in
from recommendations.engine.candidates import HYBRID, Proposal, propose
from recommendations.engine.snapshot import Snapshot, Viewer
from recommendations.pipeline import candidates, ranking
from recommendations.pipeline.served import Entry, entries_of, read
from recommendations.queries.events import to_day, what_was_done
from recommendations.queries.filters import ListFilter, allowed_rows

# What removes a title, beside "filter.<field>".
NO_MODEL, NOT_IN_MODEL, INACTIVE, SEEN, DISMISSED = "no_model", "not_in_model", "inactive", "seen", "dismissed"
RESTING, NO_CANDIDATE = "resting", "no_candidate"
# How many of a title's features are tried on a viewer, and how many titles are named as standing where it does not.
FEATURES_TRIED, NAMED = 3, 3


@dataclass(frozen=True)
class WhyNot:
    """
    What is to be said about a title and a viewer's list.

    position          where it stands, from 1; None where it does not
    removed_by        codes of what keeps it out whatever it scores; empty where it is merely outscored
    breakdown         every part of its score, as served lists have it; None where no generator proposes it
    cutoff            the score of the list's last title; None for an empty list
    displaced_by      show ids of titles that stand where it does not
    would_appear_if   conditions under which it was in the list when the engine tried them
    text              all of it in a sentence or two
    """

    position: int | None
    removed_by: list[str]
    breakdown: dict[str, Any] | None
    cutoff: float | None
    displaced_by: list[int]
    would_appear_if: list[str]
    text: str


def why_not(
    *, user_id: str, show_id: int, algorithm: str, filter: ListFilter | None = None, now: dt.datetime
) -> WhyNot:
    """
    Return why a title is not in a viewer's list, or where it stands in it; keeps nothing.

    Places drawn by chance are left aside: it is about the list as the scores have it.

    Raises NotFound for a title that is not there.
    """
    chosen = filter or ListFilter()
    show = Show.objects.filter(pk=show_id).first() if 0 < show_id < 2**63 else None
    if show is None:
        raise NotFound(f"there is no show {show_id}", field="showId")
    made = ranking.rank(user_id=user_id, algorithm=algorithm, chosen=chosen, now=now)
    cutoff = made.entries[-1].final_score if made.entries else None
    for position, entry in enumerate(made.entries, start=1):
        if entry.show_id == show_id:
            text = f"“{show.title}” stands at place {position} of {len(made.entries)}."
            return WhyNot(position, [], _score(entry), cutoff, [], [], text)
    if not made.version:
        return _plain(show, [NO_MODEL], "a model has been fitted", cutoff)
    known = candidates.snapshot(now=now)
    row = int(rows_in(known.show_ids, np.array([show_id]))[0])
    if row < 0:
        return _plain(show, [NOT_IN_MODEL], "the next model knows it; new titles are taken in every few hours", cutoff)
    if not show.is_active or not known.active[row]:
        return _plain(show, [INACTIVE], "a curator made it active again", cutoff)
    return _Case(user_id, show, row, algorithm, chosen, made, known, now).answer(cutoff)


def _score(entry: Entry) -> dict[str, Any]:
    """Return every part of an entry's score, as items of served lists have it."""
    return {**entry.breakdown, "parts": read(entry.parts)}


def _plain(show: Show, removed_by: list[str], remedy: str, cutoff: float | None) -> WhyNot:
    text = f"“{show.title}” is not in the list: {_IN_WORDS[removed_by[0]]}."
    return WhyNot(None, removed_by, None, cutoff, [], [remedy], text)


@dataclass
class _Case:
    """One title that the engine knows and that is not in one viewer's list."""

    user_id: str
    show: Show
    row: int
    algorithm: str
    chosen: ListFilter
    made: ranking.Ranked
    known: Snapshot
    now: dt.datetime
    # What the filter lets through, once it has been asked.
    filtered: tuple[NDArray[np.bool_] | None] | None = None

    def answer(self, cutoff: float | None) -> WhyNot:
        removed, remedies = self._removals()
        viewer, competing = self._viewer_and_competitors()
        let_in = competing.copy()
        let_in[self.row] = True
        alone = self._ranked(viewer, let_in, everything=True)
        place = _place(alone, self.row)
        if place is None:
            return self._never_a_candidate(removed, remedies, viewer, let_in, cutoff)
        entry = next(entries_of(_only(alone, place), self.known))
        if self._is_in(viewer, let_in):
            # What removes it is all there is against it.
            return self._put(removed, remedies, entry, cutoff, [])
        found = self._what_brings_it_in(viewer, let_in, resting=bool(alone.slate.rest[place] > 0))
        if alone.slate.rest[place] > 0:
            removed.append(RESTING)
        if cutoff is not None and RESTING not in removed:
            needed = cutoff - entry.final_score
            if needed > 0:
                found.append(f"its score rose by {needed:.3f}, to {cutoff:.3f}")
        remedies += found
        return self._put(removed, remedies, entry, cutoff, self._displaced_by(entry, cutoff))

    def _put(
        self,
        removed: list[str],
        remedies: list[str],
        entry: Entry,
        cutoff: float | None,
        displaced_by: list[int],
    ) -> WhyNot:
        why = [_IN_WORDS.get(code, f"the filter's {code.removeprefix('filter.')} leaves it out") for code in removed]
        if not why:
            score, cut = entry.final_score, 0.0 if cutoff is None else cutoff
            why = [
                f"it scores {score:.3f}, and the last of the {len(self.made.entries)} titles {cut:.3f}"
                if score < cut
                else "titles above it are so like it, or so much of its genres, that others come first"
            ]
        text = f"“{self.show.title}” is not in the list: {', and '.join(why)}."
        breakdown = _score(entry)
        return WhyNot(None, removed, breakdown, cutoff, displaced_by, list(dict.fromkeys(remedies)), text)

    def _never_a_candidate(
        self,
        removed: list[str],
        remedies: list[str],
        viewer: Viewer,
        let_in: NDArray[np.bool_],
        cutoff: float | None,
    ) -> WhyNot:
        """Say that nothing proposes it, and how far each generator is from doing so."""
        thought = self._ranked(viewer, let_in).thought
        misses = []
        for name in ("collaborative", "content_based", "trending", "social"):
            scores = thought.opinions.of(name)[thought.place]
            score = float(scores[self.row])
            better = int(np.count_nonzero(scores[let_in] > score))
            misses.append(f"{name} {score:.3f}, after {better:,} others" if score > 0 else f"{name} nothing")
        removed = [*removed, NO_CANDIDATE]
        remedies = [*remedies, *self._what_brings_it_in(viewer, let_in, resting=False)]
        why = [_IN_WORDS.get(code, f"the filter's {code.removeprefix('filter.')} leaves it out") for code in removed]
        text = f"“{self.show.title}” is not in the list: {', and '.join(why)} ({'; '.join(misses)})."
        return WhyNot(None, removed, None, cutoff, [], remedies, text)

    def _removals(self) -> tuple[list[str], list[str]]:
        """Return the codes of what keeps the title out whatever it scores, and what would undo each."""
        removed, remedies = [], []
        if not self.chosen.include_seen:
            done = what_was_done(user_id=self.user_id, show_id=self.show.pk)
            if "not_interested" in done:
                removed.append(DISMISSED)
                remedies.append("you took back that you are not interested (undoFeedback)")
            if done - {"not_interested"}:
                removed.append(SEEN)
                remedies.append("the filter's includeSeen were true")
        for name, alone in _one_by_one(self.chosen):
            allowed = allowed_rows(chosen=alone, user_id=self.user_id, known=self.known, today=self.now.date())
            if allowed is not None and not allowed[self.row]:
                removed.append(f"filter.{name}")
                remedies.append(f"the filter's {name} let it through")
        return removed, remedies

    def _viewer_and_competitors(self) -> tuple[Viewer, NDArray[np.bool_]]:
        """Return the viewer as the engine sees them, and which titles competed for the list, (n_titles,)."""
        proposals = candidates.generate(
            user_ids=[self.user_id],
            now=self.now,
            algorithms=[self.algorithm],
            config=self.made.config,
            allowed=self._allowed(),
            include_seen=self.chosen.include_seen,
            sizes={self.algorithm: 1},
            known=self.known,
        )
        return proposals[0].thought.viewer, proposals[0].thought.free

    def _allowed(self) -> NDArray[np.bool_] | None:
        """Return what the filter lets through, (n_titles,); None for all."""
        if self.filtered is None:
            today = self.now.date()
            self.filtered = (allowed_rows(chosen=self.chosen, user_id=self.user_id, known=self.known, today=today),)
        return self.filtered[0]

    def _ranked(self, viewer: Viewer, free: NDArray[np.bool_], *, everything: bool = False, **other: Any) -> Proposal:
        """Return the list of a viewer over the titles that are free; `everything`: all of them, in order of score."""
        size = len(self.known) if everything else self.made.config.serving.kept
        return propose(
            other.get("known", self.known),
            [viewer],
            algorithms=[self.algorithm],
            today=to_day(self.now),
            config=self.made.config,
            diversity=0.0 if everything else other.get("diversity", self.chosen.diversity),
            allowed=free[None, :],
            sizes={self.algorithm: size},
            # As lists are made: under a filter, what nothing speaks for fills up.
            fill=self._allowed() is not None,
        )[0]

    def _is_in(self, viewer: Viewer, free: NDArray[np.bool_], **other: Any) -> bool:
        return _place(self._ranked(viewer, free, **other), self.row) is not None

    def _what_brings_it_in(self, viewer: Viewer, free: NDArray[np.bool_], *, resting: bool) -> list[str]:
        """Return the conditions that were tried one by one and that bring the title into the list."""
        tried: list[tuple[str, Callable[[], bool]]] = []
        if resting:
            said = "you took back what you said of titles like it (undoFeedback), or its rest was over"
            tried.append((said, lambda: self._is_in(replace(viewer, answers=None), free)))
        if self.algorithm == HYBRID and self.chosen.diversity != 0:
            tried.append(("the filter's diversity were 0", lambda: self._is_in(viewer, free, diversity=0.0)))
        tried += self._services(viewer, free)
        tried += self._words(viewer, free)
        return [said for said, brings_it_in in tried if brings_it_in()]

    def _services(self, viewer: Viewer, free: NDArray[np.bool_]) -> Iterator[tuple[str, Callable[[], bool]]]:
        held = set(viewer.subscribed.tolist())
        columns = self.known.available[[self.row]].indices.tolist()
        if held & set(columns):
            return
        names = dict(Platform.objects.values_list("slug", "name"))
        for column in sorted(columns):
            subscribed = replace(viewer, subscribed=np.array(sorted({*held, column}), dtype=np.int64))
            name = names.get(self.known.platforms[column], self.known.platforms[column])
            yield f"you had {name} (setPlatforms)", _later(self._is_in, subscribed, free)

    def _words(self, viewer: Viewer, free: NDArray[np.bool_]) -> Iterator[tuple[str, Callable[[], bool]]]:
        """Try on the viewer that they say they like what the title is most like."""
        if self.algorithm not in (HYBRID, "content_based"):
            return
        strengths = self.known.strengths[[self.row]]
        for column in strengths.indices[np.argsort(-strengths.data, kind="stable")[:FEATURES_TRIED]].tolist():
            kind, value = self.known.features[column]
            yield (
                f"you said you like the {kind} {value} (updateTaste)",
                _later(self._is_in, _fond(viewer, column), free),
            )

    def _displaced_by(self, entry: Entry, cutoff: float | None) -> list[int]:
        """Return what stands where it does not: the last titles, or, where its score would do, the most alike one."""
        if cutoff is None or entry.final_score < cutoff:
            return [other.show_id for other in self.made.entries[-NAMED:]]
        rows = rows_in(self.known.show_ids, np.array([other.show_id for other in self.made.entries]))
        alike = self.known.vectors[rows] @ self.known.vectors[self.row]
        return [int(self.known.show_ids[rows[int(np.argmax(alike))]])]


def _later(ask: Callable[..., bool], *arguments: Any) -> Callable[[], bool]:
    return lambda: ask(*arguments)


def _fond(viewer: Viewer, column: int) -> Viewer:
    """Return the viewer as they would be if they said they like a feature."""
    others = viewer.columns != column
    said = np.zeros(len(viewer.columns), bool) if viewer.is_stated is None else viewer.is_stated
    return replace(
        viewer,
        columns=np.append(viewer.columns[others], column),
        affinity=np.append(viewer.affinity[others], 1.0),
        is_stated=np.append(said[others], True),
    )


def _place(proposal: Proposal, row: int) -> int | None:
    places = np.flatnonzero(proposal.slate.rows == row)
    return int(places[0]) if len(places) else None


def _only(proposal: Proposal, place: int) -> Proposal:
    """Return the proposal with one of its titles alone."""
    slate = proposal.slate
    columns = {
        field.name: getattr(slate, field.name)[place : place + 1]
        for field in fields(slate)
        if field.name != "algorithm"
    }
    return Proposal(proposal.user_id, replace(slate, **columns), proposal.thought)


def _one_by_one(chosen: ListFilter) -> Iterator[tuple[str, ListFilter]]:
    """Yield what each field of a filter that removes titles would let through alone, by its name in the API."""
    blank = ListFilter()
    for field in fields(ListFilter):
        value = getattr(chosen, field.name)
        if field.name not in ("include_seen", "diversity") and value != getattr(blank, field.name):
            head, *rest = field.name.split("_")
            yield head + "".join(word.title() for word in rest), replace(blank, **{field.name: value})


_IN_WORDS = {
    NO_MODEL: "no model has been fitted yet",
    NOT_IN_MODEL: "it came in after the model was fitted",
    INACTIVE: "it is not active in the catalogue",
    SEEN: "you have watched, begun or judged it",
    DISMISSED: "you said you are not interested",
    RESTING: "it rests for a while, after what you dismissed or let pass",
    NO_CANDIDATE: "nothing proposes it",
}
