"""How many parameters a score amounts to: the trace of a regression's hat matrix, and more for trees that do more."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration import BinomialCounts
from models.fitting.effective_parameters import effective_parameters
from models.fitting.learners import Learner, Penalty, TrainingData, fit_logistic_at, fit_nothing, fit_xgboost_at
from models.outcomes import expit
from tests.models.training_sets import training_data_of


def drawn(patients: int = 400, features: int = 8, seed: int = 0) -> TrainingData:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, features))
    chance = expit(rows[:, 0] + 0.5 * rows[:, 1])
    return training_data_of(rows, (rng.random(patients) < chance).astype(np.float64))


def counted(training_data: TrainingData, learner: Learner, refits: int = 200) -> float:
    return effective_parameters(training_data, learner, learner(training_data).score, refits)


def trace_of_hat(training_data: TrainingData, strength: float) -> float:
    """tr X (X'WX + 1/C)^-1 X'W of the standardised columns beside a free intercept, written out."""
    columns = (training_data.rows - training_data.rows.mean(axis=0)) / training_data.rows.std(axis=0)
    score = fit_logistic_at(Penalty(strength))(training_data).score.predict(training_data.rows)
    base = np.log(np.mean(training_data.binomial.successes) / np.mean(training_data.binomial.failures))
    fitted = expit(score + base)
    weight = (training_data.binomial.successes + training_data.binomial.failures) * fitted * (1 - fitted)
    centred = columns - np.average(columns, axis=0, weights=weight)
    information = (centred * weight[:, None]).T @ centred
    return float(np.trace(np.linalg.solve(information + np.eye(columns.shape[1]) / strength, information)))


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_of_a_ridge_regression_they_are_the_trace_of_its_hat_matrix(strength: float) -> None:
    """8 columns: 3.6 parameters under a strong penalty, nearly 8 under a weak one."""
    training_data = drawn()
    assert counted(training_data, fit_logistic_at(Penalty(strength))) == pytest.approx(
        trace_of_hat(training_data, strength), rel=0.1
    )


def test_patients_who_weigh_more_are_no_more_patients() -> None:
    """Every weight half as much again, and the penalty too, is the same regression, and has as many parameters."""
    training_data = drawn()
    binomial = replace(
        training_data.binomial,
        successes=1.5 * training_data.binomial.successes,
        failures=1.5 * training_data.binomial.failures,
    )
    weighted = counted(replace(training_data, binomial=binomial), fit_logistic_at(Penalty(0.01 / 1.5)))
    assert weighted == pytest.approx(trace_of_hat(training_data, 0.01), rel=0.1)


def test_weeks_at_risk_count_as_the_outcomes_that_they_hold() -> None:
    """The regression of each patient's weeks in two bands is that of single outcomes."""
    training_data = drawn(300, 4)
    rng = np.random.default_rng(1)
    weeks = rng.integers(1, 6, 600).astype(np.float64)
    patient, band = np.tile(np.arange(300), 2), np.repeat([0, 1], 300)
    relapses = rng.binomial(weeks.astype(int), 0.1).astype(np.float64)
    binomial = BinomialCounts(patient, band, relapses, weeks - relapses, 300, 2)
    assert counted(replace(training_data, binomial=binomial), fit_logistic_at(Penalty(1e4))) == pytest.approx(
        4, rel=0.2
    )


def test_no_model_has_none() -> None:
    assert counted(drawn(), fit_nothing, 5) == 0


def test_trees_have_more_the_deeper_and_the_more_they_are_and_the_same_each_time() -> None:
    training_data = drawn(features=6)
    few, more, most = (counted(training_data, fit_xgboost_at(*size), 16) for size in ((1, 20), (1, 80), (3, 80)))
    assert 0 < few < more < most < 400
    assert counted(training_data, fit_xgboost_at(1, 20), 16) == few


def test_trees_that_search_many_columns_have_more_than_trees_that_search_one() -> None:
    """A leaf costs what its split was chosen from: a count of leaves, or of splits, does not see it."""
    one, many = drawn(features=2), drawn(features=30)
    assert counted(many, fit_xgboost_at(1, 60), 16) > 1.5 * counted(one, fit_xgboost_at(1, 60), 16)
