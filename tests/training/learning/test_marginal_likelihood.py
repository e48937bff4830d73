"""How large effects are, and how much no linear score explains, is estimated from a head's own outcomes."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from models.fitting.learners import Penalty, TrainingData, penalties
from models.outcomes import Floats, expit
from tests.models.training_sets import training_data_of
from training.config import load_config
from training.learning.marginal_likelihood import Variances, _log_evidence, _pieces, variances

SEEDS = range(4)
CONFIG = load_config()


def said_of(training_data: TrainingData, seed: int) -> Variances:
    """What the single yes/no outcomes of training data say."""
    return variances(training_data, replace(CONFIG, seed=seed), yes_no=True)


@cache
def misfit_of_a_linear_truth(seed: int, patients: int) -> float:
    return said_of(drawn(seed, patients, (0.5, -0.5)), 7).misfit


def drawn(seed: int, patients: int, effects: tuple[float, ...], jump: float = 0.0) -> TrainingData:
    """Standard normal features with linear ``effects``, and ``jump`` standard deviations for who is high in two."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 4))
    both = ((rows[:, 0] > 0) & (rows[:, 1] > 0)).astype(np.float64)
    log_odds = rows[:, : len(effects)] @ np.array(effects) + jump * (both - both.mean()) / both.std() - 0.3
    return training_data_of(rows, (rng.random(patients) < expit(log_odds)).astype(np.float64))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_combination_of_thresholds_is_distinguished_from_a_linear_truth_of_the_same_size(seed: int) -> None:
    linear, jumping = (said_of(drawn(seed, 2000, (0.5, -0.5), jump), 7).misfit for jump in (0.0, 0.8))
    assert jumping > linear + 0.2


def test_a_combination_is_seen_where_neither_feature_alone_tells_anything() -> None:
    """High in one of two features and not in both: each threshold alone leaves the rate as it is."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((4000, 2))
    one_of_them = (rows[:, 0] > 0) != (rows[:, 1] > 0)
    outcomes = [rng.random(4000) < np.where(one_of_them, high, low) for low, high in ((0.5, 0.5), (0.35, 0.65))]
    none, some = (said_of(training_data_of(rows, outcome.astype(np.float64)), 7).misfit for outcome in outcomes)
    assert none < CONFIG.intervals.misfits[2]
    assert some > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_many_patients_with_a_linear_truth_leave_little_unexplained(seed: int) -> None:
    assert misfit_of_a_linear_truth(seed, 8000) < CONFIG.intervals.misfits[1]


def test_the_fewer_patients_the_more_may_be_unexplained() -> None:
    """On average over cohorts of a linear truth; before any outcome is seen something is expected too."""
    found = [np.mean([misfit_of_a_linear_truth(seed, patients) for seed in SEEDS]) for patients in (200, 2000, 8000)]
    assert found[0] > found[1] > found[2]
    expected = np.exp(-0.5 * (np.array(CONFIG.intervals.misfits) / CONFIG.intervals.expected_misfit) ** 2)
    beforehand = np.sqrt(np.average(np.square(CONFIG.intervals.misfits), weights=expected))
    assert found[0] < beforehand + 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_strong_effects_prefer_a_weak_penalty_and_no_effects_a_strong_one(seed: int) -> None:
    none, some, strong = (
        said_of(drawn(seed, 1000, effects), 7).likely @ np.log(CONFIG.tuning.strengths)
        for effects in ((0.0, 0.0), (0.4, -0.4), (1.5, -1.5))
    )
    assert none < some < strong


@pytest.mark.parametrize("patients", [40, 400])
def test_the_penalties_have_probabilities(patients: int) -> None:
    found = said_of(drawn(1, patients, (0.5,)), 7)
    assert found.likely.shape == (len(found.penalties),) == (len(CONFIG.tuning.strengths),)
    assert (found.likely >= 0).all()
    assert found.likely.sum() == pytest.approx(1)
    assert CONFIG.intervals.misfits[0] <= found.misfit <= CONFIG.intervals.misfits[-1]


def test_the_same_outcomes_say_the_same_twice() -> None:
    training_data = drawn(1, 300, (0.5, -0.5))
    one, again = said_of(training_data, 7), said_of(training_data, 7)
    assert one.misfit == again.misfit
    np.testing.assert_array_equal(one.likely, again.likely)


@pytest.mark.parametrize(
    ("strengths", "drawn_of_ten"),
    [
        ((0, 0, 0, 1, 0, 0, 0), {3: 10}),
        ((0.5, 0, 0, 0, 0, 0, 0.5), {0: 5, 6: 5}),
        ((0, 0.2, 0.7, 0.1, 0, 0, 0), {1: 2, 2: 7, 3: 1}),
    ],
)
def test_a_penalty_is_drawn_as_often_as_it_is_likely(
    strengths: tuple[float, ...], drawn_of_ten: dict[int, int]
) -> None:
    tried = tuple(Penalty(strength) for strength in CONFIG.tuning.strengths)
    found = Variances(tried, np.array(strengths, dtype=np.float64), 0.0, 1.0).draw(10)
    assert {tried.index(each): found.count(each) for each in set(found)} == drawn_of_ten


def test_with_a_declared_sign_every_factor_for_the_others_is_tried() -> None:
    training_data = drawn(1, 300, (0.5,))
    signed = TrainingData(
        training_data.rows, training_data.binomial, training_data.names, (1, 0, 0, 0), training_data.seed
    )
    assert {penalty.unsigned for penalty in penalties(signed, CONFIG.tuning)} == set(CONFIG.tuning.unsigned)
    assert {penalty.unsigned for penalty in penalties(training_data, CONFIG.tuning)} == {1.0}


def test_where_only_the_features_with_a_sign_matter_the_others_are_held_back() -> None:
    """Two signed features act, sixty others do not."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((1500, 62))
    outcome = (rng.random(1500) < expit(rows[:, 0] - rows[:, 1])).astype(np.float64)
    training_data = training_data_of(rows, outcome, signs=(1, -1, *[0] * 60))
    found = said_of(training_data, 7)
    assert np.array([penalty.unsigned < 1 for penalty in found.penalties]) @ found.likely > 0.9


