"""Every measure against a second library, and by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hazardous.metrics import integrated_brier_score_incidence
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from models.outcomes import expit
from tests.training.trainings import QUICK, drawn_relapses, remission_with
from training.learning.fit import fit_heads
from training.learning.held_out import RELAPSE_MEASURES, REMISSION_MEASURES
from training.learning.relapse_task import week_ends
from training.learning.splits import Folds
from training.metrics.curve_measures import Curves, curve_values
from training.metrics.reliability import brier_by_draw, log_loss_by_draw


def drawn(seed: int, patients: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_odds = rng.standard_normal(patients)
    return (rng.random(patients) < expit(log_odds)).astype(np.float64), log_odds, rng.uniform(0.2, 3, patients)


def test_log_loss_and_brier_score_are_scikit_learns() -> None:
    observed, log_odds, weights = drawn(1)
    chance = expit(log_odds)
    assert log_loss_by_draw(observed, chance, weights[None])[0] == pytest.approx(
        sklearn_log_loss(observed, chance, sample_weight=weights)
    )
    assert brier_by_draw(observed, chance, weights[None])[0] == pytest.approx(
        brier_score_loss(observed, chance, sample_weight=weights)
    )


def test_log_loss_and_brier_score_by_hand() -> None:
    """Given 3/4 and the outcome came, given 1/2 and it did not."""
    observed, chance = np.array([1.0, 0.0]), np.array([3 / 4, 1 / 2])
    expected = -(np.log(3 / 4) + np.log(1 / 2)) / 2
    assert log_loss_by_draw(observed, chance, np.ones((1, 2)))[0] == pytest.approx(expected)
    assert brier_by_draw(observed, chance, np.ones((1, 2)))[0] == pytest.approx(((1 / 4) ** 2 + (1 / 2) ** 2) / 2)


@pytest.mark.filterwarnings("ignore:1 predictions of 0 or 1")
def test_certainty_that_is_wrong_costs_much_and_not_infinitely_much() -> None:
    """A probability of 1 counts as 1 - 1e-8."""
    found = log_loss_by_draw(np.array([0.0]), np.array([1.0]), np.ones((1, 1)))[0]
    assert found == pytest.approx(-np.log(1e-8))


def integrated_brier(followed: np.ndarray, ended_by: np.ndarray, incidence: np.ndarray) -> float:
    """That of predictions for as many weeks as there are columns, one fold and each patient once."""
    nobody = np.arange(len(followed))
    days = week_ends(7 * incidence.shape[1])
    ended = np.where(followed <= days[-1], ended_by, 0).astype(np.int8)
    curves = Curves(nobody, 0 * nobody, np.minimum(followed, days[-1]), ended, incidence, days)
    return float(curve_values(curves, np.ones((1, len(followed))))["integrated_brier"][0])


def test_the_integrated_brier_score_with_censoring_is_hazardous_one() -> None:
    rng = np.random.default_rng(6)
    followed = np.round(rng.exponential(40, 500)) + 1
    ended_by, risk = rng.integers(0, 3, 500).astype(np.int8), np.sort(rng.random((500, 6)), axis=1)
    observed = pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed})
    expected = integrated_brier_score_incidence(observed, observed, risk, np.arange(1, 7) * 7, 1)
    assert integrated_brier(followed, ended_by, risk) == pytest.approx(expected, rel=2e-3)


def test_integrated_brier_without_censoring_is_the_mean_brier_score() -> None:
    """Relapses on days 5 and 12, two followed to day 28; evaluated on days 7, 14 and 21, with trapezoidal weights."""
    days, ended_by = np.array([5.0, 12, 28, 28]), np.array([1, 1, 0, 0], dtype=np.int8)
    incidence = np.tile([0.2, 0.4, 0.5], (4, 1))
    on_7 = (0.8**2 + 3 * 0.2**2) / 4
    on_14 = (2 * 0.6**2 + 2 * 0.4**2) / 4
    on_21 = (2 * 0.5**2 + 2 * 0.5**2) / 4
    by_hand = ((on_7 + on_14) / 2 * 7 + (on_14 + on_21) / 2 * 7) / 14
    assert integrated_brier(days, ended_by, incidence) == pytest.approx(by_hand)


def test_the_true_curve_has_a_better_integrated_brier_than_the_overall_one() -> None:
    rng = np.random.default_rng(5)
    hazard = rng.choice([0.02, 0.3], 2000)
    onset = rng.geometric(hazard) * 7.0
    end = rng.integers(20, 100, 2000).astype(np.float64)
    days, ended_by = np.minimum(onset, end), (onset <= end).astype(np.int8)
    weeks = np.arange(1, 12)
    true = 1 - (1 - hazard[:, None]) ** weeks
    overall = np.tile(true.mean(axis=0), (2000, 1))
    assert integrated_brier(days, ended_by, true) < integrated_brier(days, ended_by, overall) - 0.02


def test_a_candidate_has_every_measure_over_all_folds_and_per_fold() -> None:
    fold = (np.arange(200) % 4)[None, :].astype(np.intp)
    folds = Folds("patients", fold, ("a", "b", "c", "d"), np.zeros(200, np.int32))
    fits = fit_heads([remission_with(100, 200, 1.0), drawn_relapses(200)], folds, QUICK, lambda: None, workers=1)
    for fit, names in zip(fits, (REMISSION_MEASURES, RELAPSE_MEASURES), strict=True):
        logistic = fit.candidates["logistic"]
        assert tuple(logistic.measures) == names
        assert not np.isnan(list(logistic.measures.values())).any()
        assert [tuple(measures) for measures in logistic.fold_measures] == [names] * 4


def test_no_model_puts_exactly_half_of_the_pairs_in_order_whatever_the_patients_weigh() -> None:
    """Different folds have different rates, which must not pass for discrimination."""
    fold = np.stack([np.random.default_rng(seed).permutation(200) % 4 for seed in range(3)])
    folds = Folds("patients", fold, ("a", "b", "c", "d"), np.zeros(200, np.int32))
    task = remission_with(70, 200)
    weighted = replace(task, weights=np.random.default_rng(7).uniform(0.3, 4, 200))
    remission, relapse = fit_heads([weighted, drawn_relapses(200)], folds, QUICK, lambda: None, workers=1)
    assert remission.candidates["no_model"].measures["auc"] == 0.5
    assert {values["auc"] for values in remission.candidates["no_model"].fold_measures} == {0.5}
    assert relapse.candidates["no_model"].measures["c_index"] == 0.5
