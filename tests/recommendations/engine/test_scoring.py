"""Opinions, slates and reasons on a catalogue small enough to work out by hand."""

import math

import numpy as np
import pytest
from scipy import sparse

from recommendations.engine.candidates import ALL_ALGORITHMS, propose
from recommendations.engine.config import DEFAULT
from recommendations.engine.reasons import BECAUSE, FRIENDS, LIKENESS, NEW, PLATFORM, RISING
from recommendations.engine.scoring import blend_weights, opinions, social_scores, to_unit, trending_scores
from recommendations.engine.slates import boosts_for, boosts_of_titles, slate
from recommendations.engine.snapshot import Blend, FriendAct, Snapshot, Viewer

TODAY = 20_000.0
NOTHING = np.zeros(0, np.int64)


@pytest.fixture
def catalogue() -> Snapshot:
    """Six titles: 0-2 are watched together, 3 and 4 too, 5 is new and nobody knows it; 0-2 and 5 share a feature."""
    item_item = np.zeros((5, 5), np.float32)
    for one, other, weight in ((0, 1, 0.5), (0, 2, 0.25), (1, 2, 0.5), (3, 4, 0.6)):
        item_item[one, other] = item_item[other, one] = weight
    return Snapshot(
        show_ids=np.arange(10, 16),
        active=np.array([True] * 6),
        items=np.arange(5),
        item_item=item_item,
        strengths=sparse.csr_matrix(np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [1, 0]], np.float32)),
        features=[("genre", "Science Fiction"), ("genre", "Mystery")],
        vectors=np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [1, 0]], np.float32),
        popularity=np.array([1.0, 0.8, 0.6, 0.4, 0.2, 0.0]),
        trend=np.array([0, 0, 0, 0.9, 0, 0.0]),
        release_day=np.array([np.nan, TODAY - 180, TODAY - 360, TODAY - 3600, TODAY - 3600, TODAY]),
        available=sparse.csr_matrix(np.array([[0], [0], [1], [0], [0], [0]], bool)),
        platforms=["hulu"],
    )


def changed(catalogue: Snapshot, **given) -> Snapshot:
    kept = {name: getattr(catalogue, name) for name, f in Snapshot.__dataclass_fields__.items() if f.init}
    return Snapshot(**(kept | given))


def viewer(**given) -> Viewer:
    fields = {
        "user_id": "ada",
        "history": np.array([0]),
        "liked": np.array([1.0]),
        "day": np.array([TODAY - 1]),
        "columns": np.array([0]),
        "affinity": np.array([0.5]),
        "dealt_with": np.array([0]),
        "subscribed": NOTHING,
        "friends": (),
    } | given
    return Viewer(**fields)


def stranger() -> Viewer:
    empty = np.zeros(0)
    return viewer(history=NOTHING, liked=empty, day=empty, columns=NOTHING, affinity=empty, dealt_with=NOTHING)


def slates(catalogue: Snapshot, who: Viewer, **given) -> dict:
    found = propose(catalogue, [who], algorithms=ALL_ALGORITHMS, today=TODAY, config=DEFAULT, **given)
    return {proposal.slate.algorithm: proposal for proposal in found}


def test_collaborative_scores_are_the_history_times_the_weights(catalogue) -> None:
    found = opinions(catalogue, [viewer()], DEFAULT).collaborative[0]

    np.testing.assert_allclose(found, [0, 1, 0.5, 0, 0, 0])


def test_a_title_outside_the_model_is_reached_by_what_it_is_like(catalogue) -> None:
    """Title 5 has both traits; the bridge of title 0 says .2 and .1, so it scores .3 where title 1 scores .5."""
    reached = changed(
        catalogue,
        outside=np.array([5]),
        outside_traits=sparse.csr_matrix(np.array([[1, 1]], np.float32)),
        bridge=np.array([[0.2, 0.1], [0, 0], [0, 0], [0, 0], [0, 0]], np.float32),
    )

    found = opinions(reached, [viewer()], DEFAULT).collaborative[0]
    because = slates(reached, viewer())["collaborative"]

    np.testing.assert_allclose(found, [0, 1, 0.5, 0, 0, 0.6], rtol=1e-6)
    assert (because.slate.rows[1], because.reasons[1][0].rows) == (5, (0,))


def test_what_is_known_already_does_not_set_the_scale(catalogue) -> None:
    """Titles 0 and 1 speak for each other with .5; of what is new the best is title 2, with .25 + .5 2^-.5."""
    who = viewer(history=np.array([0, 1]), liked=np.ones(2), day=np.array([2.0, 1.0]), dealt_with=np.array([0, 1]))

    found = opinions(catalogue, [who], DEFAULT).collaborative[0]

    assert found[2] == 1.0
    assert found.max() == 1.0


