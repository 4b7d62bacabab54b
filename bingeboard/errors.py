"""
What can go wrong, as one small tree.

    BingeBoardError
      NotAllowed      who is asking may not do this          UNAUTHENTICATED / FORBIDDEN
      NotFound        there is no such thing (for you)       NOT_FOUND
      Invalid         what was sent cannot be right          BAD_INPUT
      Stale           it was right once, and is no longer    BAD_INPUT (a task may retry it)

The engine raises ValueError instead: it may not import the house.
"""


class BingeBoardError(Exception):
    """The root: catch this to catch everything we raise on purpose."""

    code = "INTERNAL"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class NotAllowed(BingeBoardError):
    """Who is asking may not do this."""

    code = "FORBIDDEN"


class Unauthenticated(NotAllowed):
    """Nobody is signed in, or the token does not hold."""

    code = "UNAUTHENTICATED"


class NotFound(BingeBoardError):
    """There is no such thing, or it is not yours: the two look the same on purpose."""

    code = "NOT_FOUND"


class Invalid(BingeBoardError):
    """What was sent cannot be right; the message names the value and what would be."""

    code = "BAD_INPUT"


class Stale(BingeBoardError):
    """It was right once: a list past its retention, a model that was swapped."""

    code = "BAD_INPUT"
