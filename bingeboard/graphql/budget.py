"""
What one account may spend in a minute: a bucket of points in Valkey, shared by all processes.

A bucket is one key that lives WINDOW_SECONDS from the first point spent; its name is a hash of whose it is, so nothing
of an erased viewer stands there by name, and after a minute nothing at all. Looking, deciding and spending are one
script: one way there and back, and no two requests see the same points left. What does not fit is refused and spends
nothing.

Where Valkey does not answer in time (50 ms in all), each process counts for itself, in its own memory, and tries Valkey
again after REST_SECONDS, one request at a time: meanwhile an account may spend its budget once a process, and no
request but the one that tries waits for it.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from limits.storage import MemoryStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

# Seconds: budgets are stated by the minute.
WINDOW_SECONDS = 60
# Seconds to connect, and seconds to answer, 50 ms in all: what a request may lose to a Valkey that is away.
CONNECT_SECONDS, PATIENCE_SECONDS = 0.02, 0.03
# Seconds without asking Valkey again: as long as anybody minds that processes count apart.
REST_SECONDS = 5.0
PREFIX = "bingeboard:budget"
# KEYS: the bucket. ARGV: points to spend, the budget, the window in ms.
# Returns whether they fit, what is spent then, and the ms that are left of the window.
SPEND = """
local cost, budget = tonumber(ARGV[1]), tonumber(ARGV[2])
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local fits = spent + cost <= budget
if fits and cost > 0 then
  redis.call('INCRBY', KEYS[1], ARGV[1])
  if spent == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
  spent = spent + cost
end
return {fits and 1 or 0, spent, redis.call('PTTL', KEYS[1])}
"""


@dataclass(frozen=True)
class Balance:
    """
    An account after a request.

    fits               whether the request's points were there, and are spent now
    remaining          points left
    resets_in_seconds  when all are there again, 0 where none is missing
    """

    fits: bool
    remaining: int
    resets_in_seconds: int


class Buckets:
    """Every account's bucket, in Valkey or, while that is away, in this process."""

    def __init__(
        self,
        address: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        options: dict[str, Any] = {
            "socket_connect_timeout": connect_seconds,
            "socket_timeout": patience_seconds,
            # The library would try again by itself, and every try takes its time.
            "retry": Retry(NoBackoff(), 0),
        }
        self._spend = RedisStorage(address, **options).get_connection().register_script(SPEND.encode())
        self._memory = MemoryStorage()
        self._lock = threading.Lock()
        self._clock = clock
        self._shut_until = 0.0

    def spend(self, account: str, points: int, *, budget: int) -> Balance:
        """Spend an account's points where they are there, and say what is left; 0 points only look."""
        key = key_of(account)
        if self._is_open():
            try:
                fits, spent, left_ms = self._spend(keys=[key], args=[points, budget, WINDOW_SECONDS * 1000])
            except (RedisError, OSError):
                self._shut_until = self._clock() + REST_SECONDS
            else:
                self._shut_until = 0.0
                return _balance(bool(fits), spent, left_ms / 1000, budget)
        return self._spend_here(key, points, budget)

    @property
    def is_shared(self) -> bool:
        """Whether the last request counted in Valkey."""
        return self._shut_until == 0.0

    def _is_open(self) -> bool:
        """Whether to ask Valkey; while it is away that is one request in REST_SECONDS."""
        if self._shut_until == 0.0:
            return True
        with self._lock:
            now = self._clock()
            if now < self._shut_until:
                return False
            # Whoever comes while this one tries does not wait with it.
            self._shut_until = now + REST_SECONDS
            return True

    def _spend_here(self, key: str, points: int, budget: int) -> Balance:
        with self._lock:
            spent = self._memory.get(key)
            fits = spent + points <= budget
            if fits and points > 0:
                spent = self._memory.incr(key, WINDOW_SECONDS, amount=points)
            left = self._memory.get_expiry(key) - time.time() if spent else 0.0
        return _balance(fits, spent, left, budget)


def key_of(account: str) -> str:
    """Return the name of an account's bucket, which tells nobody whose it is."""
    return f"{PREFIX}:{hashlib.sha256(account.encode()).hexdigest()[:32]}"


def _balance(fits: bool, spent: int, left_seconds: float, budget: int) -> Balance:
    resets = max(1, min(WINDOW_SECONDS, -int(-left_seconds // 1))) if spent else 0
    return Balance(fits, max(0, budget - spent), resets)


@lru_cache(maxsize=4)
def buckets_at(address: str) -> Buckets:
    """Return this process's buckets at an address; connecting waits for the first request."""
    return Buckets(address)


def spend(account: str, points: int) -> Balance:
    """Spend an account's points from the budget that the settings give it; without a budget, all is there always."""
    if not settings.BUDGET_PER_MINUTE:
        return Balance(True, 0, 0)
    return buckets_at(settings.REDIS_URL).spend(account, points, budget=settings.BUDGET_PER_MINUTE)
