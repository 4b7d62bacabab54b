"""OpenAI's client, against a real HTTP server that answers as theirs does, on good days and bad."""

import dataclasses
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT
from recommendations.providers.base import ProviderError, ProviderUnavailable
from recommendations.providers.openai import WIDTH, OpenAIEmbedder

KEY = "sk-secret-canary-123"
Answer = tuple[int, dict[str, str], Any]


def vector_of(text: str) -> list[float]:
    """A vector that can be told from every other text's."""
    return np.random.default_rng(len(text) * 1000 + sum(text.encode())).normal(size=WIDTH).round(6).tolist()


def good(body: dict[str, Any]) -> Answer:
    """The right answer, in any order: only the index says what belongs to what."""
    items = [{"object": "embedding", "index": i, "embedding": vector_of(t)} for i, t in enumerate(body["input"])]
    random.Random(7).shuffle(items)
    return 200, {}, {"object": "list", "data": items, "model": body["model"]}


def fails(status: int, message: str = "no", code: str = "", **headers: str) -> Callable[[dict[str, Any]], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda body: (status, named, {"error": {"message": message, "code": code}})


class StandIn:
    """Answers by a script, the last line of it for ever; keeps what it was asked."""

    def __init__(self) -> None:
        self.script: list[Callable[[dict[str, Any]], Answer]] = [good]
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def answer(self, body: dict[str, Any]) -> Answer:
        step = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(body)
        return step(body)


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            stand_in.headers.append({k.lower(): v for k, v in self.headers.items()} | {"path": self.path})
            status, headers, answer = stand_in.answer(body)
            sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            try:
                self.send_response_only(status)  # without a Date of its own
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except BrokenPipeError:
                pass  # the client gave up, as it should

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    yield stand_in
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def client(server: StandIn, pauses: list[float] | None = None, **numbers: float) -> OpenAIEmbedder:
    config = dataclasses.replace(DEFAULT.embeddings, **numbers)
    pause = (lambda s: None) if pauses is None else pauses.append
    return OpenAIEmbedder(api_key=KEY, base_url=server.url, config=config, sleep=pause)


def unit(text: str) -> np.ndarray:
    vector = np.array(vector_of(text))
    return vector / np.linalg.norm(vector)


def test_vectors_come_back_in_the_order_of_the_texts(server):
    texts = [f"text {n}" * (n + 1) for n in range(5)]

    vectors = client(server).embed(texts)

    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(np.array([unit(text) for text in texts]), abs=1e-5)


def test_it_asks_as_the_api_wants_to_be_asked(server):
    client(server).embed(["a", "b"])

    assert server.asked == [
        {"model": "text-embedding-3-large", "input": ["a", "b"], "dimensions": 1536, "encoding_format": "float"}
    ]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["path"] == "/v1/embeddings"


def test_texts_go_in_batches_by_number_and_by_letters(server):
    told: list[int] = []
    texts = ["a" * 30] * 5

    vectors = client(server, openai_batch=2).embed(texts, progress=told.append)
    client(server, openai_letters=70).embed(texts)

    assert [len(body["input"]) for body in server.asked] == [2, 2, 1, 2, 2, 1]
    assert told == [2, 2, 1]
    assert vectors.shape == (5, 1536)


def test_no_text_is_sent_that_the_api_would_refuse(server):
    client(server, openai_text=100).embed(["", "   ", "x" * 1000])

    assert server.asked[0]["input"] == ["-", "-", "x" * 100]


def test_nothing_to_embed_asks_nothing(server):
    assert client(server).embed([]).shape == (0, 1536)
    assert server.asked == []


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(server):
    server.script = [fails(429, retry_after="7"), good]
    pauses: list[float] = []

    vectors = client(server, pauses).embed(["a"])

    assert vectors[0] == pytest.approx(unit("a"), abs=1e-5)
    assert pauses == [7.0]


def test_a_date_is_measured_by_the_servers_own_clock(server):
    told = {"retry_after": "Fri, 01 Jan 2100 00:00:09 GMT", "date": "Fri, 01 Jan 2100 00:00:00 GMT"}
    server.script = [fails(503, **told), good]
    pauses: list[float] = []

    client(server, pauses).embed(["a"])

    assert pauses == [9.0]


def test_no_server_can_make_us_wait_for_ever(server):
    server.script = [fails(429, retry_after="86400"), fails(429, retry_after="-5"), fails(429, retry_after="nan"), good]
    pauses: list[float] = []

    client(server, pauses).embed(["a"])

    assert pauses == [60.0, 0.0, 4.0]


def test_pauses_double_and_tries_are_bounded(server):
    server.script = [fails(500)]
    pauses: list[float] = []

    with pytest.raises(ProviderUnavailable, match="failed 4 times, at last with: status 500"):
        client(server, pauses, openai_tries=4, openai_backoff=0.5).embed(["a"])

    assert len(server.asked) == 4
    assert pauses == [0.5, 1.0, 2.0]


def test_a_timeout_is_tried_again(server):
    def slow(body: dict[str, Any]) -> Answer:
        time.sleep(0.6)
        return good(body)

    server.script = [slow, good]

    vectors = client(server, openai_timeout=0.2).embed(["a"])

    assert vectors[0] == pytest.approx(unit("a"), abs=1e-5)
    assert len(server.asked) == 2


def test_a_server_that_is_not_there_is_named():
    nowhere = OpenAIEmbedder(
        api_key=KEY,
        base_url="http://127.0.0.1:9/v1",
        config=dataclasses.replace(DEFAULT.embeddings, openai_tries=2),
        sleep=lambda seconds: None,
    )

    with pytest.raises(ProviderUnavailable, match=r"127\.0\.0\.1:9/v1/embeddings failed 2 times.*ConnectError"):
        nowhere.embed(["a"])


def test_an_address_that_is_none_is_refused_at_once():
    with pytest.raises(Invalid, match="OPENAI_BASE_URL must begin with http"):
        OpenAIEmbedder(api_key=KEY, base_url="api.openai.com").embed(["a"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fails(401, f"Incorrect API key provided: {KEY}"), "refused the key .401.: check OPENAI_API_KEY"),
        (fails(403), "refused the key .403."),
        (fails(429, code="insufficient_quota"), "quota is used up"),
        (fails(400, "too many tokens"), "answered 400: too many tokens"),
        (fails(404), "answered 404: no"),
        (lambda body: (413, {}, b"<html>"), "answered 413: without saying why"),
    ],
)
def test_a_refusal_is_not_asked_again(server, answer, said):
    server.script = [answer]

    with pytest.raises(ProviderError, match=said) as caught:
        client(server).embed(["a"])

    assert not isinstance(caught.value, ProviderUnavailable)
    assert len(server.asked) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"not json", "no vectors in it"),
        (b"[]", "no vectors in it"),
        ({"data": [{"index": 0}]}, "no vectors in it"),
        ({"data": [{"index": 0, "embedding": "AAAA"}]}, "no vectors in it"),
        ({"data": []}, "0 vectors for 1 texts"),
        ({"data": [{"index": 1, "embedding": [0.0] * WIDTH}]}, "1 vectors for 1 texts"),
        ({"data": [{"index": 0, "embedding": [0.5] * 3072}]}, r"shape \[\(3072,\)\], not \(1536,\)"),
        ({"data": [{"index": 0, "embedding": [float("nan")] * WIDTH}]}, "not finite"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(server, answer, said):
    server.script = [lambda body: (200, {}, answer)]

    with pytest.raises(ProviderError, match=said):
        client(server).embed(["a"])


def test_two_answers_for_one_text_are_refused(server):
    server.script = [lambda body: (200, {}, {"data": good(body)[2]["data"] * 2})]

    with pytest.raises(ProviderError, match="2 vectors for 1 texts"):
        client(server).embed(["a"])


def test_the_key_stands_in_no_log_and_no_name(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.script = [fails(500), good]

    embedder = client(server)
    embedder.embed(["a"])

    assert KEY not in caplog.text
    assert KEY not in repr(embedder)
