"""
What viewers do about their own taste: state, mute, forget, restore; take sittings and titles out; look before they do.

What is stated wins and does not decay. What is forgotten counts again from then on. All of it stands in rows beside the
events, so a rebuild keeps to it and restoring is exact.
"""

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from bingeboard.errors import Invalid, NotFound
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.models import TasteExclusion, UserTasteProfile, ViewerCheckpoint
from recommendations.pipeline import candidates, folding, habits, profiles
from recommendations.pipeline.problems import Problem
from recommendations.pipeline.validation import Refused, checked_text, storable
from recommendations.queries.viewers import Stated

Feature = tuple[str, str]


@dataclass(frozen=True)
class TasteChange:
    """
    What a viewer wants of one entry of their taste.

    affinity   states it, -1 to 1, 0 mutes it; None takes a statement back and forgets what was learned
    restore    takes back statement and forgetting: the entry is what the acts say again
    """

    feature_type: str
    feature_value: str
    affinity: float | None = None
    restore: bool = False


def change_taste(
    *, user_id: str, changes: Sequence[TasteChange], now: dt.datetime, config: EngineConfig = DEFAULT
) -> list[Problem]:
    """
    Carry out what a viewer wants of their taste; returns what was wrong with single changes, the others count.

    Raises Invalid for more changes than config.intake.taste_changes.
    """
    wanted, problems = _checked(changes, config)
    if not wanted:
        return problems
    with transaction.atomic():
        # What came in before is learned before it can be forgotten.
        folding.fold(folding.hold(user_id), config=config)
        if _carry_out(user_id, wanted, now, config):
            profiles.rebuild_held(user_ids=[user_id], config=config)
        habits.touch(user_id=user_id, now=now)
    return problems


def exclude_from_taste(
    *,
    user_id: str,
    session_id: str | None,
    show_id: int | None,
    exclude: bool,
    now: dt.datetime,
    config: EngineConfig = DEFAULT,
) -> None:
    """
    Take a sitting, a title, or a title in one sitting out of a viewer's taste, or put it back; exactly, either way.

    Acts that come in later are left out as well, until it is put back. Doing it twice is doing it once.

    Raises Invalid where neither is named or the name can not be kept, NotFound for a title that is not there.
    """
    if session_id is None and show_id is None:
        raise Invalid("name a session, a show, or both", field="sessionId")
    if session_id is not None:
        try:
            checked_text("sessionId", session_id, config.intake.session_letters, required=True)
        except Refused as refusal:
            raise Invalid(refusal.message, field=refusal.field) from None
    named = {"session_id": session_id, "content_id": show_id}
    with transaction.atomic():
        folding.fold(folding.hold(user_id), config=config)
        if exclude:
            if show_id is not None and not _is_there(show_id):
                raise NotFound(f"there is no show {show_id}", field="showId")
            if TasteExclusion.objects.filter(user_id=user_id).count() >= config.intake.taste_exclusions:
                raise Invalid(f"at most {config.intake.taste_exclusions} exclusions a viewer; put some back first")
            changed = TasteExclusion.objects.get_or_create(user_id=user_id, **named, defaults={"created_at": now})[1]
        else:
            changed = TasteExclusion.objects.filter(user_id=user_id, **named).delete()[0] > 0
        if changed:
            profiles.rebuild_held(user_ids=[user_id], config=config)
            habits.touch(user_id=user_id, now=now)


@dataclass(frozen=True)
class Preview:
    """A viewer's first titles as they are and as they would be, as show ids in order."""

    before: list[int]
    after: list[int]
    problems: list[Problem]


def preview_taste(
    *, user_id: str, changes: Sequence[TasteChange], first: int, now: dt.datetime, config: EngineConfig = DEFAULT
) -> Preview:
    """
    Return the list as it is and as it would be with these changes; keeps nothing of them.

    Raises Invalid for more changes than config.intake.taste_changes.
    """
    wanted, problems = _checked(changes, config)
    folding.settle(user_ids=[user_id], config=config)
    lists = []
    for stated in (None, _as_it_would_be(user_id, wanted, config)):
        proposals = candidates.generate(
            user_ids=[user_id], now=now, algorithms=[candidates.HYBRID], config=config, stated=stated
        )
        known = candidates.snapshot(now=now)
        lists.append([int(show) for proposal in proposals for show in known.show_ids[proposal.slate.rows[:first]]])
    return Preview(lists[0], lists[1], problems)