def test_histories_fade_as_the_data_ask(catalogue) -> None:
    who = viewer(history=np.array([0, 3]), liked=np.ones(2), day=np.array([1.0, 2.0]))

    kept = opinions(changed(catalogue, fade=0.0), [who], DEFAULT).queries.toarray()[0]
    faded = opinions(changed(catalogue, fade=2.0), [who], DEFAULT).queries.toarray()[0]

    assert kept.tolist() == [1, 0, 0, 1, 0]
    assert faded.tolist() == [2.0 ** -(2 * DEFAULT.collaborative.recency_exponent), 0, 0, 1, 0]


def test_likeness_names_the_title_that_adds_most(catalogue) -> None:
    who = viewer(history=np.array([3, 0]), liked=np.ones(2), day=np.array([2.0, 1.0]), dealt_with=np.array([0, 3]))

    found = slates(catalogue, who)["content_based"]

    place = found.slate.rows.tolist().index(5)
    named = {reason.kind: reason for reason in found.reasons[place]}
    assert named[LIKENESS].rows == (0,)


def test_content_finds_what_nobody_has_watched(catalogue) -> None:
    found = opinions(catalogue, [viewer()], DEFAULT).content_based[0]

    assert found[5] == pytest.approx(1.0)
    assert found[3] == found[4] == 0.0


def test_what_rises_ranks_above_what_is_merely_popular(catalogue) -> None:
    found = trending_scores(catalogue, DEFAULT)

    assert found[3] == pytest.approx(0.5 + 0.5 * 0.9)
    assert found[0] == pytest.approx(0.5)
    assert found.argmax() == 3


def test_friends_hints_add_up_like_independent_chances(catalogue) -> None:
    friends = [
        FriendAct("ben", 4, "liked", 0.5),
        FriendAct("cleo", 4, "watched", 0.2),
        FriendAct("ben", 1, "liked", 0.1),
    ]

    found = social_scores(catalogue, [viewer(friends=friends)])[0]

    np.testing.assert_allclose(found, [0, 0.1, 0, 0, 1 - 0.5 * 0.8, 0], atol=1e-6)


def test_the_more_is_known_the_more_taste_counts(catalogue) -> None:
    known = viewer(history=np.arange(3), liked=np.ones(3), day=np.zeros(3))

    weights = blend_weights([stranger(), known], Blend(), DEFAULT)

    assert weights["collaborative"][0] == weights["content_based"][0] == 0.0
    taste = 3 / (3 + DEFAULT.ranking.maturity)
    ratio = weights["collaborative"][1] / weights["popular"][1]
    expected = DEFAULT.ranking.collaborative_weight * taste / (DEFAULT.ranking.popular_weight * (1 - taste))
    assert ratio == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(sum(weights.values()), 1.0, rtol=1e-6)


def test_to_unit_edges() -> None:
    scores = np.array([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0], [0.8, 0.9, 1.0]], np.float32)

    np.testing.assert_allclose(to_unit(scores)[:2], [[1, 0.5, 0], [0, 0, 0]])
    np.testing.assert_allclose(to_unit(scores, from_mean=True)[2], [0, 0, 1], atol=1e-6)


def test_boosts_are_what_their_names_say(catalogue) -> None:
    who = viewer(subscribed=np.array([0]), friends=[FriendAct("ben", 4, "liked", 0.5)])
    r = DEFAULT.ranking

    found = boosts_for(
        catalogue, who, social_scores(catalogue, [who])[0], boosts_of_titles(catalogue, TODAY, DEFAULT), DEFAULT
    )

    np.testing.assert_allclose(found.popularity, r.popularity_boost * np.array([1, 0.6, 0.2, -0.2, -0.6, -1]))
    half_lives = np.array([math.inf, 1, 2, 20, 20, 0])
    np.testing.assert_allclose(found.recency, r.recency_boost * 2.0**-half_lives, atol=1e-12)
    np.testing.assert_allclose(found.availability, [0, 0, r.availability_boost, 0, 0, 0])
    np.testing.assert_allclose(found.social, [0, 0, 0, 0, r.social_boost * 0.5, 0], atol=1e-7)


def test_the_sum_holds_and_never_rises_along_a_slate(catalogue) -> None:
    for proposal in slates(catalogue, viewer(subscribed=np.array([0]))).values():
        s = proposal.slate
        parts = s.base + s.popularity + s.recency - s.diversity + s.availability + s.social
        np.testing.assert_array_equal(s.final, parts)
        assert (np.diff(s.final) <= 1e-9).all()


def test_what_was_dealt_with_or_is_not_active_is_never_proposed(catalogue) -> None:
    catalogue.active[1] = False

    for proposal in slates(catalogue, viewer()).values():
        assert not {0, 1} & set(proposal.slate.rows.tolist())


def test_a_filter_holds_for_every_algorithm(catalogue) -> None:
    allowed = np.array([True, False, True, False, True, False])

    for proposal in slates(catalogue, viewer(), allowed=allowed).values():
        assert set(proposal.slate.rows.tolist()) <= {2, 4}


def test_a_stranger_gets_what_is_popular(catalogue) -> None:
    found = slates(catalogue, stranger())

    assert found["hybrid"].slate.rows[0] == 0
    assert len(found["collaborative"].slate) == len(found["content_based"].slate) == len(found["social"].slate) == 0


