"""Each candidate fits what it should, on its training data only."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.calibration import fit_baseline
from models.fitting.boosting import BoostingFold, BoostingParameters
from models.fitting.design import Design
from models.fitting.learners import (
    Learner,
    fit_logistic,
    fit_logistic_at,
    fit_nothing,
    fit_one_variable,
    fit_xgboost,
    penalties,
    tuning_folds,
)
from models.outcomes import expit
from models.score import Constant, LinearScore, to_arrays
from models.settings.sections import TuningSettings
from tests.models.training_sets import drawn_training_data, training_data_of

EFFECTS = (1.0, -0.7, 0.0, 0.4)
LEARNERS = {
    "no_model": fit_nothing,
    "one_variable": fit_one_variable("x1"),
    "logistic": fit_logistic(TuningSettings()),
    "xgboost": fit_xgboost(TuningSettings()),
}


def test_no_model_is_the_overall_rate() -> None:
    training_data = drawn_training_data(1, 200, EFFECTS)
    score = fit_nothing(training_data).score
    assert isinstance(score, Constant)
    baseline = fit_baseline(training_data.binomial, score.predict(training_data.rows))
    overall = training_data.binomial.successes.sum() / 200
    np.testing.assert_allclose(expit(baseline[0] + score.predict(training_data.rows)), overall)


def test_one_variable_is_logistic_regression_on_it_without_penalty() -> None:
    training_data = drawn_training_data(2, 300, EFFECTS)
    training_data.rows[:, 1] = np.clip(training_data.rows[:, 1].round(), -2, 2)  # no outlier to be held within the bulk
    linear_predictor = fit_one_variable("x1")(training_data).score.predict(training_data.rows)
    baseline = fit_baseline(training_data.binomial, linear_predictor)[0]
    outcome = (training_data.binomial.successes > 0).astype(int)
    unpenalised = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(
        training_data.rows[:, [1]], outcome
    )
    np.testing.assert_allclose(
        baseline + linear_predictor, unpenalised.decision_function(training_data.rows[:, [1]]), atol=1e-4
    )


def test_one_variable_looks_at_no_other() -> None:
    training_data = drawn_training_data(3, 200, EFFECTS)
    score = fit_one_variable("x1")(training_data).score
    assert isinstance(score, LinearScore)
    assert score.used.tolist() == [1]
    others = training_data.rows + np.array([5.0, 0, -3, 1])
    np.testing.assert_array_equal(score.predict(others), score.predict(training_data.rows))


def test_a_weight_counts_as_that_many_patients() -> None:
    rows = np.array([[0.0], [1], [2], [3], [4], [5]] * 10)
    outcome = np.array([0.0, 1, 0, 1, 0, 1] * 10)
    training_data = training_data_of(rows, outcome)
    heavy = replace(
        training_data.binomial, successes=training_data.binomial.successes * 3, failures=training_data.binomial.failures
    )
    tripled = training_data_of(
        np.repeat(rows, np.where(outcome == 1, 3, 1), axis=0), np.repeat(outcome, 1 + 2 * (outcome > 0).astype(int))
    )
    fit = fit_one_variable("x0")
    weighted = fit(replace(training_data, binomial=heavy)).score.predict(np.array([[0.0], [1.0]]))
    repeated = fit(tripled).score.predict(np.array([[0.0], [1.0]]))
    assert np.diff(weighted) == pytest.approx(np.diff(repeated), abs=1e-6)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_training_data_gives_the_same_fit_to_the_last_bit(name: str) -> None:
    first, second = (
        to_arrays(LEARNERS[name](drawn_training_data(4, 120, EFFECTS, missing=0.1)).score) for _ in range(2)
    )
    assert first.keys() == second.keys()
    for key in first:
        assert first[key].tobytes() == second[key].tobytes()


@pytest.mark.parametrize("name", ["no_model", "one_variable", "logistic", "xgboost"])
def test_a_patient_held_out_changes_nothing(name: str) -> None:
    """Not the tuning, not the centring, not the trees: other rows and outcomes of those held out leave no trace."""
    learner: Learner = LEARNERS[name]
    training_data = drawn_training_data(5, 160, EFFECTS, missing=0.1)
    fitted_on = np.arange(160) < 120
    other_rows = np.where(fitted_on[:, None], training_data.rows, 1000.0)
    swapped = replace(
        training_data.binomial,
        successes=np.where(fitted_on, training_data.binomial.successes, training_data.binomial.failures),
        failures=np.where(fitted_on, training_data.binomial.failures, training_data.binomial.successes),
    )
    honest = to_arrays(learner(training_data.subset(fitted_on)).score)
    changed = to_arrays(learner(replace(training_data, rows=other_rows, binomial=swapped).subset(fitted_on)).score)
    for key in honest:
        assert honest[key].tobytes() == changed[key].tobytes(), key


def test_a_patient_in_the_training_data_changes_something() -> None:
    """The test above would pass for a learner that looks at nothing."""
    training_data = drawn_training_data(5, 160, EFFECTS)
    score, fewer = (
        fit_logistic(TuningSettings())(training_data.subset(np.arange(160) < last)).score for last in (160, 120)
    )
    assert not np.array_equal(score.predict(training_data.rows), fewer.predict(training_data.rows))


def test_what_never_varies_is_left_out() -> None:
    training_data = drawn_training_data(6, 150, EFFECTS)
    training_data.rows[:, 0] = 3.0
    training_data.rows[:, 2] = np.nan
    score = fit_logistic(TuningSettings())(training_data).score
    assert isinstance(score, LinearScore)
    assert score.used.tolist() == [1, 3]
    _, contributions = score.explain(np.full((1, 4), 9.0))
    assert contributions[0, [0, 2]].tolist() == [0, 0]


def test_where_nothing_varies_all_patients_get_the_same() -> None:
    training_data = training_data_of(np.full((60, 2), 1.5), np.array([0.0, 1, 0] * 20))
    assert not fit_logistic(TuningSettings())(training_data).score.predict(training_data.rows).any()


@pytest.mark.parametrize("percents", [(0.5, 99.5), (0.0, 100.0), (25.0, 50.0)])
def test_values_are_clipped_at_their_percentiles_to_the_last_bit(percents: tuple[float, float]) -> None:
    training_data = drawn_training_data(6, 163, EFFECTS, missing=0.3)
    design = Design.from_data(training_data, TuningSettings(clip_percentiles=percents))
    expected = np.nanpercentile(training_data.rows, percents, axis=0)
    np.testing.assert_array_equal([design.lower, design.upper], expected)


def test_the_grid_chooses_the_penalty_that_exact_fits_choose() -> None:
    """Folds are fitted roughly; the losses of exact fits, added up here, have their least value at the same penalty."""
    training_data, tuning = drawn_training_data(5, 240, EFFECTS, missing=0.1, signs=(1, 0, 0, 1)), TuningSettings()
    losses = {}
    for penalty in penalties(training_data, tuning):
        losses[penalty] = 0.0
        for fitted_on, held in tuning_folds(training_data, tuning):
            part = training_data.subset(fitted_on)
            linear_predictor = fit_logistic_at(penalty, tuning)(part).score.predict(training_data.rows)
            baseline = fit_baseline(part.binomial, linear_predictor)
            held_out = training_data.binomial.subset(held)
            losses[penalty] += float(held_out.loss_for_patient(linear_predictor, baseline).sum())
    best = min(losses, key=lambda penalty: losses[penalty])
    assert best.parameters().items() <= fit_logistic(tuning)(training_data).parameters.items()
    assert 0 < list(losses).index(best) < len(losses) - 1  # not merely the first or the last


def test_the_rounds_are_those_of_the_least_loss_that_every_fold_reaches() -> None:
    training_data = drawn_training_data(6, 240, EFFECTS)
    tuning = TuningSettings(depths=(2,))
    folds = [BoostingFold.from_flags(training_data, *fold) for fold in tuning_folds(training_data, tuning)]
    boosting = BoostingParameters.from_settings(tuning, {"max_depth": 2})
    curves = [fold.losses(boosting, tuning, tuning.most_rounds) for fold in folds]
    lengths = [len(curve) for curve in curves]
    assert min(lengths) < lengths[0]  # a later fold ends earlier than the first
    total = sum(curve[: min(lengths)] for curve in curves)
    assert fit_xgboost(tuning)(training_data).parameters["rounds"] == np.argmin(total) + 1


def test_the_penalised_regression_finds_the_direction_of_every_effect() -> None:
    score = fit_logistic(TuningSettings())(drawn_training_data(7, 2000, EFFECTS)).score
    assert isinstance(score, LinearScore)
    assert np.sign(score.weight[[0, 1, 3]]).tolist() == [1, -1, 1]
    assert abs(score.weight[2]) < 0.1


def test_missing_values_weigh_for_themselves_where_there_are_enough_of_them() -> None:
    """Whether x0 was recorded decides the outcome here, and the value does not."""
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((1000, 2))
    gap = rng.random(1000) < 0.4
    rows[gap, 0] = np.nan
    outcome = (rng.random(1000) < np.where(gap, 0.8, 0.3)).astype(np.float64)
    score = fit_logistic(TuningSettings())(training_data_of(rows, outcome)).score
    recorded, missing = score.predict(np.array([[0.0, 0.0], [np.nan, 0.0]]))
    assert missing - recorded == pytest.approx(np.log(0.8 / 0.2) - np.log(0.3 / 0.7), abs=0.6)


def test_trees_never_go_against_an_expected_sign() -> None:
    """Constraints come from the catalogue's signs: here the data say the opposite about x0, and must not be heard."""
    training_data = drawn_training_data(9, 400, EFFECTS, missing=0.1, signs=(-1, -1, 0, 1))
    score = fit_xgboost(TuningSettings())(training_data).score
    rng = np.random.default_rng(10)
    base = rng.standard_normal((200, 4)) * 2
    base[rng.random(base.shape) < 0.2] = np.nan
    for column, sign in ((0, -1), (1, -1), (3, 1)):
        steps = []
        for value in np.linspace(-4, 4, 17):
            rows = base.copy()
            rows[:, column] = value
            steps.append(score.predict(rows))
        assert (sign * np.diff(steps, axis=0) >= -1e-6).all(), column
    assert np.ptp(score.predict(base)) > 0.5


def test_trees_are_free_where_no_sign_is_expected() -> None:
    """A U-shaped effect can be fitted: both ends lie above the middle."""
    rng = np.random.default_rng(11)
    rows = rng.uniform(-2, 2, (600, 1))
    outcome = (rng.random(600) < expit(2 * np.abs(rows[:, 0]) - 2)).astype(np.float64)
    low, middle, high = fit_xgboost(TuningSettings())(training_data_of(rows, outcome)).score.predict(
        np.array([[-1.8], [0.0], [1.8]])
    )
    assert min(low, high) > middle + 0.5
