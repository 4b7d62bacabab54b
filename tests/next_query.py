"""Acts and answers at random, each followed by a query: does the very next list know, with no worker alive?"""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bingeboard.graphql.nodes import split_id
from recommendations.engine.config import DEFAULT
from recommendations.engine.profiles import affinities
from recommendations.models import UserBehaviorEvent, UserTasteProfile
from recommendations.pipeline import profiles
from tests.door import Door, show_gid

# What each act or answer does to the list: the title goes, or it may stay.
EVENTS = {
    "COMPLETE": True,
    "LIKE": True,
    "DISLIKE": True,
    "ABANDON": True,
    "PLAY": True,
    "CLICK": False,
    "SHARE": False,
}
ANSWERS = {"NOT_INTERESTED": True, "WATCH_COMPLETED": True, "LIKE": True, "DISLIKE": True, "IMPRESSION": False}
UNDONE = "UNDO"
TRACK = "mutation($events: [EventInput!]!) { trackEvents(events: $events) { accepted } }"
ANSWER = "mutation($feedback: [FeedbackInput!]!) { sendFeedback(feedback: $feedback) { accepted feedbackIds } }"
UNDO = "mutation($ids: [ID!]!) { undoFeedback(feedbackIds: $ids) { accepted } }"
ASK = """
{ recommendations(first: 100) { requestId edges { node { show { id } } } }
  tasteProfile(first: 100) { edges { node { featureType featureValue affinityScore } } } }
"""


@dataclass
class _Seen:
    """A viewer as the client knows them: the last list, what must not come back, how many acts were acknowledged."""

    token: str
    events: int
    request_id: str | None = None
    listed: list[int] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    answers: list[tuple[str, int, str]] = field(default_factory=list)


def stale_trials(
    *,
    door: Door,
    tokens: Mapping[str, str],
    show_ids: Sequence[int],
    n_trials: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """
    Act and query n_trials times, and return a line for every trial whose query did not know what was acknowledged.

    progress   is told how many trials are done, and how many lines there are, before each is judged

    A trial is stale where a title that was dealt with is still listed, or where the profile is not what all of the
    viewer's acts, the last one among them, amount to (to 1e-9).
    """
    dice = random.Random(seed)
    viewers = {
        user_id: _Seen(token, UserBehaviorEvent.objects.filter(user_id=user_id).count())
        for user_id, token in tokens.items()
    }
    stale = []
    for trial in range(n_trials):
        user_id = dice.choice(sorted(viewers))
        seen = viewers[user_id]
        said = _act(door, seen, show_ids, dice)
        answer = door.data(ASK, token=seen.token)
        if progress is not None:
            progress(trial + 1, len(stale))
        stale += [f"trial {trial}, {user_id}, {said}: {what}" for what in _wrong(user_id, seen, answer)]
    return stale


def _act(door: Door, seen: _Seen, show_ids: Sequence[int], dice: random.Random) -> str:
    """Have the viewer do one thing, and note what must be true from then on."""
    kind = dice.choice(["event", "answer", UNDONE] if seen.answers else ["event", "answer"])
    if kind == UNDONE:
        return _take_back(door, seen, dice)
    show = dice.choice(seen.listed) if seen.listed and dice.random() < 0.8 else dice.choice(show_ids)
    if kind == "event":
        act = dice.choice(sorted(EVENTS))
        event = {"eventId": str(uuid.UUID(int=dice.getrandbits(128))), "sessionId": "s", "eventType": act}
        event |= {"contentType": "MOVIE", "showId": show_gid(show)}
        assert door.data(TRACK, {"events": [event]}, token=seen.token)["trackEvents"]["accepted"] == 1
        seen.events += 1
        leaves = EVENTS[act]
    else:
        act = dice.choice(sorted(ANSWERS))
        item: dict[str, Any] = {"feedbackType": act, "showId": show_gid(show)}
        if show in seen.listed:
            item["requestId"] = seen.request_id
        sent = door.data(ANSWER, {"feedback": [item]}, token=seen.token)["sendFeedback"]
        if sent["accepted"]:
            seen.answers.append((sent["feedbackIds"][0], show, act))
            seen.events += act != "IMPRESSION"
        leaves = ANSWERS[act] and bool(sent["accepted"])
    if leaves:
        seen.gone[show] = seen.gone.get(show, 0) + 1
    return f"{act} of {show}"


def _take_back(door: Door, seen: _Seen, dice: random.Random) -> str:
    feedback_id, show, act = seen.answers.pop(dice.randrange(len(seen.answers)))
    assert door.data(UNDO, {"ids": [feedback_id]}, token=seen.token)["undoFeedback"]["accepted"] == 1
    seen.events -= act != "IMPRESSION"
    if ANSWERS[act]:
        seen.gone[show] -= 1
    return f"{UNDONE} of {act} of {show}"


def _wrong(user_id: str, seen: _Seen, answer: dict[str, Any]) -> list[str]:
    """Return what the answer does not know."""
    edges = answer["recommendations"]["edges"]
    seen.request_id = answer["recommendations"]["requestId"]
    seen.listed = [int(split_id(edge["node"]["show"]["id"])[1]) for edge in edges]
    wrong = [f"{show} is still listed" for show, times in seen.gone.items() if times and show in seen.listed]
    if not seen.listed:
        wrong.append("the list is empty")
    kept = UserBehaviorEvent.objects.filter(user_id=user_id).count()
    if kept != seen.events:
        wrong.append(f"{seen.events} acts were acknowledged, {kept} are kept")
    return wrong + _profile_differences(user_id, answer["tasteProfile"]["edges"])


def _profile_differences(user_id: str, edges: Sequence[dict[str, Any]]) -> list[str]:
    """Return where the profile, in the table and as clients see it, is not what the acts amount to."""
    rows = profiles.derived(user_ids=[user_id])
    affinity, _ = affinities(rows.sums, DEFAULT.profiles.prior)
    expected = dict(zip(rows.keys, affinity.tolist(), strict=True))
    columns = ("feature_type", "feature_value", "affinity_score")
    stored = {
        (kind, value): a for kind, value, a in UserTasteProfile.objects.filter(user=user_id).values_list(*columns)
    }
    shown = [edge["node"] for edge in edges]
    wrong = [f"the profile has {len(stored)} features, not {len(expected)}"] if stored.keys() != expected.keys() else []
    off = [key for key in expected if abs(stored.get(key, 9) - expected[key]) > 1e-9]
    off += [
        key
        for entry in shown
        for key in [(entry["featureType"].lower(), entry["featureValue"])]
        if abs(entry["affinityScore"] - expected.get(key, 9)) > 1e-9
    ]
    if len(shown) != min(len(expected), 100):
        wrong.append(f"{len(shown)} tastes are shown")
    return wrong + [f"the affinity to {key} is off" for key in off[:3]]
