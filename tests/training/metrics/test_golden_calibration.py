"""Calibration and overall error as the R package CalibrationCurves prints them in its vignette.

Compared is what there is a measure for. D, R2 and Q are not: the package computes them from the recalibrated
predictions. ECI is not among the measures. The C statistics and the cumulative AUC are compared where discrimination
is tested. Its smooth curve is loess for binary outcomes, ours a logistic regression on a spline, so that the errors
read off these agree to a tolerance only; for survival both are a Cox regression on a spline.
"""

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sklearn.metrics import roc_auc_score

from models.outcomes import Floats, expit
from tests.places import GOLDEN as EXPECTED_VALUES
from training.metrics import hazard_regression
from training.metrics.hazard_curve import HazardCurve, hazard_curve
from training.metrics.hazard_slope import hazard_slope
from training.metrics.incidence import aalen_johansen, censoring_free
from training.metrics.logistic import fit_logistic
from training.metrics.reliability import (
    brier_by_draw,
    calibration_in_the_large_by_draw,
    calibration_slope_by_draw,
    log_loss_by_draw,
    log_odds_of,
    scaled_brier,
)
from training.metrics.smooth_curve import calibration_errors, smooth_curve

GOLDEN = EXPECTED_VALUES / "calibrationcurves"

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason="the reference figures, ../shared/golden beside the repository, are absent"
)

YEARS = 4.99


def expected(part: str) -> dict[str, Any]:
    return dict(json.loads((GOLDEN / "expected.json").read_text())[part])


def with_intercept(columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns)), columns])


@cache
def binary() -> tuple[Floats, Floats, Floats]:
    """Outcomes and predictions of the test data by a model fitted on the training data; every patient counts once."""
    development, tested = (pd.read_csv(GOLDEN / f"{name}data.csv") for name in ("train", "test"))
    names = ["x1", "x2", "x3", "x4"]
    observed = development["y"].to_numpy(np.float64)
    design = with_intercept(development[names].to_numpy())
    (model,) = fit_logistic(design, observed, np.ones((1, len(observed))), np.zeros(len(observed)))
    assert model.round(5).tolist() == list(expected("binary")["coef"].values())
    return (
        tested["y"].to_numpy(np.float64),
        expit(with_intercept(tested[names].to_numpy()) @ model),
        np.ones((1, len(tested))),
    )


def test_binary_measures_to_the_eight_digits_printed() -> None:
    observed, predicted, once = binary()
    printed = expected("binary")["val.prob.ci.2"]
    found = {
        "C (ROC)": roc_auc_score(observed, predicted),
        "Brier": brier_by_draw(observed, predicted, once)[0],
        "Brier scaled": scaled_brier(observed, predicted, once)[0],
        "Intercept": calibration_in_the_large_by_draw(observed, predicted, once)[0],
        "Slope": calibration_slope_by_draw(observed, predicted, once)[0],
    }
    assert found == pytest.approx({name: printed[name] for name in found}, abs=5e-9)


def test_binary_joint_recalibration_to_the_eight_digits_printed() -> None:
    """U is twice the log-likelihood gained by intercept and slope; Emax the widest gap the two open anywhere."""
    observed, predicted, once = binary()
    printed = expected("binary")["val.prob.ci.2"]
    log_odds = log_odds_of(predicted)
    ((shift, slope),) = fit_logistic(with_intercept(log_odds), observed, once, np.zeros(len(observed)))
    after = log_loss_by_draw(observed, expit(shift + slope * log_odds), once)
    gained = 2 * len(observed) * (log_loss_by_draw(observed, predicted, once) - after)
    assert gained == pytest.approx(printed["U:Chi-sq"], abs=5e-9)
    any_prediction = np.linspace(0, 1, 200_001)[1:-1]
    gap = np.abs(expit(shift + slope * log_odds_of(any_prediction)) - any_prediction)
    assert gap.max() == pytest.approx(printed["Emax"], abs=1e-8)


def test_binary_mean_calibration_error_with_another_smoother() -> None:
    observed, predicted, once = binary()
    errors = calibration_errors(smooth_curve(observed, predicted, once), predicted, once)
    assert errors.ici == pytest.approx(expected("binary")["val.prob.ci.2"]["Eavg (ICI, loess)"], abs=5e-3)


