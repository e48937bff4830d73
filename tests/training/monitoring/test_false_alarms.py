"""A clinic may look every month for five years: as long as nothing changes, it is hardly ever called to act."""

import numpy as np
import pytest
from scipy.special import ndtri

from tests.training.monitoring.lifetimes import (
    ANSWERED,
    MISSING,
    NUMBERS,
    Stream,
    alarmed,
    at_most,
    calibration_course,
    drift_course,
    normal,
)
from training.monitoring.statistics.bins import number_bins

FIVE_YEARS = (60, 0)


@pytest.mark.parametrize(
    ("per_month", "lifetimes"),
    [(10, 60), *(pytest.param(per_month, 200, marks=pytest.mark.long) for per_month in (10, 50))],
)
def test_no_more_than_one_lifetime_in_twenty_sees_any_false_alarm(per_month: int, lifetimes: int) -> None:
    """A model of which five items are monitored, with the whole 5% shared among them, at a training of 300 patients.

    The upper 95% limit of the share of lifetimes with any alarm lies below the 5% that are promised.
    """
    rng = np.random.default_rng(per_month)
    streams = (*NUMBERS, ANSWERED, MISSING)
    share = 1 / (len(streams) + 1)
    alarms = 0
    for _ in range(lifetimes):
        courses = [drift_course(rng, stream, per_month, FIVE_YEARS, training=300) for stream in streams]
        courses.append(calibration_course(rng, per_month, FIVE_YEARS))
        alarms += any(alarmed(course, share) for course in courses)
    assert at_most(alarms, lifetimes) <= 0.05, f"{alarms} of {lifetimes} lifetimes had a false alarm"


def test_a_small_training_raises_no_more_alarms() -> None:
    """With thirty training patients nothing is known of their distribution; the ranks take it as not known."""
    rng, lifetimes = np.random.default_rng(3), 200
    stream = Stream(normal, normal, number_bins)
    alarms = sum(alarmed(drift_course(rng, stream, 10, (36, 0), training=30), 1.0) for _ in range(lifetimes))
    assert at_most(alarms, lifetimes) <= 0.05


def test_comparing_with_the_training_as_if_it_were_the_truth_would_raise_false_alarms() -> None:
    """Why ranks are taken among training and new patients together, and not from the training's quantiles alone."""
    rng, lifetimes, alarms = np.random.default_rng(4), 60, 0
    for _ in range(lifetimes):
        training = np.sort(rng.standard_normal(60))
        new = rng.standard_normal(1500)
        naive = np.clip(np.searchsorted(training, new) / len(training), 0.01, 0.99)
        number = np.arange(1, len(new) + 1)
        total = np.cumsum(ndtri(naive))
        wealth = -np.log1p(0.25 * number) / 2 + 0.25 * total**2 / (2 * (1 + 0.25 * number))
        alarms += bool(wealth.max() >= np.log(20))
    assert alarms / lifetimes > 0.3
