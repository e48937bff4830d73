"""The regression of the hazard of relapse in every draw: Cox, and Fine and Gray, as lifelines fits them."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from models.outcomes import Floats
from training.metrics.hazard_regression import fit_hazard
from training.metrics.spline import spline_through

DAY = 20.0


def drawn(seed: int, patients: int) -> tuple[Floats, np.ndarray, Floats]:
    """Weeks followed with many ties, how they ended, and columns of a spline."""
    rng = np.random.default_rng(seed)
    score = rng.standard_normal(patients)
    relapse, competing = np.ceil(rng.exponential(20 * np.exp(-0.7 * score))), np.ceil(rng.exponential(50, patients))
    lost = rng.integers(5, 60, patients).astype(np.float64)
    followed = np.minimum(np.minimum(relapse, competing), lost)
    ended_by = np.where(followed == relapse, 1, np.where(followed == competing, 2, 0)).astype(np.int8)
    return followed, ended_by, spline_through(score, 200).columns(score)


def lifelines(followed: Floats, relapsed: np.ndarray, columns: Floats) -> CoxPHFitter:
    frame = pd.DataFrame(columns).assign(time=followed, relapsed=relapsed)
    return CoxPHFitter().fit(frame, "time", "relapsed")


def without_ties(followed: Floats) -> Floats:
    return followed - np.linspace(0, 0.9, len(followed))


def test_without_competing_events_the_coefficients_are_those_of_lifelines_with_ties() -> None:
    followed, ended_by, columns = drawn(1, 500)
    relapsed = (ended_by == 1).astype(np.int8)
    found = fit_hazard(followed, relapsed, columns, np.ones((2, 500)), DAY).coefficients
    expected = lifelines(followed, relapsed, columns).params_.to_numpy()
    assert found == pytest.approx(np.tile(expected, (2, 1)), abs=1e-4)


def test_without_ties_the_baseline_is_that_of_lifelines() -> None:
    followed, ended_by, columns = drawn(2, 500)
    followed, relapsed = without_ties(followed), (ended_by == 1).astype(np.int8)
    baseline = lifelines(followed, relapsed, columns).baseline_cumulative_hazard_
    by_day = baseline[baseline.index <= DAY].to_numpy()[-1]
    # lifelines' baseline is at the mean of the columns, which is 0
    assert fit_hazard(followed, relapsed, columns, np.ones((1, 500)), DAY).baseline == pytest.approx(by_day, rel=1e-5)


def test_with_ties_the_baseline_rises_by_efron() -> None:
    """Of 5 at risk 2 relapse on day 1: 1/5 + 1/4; then 1 of 2 on day 3: 1/2; day 9 is after day 8."""
    followed, ended_by = np.array([1.0, 1, 2, 3, 9]), np.array([1, 1, 0, 1, 1], dtype=np.int8)
    found = fit_hazard(followed, ended_by, np.zeros((5, 1)), np.ones((1, 5)), 8.0)
    assert found.baseline == pytest.approx(1 / 5 + 1 / 4 + 1 / 2)


def test_a_competing_event_stays_at_risk_by_the_chance_of_not_being_censored() -> None:
    """Of the three left after day 1 one was lost on day 2: who competed on day 1 counts 2/3 on days 3 and 4."""
    followed, ended_by = np.array([1.0, 2, 3, 4]), np.array([2, 0, 1, 1], dtype=np.int8)
    found = fit_hazard(followed, ended_by, np.zeros((4, 1)), np.ones((1, 4)), 4.0)
    assert found.baseline == pytest.approx(1 / (2 + 2 / 3) + 1 / (1 + 2 / 3))


def test_where_nobody_is_lost_a_competing_event_is_a_patient_followed_to_the_end() -> None:
    followed, ended_by, columns = drawn(3, 500)
    competed = np.where(ended_by == 0, 2, ended_by).astype(np.int8)
    without_end = np.where(competed == 2, 1000.0, followed)
    weights = np.random.default_rng(3).poisson(1, (20, 500)).astype(np.float64)
    weights[0] = 1
    found = fit_hazard(followed, competed, columns, weights, DAY)
    same = fit_hazard(without_end, (competed == 1).astype(np.int8), columns, weights, DAY)
    assert found.coefficients == pytest.approx(same.coefficients, abs=1e-9)
    assert found.baseline == pytest.approx(same.baseline, abs=1e-9)


def test_fine_and_gray_equal_a_cox_regression_on_patients_who_are_split_and_weighted() -> None:
    """Who competed is entered again up to each later day with a relapse, with weight G(t-)/G(T-)."""
    followed, ended_by, columns = drawn(4, 200)
    followed = without_ties(followed)
    days = np.unique(followed[ended_by == 1])
    losses = np.unique(followed[ended_by == 0])

    def not_lost_before(day: float) -> float:
        return float(np.prod([1 - 1 / (followed >= loss).sum() for loss in losses if loss < day]))

    rows = [(0.0, end, by == 1, 1.0, *x) for end, by, x in zip(followed, ended_by, columns, strict=True)]
    for end, x in zip(followed[ended_by == 2], columns[ended_by == 2], strict=True):
        later = days[days > end]
        start = np.append(end, later[:-1]) if len(later) else later
        observed = [not_lost_before(day) / not_lost_before(end) for day in later]
        rows += [(a, b, False, share, *x) for a, b, share in zip(start, later, observed, strict=True)]
    frame = pd.DataFrame(rows, columns=["start", "end", "relapsed", "weight", *map(str, range(columns.shape[1]))])
    model = CoxPHFitter().fit(
        frame, "end", "relapsed", entry_col="start", weights_col="weight", robust=True, fit_options={"precision": 1e-9}
    )
    found = fit_hazard(followed, ended_by, columns, np.ones((1, 200)), DAY).coefficients[0]
    assert found == pytest.approx(model.params_.to_numpy(), abs=2e-4)


def test_a_weight_counts_a_patient_as_often_with_ties_and_competing_events() -> None:
    followed, ended_by, columns = drawn(5, 300)
    weights = np.random.default_rng(5).integers(0, 4, 300)
    again = np.repeat(np.arange(300), weights)
    found = fit_hazard(followed, ended_by, columns, weights[None].astype(np.float64), DAY)
    repeated = fit_hazard(followed[again], ended_by[again], columns[again], np.ones((1, len(again))), DAY)
    assert found.coefficients == pytest.approx(repeated.coefficients, abs=1e-8)
    assert found.baseline == pytest.approx(repeated.baseline, abs=1e-8)


def test_every_draw_is_fitted_as_if_alone() -> None:
    """Enough draws for two blocks; who was lost is read off the first row in every draw."""
    followed, ended_by, columns = drawn(6, 3000)
    weights = np.random.default_rng(6).poisson(1, (180, 3000)).astype(np.float64)
    weights[0] = 1
    found = fit_hazard(followed, ended_by, columns, weights, DAY)
    last = fit_hazard(followed, ended_by, columns, weights[[0, -1]], DAY)
    assert found.coefficients[-1] == pytest.approx(last.coefficients[1], abs=1e-7)
    assert found.baseline[-1] == pytest.approx(last.baseline[1], abs=1e-7)
