"""Who is asking, and what was already read for them: built once a request by the view, read by every resolver."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import strawberry
from django.http import HttpRequest

from bingeboard.errors import BingeBoardError, NotAllowed, Unauthenticated

STAFF_SCOPES = frozenset({"curator", "admin"})
# Rows one request may gather: 100 titles with 50 similar ones each fit, the similar ones of those do not.
ROWS_A_REQUEST = 10_000


class Person(Protocol):
    """What the door needs to know of a user; the model stands a floor higher."""

    id: str
    username: str
    country: str
    is_active: bool
    is_staff: bool


class Loader:
    """
    Reads one kind of thing once a request, for a whole batch of keys at a time.

    fetch   keys -> {key: value}; a key it does not answer has nothing, and is not asked for again
    """

    def __init__(self, fetch: Callable[[list[Any]], Mapping[Any, Any]]) -> None:
        self._fetch = fetch
        self._read: dict[Any, Any] = {}

    def get(self, key: Any, among: Iterable[Any] = ()) -> Any:
        """Return what belongs to the key, or None; on the first miss everything among is read along with it."""
        if key not in self._read:
            wanted = list(dict.fromkeys(k for k in (key, *among) if k not in self._read))
            found = self._fetch(wanted)
            self._read.update((k, found.get(k)) for k in wanted)
        return self._read[key]


@dataclass
class Context:
    """
    One request's caller and clock.

    viewer      whose recommendations these are; None where nobody is signed in
    caller      who holds the token or session; differs from viewer for a service that acts for someone
    scopes      what the token allows; empty for sessions and for nobody
    by_session  signed in by cookie: what they may do is what their account may do
    now         the moment the request came in, aware UTC: every resolver sees the same one
    sources     by name, how each app reads a batch: (context, keys, *arguments) -> {key: value}
    account     whose budget of points this spends; empty where the house asks itself, for its own pages
    cost        what the operation cost and what the account has left, as clients see it; once it is known
    """

    request: HttpRequest
    now: dt.datetime
    viewer: Person | None = None
    caller: Person | None = None
    scopes: frozenset[str] = frozenset()
    by_session: bool = False
    request_id: str = ""
    sources: Mapping[str, Callable[..., Mapping[Any, Any]]] = field(default_factory=dict)
    loaders: dict[Any, Loader] = field(default_factory=dict)
    rows_left: int = ROWS_A_REQUEST
    account: str = ""
    cost: dict[str, int | None] | None = None

    def require_user(self) -> Person:
        """Return the viewer, or refuse."""
        if self.viewer is None:
            raise Unauthenticated(_how_to_sign_in(self.caller))
        return self.viewer

    def require_staff(self) -> Person:
        """Return the caller where they are staff and their token says so, or refuse."""
        if self.caller is None:
            raise Unauthenticated(_how_to_sign_in(None))
        if not self.is_staff:
            raise NotAllowed("only staff may see this")
        return self.caller

    @property
    def is_staff(self) -> bool:
        """Whether the caller is staff, and came with a session or with a token for staff work."""
        if self.caller is None or not (self.caller.is_active and self.caller.is_staff):
            return False
        return self.by_session or bool(self.scopes & STAFF_SCOPES)

    def loader(self, name: str, *arguments: Any) -> Loader:
        """Return the request's one loader of this source with these arguments."""
        key = (name, *arguments)
        if key not in self.loaders:
            source = self.sources[name]
            self.loaders[key] = Loader(partial(_read, source, self, arguments))
        return self.loaders[key]

    def spend(self, rows: int) -> None:
        """Count rows against what one request may gather, and refuse beyond it."""
        self.rows_left -= rows
        if self.rows_left < 0:
            raise BingeBoardError(
                f"one request may gather {ROWS_A_REQUEST} rows; ask for fewer, or in several requests",
                code="TOO_COMPLEX",
            )


def _read(
    source: Callable[..., Mapping[Any, Any]], context: Context, arguments: tuple[Any, ...], keys: list[Any]
) -> Any:
    return source(context, keys, *arguments)


def _how_to_sign_in(caller: Person | None) -> str:
    if caller is None:
        return "sign in first: send an Authorization: Bearer <token> header"
    return "this is a service's token: name the viewer with an X-Viewer-Id header"


Info = strawberry.Info[Context, None]
