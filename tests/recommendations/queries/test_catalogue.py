"""The catalogue as arrays."""

import datetime as dt

import numpy as np
import pytest

from bingeboard.shows.models import Platform, Show, ShowPlatform
from recommendations.models import ContentEmbedding, ContentFeature
from recommendations.queries.catalogue import load_embeddings, load_feature_matrix, load_show_facts

TODAY = dt.date(2026, 6, 1)
pytestmark = pytest.mark.django_db


def test_facts_stand_aligned_in_the_order_of_ids():
    Show.objects.create(
        id=9, title="Nine", content_type="tv", genres=["Sci-Fi", "IMAX", "scifi", "Kids"], is_active=False
    )
    Show.objects.create(
        id=4,
        title="Four",
        release_date=dt.date(2001, 2, 3),
        release_year=1999,
        runtime_minutes=90,
        popularity=2.5,
        vote_average=7.5,
        vote_count=12,
    )

    facts = load_show_facts(today=TODAY)

    assert facts.show_ids.tolist() == [4, 9]
    assert facts.titles == ["Four", "Nine"]
    assert facts.content_type.tolist() == [0, 1]
    assert facts.genres == [(), ("Science Fiction", "Family")]
    assert facts.is_active.tolist() == [True, False]
    assert facts.release_ordinal[0] == dt.date(2001, 2, 3).toordinal()
    assert (facts.runtime[0], facts.popularity[0], facts.vote_average[0]) == (90, 2.5, 7.5)
    assert facts.vote_count.tolist() == [12, 0]
    for array in (facts.release_ordinal, facts.runtime, facts.popularity, facts.vote_average):
        assert np.isnan(array[1])
    assert facts.rows(np.array([9, 5, 4])).tolist() == [1, -1, 0]


def test_a_year_alone_is_its_middle():
    Show.objects.create(id=1, title="One", release_year=1994)

    assert load_show_facts(today=TODAY).release_ordinal.tolist() == [dt.date(1994, 7, 2).toordinal()]


def test_only_platforms_that_have_a_title_today_count():
    shows = [Show.objects.create(id=i, title=str(i)) for i in (1, 2, 3, 4)]
    b, a = (Platform.objects.create(slug=slug, name=slug) for slug in ("beta", "alpha"))
    gone = Platform.objects.create(slug="gone", name="gone", is_active=False)
    day = dt.timedelta(days=1)
    for show, platform, region, start, end in (
        (0, a, "", None, None),
        (0, b, "GB", TODAY, TODAY),  # the last day still counts
        (0, b, "US", TODAY, None),  # and two regions are one yes
        (1, a, "", TODAY + day, None),
        (2, a, "", None, TODAY - day),
        (3, gone, "", None, None),
    ):
        ShowPlatform.objects.create(
            show=shows[show], platform=platform, region=region, valid_from=start, valid_until=end
        )

    facts = load_show_facts(today=TODAY)

    assert facts.platforms == ["alpha", "beta"]
    assert facts.on_platform.toarray().tolist() == [[True, True], [False] * 2, [False] * 2, [False] * 2]


def test_an_empty_catalogue_gives_empty_arrays():
    facts = load_show_facts(today=TODAY)

    assert len(facts) == 0
    assert facts.on_platform.shape == (0, 0)
    assert load_feature_matrix().strengths.shape == (0, 0)
    assert load_embeddings()[1].shape == (0, 0)


def test_the_feature_matrix_holds_every_title_and_feature():
    for i in (3, 1, 2):
        Show.objects.create(id=i, title=str(i))
    for show, kind, value, weight in ((1, "genre", "War", 1), (3, "genre", "War", 1), (3, "cast", "Ada", 0.5)):
        ContentFeature.objects.create(content_id=show, feature_type=kind, feature_value=value, weight=weight)

    matrix = load_feature_matrix()

    assert matrix.show_ids.tolist() == [1, 2, 3]
    assert matrix.columns() == {("genre", "War"): 0, ("cast", "Ada"): 1}
    assert matrix.strengths.toarray().tolist() == [[1, 0], [0, 0], [1, 1]]


def test_vectors_come_without_their_padding(give_vectors, rng):
    vectors = rng.normal(size=(5, 7)).astype(np.float32)
    give_vectors(vectors)
    give_vectors(vectors[:, :3], kind="metadata")

    ids, found = load_embeddings()

    assert ids.tolist() == [1, 2, 3, 4, 5]
    assert found.dtype == np.float32
    assert np.array_equal(found, vectors)
    assert load_embeddings(kind="metadata")[1].shape == (5, 3)
    assert load_embeddings(kind="description")[1].shape == (0, 0)


def test_titles_without_direction_are_left_out(give_vectors):
    give_vectors(np.array([[1.0, 0], [0, 0], [0, 2]]))

    assert load_embeddings()[0].tolist() == [1, 3]


def test_vectors_of_two_models_never_meet(give_vectors):
    give_vectors(np.eye(5))
    ContentEmbedding.objects.filter(content_id__in=[2, 4]).update(model_version="newer")

    assert load_embeddings()[0].tolist() == [1, 3, 5]
    assert load_embeddings(model_version="newer")[0].tolist() == [2, 4]
    assert load_embeddings(model_version="none")[0].tolist() == []
