"""Vectors without a model."""

import numpy as np
import pytest

from recommendations.providers.lexical import LexicalEmbedder

TEXTS = [
    "A detective hunts a serial killer through rainy streets.",
    "A killer is hunted by detectives in the rain.",
    "Two friends open a bakery in a mountain village.",
]


def test_rows_have_length_one_and_texts_alike_are_near():
    vectors = LexicalEmbedder().embed(TEXTS)

    assert vectors.shape == (3, 256)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    assert vectors[0] @ vectors[1] > 0.3
    assert vectors[0] @ vectors[2] < 0.2


def test_a_text_gets_the_same_vector_alone_and_in_company():
    together = LexicalEmbedder().embed(TEXTS * 300)

    assert together[:3] == pytest.approx(LexicalEmbedder().embed(TEXTS), abs=1e-6)
    assert together[-1] == pytest.approx(LexicalEmbedder().embed([TEXTS[2]])[0], abs=1e-6)


def test_a_vector_stays_the_same_from_release_to_release():
    # If this changes, model_version has to change too, or old and new vectors meet.
    vector = LexicalEmbedder().embed(["robots and toys"])[0]

    assert LexicalEmbedder.model_version == "lexical-256-1"
    assert np.round(vector[:6], 4).tolist() == [
        0.0860000029206276,
        -0.06449999660253525,
        0.0,
        -0.06449999660253525,
        -0.0860000029206276,
        -0.0860000029206276,
    ]


@pytest.mark.parametrize("text", ["", "   ", "the of and", "東京", "!?"])
def test_a_text_without_words_has_no_direction(text):
    assert not LexicalEmbedder().embed([text]).any()


def test_no_texts_give_no_rows():
    assert LexicalEmbedder().embed([]).shape == (0, 256)


def test_progress_adds_up():
    told: list[int] = []

    LexicalEmbedder().embed(["a toy"] * 1100, progress=told.append)

    assert sum(told) == 1100
