"""Shares learned from answers: what made people take a title up is found, as far as the answers carry it."""

import numpy as np
import pytest

from recommendations.engine.answering import MOST, Shown, fit, from_answers, trust
from recommendations.engine.config import DEFAULT
from recommendations.engine.scoring import unlearned_weights
from recommendations.engine.snapshot import BLENDED, Blend

USUAL = Blend()


def answers(n: int, *, truth: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0), known: float = 30, seed: int = 3) -> Shown:
    """Titles with independent scores are taken up by a blend in which each part counts its share times the truth."""
    rng = np.random.default_rng(seed)
    parts = rng.random((n, 4))
    position = 1.0 + np.arange(n) % 20
    weights = unlearned_weights(np.full(n, known), DEFAULT)
    usual = np.stack([weights[name] for name in BLENDED], axis=1)
    utility = -3.0 - 0.5 * np.log(position) + 6.0 * (parts * usual / usual.sum(axis=1, keepdims=True)) @ truth
    return Shown(
        viewer=np.arange(n) // 20,
        known=np.full(n, known),
        parts=parts,
        position=position,
        propensity=np.ones(n),
        taken=rng.random(n) < 1 / (1 + np.exp(-utility)),
        day=np.floor(np.arange(n) / n * 100),
    )


def test_a_part_that_counts_more_than_believed_is_found() -> None:
    learned = from_answers(answers(20_000, truth=(1.0, 3.0, 1.0, 1.0)), believed=USUAL, config=DEFAULT)

    at = {name: factors[1] for name, factors in learned.blend.factors.items()}
    assert learned.gains[1] > 0
    assert 2.0 < at["content_based"] / at["collaborative"] < MOST
    # Of the others there are no answers.
    assert learned.gains[0] == learned.gains[2] == 0.0
    assert [learned.blend.factors[name][0] for name in BLENDED] == [1.0] * 4


def test_weights_at_the_knot_sum_to_what_they_did() -> None:
    learned = from_answers(answers(20_000, truth=(1.0, 3.0, 1.0, 1.0)), believed=USUAL, config=DEFAULT)

    weights = unlearned_weights(np.array([DEFAULT.blending.some], float), DEFAULT)
    after = sum(float(weights[name][0]) * learned.blend.factors[name][1] for name in BLENDED)
    assert after == pytest.approx(sum(float(weights[name][0]) for name in BLENDED))


def test_where_the_belief_holds_it_is_kept() -> None:
    for seed in range(5):
        learned = from_answers(answers(6_000, seed=seed), believed=USUAL, config=DEFAULT)

        ratio = learned.blend.factors["content_based"][1] / learned.blend.factors["collaborative"][1]
        assert 0.6 < ratio < 1.6, seed


def test_few_answers_and_answers_of_one_kind_change_nothing() -> None:
    few = answers(200, truth=(1.0, 4.0, 1.0, 1.0))
    assert few.taken.sum() < DEFAULT.blending.min_answers
    all_taken = answers(5_000)
    all_taken.taken[:] = True
    none_taken = answers(5_000)
    none_taken.taken[:] = False
    nothing = few.where(np.zeros(len(few), bool))

    for shown in (few, all_taken, none_taken, nothing):
        learned = from_answers(shown, believed=USUAL, config=DEFAULT)
        assert learned.gains == [0.0, 0.0, 0.0]
        assert {f for factors in learned.blend.factors.values() for f in factors} == {1.0}


def test_what_was_learned_before_is_where_the_next_fit_begins() -> None:
    believed = Blend((3, 30, 300), {"content_based": [1.0, 3.0, 1.0]})

    kept = from_answers(answers(200), believed=believed, config=DEFAULT)
    again = from_answers(answers(20_000, truth=(1.0, 3.0, 1.0, 1.0)), believed=believed, config=DEFAULT)

    assert kept.blend.factors["content_based"] == [1.0, 3.0, 1.0]
    ratio = again.blend.factors["content_based"][1] / again.blend.factors["collaborative"][1]
    assert 2.0 < ratio < 4.0


def test_lists_that_foretell_nothing_leave_the_belief() -> None:
    shown = answers(20_000)
    backwards = Shown(
        **{**vars(shown), "parts": 1.0 - shown.parts, "propensity": shown.propensity},
    )

    learned = from_answers(backwards, believed=USUAL, config=DEFAULT)

    assert {f for factors in learned.blend.factors.values() for f in factors} == {1.0}


def test_what_chance_put_there_counts_for_what_it_might_have_put_there() -> None:
    """Propensities of 1, 1/4 and 1/1000, clipped at 20: 1 to 4 to 20, and 1 on average."""
    shown = answers(3)
    drawn = Shown(**{**vars(shown), "propensity": np.array([1.0, 0.25, 0.001])})

    assert trust(drawn, DEFAULT).tolist() == pytest.approx([3 / 25, 12 / 25, 60 / 25])


def test_a_biased_choice_of_titles_is_made_good_by_propensities() -> None:
    """Where content's favourites were mostly kept out unless taken up, plain counting is misled, weighing is not."""
    shown = answers(60_000)
    high = shown.parts[:, 1] > 0.5
    rng = np.random.default_rng(1)
    # Of the titles that content likes, one in ten was shown, as the propensity says.
    there = ~high | (rng.random(len(shown)) < 0.1)
    propensity = np.where(high, 0.1, 1.0)
    seen = Shown(**{**vars(shown), "propensity": propensity}).where(there)
    whole, weighed = trust(shown, DEFAULT), trust(seen, DEFAULT)

    truly = (whole @ shown.taken) / whole.sum()
    assert (weighed @ seen.taken) / weighed.sum() == pytest.approx(truly, abs=0.01)
    assert seen.taken.mean() < truly - 0.01


def test_the_fit_is_that_of_a_twin() -> None:
    """Newton's method on the loss as it is written down, every term by itself."""
    shown = answers(300, truth=(1.0, 2.0, 1.0, 1.0))
    shown.propensity[::7] = 0.3
    plain = np.array([-2.0, 0.3, 4.0])
    few = DEFAULT.with_overrides({"blending.prior_answers": 1000})

    found = fit(shown, plain, USUAL, few)

    weights = unlearned_weights(shown.known, DEFAULT)
    shares = np.stack([weights[name] for name in BLENDED], axis=1)
    z = shown.parts * shares / shares.sum(axis=1, keepdims=True)
    x = np.hstack([np.ones((300, 1)), -np.log(shown.position)[:, None], z])
    trusted = np.minimum(1 / shown.propensity, 20)
    trusted /= trusted.mean()
    start = np.array([-2.0, 0.3, 4.0, 4.0, 4.0, 4.0])
    chance = 1 / (1 + np.exp(-x @ start))
    pull = np.r_[0, 0, 1000 * ((trusted * chance * (1 - chance))[:, None] * z**2).mean(axis=0)]
    c = start.copy()
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ c))
        gradient = x.T @ (trusted * (p - shown.taken)) + pull * (c - start)
        curvature = (x * (trusted * p * (1 - p))[:, None]).T @ x + np.diag(pull)
        c = c - np.linalg.solve(curvature, gradient)
    assert ((c[2:] > 1.0) & (c[2:] < 16.0)).all(), "no part at its ends: the twin knows none"
    assert found.tolist() == pytest.approx(c.tolist(), abs=1e-3)
