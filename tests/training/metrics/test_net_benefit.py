"""Net benefit by hand, and as R's dcurves gives it on the data that come with it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.outcomes import Floats, expit
from tests.places import GOLDEN as EXPECTED_VALUES
from training.metrics.logistic import fit_logistic
from training.metrics.net_benefit import (
    net_benefit,
    net_benefit_censored,
    net_benefit_of_rates,
    net_benefit_treat_all,
    net_intervention_avoided,
)

GOLDEN = EXPECTED_VALUES / "dcurves"

golden = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason="the reference figures, ../shared/golden beside the repository, are absent"
)
ONCE = np.ones((1, 750))


def test_net_benefit_by_hand() -> None:
    """Four patients, two with the outcome; at 1/3 a false positive costs half a true one; a draw with D twice."""
    observed, predicted = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.2, 0.5, 0.1])
    weights = np.array([[1.0, 1, 1, 1], [1, 1, 1, 2]])
    found = net_benefit(observed, predicted, weights, np.array([1 / 3]))
    assert found[:, 0] == pytest.approx([(1 - 1 * 1 / 2) / 4, (1 - 1 * 1 / 2) / 5])
    with_harm = net_benefit(observed, predicted, weights, np.array([1 / 3]), harm=0.05)
    assert with_harm[:, 0] == pytest.approx([1 / 8 - 0.05, 1 / 10 - 0.05])


@pytest.mark.parametrize(("risk", "treated"), [(0.29, 0), (0.3, 1), (0.31, 1)])
def test_a_patient_at_the_threshold_is_treated(risk: float, treated: int) -> None:
    assert net_benefit(np.ones(1), np.array([risk]), np.ones((1, 1)), np.array([0.3])) == pytest.approx(treated)


def test_at_threshold_0_everybody_is_treated_even_at_a_risk_of_0_and_nothing_is_spared() -> None:
    observed, predicted, nothing = np.array([1.0, 0, 0, 0]), np.array([0.0, 0, 0.5, 0.9]), np.zeros(1)
    found, everybody = net_benefit(observed, predicted, np.ones((1, 4)), nothing), np.array([[1 / 4]])
    assert found == pytest.approx(everybody)
    assert net_benefit_treat_all(np.array([1 / 4]), nothing) == pytest.approx(everybody)
    assert np.isnan(net_intervention_avoided(found, everybody, nothing)).all()


def test_a_threshold_of_1_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        net_benefit(np.ones(1), np.ones(1), np.ones((1, 1)), np.ones(1))


def test_without_censoring_the_censored_net_benefit_is_the_plain_one_in_every_draw() -> None:
    """Competing events count as no relapse."""
    rng = np.random.default_rng(1)
    followed, ended_by = rng.integers(1, 200, 300).astype(np.float64), rng.integers(1, 3, 300).astype(np.int8)
    predicted, weights = rng.random(300), rng.poisson(1, (4, 300)).astype(np.float64)
    relapsed = ((ended_by == 1) & (followed <= 90)).astype(np.float64)
    thresholds = np.array([0.05, 0.2, 0.5, 0.8])
    assert net_benefit_censored(followed, ended_by, predicted, weights, thresholds, 90) == pytest.approx(
        net_benefit(relapsed, predicted, weights, thresholds), abs=1e-12
    )


def test_a_threshold_that_nobody_reaches_is_worth_as_much_as_treating_nobody() -> None:
    followed, ended_by = np.array([5.0, 9.0]), np.array([1, 0], dtype=np.int8)
    found = net_benefit_censored(followed, ended_by, np.array([0.1, 0.2]), np.ones((1, 2)), np.array([0.5]), 7)
    assert found == pytest.approx(0)


def reference(name: str, variable: str) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / name)
    return table[table["variable"] == variable].reset_index(drop=True)


def chance_by_logistic_regression(observed: Floats, column: Floats) -> Floats:
    """What dcurves puts in place of a predictor that is no probability."""
    design = np.column_stack([np.ones(len(column)), column])
    return expit(design @ fit_logistic(design, observed, np.ones((1, len(column))), np.zeros(len(column)))[0])


def as_given(_: Floats, column: Floats) -> Floats:
    return column


@golden
@pytest.mark.parametrize(
    ("results", "data", "variable", "chance", "harm"),
    [
        ("r_case1_results.csv", "df_binary.csv", "famhistory", as_given, 0.0),
        ("r_dca_famhistory.csv", "df_binary.csv", "famhistory", as_given, 0.0),
        ("r_case3_results.csv", "df_cancer_dx.csv", "marker", chance_by_logistic_regression, 0.0333),
        ("r_simple_binary_dca_result_df.csv", "df_binary.csv", "age", chance_by_logistic_regression, 0.0),
    ],
)
def test_binary_net_benefit_is_that_of_dcurves(
    results: str, data: str, variable: str, chance: Callable[[Floats, Floats], Floats], harm: float
) -> None:
    """From 0.01: at 0 dcurves calls a risk of exactly 0 negative, where the rule here stays as it is."""
    patients = pd.read_csv(GOLDEN / data)
    observed = patients["cancer"].to_numpy(np.float64)
    predicted = chance(observed, patients[variable].to_numpy(np.float64))
    expected, everybody = reference(results, variable)[1:], reference(results, "all")[1:]
    thresholds = expected["threshold"].to_numpy()
    found = net_benefit(observed, predicted, ONCE, thresholds, harm)
    assert found[0] == pytest.approx(expected["net_benefit"].to_numpy(), abs=1e-8)
    treat_all = net_benefit_treat_all(np.array([observed.mean()]), thresholds)
    assert treat_all[0] == pytest.approx(everybody["net_benefit"].to_numpy(), abs=1e-8)
    if "net_intervention_avoided" in expected:
        avoided = net_intervention_avoided(found, treat_all, thresholds)[0]
        assert avoided == pytest.approx(expected["net_intervention_avoided"].to_numpy(np.float64), abs=1e-8)


@golden
@pytest.mark.parametrize(
    ("results", "variable", "horizon"),
    [("r_case2_results.csv", "cancerpredmarker", 1.0), ("r_simple_surv_dca_result_df.csv", "famhistory", 1.5)],
)
def test_censored_net_benefit_is_that_of_dcurves(results: str, variable: str, horizon: float) -> None:
    """Where nobody above the threshold was followed to the horizon dcurves gives none.

    Here there is one if the last of them had the event: their curve has come to 0, and their share is the net benefit.
    """
    patients = pd.read_csv(GOLDEN / "df_surv.csv")
    followed, ended_by = patients["ttcancer"].to_numpy(), patients["cancer"].to_numpy(np.int8)
    expected, everybody = reference(results, variable)[1:], reference(results, "all")[1:]
    thresholds = expected["threshold"].to_numpy()
    found = net_benefit_censored(followed, ended_by, patients[variable].to_numpy(float), ONCE, thresholds, horizon)
    given = expected["net_benefit"].notna().to_numpy()
    assert given.sum() >= 73
    assert found[0, given] == pytest.approx(expected["net_benefit"][given].to_numpy(), abs=1e-6)
    known = ~given & np.isfinite(found[0])
    for threshold in thresholds[known]:
        above = patients[patients[variable] >= threshold]
        assert above.loc[above["ttcancer"].idxmax(), "cancer"]
    if known.any():
        assert found[0, known] == pytest.approx(expected["test_pos_rate"][known].to_numpy())
    treat_all = net_benefit_treat_all(everybody["pos_rate"].to_numpy()[:1], thresholds)
    assert treat_all[0] == pytest.approx(everybody["net_benefit"].to_numpy(), abs=1e-6)
    if "net_intervention_avoided" in expected:
        avoided = net_intervention_avoided(found, treat_all, thresholds)[0]
        reported = expected["net_intervention_avoided"].to_numpy(np.float64)
        assert avoided[given] == pytest.approx(reported[given], abs=1e-6)


@golden
def test_the_parts_of_the_censored_net_benefit_are_those_of_dcurves() -> None:
    """True and false positive rates, put together by the threshold's odds."""
    patients, parts = pd.read_csv(GOLDEN / "df_surv.csv"), pd.read_csv(GOLDEN / "r_simple_surv_tpfp_calc_df.csv")[1:]
    thresholds = parts["threshold"].to_numpy()
    expected = parts["tp_rate"] - parts["fp_rate"] * thresholds / (1 - thresholds)
    found = net_benefit_censored(
        patients["ttcancer"].to_numpy(),
        patients["cancer"].to_numpy(np.int8),
        patients["famhistory"].to_numpy(float),
        ONCE,
        thresholds,
        1.5,
    )
    assert found[0] == pytest.approx(expected.to_numpy(), abs=1e-6)


