"""The Cox model that the relapse head is compared with is a right one."""

import numpy as np
import pytest
from lifelines import AalenJohansenFitter

from tests.studies.cox import Columns, fit_cox


def drawn(patients: int, effect: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Feature rows with gaps, days followed, who relapsed and who had a competing event; the first column acts."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 3))
    relapse = rng.exponential(300 / np.exp(effect * rows[:, 0]))
    competing, end = rng.exponential(900, patients), rng.uniform(100, 400, patients)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    days = np.ceil(np.minimum(np.minimum(relapse, competing), end))
    relapsed = (relapse <= competing) & (relapse <= end)
    return rows, days, relapsed, (competing < relapse) & (competing <= end)


@pytest.mark.long
def test_without_an_effect_the_incidence_is_that_of_aalen_and_johansen() -> None:
    rows, days, relapsed, competed = drawn(1500, effect=0.0, seed=1)
    codes = np.where(relapsed, 1, np.where(competed, 2, 0))
    jitter = days + np.random.default_rng(0).uniform(-0.01, 0.01, len(days))
    other = AalenJohansenFitter(calculate_variance=False).fit(jitter, codes, event_of_interest=1)
    expected = float(other.cumulative_density_.loc[:182.5].iloc[-1, 0])
    mean = fit_cox(rows, days, relapsed, competed).incidence(rows, 182).mean()
    assert mean == pytest.approx(expected, abs=0.005)


@pytest.mark.long
def test_an_effect_is_found_and_the_incidence_follows_it() -> None:
    model = fit_cox(*drawn(2000, effect=0.7, seed=2))
    assert model.coefficients[0] == pytest.approx(0.7, abs=0.15)
    assert np.abs(model.coefficients[1:3]).max() < 0.1
    low, high = model.incidence(np.array([[-1.0, 0, 0], [1.0, 0, 0]]), 182)
    assert low < 0.4 < high
    assert (model.incidence(np.zeros((1, 3)), 84) < model.incidence(np.zeros((1, 3)), 182)).all()


def test_a_missing_cell_is_the_median_with_a_flag_and_empty_or_equal_columns_go() -> None:
    rows = np.array([[1.0, np.nan, 5.0], [2.0, np.nan, 5.0], [np.nan, np.nan, 5.0], [6.0, np.nan, 5.0]])
    columns = Columns.from_rows(rows)
    values = columns.of_rows(rows)
    assert columns.used.tolist() == [0]
    assert values.shape == (4, 2)
    assert values[2, 0] == pytest.approx((2.0 - 2.75) / np.std([1, 2, 2, 6]))
    assert values[:, 1].tolist() == [0, 0, 1, 0]
