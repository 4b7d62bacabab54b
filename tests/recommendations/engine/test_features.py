"""Facts become feature rows, and rows become strengths."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.config import DEFAULT
from recommendations.engine.features import (
    FEATURE_TYPES,
    TYPE_CODES,
    Facts,
    FeatureMatrix,
    build_matrix,
    canonical_genres,
    canonical_values,
    feature_rows,
    genres_of,
    idf,
)

CONFIG = DEFAULT.features


def rows_of(facts: Facts, feature_type: str) -> dict[str, tuple[float, str, float]]:
    return {
        row.value: (row.weight, row.source, row.confidence)
        for row in feature_rows(facts, CONFIG)
        if row.feature_type == feature_type
    }


def matrix_of(show_ids: list[int], rows: list[tuple[int, str, str, float, float]]) -> FeatureMatrix:
    keys = sorted({(TYPE_CODES[kind], value) for _, kind, value, _, _ in rows})
    return build_matrix(
        show_ids=np.array(show_ids),
        row_shows=np.array([row[0] for row in rows], dtype=np.int64),
        row_columns=np.array([keys.index((TYPE_CODES[row[1]], row[2])) for row in rows], dtype=np.int64),
        weights=np.array([row[3] for row in rows], dtype=np.float64),
        confidences=np.array([row[4] for row in rows], dtype=np.float64),
        types=np.array([code for code, _ in keys], dtype=np.int8),
        values=[value for _, value in keys],
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Sci-Fi", ("Science Fiction",)),
        ("scifi", ("Science Fiction",)),
        ("Science Fiction", ("Science Fiction",)),
        ("  science   FICTION ", ("Science Fiction",)),
        ("Children", ("Family",)),
        ("Family", ("Family",)),
        ("documentation", ("Documentary",)),
        ("TV Action & Adventure", ("Action", "Adventure")),
        ("Romantic Movies", ("Romance",)),
        ("Film-Noir", ("Film Noir",)),
        ("IMAX", ()),
        ("TV Shows", ()),
        ("International Movies", ()),
        ("(no genres listed)", ()),
        ("kung fu", ("Kung Fu",)),
        ("", ()),
    ],
)
def test_sources_words_for_a_genre_become_one_vocabulary(said, meant):
    assert canonical_genres(said) == meant


def test_a_canonical_genre_stays_as_it_is():
    for raw in ("Sci-Fi", "Kids", "Musical", "kung fu", "Anime", "Action-Adventure"):
        for genre in canonical_genres(raw):
            assert genre in canonical_genres(genre)


def test_genres_named_twice_in_other_words_count_once():
    assert genres_of(["Children", "Animation", "Family", "IMAX", "Animation"]) == ("Family", "Animation")


def test_people_keep_their_capitals_and_keywords_lose_them():
    assert canonical_values("cast", "  Tom   Hanks ") == ("Tom Hanks",)
    assert canonical_values("keyword", " Time  Travel") == ("time travel",)
    assert canonical_values("keyword", "in Netflix queue") == ()
    assert canonical_values("director", "x" * 301) == ()


def test_an_unknown_type_is_named():
    with pytest.raises(ValueError, match="'actor'"):
        canonical_values("actor", "Tom Hanks")


def test_weight_falls_with_the_place_in_the_list():
    facts = Facts(1, genres=["Drama", "War"], cast=["A", "B", "C", "D", "E", "F", "G"], directors=["X", "Y"])

    cast = rows_of(facts, "cast")

    assert [round(weight, 6) for weight, _, _ in cast.values()] == [
        round(1 / math.sqrt(order), 6) for order in range(1, 7)
    ]
    assert "G" not in cast  # beyond the sixth name
    assert rows_of(facts, "director") == {"X": (1.0, "tmdb", 1.0), "Y": (1.0, "tmdb", 1.0)}
    assert rows_of(facts, "genre")["War"][0] == pytest.approx(2**-0.25)


def test_a_name_told_twice_keeps_its_first_place():
    cast = rows_of(Facts(1, cast=["Ann Lee", "Bo", "ann lee", "", "Cy"]), "cast")

    assert list(cast) == ["Ann Lee", "Bo", "Cy"]
    assert cast["Cy"][0] == pytest.approx(3**-0.5)


def test_a_tag_is_surer_the_more_viewers_say_it():
    keywords = rows_of(Facts(1, keywords=["robots"], tags={"Robots": 5, "quirky": 1, "slow": 2}), "keyword")

    assert keywords == {
        "robots": (1.0, "tmdb", 1.0),  # a fact already; viewers add nothing
        "slow": (1.0, "user_tagged", pytest.approx(1 - 0.4**2)),
        "quirky": (1.0, "user_tagged", pytest.approx(0.6)),
    }


def test_moods_that_are_stated_are_not_guessed():
    stated = rows_of(Facts(1, genres=["Comedy"], moods=["Tense"]), "mood")
    guessed = rows_of(Facts(1, genres=["Comedy"]), "mood")

    assert stated == {"tense": (1.0, "tmdb", 1.0)}
    assert guessed == {"funny": (1.0, "ai_extracted", pytest.approx(0.5 * (1 - 2**-1.0)))}


def test_a_title_of_which_nothing_is_known_has_no_features():
    assert feature_rows(Facts(1, title="?"), CONFIG) == []


@given(
    st.lists(st.text(max_size=40), max_size=8),
    st.lists(st.text(max_size=40), max_size=8),
    st.dictionaries(st.text(max_size=40), st.integers(1, 1000), max_size=8),
    st.text(max_size=200),
)
def test_rows_are_distinct_and_fit_the_table(names, words, tags, overview):
    rows = feature_rows(Facts(7, overview, overview, words, names, names, words, words, words, tags), CONFIG)

    keys = [(row.feature_type, row.value) for row in rows]
    assert len(keys) == len(set(keys))
    for row in rows:
        assert row.feature_type in FEATURE_TYPES
        assert 0 < len(row.value) <= 300
        assert row.value == row.value.strip()
        assert 0 <= row.weight <= 10
        assert 0 <= row.confidence <= 1


def test_strengths_by_hand():
    # Two titles share one genre; the first has a second one to itself, at half the confidence.
    matrix = matrix_of(
        [10, 20, 30],
        [
            (10, "genre", "Drama", 1.0, 1.0),
            (20, "genre", "Drama", 1.0, 1.0),
            (10, "genre", "War", 1.0, 0.5),
            (10, "director", "X", 0.3, 0.1),
        ],
    )

    drama, war = math.log(1 + 3 / 2), 0.5 * math.log(1 + 3 / 1)
    length = math.hypot(drama, war)
    assert matrix.values == ["Drama", "War", "X"]
    assert matrix.strengths.toarray() == pytest.approx(
        np.array([[drama / length, war / length, 1.0], [1.0, 0, 0], [0, 0, 0]])
    )


def test_each_type_of_a_title_has_length_one(rng):
    rows = {
        (int(show), kind, f"v{value}"): (show, kind, f"v{value}", rng.random() + 0.01, rng.random() + 0.01)
        for show, value in rng.integers(0, 12, (200, 2))
        for kind in ("genre", "cast")
    }

    matrix = matrix_of(list(range(12)), list(rows.values()))

    for code in np.unique(matrix.types):
        block = matrix.strengths[:, matrix.types == code].toarray()
        lengths = np.linalg.norm(block, axis=1)
        assert lengths[block.any(axis=1)] == pytest.approx(1.0)


def test_strengths_agree_with_their_slow_twin(rng):
    rows = [
        (int(show), kind, f"v{value}", float(rng.random()), float(rng.random()))
        for (show, value), kind in zip(
            {tuple(pair) for pair in rng.integers(0, 9, (60, 2)).tolist()}, ["cast", "mood", "theme"] * 99, strict=False
        )
    ]
    matrix = matrix_of(list(range(9)), rows)

    def raw(row):
        titles = sum(1 for other in rows if other[1:3] == row[1:3])
        return row[3] * row[4] * math.log(1 + 9 / titles)

    column = matrix.columns()
    for row in rows:
        length = math.sqrt(sum(raw(other) ** 2 for other in rows if other[:2] == row[:2]))
        assert matrix.strengths[row[0], column[row[1], row[2]]] == pytest.approx(raw(row) / length)


def test_the_order_of_rows_changes_no_bit(rng):
    rows = [(s, "keyword", f"v{v}", float(rng.random()), 1.0) for s in range(20) for v in range(s % 7, 12)]
    shuffled = [rows[place] for place in rng.permutation(len(rows))]

    one, other = matrix_of(list(range(20)), rows).strengths, matrix_of(list(range(20)), shuffled).strengths

    assert np.array_equal(one.data, other.data)
    assert np.array_equal(one.indices, other.indices)


def test_what_is_silenced_has_no_strength():
    matrix = matrix_of([1], [(1, "mood", "dark", 0.0, 1.0), (1, "mood", "funny", 1.0, 0.2)])

    assert matrix.strengths.toarray().tolist() == [[0.0, 1.0]]


def test_an_empty_catalogue_gives_an_empty_matrix():
    assert matrix_of([], []).strengths.shape == (0, 0)
    assert matrix_of([1, 2], []).strengths.shape == (2, 0)


def test_a_row_of_an_unknown_title_is_refused():
    with pytest.raises(ValueError, match="not in show_ids"):
        matrix_of([1, 3], [(2, "genre", "Drama", 1.0, 1.0)])


def test_types_can_be_picked_and_rare_features_left_out():
    matrix = matrix_of(
        [1, 2],
        [
            (1, "cast", "A", 1.0, 1.0),
            (2, "cast", "A", 1.0, 1.0),
            (1, "cast", "B", 1.0, 1.0),
            (1, "director", "A", 1.0, 1.0),
            (2, "genre", "War", 1.0, 1.0),
        ],
    )

    assert matrix.of_types("cast", "director").columns() == {("cast", "A"): 0, ("cast", "B"): 1, ("director", "A"): 2}
    assert matrix.of_types(min_titles=2).columns() == {("cast", "A"): 0}


def test_idf_falls_with_the_number_of_titles():
    assert idf(np.array([0, 0, 0, 0, 1, 2, 2]), n_titles=4, n_features=4) == pytest.approx(
        [math.log(2), math.log(5), math.log(3), 0.0]
    )
