"""Months until a change is found at thirty patients a month: the numbers of the guide and the verdicts.

Every check has its share of the 5% in a model of three landmarks with about three hundred monitored items.
"""

import numpy as np
import pytest

from tests.training.monitoring.lifetimes import (
    ANSWERS,
    FEATURES,
    SEVERITY,
    Stream,
    alarmed,
    calibration_course,
    drift_course,
    months_until,
    normal,
    shifted,
    wider,
    yes,
)
from training.monitoring.statistics.bins import number_bins, yes_no_bins
from training.monitoring.statistics.calibration import ENOUGH, ENOUGH_RELAPSES
from training.monitoring.statistics.drift import ENOUGH_PATIENTS
from training.monitoring.statistics.e_processes import rate_log_wealth

RUNS = 25
CHANGES = {
    "severity up by 0.8 standard deviations": (SEVERITY, FEATURES, 3),
    "any feature up by 0.5 standard deviations": (Stream(normal, shifted(0.5), number_bins), FEATURES, 7),
    "a feature of 85 in 100 patients is no longer recorded": (Stream(yes(0.15), yes(1.0), yes_no_bins), FEATURES, 1),
    "a feature of all patients is missing in one of five": (Stream(yes(0.0), yes(0.2), yes_no_bins), FEATURES, 3),
    "answers up by 0.5 standard deviations": (Stream(normal, shifted(0.5), number_bins), ANSWERS, 7),
    "answers spread 1.6 times as far": (Stream(normal, wider(1.6), number_bins), ANSWERS, 10),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_a_year_of_rest_is_found_within_months(change: str) -> None:
    stream, share, months = CHANGES[change]
    rng = np.random.default_rng(1)
    found = [months_until(drift_course(rng, stream, 30, (12, 18), 1000), share, 12) for _ in range(RUNS)]
    assert np.median(found) <= months, sorted(found)


def test_rest_of_four_years_costs_a_month_or_two() -> None:
    rng = np.random.default_rng(2)
    found = [months_until(drift_course(rng, SEVERITY, 30, (48, 12), 1000), FEATURES, 48) for _ in range(RUNS)]
    assert np.median(found) <= 4, sorted(found)


def test_the_month_of_the_change_is_estimated() -> None:
    rng = np.random.default_rng(3)
    courses = [drift_course(rng, SEVERITY, 30, (12, 12), 1000) for _ in range(RUNS)]
    assert np.median([abs(course.since[-1] - 12) for course in courses]) <= 1


def test_calibration_that_is_lost_is_found_within_a_year() -> None:
    """From a right model to one that predicts 27% instead of 50%, or 50% instead of 27%."""
    rng = np.random.default_rng(4)
    found = [months_until(calibration_course(rng, 30, (12, 24), lacking=1.0), ANSWERS, 12) for _ in range(RUNS)]
    assert np.median(found) <= 10, sorted(found)


def test_patients_enough_for_order_would_have_shown_a_large_shift() -> None:
    """`ENOUGH_PATIENTS` at a training of 400: a shift of 0.8 standard deviations from the first patient on."""
    rng, runs = np.random.default_rng(5), 120
    months = ENOUGH_PATIENTS // 20
    found = [alarmed(drift_course(rng, SEVERITY, 20, (0, months), 400), FEATURES) for _ in range(runs)]
    assert np.mean(found) >= 0.85


def test_outcomes_enough_for_order_would_have_shown_a_large_error() -> None:
    """`ENOUGH` outcomes of which the log-odds lack 1.0: odds nearly three times as high as predicted."""
    rng, runs = np.random.default_rng(6), 120
    months = -(-ENOUGH // 21)
    found = [alarmed(calibration_course(rng, 30, (0, months), lacking=1.0, delay=0), ANSWERS) for _ in range(runs)]
    assert np.mean(found) >= 0.85


def test_relapses_enough_for_order_would_have_shown_twice_as_many() -> None:
    rng, expected = np.random.default_rng(7), float(ENOUGH_RELAPSES)
    relapses = rng.poisson(2 * expected, 400).astype(np.float64)
    begun_at_once = rate_log_wealth(relapses, np.full(400, expected)) - np.log(2)
    assert np.mean(begun_at_once >= -np.log(0.05 * ANSWERS)) >= 0.85
