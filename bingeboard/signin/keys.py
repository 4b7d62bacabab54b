"""The public keys of an identity provider: fetched seldom, kept for long, and never waited for long."""

import json
import logging
import threading
import time
from typing import Any

import httpx

logger = logging.getLogger(__name__)
# A key that was taken back is not used for longer than this (s); one that came is found as soon as a token names it.
FRESH_FOR = 600.0
# A provider that is away is believed for a day (s) what it said last, and then no longer.
BELIEVED_FOR = 86_400.0
# Tokens may name keys that are not there as often as they like: they make one fetch in this time (s) ...
FETCHED_AGAIN_AFTER = 30.0
# ... and this after one that failed (s), so that it is noticed soon when the provider is back.
TRIED_AGAIN_AFTER = 5.0
# How long a request waits for keys (s); it is to be answered within 2.
PATIENCE = 1.5
# For each step of a fetch (s): connecting, and each piece of the answer.
STEP_SECONDS = 1.0
# A fetch that is not over by then (s) is given up.
GIVEN_UP_AFTER = 10.0
LONGEST_ANSWER = 256 * 1024
MOST_KEYS = 100


class Keys:
    """The keys at one address, by their ids; one for all threads of a process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._by_id: dict[str, dict[str, Any]] = {}
        self._fetched_at = self._next_fetch_at = float("-inf")
        self._under_way: threading.Event | None = None
        self._begun_at = float("-inf")

    def find(self, key_id: str) -> dict[str, Any] | None:
        """Return the key with an id, as JSON; None where the provider has none, or can not be asked."""
        now = time.monotonic()
        known = self._known(now).get(key_id)
        if known is not None and now - self._fetched_at < FRESH_FOR:
            return known
        coming = self._fetch(now)
        if known is None and coming is not None:
            coming.wait(PATIENCE)
            return self._known(time.monotonic()).get(key_id)
        # The old one will do while the new ones come.
        return known

    def any_known(self) -> bool:
        """Return whether the provider has said anything that is still believed."""
        return bool(self._known(time.monotonic()))

    def _known(self, now: float) -> dict[str, dict[str, Any]]:
        return self._by_id if now - self._fetched_at < BELIEVED_FOR else {}

    def _fetch(self, now: float) -> threading.Event | None:
        """Begin a fetch unless it is too soon; returns what tells when the one under way is over."""
        with self._lock:
            if self._under_way is not None and now - self._begun_at < GIVEN_UP_AFTER:
                return self._under_way
            if now < self._next_fetch_at:
                return None
            self._begun_at, self._next_fetch_at = now, now + FETCHED_AGAIN_AFTER
            over = self._under_way = threading.Event()
        # In a thread of its own: no limit of the client's covers names that are slow to resolve and answers that drip.
        threading.Thread(target=self._run, args=(over,), name="provider-keys", daemon=True).start()
        return over

    def _run(self, over: threading.Event) -> None:
        try:
            found = _keys_in(_download(self._url))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError, OSError) as error:
            logger.warning("the identity provider's keys could not be fetched: %s", type(error).__name__)
            found = None
        with self._lock:
            # One that was given up has nothing to say any more.
            if self._under_way is over:
                self._under_way = None
                done = time.monotonic()
                if found:
                    self._by_id, self._fetched_at = found, done
                else:
                    self._next_fetch_at = done + TRIED_AGAIN_AFTER
        over.set()


def _download(url: str) -> bytes:
    deadline = time.monotonic() + GIVEN_UP_AFTER
    with httpx.Client(timeout=STEP_SECONDS, follow_redirects=False) as client, client.stream("GET", url) as answer:
        if answer.status_code != 200:
            raise ValueError(f"status {answer.status_code}")
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LONGEST_ANSWER or time.monotonic() > deadline:
                raise ValueError("too long")
        return bytes(body)


def _keys_in(document: bytes) -> dict[str, dict[str, Any]]:
    """Return the public keys for signatures in a set of keys, by id. Of two with one id the first counts."""
    said = json.loads(document)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no set of keys")
    found: dict[str, dict[str, Any]] = {}
    for key in listed[:MOST_KEYS]:
        if isinstance(key, dict) and _is_for_signatures(key):
            found.setdefault(key["kid"], key)
    return found


def _is_for_signatures(key: dict[str, Any]) -> bool:
    # Shared secrets ("oct") and private parts ("d") have no business at a public address.
    fits = key.get("kty") in ("RSA", "EC", "OKP") and "d" not in key and key.get("use", "sig") == "sig"
    return fits and isinstance(key.get("kid"), str)
