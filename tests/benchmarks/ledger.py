"""
A client that keeps books: what it sent, what was acknowledged, and, at the end, whether the house agrees.

What it got no good answer for it sends again with the same ids, for as long as it takes. Nothing may be lost, nothing
counted twice, and nothing stored that was not sent.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.benchmarks.harness import BATCH, Client, Event, House, made_up

SESSION = "faults"
# What an answer may say of an event that is kept from then on.
KEPT = ("ACCEPTED", "DUPLICATE")
# Between two tries, in seconds: as an app would, not as fast as it can.
PAUSE = 0.1


@dataclass
class Ledger:
    """Event id -> viewer of all that was sent; ids acknowledged; what the answers were; the slowest, in seconds."""

    sent: dict[str, str] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    answers: "Counter[str]" = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    slow_refusal: float = 0.0

    def complaints(self, house: House) -> list[str]:
        """Return what the stored events say against the books; [] where they agree."""
        rows = house.sql(
            "SELECT event_id::text, min(user_id), count(*) FROM user_behavior_events WHERE session_id = %s GROUP BY 1",
            SESSION,
        )
        stored = {event_id: user_id for event_id, user_id, _ in rows}
        found = {
            "acknowledged and not stored": self.acknowledged - stored.keys(),
            "stored and not sent": stored.keys() - self.sent.keys(),
            "stored more than once": {event_id for event_id, _, count in rows if count > 1},
            "stored for another viewer": {e for e in stored.keys() & self.sent.keys() if stored[e] != self.sent[e]},
        }
        return [f"{len(ids):,} {what}, such as {min(ids)}" for what, ids in found.items() if ids]


class Stream(threading.Thread):
    """One connection that sends batches of one viewer's acts until it is told to finish, and then what is left."""

    def __init__(self, house: House, ledger: Ledger, *, viewer: str, rate: float, seed: int) -> None:
        super().__init__(daemon=True, name=f"stream-{seed}")
        self.house, self.ledger, self.viewer, self.rate = house, ledger, viewer, rate
        self.rng = random.Random(seed)
        self.finishing = threading.Event()
        self.is_done = False

    def run(self) -> None:
        """Send a batch each BATCH / rate seconds; those that fall behind are sent as fast as answers come."""
        due = time.monotonic()
        with self.house.client() as client:
            while not self.finishing.is_set():
                batch = made_up(self.rng, BATCH, shows=self.house.shows, session=SESSION)
                self.ledger.sent |= {event["eventId"]: self.viewer for event in batch}
                while not self._acknowledged(client, batch):
                    time.sleep(PAUSE)
                due = max(due + BATCH / self.rate, time.monotonic() - 1)
                self.finishing.wait(max(due - time.monotonic(), 0))
        self.is_done = True

    def _acknowledged(self, client: Client, batch: Sequence[Event]) -> bool:
        """Send a batch once; returns whether every event of it is known to be kept."""
        try:
            answer = client.track(batch, viewer=self.viewer)
        except (httpx.HTTPError, ValueError) as error:
            self.ledger.answers[type(error).__name__] += 1
            return False
        if answer.status != 200 or answer.body.get("errors"):
            codes = [error["extensions"]["code"] for error in answer.body.get("errors", [])]
            self.ledger.answers[f"{answer.status} {' '.join(codes)}"] += 1
            self.ledger.slow_refusal = max(self.ledger.slow_refusal, answer.seconds)
            return False
        outcomes = answer.data["trackEvents"]["outcomes"]
        assert [outcome["eventId"] for outcome in outcomes] == [event["eventId"] for event in batch]
        assert all(outcome["status"] in KEPT for outcome in outcomes), outcomes
        self.ledger.answers["200"] += 1
        self.ledger.latencies.append(answer.seconds)
        self.ledger.acknowledged |= {outcome["eventId"] for outcome in outcomes}
        return True


def is_settled(house: House) -> bool:
    """Return whether no viewer's candidates are behind what they did."""
    return house.sql("SELECT count(*) FROM viewer_states WHERE behavior_version > candidates_version") == [(0,)]