@pytest.mark.parametrize(("information", "pull", "variance"), [(4.0, 1.5, 0.3), (0.5, -2.0, 1.0), (30.0, 10.0, 0.01)])
def test_the_evidence_is_the_integral_over_the_coefficient(information: float, pull: float, variance: float) -> None:
    """Against a sum over a fine grid: exp(pull c - information c^2 / 2) times the normal density of c."""
    grid = np.linspace(-12, 12, 400_001) * np.sqrt(variance)
    density = np.exp(-(grid**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    area = np.sum(np.exp(pull * grid - information * grid**2 / 2) * density) * (grid[1] - grid[0])
    found = _log_evidence(np.array([[information]]), np.array([pull]), np.array([variance]))
    assert found == pytest.approx(np.log(area), abs=1e-6)


def pieces_of(training_data: TrainingData) -> Floats:
    return _pieces(training_data, np.ones(training_data.rows.shape[1]), replace(CONFIG, seed=3))


def test_every_piece_singles_out_some_of_the_patients_and_counts_alike() -> None:
    found = pieces_of(drawn(1, 300, (0.5,)))
    assert found.shape[1] > 100
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), 1)
    assert all(len(np.unique(piece.round(9))) == 2 for piece in found.T)


def test_features_that_are_missing_or_never_vary_are_no_hindrance() -> None:
    training_data = drawn(1, 300, (0.5, -0.5))
    rows = training_data.rows.copy()
    rows[np.random.default_rng(2).random(rows.shape) < 0.4] = np.nan
    rows[:, 2] = 5.0
    rows[:, 3] = np.nan
    found = said_of(
        TrainingData(rows, training_data.binomial, training_data.names, training_data.signs, training_data.seed), 7
    )
    assert found.likely.sum() == pytest.approx(1)
    assert np.isfinite(found.misfit)


def test_a_combination_of_features_that_matter_is_seen_among_many_that_do_not() -> None:
    """Two features act linearly and, where both are high, once more; sixty others do nothing."""
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((2500, 62))
    both = (rows[:, 0] > 0) & (rows[:, 1] > 0)
    linear = 0.5 * rows[:, 0] + 0.5 * rows[:, 1]
    plain, combined = (
        said_of(training_data_of(rows, (rng.random(2500) < expit(log_odds)).astype(np.float64)), 7).misfit
        for log_odds in (linear, linear + 1.6 * (both - both.mean()))
    )
    assert combined > plain + 0.1