def _as_it_would_be(user_id: str, wanted: Mapping[Feature, TasteChange], config: EngineConfig) -> Stated:
    """Return what the changes would make of the entries they name: affinity, and whether it is stated."""
    found: Stated = {}
    forgotten = [f for f, change in wanted.items() if change.restore or change.affinity is None]
    anew = profiles.derived_without_forgetting(user_id=user_id, config=config) if forgotten else {}
    for feature, change in wanted.items():
        if change.restore:
            found[feature] = (anew.get(feature, 0.0), False)
        else:
            found[feature] = (0.0, False) if change.affinity is None else (change.affinity, True)
    return found


def _checked(changes: Sequence[TasteChange], config: EngineConfig) -> tuple[dict[Feature, TasteChange], list[Problem]]:
    """Return the changes that can be carried out, by our own name of the feature (the last of a name counts)."""
    if len(changes) > config.intake.taste_changes:
        raise Invalid(f"at most {config.intake.taste_changes} changes a call, got {len(changes)}", field="changes")
    names = _known_features(changes)
    wanted: dict[Feature, TasteChange] = {}
    problems = []
    for index, change in enumerate(changes):
        feature = names.get((change.feature_type, change.feature_value.strip().lower()))
        if change.affinity is not None and not (math.isfinite(change.affinity) and -1 <= change.affinity <= 1):
            problems.append(Problem(index, "affinity", "BAD_INPUT", f"it lies in -1 to 1, got {change.affinity}"))
        elif change.restore and change.affinity is not None:
            problems.append(Problem(index, "affinity", "BAD_INPUT", "leave it out where restore is true"))
        elif feature is None:
            said = f"no title has the {change.feature_type} {change.feature_value[:60]!r}"
            problems.append(Problem(index, "featureValue", "NOT_FOUND", said))
        else:
            wanted[feature] = change
    return wanted, problems


def _known_features(changes: Sequence[TasteChange]) -> dict[Feature, Feature]:
    """Return our own names of features, by type and lower-case value; the viewer's own entries count as known."""
    pairs = sorted({(c.feature_type, c.feature_value.strip().lower()) for c in changes if storable(c.feature_value)})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (w.kind, w.value) w.kind, w.value, f.feature_value
            FROM unnest(%s::text[], %s::text[]) AS w(kind, value)
            JOIN content_features f ON f.feature_type = w.kind AND lower(f.feature_value) = w.value
            ORDER BY w.kind, w.value, f.feature_value
            """,
            [[kind for kind, _ in pairs], [value for _, value in pairs]],
        )
        return {(kind, value): (kind, name) for kind, value, name in cursor.fetchall()}


def _carry_out(user_id: str, wanted: Mapping[Feature, TasteChange], now: dt.datetime, config: EngineConfig) -> bool:
    """Change the entries, all at once; returns whether the learned part is to be worked out anew."""
    rows = {(row.feature_type, row.feature_value): row for row in UserTasteProfile.objects.filter(user_id=user_id)}
    anew = False
    changed, forgotten = [], []
    for feature, change in wanted.items():
        row = rows.get(feature) or UserTasteProfile(
            user_id=user_id,
            feature_type=feature[0],
            feature_value=feature[1],
            affinity_score=0.0,
            confidence=0.0,
            last_updated=now,
            decay_rate=config.profiles.decay_rate,
        )
        if change.restore:
            # An entry that nothing speaks for goes with the recomputation.
            anew |= row.forgotten_at is not None or row.confidence == 0
            row.stated_affinity, row.forgotten_at = None, None
        elif change.affinity is not None:
            row.stated_affinity = change.affinity
        else:
            row.stated_affinity, row.forgotten_at = None, now
            row.affinity_score, row.confidence = 0.0, 0.0
            forgotten.append(feature)
        # Rows with and without a key would take two statements.
        row.pk = None
        changed.append(row)
    UserTasteProfile.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["user", "feature_type", "feature_value"],
        update_fields=["stated_affinity", "forgotten_at", "affinity_score", "confidence"],
    )
    _forget_departed(user_id, forgotten)
    return anew


def _forget_departed(user_id: str, features: Collection[Feature]) -> None:
    """Drop entries from what has left the events: of those acts, nothing can say any more when they came in."""
    kept = ViewerCheckpoint.objects.filter(pk=user_id).first() if features else None
    if kept is not None:
        kept.taste = [entry for entry in kept.taste if tuple(entry[:2]) not in features]
        kept.save(update_fields=["taste"])


def _is_there(show_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM shows WHERE id = %s", [show_id if 0 < show_id < 2**63 else -1])
        return cursor.fetchone() is not None