@cache
def survival() -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Years, relapses, linear predictors and risks by 4.99 years of the GBSG patients by a Cox model of Rotterdam's.

    Baseline hazard with ties by Efron, as in R's survfit; lifelines takes Breslow's.
    """
    development, tested = (pd.read_csv(GOLDEN / f"{name}DataSurvival.csv") for name in ("train", "test"))
    columns = [(name, level) for name in ("csize", "cnode", "grade3") for level in _levels(development[name])[1:]]
    rows, new = (
        pd.DataFrame({f"{name} {level}": (frame[name].astype(str) == level) * 1.0 for name, level in columns})
        for frame in (development, tested)
    )
    model = CoxPHFitter().fit(rows.assign(time=development["ryear"], event=development["rfs"]), "time", "event").params_
    hazard = np.exp(rows.to_numpy() @ model.to_numpy())
    years, event = development["ryear"].to_numpy(), development["rfs"].to_numpy() == 1
    baseline = 0.0
    for at in np.unique(years[event & (years <= YEARS)]):
        at_risk, tied = hazard[years >= at].sum(), hazard[event & (years == at)]
        baseline += sum(1 / (at_risk - gone / len(tied) * tied.sum()) for gone in range(len(tied)))
    score = new.to_numpy() @ model.to_numpy()
    return (
        tested["ryear"].to_numpy(np.float64),
        tested["rfs"].to_numpy(np.int8),
        score,
        1 - np.exp(-baseline * np.exp(score)),
    )


def _levels(column: pd.Series) -> list[str]:  # type: ignore[type-arg]
    return sorted(column.astype(str).unique())


def known_by_then(years: Floats, relapsed: np.ndarray) -> tuple[Floats, Floats]:
    """Relapse by then, and inverse-probability-of-censoring weights (1, n); 0 for those lost before."""
    observed = (relapsed == 1) & (years <= YEARS)
    free = censoring_free(years, relapsed, np.ones(len(years)), np.minimum(years, YEARS))
    return observed.astype(np.float64), np.where(observed | (years > YEARS), 1 / free, 0.0)[None]


def test_survival_observed_over_expected() -> None:
    """Relapsed by Kaplan-Meier over the mean prediction."""
    years, relapsed, _, predicted = survival()
    observed = aalen_johansen(years, relapsed, np.ones((1, len(years))), np.array([YEARS])).relapse[:, 0]
    assert observed / predicted.mean() == pytest.approx(expected("survival")["OE"][0], abs=1e-6)


def test_survival_calibration_slope() -> None:
    years, relapsed, score, _ = survival()
    found = hazard_slope(years, relapsed, score, np.ones((1, len(years))))
    assert found == pytest.approx(expected("survival")["calibration_slope"][0], abs=1e-6)


def test_survival_overall_error_weighted_for_censoring() -> None:
    years, relapsed, _, predicted = survival()
    observed, weights = known_by_then(years, relapsed)
    assert brier_by_draw(observed, predicted, weights) == pytest.approx(expected("survival")["Brier_cox"], abs=5e-5)
    assert scaled_brier(observed, predicted, weights) == pytest.approx(expected("survival")["IPA"], abs=5e-5)


def test_survival_calibration_errors() -> None:
    """The package stops its regression early, see the next test; ours goes on to the maximum."""
    years, relapsed, _, predicted = survival()
    once = np.ones((1, len(years)))
    errors = calibration_errors(hazard_curve(years, relapsed, predicted, once, YEARS), predicted, once)
    printed = expected("survival")
    assert errors.ici == pytest.approx(printed["ICI"], abs=5e-5)
    assert errors.e50 == pytest.approx(printed["E50"], abs=1e-4)
    assert [errors.e90[0], errors.emax[0]] == pytest.approx([printed["E90"], printed["Emax"]], abs=5e-4)


def test_survival_calibration_errors_to_the_eight_digits_printed_after_as_many_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Newton's third step from 0 gains less than a ten-thousandth of the log-likelihood, where rms::cph stops."""
    monkeypatch.setattr(hazard_regression, "_RIDGE", 0.0)
    years, relapsed, _, predicted = survival()
    spline = hazard_curve(years, relapsed, predicted, np.ones((1, len(years))), YEARS).spline
    order = np.argsort(-years, kind="stable")
    once = np.ones((1, len(years)))
    columns = spline.columns(np.log(-np.log1p(-predicted)))[order]
    at_risk = hazard_regression._RiskSets(years[order], relapsed[order], once[0])
    regression = hazard_regression._Regression(at_risk, columns, YEARS)
    coefficients = np.zeros((1, columns.shape[1]))
    for _ in range(3):
        gradient, curvature, _ = regression._slopes(once, at_risk.sums_over_relapses(once), coefficients)
        coefficients = coefficients + np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
    rises = regression._slopes(once, at_risk.sums_over_relapses(once), coefficients)[2]
    baseline = rises[:, at_risk.days <= YEARS].sum(axis=1)
    curve = HazardCurve(spline, hazard_regression.HazardModel(coefficients, baseline))
    distance = np.abs(curve.observed_at(predicted)[0] - predicted)
    found = [distance.mean(), *np.quantile(distance, [0.5, 0.9]), distance.max()]
    assert found == pytest.approx([expected("survival")[name] for name in ("ICI", "E50", "E90", "Emax")], abs=2e-8)
