"""Who is asking: built once a request by the view, read by every resolver."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from bingeboard.errors import NotAllowed, Unauthenticated

if TYPE_CHECKING:
    from strawberry.types import Info as StrawberryInfo

    from bingeboard.users.models import User

    type_checking_info = StrawberryInfo


@dataclass
class Context:
    """
    One request's caller and clock.

    viewer    whose recommendations these are; None where nobody is signed in
    caller    who holds the token; differs from viewer for a service that acts for someone
    scopes    what the token allows; empty for sessions and for nobody
    now       the moment the request came in, aware UTC: every resolver sees the same one
    """

    request: HttpRequest
    now: dt.datetime
    viewer: "User | None" = None
    caller: "User | None" = None
    scopes: frozenset[str] = frozenset()
    request_id: str = ""
    loaders: dict[str, Any] = field(default_factory=dict)

    def require_user(self) -> "User":
        """Return the viewer, or refuse."""
        if self.viewer is None:
            raise Unauthenticated("sign in first: send an Authorization: Bearer <token> header")
        return self.viewer

    def require_staff(self) -> "User":
        """Return the caller where they are staff, or refuse."""
        if self.caller is None:
            raise Unauthenticated("sign in first: send an Authorization: Bearer <token> header")
        if not (self.caller.is_active and self.caller.is_staff):
            raise NotAllowed("only staff may see this")
        return self.caller