@golden
def test_the_net_benefit_of_the_tutorials_cox_model_is_that_of_stdca() -> None:
    patients, results = pd.read_csv(GOLDEN / "df_surv.csv"), "dca_tut_r_stdca_coxph_df.csv"
    predicted = pd.read_csv(GOLDEN / "dca_tut_coxph_pr_failure18_vals.csv")["pr_failure18"].to_numpy()
    expected = reference(results, "pr_failure18")
    thresholds = expected["threshold"].to_numpy()
    found = net_benefit_censored(
        patients["ttcancer"].to_numpy(), patients["cancer"].to_numpy(np.int8), predicted, ONCE, thresholds, 1.5
    )
    assert found[0] == pytest.approx(expected["net_benefit"].to_numpy(), abs=1e-6)


@golden
def test_in_case_control_data_the_base_rate_is_put_in_from_elsewhere() -> None:
    """Share above the threshold and risk there, from the two groups' own proportions and a prevalence of 20%."""
    patients = pd.read_csv(GOLDEN / "df_case_control.csv")
    case, predicted = patients["casecontrol"].to_numpy() == 1, patients["cancerpredmarker"].to_numpy()
    thresholds = np.array([0.1, 0.3])
    of_cases = (predicted[case, None] >= thresholds).mean(axis=0)
    of_controls = (predicted[~case, None] >= thresholds).mean(axis=0)
    positive = 0.2 * of_cases + 0.8 * of_controls
    found = net_benefit_of_rates(positive, 0.2 * of_cases / positive, thresholds)
    assert found == pytest.approx(0.2 * of_cases - 0.8 * of_controls * thresholds / (1 - thresholds))
