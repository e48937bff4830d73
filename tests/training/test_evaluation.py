"""Every measure against a second library, and by hand."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from models.outcomes import expit
from tests.models.lessons import single_trials
from tests.training.trainings import QUICK, drawn_relapses, remission_with
from training.evaluation.held_out import RELAPSE_MEASURES, REMISSION_MEASURES
from training.evaluation.reliability import (
    brier,
    calibration_in_the_large,
    calibration_slope,
    integrated_brier,
    log_loss,
)
from training.fit import fit_heads
from training.splits import Folds


def drawn(seed: int, patients: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_odds = rng.standard_normal(patients)
    return (rng.random(patients) < expit(log_odds)).astype(np.float64), log_odds, rng.uniform(0.2, 3, patients)


def test_log_loss_and_brier_score_are_scikit_learns() -> None:
    observed, log_odds, weights = drawn(1)
    chance = expit(log_odds)
    assert log_loss(observed, log_odds, weights) == pytest.approx(
        sklearn_log_loss(observed, chance, sample_weight=weights)
    )
    assert brier(observed, log_odds, weights) == pytest.approx(
        brier_score_loss(observed, chance, sample_weight=weights)
    )


def test_log_loss_and_brier_score_by_hand() -> None:
    """Given 3/4 and the outcome came, given 1/2 and it did not."""
    observed, log_odds = np.array([1.0, 0.0]), np.array([np.log(3), 0.0])
    assert log_loss(observed, log_odds, np.ones(2)) == pytest.approx(-(np.log(3 / 4) + np.log(1 / 2)) / 2)
    assert brier(observed, log_odds, np.ones(2)) == pytest.approx(((1 / 4) ** 2 + (1 / 2) ** 2) / 2)


def test_certainty_that_proves_wrong_costs_much_and_not_infinitely_much() -> None:
    assert log_loss(np.array([0.0]), np.array([50.0]), np.ones(1)) == pytest.approx(50)


@pytest.mark.parametrize(("too_low", "stretch"), [(0.0, 1.0), (0.5, 1.0), (-1.0, 1.0), (0.0, 2.0)])
def test_calibration_finds_what_was_done_to_honest_predictions(too_low: float, stretch: float) -> None:
    observed, log_odds, _ = drawn(2, 40_000)
    trials = single_trials(observed)
    spoiled = stretch * log_odds - too_low
    assert calibration_slope(trials, spoiled) == pytest.approx(1 / stretch, abs=0.05)
    if stretch == 1:
        assert calibration_in_the_large(trials, spoiled) == pytest.approx(too_low, abs=0.05)


def test_equal_predictions_have_no_slope() -> None:
    assert np.isnan(calibration_slope(single_trials(np.array([1.0, 0, 1])), np.full(3, 0.2)))


def test_integrated_brier_without_censoring_is_the_mean_brier_score() -> None:
    """Relapses on days 5 and 12, two seen until day 28; judged on days 7, 14 and 21, with weights by the trapezium."""
    days, ended_by = np.array([5.0, 12, 28, 28]), np.array([1, 1, 0, 0], dtype=np.int8)
    incidence = np.tile([0.2, 0.4, 0.5], (4, 1))
    on_7 = (0.8**2 + 3 * 0.2**2) / 4
    on_14 = (2 * 0.6**2 + 2 * 0.4**2) / 4
    on_21 = (2 * 0.5**2 + 2 * 0.5**2) / 4
    by_hand = ((on_7 + on_14) / 2 * 7 + (on_14 + on_21) / 2 * 7) / 14
    assert integrated_brier(days, ended_by, incidence, np.array([7, 14, 21])) == pytest.approx(by_hand)


def test_the_true_curve_has_a_better_integrated_brier_than_the_overall_one() -> None:
    rng = np.random.default_rng(5)
    hazard = rng.choice([0.02, 0.3], 2000)
    onset = rng.geometric(hazard) * 7.0
    end = rng.integers(20, 100, 2000).astype(np.float64)
    days, ended_by = np.minimum(onset, end), (onset <= end).astype(np.int8)
    weeks = np.arange(1, 12)
    true = 1 - (1 - hazard[:, None]) ** weeks
    overall = np.tile(true.mean(axis=0), (2000, 1))
    judged = weeks * 7
    assert integrated_brier(days, ended_by, true, judged) < integrated_brier(days, ended_by, overall, judged) - 0.02


def test_a_candidate_has_every_measure_over_all_folds_and_per_fold() -> None:
    fold = (np.arange(200) % 4)[None, :].astype(np.intp)
    folds = Folds("patients", fold, ("a", "b", "c", "d"), np.zeros(200, np.int32))
    fits = fit_heads([remission_with(100, 200, 1.0), drawn_relapses(200)], folds, QUICK, lambda: None, workers=1)
    for fit, names in zip(fits, (REMISSION_MEASURES, RELAPSE_MEASURES), strict=True):
        logistic = fit.candidates["logistic"]
        assert tuple(logistic.measures) == names
        assert not np.isnan(list(logistic.measures.values())).any()
        assert [tuple(measures) for measures in logistic.fold_measures] == [names] * 4


def test_no_model_tells_nobody_apart() -> None:
    """Different folds have different rates, which must not pass for discrimination."""
    fold = (np.arange(200) % 4)[None, :].astype(np.intp)
    folds = Folds("patients", fold, ("a", "b", "c", "d"), np.zeros(200, np.int32))
    remission, relapse = fit_heads(
        [remission_with(70, 200), drawn_relapses(200)], folds, QUICK, lambda: None, workers=1
    )
    assert remission.candidates["no_model"].measures["auc"] == pytest.approx(0.5)
    assert relapse.candidates["no_model"].measures["c_index"] == pytest.approx(0.5)
