"""Moods and themes guessed from words."""

import pytest

from recommendations.engine.config import DEFAULT
from recommendations.engine.inference import LONGEST_PHRASE, TABLES, infer, stem, stems
from recommendations.engine.lexicon import GENRES


def moods(text="", phrases=(), genres=(), kept=3):
    return infer("mood", text=text, phrases=phrases, genres=genres, kept=kept, config=DEFAULT.features)


@pytest.mark.parametrize(
    ("one", "other"),
    [("families", "family"), ("haunted", "haunting"), ("loves", "love"), ("loved", "loving"), ("killer's", "killers")],
)
def test_forms_of_a_word_share_a_stem(one, other):
    assert stem(one) == stem(other)


def test_different_words_keep_different_stems():
    assert len({stem(word) for word in ("boss", "bus", "king", "kin", "war", "ward", "red", "read")}) == 8


def test_evidence_adds_up_by_hand():
    # One keyword (1), two words of the text (0.5 each), the genre's own 1.
    assert moods("A ghost in a haunted house.", ["Demon"], ["Horror"]) == [("eerie", 3.0)]


def test_one_word_of_a_text_is_not_enough():
    assert moods("There was a ghost.") == []
    assert moods("There was a ghost and a vampire.") == [("eerie", 1.0)]


def test_a_cue_counts_once_however_often_it_comes():
    assert moods("Ghost! Ghosts! A ghost.", ["ghost", "ghosts"]) == [("eerie", 1.0)]


def test_phrases_of_several_words_are_found():
    themes = infer("theme", text="", phrases=["coming of age"], genres=[], kept=3)

    assert themes == [("coming of age", 1.0)]


def test_the_strongest_are_kept_and_equals_keep_the_alphabet():
    found = moods("", ["satire", "suspense", "epic", "gritty", "gangster"], kept=3)

    assert found == [("gritty", 2.0), ("epic", 1.0), ("satirical", 1.0)]


def test_nothing_gives_nothing():
    assert moods() == []


@pytest.mark.parametrize("feature_type", ["mood", "theme"])
def test_every_name_can_be_inferred_from_its_own_words(feature_type):
    for name, (_, cues) in TABLES[feature_type].items():
        found = infer(feature_type, text="", phrases=cues.split(","), genres=[], kept=1)
        assert found[0][0] == name


@pytest.mark.parametrize("feature_type", ["mood", "theme"])
def test_the_tables_are_sound(feature_type):
    ours = {genre for genres in GENRES.values() for genre in genres} | {"Animation", "Fantasy", "Horror", "Western"}
    ours |= {"Action", "Adventure", "Romance", "Crime", "Drama", "Comedy", "Music"}
    for name, (genres, cues) in TABLES[feature_type].items():
        assert set(genres) <= ours, name
        for cue in cues.split(","):
            assert 1 <= len(stems(cue)) <= LONGEST_PHRASE, (name, cue)
