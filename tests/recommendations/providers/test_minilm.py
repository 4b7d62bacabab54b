"""The local text model: its tokens, its vectors, its patience with odd texts."""

import gzip
import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from recommendations import providers
from recommendations.providers import minilm
from recommendations.providers.base import ProviderError
from recommendations.providers.minilm import VOCABULARY, MiniLMEmbedder, wordpiece_tokenizer

ORIGINAL = [
    # What the tokenizer.json of all-MiniLM-L6-v2 makes of these texts.
    ("Toy Story: a cowboy doll is jealous!", [101, 9121, 2466, 1024, 1037, 11762, 10658, 2003, 9981, 999, 102]),
    ("émigré Ångström, naïve café", [101, 12495, 17603, 17076, 15687, 1010, 15743, 7668, 102]),
    ("東京 story", [101, 1879, 1755, 2466, 102]),
    (
        "don't re-enter 3.14 [MASK] #hashtag",
        [101, 2123, 1005, 1056, 2128, 1011, 4607, 1017, 1012, 2403, 103, 1001, 23325, 15900, 102],
    ),
    (
        "antidisestablishmentarianism xqzjv",
        [101, 3424, 10521, 4355, 7875, 13602, 3672, 12199, 2964, 1060, 4160, 2480, 3501, 2615, 102],
    ),
    ("", [101, 102]),
    ("tab\tnew\nline \u200b\ufffd\xa0\U0001f600", [101, 21628, 2047, 2240, 100, 102]),
]


@pytest.fixture(scope="module")
def embedder() -> MiniLMEmbedder:
    return MiniLMEmbedder()


def test_the_vocabulary_is_the_one_the_notice_names():
    lines = gzip.decompress(VOCABULARY.read_bytes())

    assert hashlib.sha256(lines).hexdigest() in (VOCABULARY.parent / "NOTICE").read_text()
    assert lines.count(b"\n") == 30522


@pytest.mark.parametrize(
    ("text", "ids"),
    ORIGINAL,
)
def test_tokens_are_those_of_the_original_tokenizer(text, ids):
    assert wordpiece_tokenizer(max_tokens=128).encode(text).ids == ids


def test_long_texts_are_cut_and_still_end_as_they_should():
    ids = wordpiece_tokenizer(max_tokens=16).encode("word " * 100).ids

    assert len(ids) == 16
    assert (ids[0], ids[-1]) == (101, 102)


def test_rows_have_length_one_and_meaning(embedder):
    texts = ["A kitten sleeps on the sofa.", "A cat naps on the couch.", "Shares fell sharply on Wall Street."]
    vectors = embedder.embed(texts)

    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    assert vectors[0] @ vectors[1] > 0.6
    assert vectors[0] @ vectors[2] < 0.2


def test_a_text_gets_the_same_vector_alone_and_in_company(embedder):
    texts = [f"film number {n} " * (1 + n % 7) for n in range(40)]

    together = embedder.embed(texts)

    for place in (0, 6, 39):
        assert together[place] @ embedder.embed([texts[place]])[0] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("text", ["", "😀", "東京", "x" * 5000, "[MASK] [SEP]", "\x00\u200b"])
def test_any_text_gets_a_finite_vector(embedder, text):
    assert np.linalg.norm(embedder.embed([text])) == pytest.approx(1.0)


def test_no_texts_give_no_rows_and_load_nothing():
    fresh = MiniLMEmbedder()

    assert fresh.embed([]).shape == (0, 384)
    assert "_session" not in fresh.__dict__


def test_progress_adds_up(embedder):
    told: list[int] = []

    embedder.embed(["a"] * 70, progress=told.append)

    assert told == [32, 32, 6]


def test_it_is_loaded_once_a_process():
    assert providers.get("minilm") is providers.get("minilm")


def test_a_damaged_model_is_refused(tmp_path, monkeypatch):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"not a model")
    monkeypatch.setattr(minilm, "package", SimpleNamespace(model_path=lambda: broken, SHA256="0" * 64))

    with pytest.raises(ProviderError, match=str(broken)):
        MiniLMEmbedder().embed(["a"])


def test_the_model_version_names_what_changes_the_vector():
    assert MiniLMEmbedder().model_version == "all-MiniLM-L6-v2-int8-128"
