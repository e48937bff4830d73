"""Printed figures of a Cox model for relapse of breast cancer, fitted in Rotterdam and evaluated in Germany.

Van Calster and colleagues' CalibrationCurves prints them; all are reached to the last digit printed.
"""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tests.places import GOLDEN as EXPECTED_VALUES
from training.metrics.discrimination import c_index, cumulative_auc, uno_c
from training.metrics.incidence import aalen_johansen, answer_by
from training.metrics.intervals import interval, over_patients

GOLDEN = EXPECTED_VALUES / "calibrationcurves"
YEARS = 4.99

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason="the reference figures, ../shared/golden beside the repository, are absent"
)


def expected(name: str) -> np.ndarray:
    """The printed figure, or the figure with its interval."""
    return np.asarray(json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))["survival"][name])


def covariates(patients: pd.DataFrame) -> pd.DataFrame:
    coded = {
        "size_20_to_50": patients["csize"] == "20-50",
        "size_over_50": patients["csize"] == ">50",
        "nodes_1_to_3": patients["cnode"] == "1-3",
        "nodes_over_3": patients["cnode"] == ">3",
        "grade_3": patients["grade3"].astype(str) == "3",
    }
    return pd.DataFrame(coded).astype(np.float64)


@cache
def evaluated() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Years followed, what ended it, and the predicted risk by 4.99 years of the patients to be evaluated."""
    fitted_on, test = (pd.read_csv(GOLDEN / f"{name}DataSurvival.csv") for name in ("train", "test"))
    columns = covariates(fitted_on)
    cox = CoxPHFitter().fit(columns.assign(years=fitted_on["ryear"], rfs=fitted_on["rfs"]), "years", "rfs")
    hazard = np.exp(columns.to_numpy() @ cox.params_.to_numpy())
    baseline = efron_baseline(fitted_on["ryear"].to_numpy(), fitted_on["rfs"].to_numpy() == 1, hazard)
    risk = 1 - np.exp(-baseline * np.exp(covariates(test).to_numpy() @ cox.params_.to_numpy()))
    return test["ryear"].to_numpy(np.float64), test["rfs"].to_numpy(np.int8), risk


def efron_baseline(years: np.ndarray, relapsed: np.ndarray, hazard: np.ndarray) -> float:
    """The cumulative baseline hazard by 4.99 years, ties by Efron as in R; lifelines has Breslow's, 5e-5 lower."""
    total = 0.0
    for year in np.unique(years[relapsed & (years <= YEARS)]):
        tied = hazard[(years == year) & relapsed]
        left = hazard[years >= year].sum() - np.arange(len(tied)) / len(tied) * tied.sum()
        total += float((1 / left).sum())
    return total


def one_fold() -> tuple[np.ndarray, np.ndarray]:
    patients = len(evaluated()[0])
    return np.ones((1, patients)), np.zeros(patients, dtype=np.intp)


def test_harrells_c() -> None:
    assert c_index(*evaluated(), *one_fold())[0] == pytest.approx(expected("HarrellC")[0], abs=5e-7)


def test_unos_c() -> None:
    assert uno_c(*evaluated(), *one_fold(), last_day=YEARS)[0] == pytest.approx(expected("UnoC")[0], abs=5e-8)


def test_unos_auc_at_4_99_years() -> None:
    assert cumulative_auc(*evaluated(), *one_fold(), day=YEARS)[0] == pytest.approx(expected("UnoAUC")[0], abs=5e-8)


def test_brier_score_of_the_model_and_of_the_overall_curve_and_what_is_gained() -> None:
    followed, ended_by, risk = evaluated()
    relapse, weight = answer_by(followed, ended_by, YEARS)
    overall = aalen_johansen(followed, ended_by, one_fold()[0], np.array([YEARS])).relapse[0, 0]
    model, nothing = (np.average((relapse - given) ** 2, weights=weight) for given in (risk, overall))
    assert model == pytest.approx(expected("Brier_cox"), abs=5e-8)
    assert nothing == pytest.approx(expected("Brier_null"), abs=5e-8)
    assert 1 - model / nothing == pytest.approx(expected("IPA"), abs=5e-8)


def test_intervals_are_much_like_those_of_large_sample_theory() -> None:
    """Theirs come from standard errors (some of the infinitesimal jackknife), ours from 500 draws: limits within 0.01.

    The percentiles of 500 draws are themselves uncertain by about a tenth of the interval's half width, 0.03 to 0.06.
    """
    patients = over_patients(len(evaluated()[0]), 500, seed=1)
    fold = one_fold()[1]
    for name, values in (
        ("HarrellC", c_index(*evaluated(), patients, fold)),
        ("UnoC", uno_c(*evaluated(), patients, fold, last_day=YEARS)),
        ("UnoAUC", cumulative_auc(*evaluated(), patients, fold, day=YEARS)),
    ):
        found = interval(values)
        np.testing.assert_allclose([found.low or 0, found.high or 0], expected(name)[1:], atol=0.01)
