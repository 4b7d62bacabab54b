"""Text to vectors by OpenAI's API (or one that speaks like it): batches, patience with limits, clear errors."""

import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, Embeddings
from recommendations.engine.similarity import unit_rows
from recommendations.providers.base import Progress, ProviderError, ProviderUnavailable

MODEL = "text-embedding-3-large"
WIDTH = 1536
WORTH_ANOTHER_TRY = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 522, 524, 529})


class OpenAIEmbedder:
    """
    text-embedding-3-large at 1536 dimensions.

    A request that meets a rate limit, a server error, a timeout or a broken connection is sent again: after as long as
    the server asks for, else after a pause that doubles, at most config.openai_tries times in all. The key is sent
    in one header and stands in no message and no log.

    Raises Invalid where there is no key.
    """

    model_version = MODEL
    width = WIDTH

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        config: Embeddings = DEFAULT.embeddings,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not api_key:
            raise Invalid("the embedding provider is openai, but OPENAI_API_KEY is empty", field="OPENAI_API_KEY")
        self._api_key = api_key
        self._url = base_url.rstrip("/") + "/embeddings"
        self._config = config
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self._url!r})"

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> NDArray[np.float32]:
        """
        Return (n_texts, 1536) rows of length 1.

        Raises ProviderUnavailable where patience ran out; ProviderError for a refusal or a senseless answer.
        """
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        if not texts:
            return vectors
        headers = {"Authorization": f"Bearer {self._api_key}"}
        done = 0
        with httpx.Client(headers=headers, timeout=self._config.openai_timeout) as client:
            for batch in self._batches(texts):
                vectors[done : done + len(batch)] = self._embed_batch(client, batch)
                done += len(batch)
                if progress is not None:
                    progress(len(batch))
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Yield the texts in order, as many at once as the API takes, each no longer than it takes."""
        batch: list[str] = []
        letters = 0
        for text in texts:
            # The API refuses an empty text.
            short = text[: self._config.openai_text].strip() or "-"
            full = len(batch) == self._config.openai_batch or letters + len(short) > self._config.openai_letters
            if batch and full:
                yield batch
                batch, letters = [], 0
            batch.append(short)
            letters += len(short)
        if batch:
            yield batch

    def _embed_batch(self, client: httpx.Client, batch: list[str]) -> NDArray[np.float32]:
        body = {"model": MODEL, "input": batch, "dimensions": WIDTH, "encoding_format": "float"}
        trouble = ""
        for attempt in range(self._config.openai_tries):
            asked_for: float | None = None
            try:
                response = client.post(self._url, json=body)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                message = f"OPENAI_BASE_URL must begin with http:// or https://, got {self._url!r}"
                raise Invalid(message, field="OPENAI_BASE_URL") from None
            except httpx.TransportError as error:
                trouble = type(error).__name__
            else:
                if response.status_code == httpx.codes.OK:
                    return _vectors(response, len(batch))
                trouble = _refusal(response)
                asked_for = _retry_after(response)
            if attempt + 1 < self._config.openai_tries:
                pause = self._config.openai_backoff * 2.0**attempt if asked_for is None else asked_for
                self._sleep(min(pause, self._config.openai_longest_wait))
        raise ProviderUnavailable(f"{self._url} failed {self._config.openai_tries} times, at last with: {trouble}")


def _refusal(response: httpx.Response) -> str:
    """
    Return what a passing trouble is called.

    Raises ProviderError where asking again would not help.
    """
    status = response.status_code
    code, message = _error_of(response)
    if status in (401, 403):
        # What the server says here may repeat a part of the key.
        raise ProviderError(f"the embedding API refused the key ({status}): check OPENAI_API_KEY")
    if status == httpx.codes.TOO_MANY_REQUESTS and code == "insufficient_quota":
        raise ProviderError("the embedding API's quota is used up (429 insufficient_quota): see the account's billing")
    if status not in WORTH_ANOTHER_TRY:
        raise ProviderError(f"the embedding API answered {status}: {message or 'without saying why'}")
    return f"status {status}"


def _error_of(response: httpx.Response) -> tuple[str, str]:
    """Return the (code, message) of an error's body, as far as it has them."""
    try:
        error = response.json()["error"]
        return str(error.get("code") or ""), " ".join(str(error.get("message") or "").split())[:200]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _retry_after(response: httpx.Response) -> float | None:
    """Return how many seconds the server asks us to wait, None where it does not say."""
    said = response.headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            # A date: measured by the server's own clock, ours may be off.
            at, sent = parsedate_to_datetime(said), parsedate_to_datetime(response.headers.get("date", ""))
            seconds = (at - sent).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.0) if np.isfinite(seconds) else None


def _vectors(response: httpx.Response, n_texts: int) -> NDArray[np.float32]:
    """Return the answer's vectors in the order of the texts, whatever order they came in."""
    try:
        items: list[dict[str, Any]] = response.json()["data"]
        by_index = {int(item["index"]): np.asarray(item["embedding"], dtype=np.float64) for item in items}
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"the embedding API's answer has no vectors in it ({type(error).__name__})") from None
    if len(items) != n_texts or sorted(by_index) != list(range(n_texts)):
        raise ProviderError(f"the embedding API gave {len(items)} vectors for {n_texts} texts")
    widths = {vector.shape for vector in by_index.values()}
    if widths != {(WIDTH,)}:
        raise ProviderError(f"the embedding API gave vectors of shape {sorted(widths)}, not ({WIDTH},)")
    vectors = np.stack([by_index[place] for place in range(n_texts)])
    if not np.isfinite(vectors).all():
        raise ProviderError("the embedding API gave a vector that is not finite")
    return unit_rows(vectors)