def test_the_first_reason_is_the_evidence_that_brought_the_title(catalogue) -> None:
    found = slates(catalogue, viewer())

    because = found["collaborative"].reasons[0][0]
    assert found["collaborative"].slate.rows[0] == 1
    assert (because.kind, because.rows) == (BECAUSE, (0,))
    trend = found["trending"].reasons[0][0]
    assert (found["trending"].slate.rows[0], trend.kind) == (3, RISING)


def test_friends_and_platforms_are_named(catalogue) -> None:
    friends = [FriendAct("ben", 2, "liked", 0.3), FriendAct("cleo", 2, "liked", 0.6)]
    found = slates(catalogue, viewer(friends=friends, subscribed=np.array([0])))

    social = found["social"]
    assert social.slate.rows.tolist() == [2]
    named = {reason.kind: reason for reason in social.reasons[0]}
    assert named[FRIENDS].friends == ("cleo", "ben")
    assert named[PLATFORM].platform == 0


def test_taking_away_the_first_reason_lowers_the_score(catalogue) -> None:
    """The title named is taken out of the history, and the proposed one falls."""
    who = viewer(
        history=np.array([0, 3]), liked=np.ones(2), day=np.array([TODAY - 2, TODAY - 1]), dealt_with=np.array([0, 3])
    )
    before = opinions(catalogue, [who], DEFAULT).blend[0]
    for title, reasons in zip(*_of(slates(catalogue, who)["hybrid"]), strict=True):
        if reasons[0].kind == BECAUSE:
            keep = ~np.isin(who.history, reasons[0].rows)
            without = viewer(
                history=who.history[keep], liked=who.liked[keep], day=who.day[keep], dealt_with=who.dealt_with,
                columns=who.columns, affinity=who.affinity,
            )  # fmt: skip
            assert opinions(catalogue, [without], DEFAULT).blend[0][title] < before[title]


def _of(proposal) -> tuple[list, list]:
    return proposal.slate.rows.tolist(), proposal.reasons


def test_reasons_of_all_slates_together_are_those_of_each_alone(catalogue) -> None:
    friends = [FriendAct("ben", 3, "like", 0.8), FriendAct("cleo", 1, "complete", 0.4)]
    of_services = {"subscribed": np.array([0]), "friends": friends}
    for who in (viewer(**of_services), viewer(is_stated=np.array([True]), **of_services)):
        together = slates(catalogue, who)
        for algorithm in ALL_ALGORITHMS:
            (alone,) = propose(catalogue, [who], algorithms=[algorithm], today=TODAY, config=DEFAULT)

            assert len(alone.slate), algorithm
            assert together[algorithm].reasons == alone.reasons


def test_reasons_are_few_falling_and_never_none(catalogue) -> None:
    for proposal in slates(catalogue, viewer(subscribed=np.array([0]))).values():
        for reasons in proposal.reasons:
            weights = [reason.weight for reason in reasons]
            assert 1 <= len(weights) <= DEFAULT.ranking.reasons
            assert weights == sorted(weights, reverse=True)


def test_a_new_title_says_that_it_is_new(catalogue) -> None:
    content = slates(catalogue, viewer())["content_based"]
    place = content.slate.rows.tolist().index(5)

    assert NEW in [reason.kind for reason in content.reasons[place]]


def test_parts_of_the_hybrid_are_its_algorithms_with_their_ranks(catalogue) -> None:
    hybrid = slates(catalogue, viewer())["hybrid"]
    place = hybrid.slate.rows.tolist().index(1)

    parts = {part.algorithm: part for part in hybrid.parts[place]}

    assert parts["collaborative"].rank == 1
    assert parts["collaborative"].score == pytest.approx(1.0)
    assert parts["trending"].rank == 2


def test_the_same_block_in_other_company_gives_the_same_slates(catalogue) -> None:
    alone = slates(catalogue, viewer())["hybrid"].slate
    together = propose(catalogue, [stranger(), viewer()], algorithms=["hybrid"], today=TODAY, config=DEFAULT)[1].slate

    assert alone.rows.tolist() == together.rows.tolist()
    np.testing.assert_allclose(alone.final, together.final, atol=1e-6)


def test_a_slate_is_cut_to_its_size(catalogue) -> None:
    who = stranger()
    boosts = boosts_for(catalogue, who, np.zeros(6), boosts_of_titles(catalogue, TODAY, DEFAULT), DEFAULT)

    found = slate(
        catalogue, algorithm="trending", scores=trending_scores(catalogue, DEFAULT), boosts=boosts,
        allowed=np.ones(6, bool), k=2, diversity=0.0, config=DEFAULT,
    )  # fmt: skip

    assert len(found) == 2


def test_arrays_that_do_not_fit_are_refused(catalogue) -> None:
    with pytest.raises(ValueError, match="popularity must have 6 entries, got 2"):
        changed(catalogue, popularity=np.zeros(2))
    with pytest.raises(ValueError, match=r"outside_traits must be \(1, 0\), got \(0, 0\)"):
        changed(catalogue, outside=np.array([5]))
