"""What every provider of text vectors can do, and how one fails."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bingeboard.errors import BingeBoardError

Progress = Callable[[int], None]


class ProviderError(BingeBoardError):
    """The provider cannot do it, and will not by being asked again: a refused key, a wrong answer."""

    code = "INTERNAL"


class ProviderUnavailable(ProviderError):
    """The provider did not answer in time, however often it was asked; later it may."""


class TextEmbedder(Protocol):
    """
    Turns texts into vectors.

    model_version   changes whenever the same text would get another vector
    width           dimensions
    """

    @property
    def model_version(self) -> str: ...

    @property
    def width(self) -> int: ...

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> NDArray[np.float32]:
        """Return (n_texts, width) rows of length 1, in the order of the texts; progress is told how many are done."""
        ...
