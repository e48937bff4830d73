"""Without a change the expected wealth of every e-process is 1."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, norm

from training.monitoring.statistics.e_processes import (
    CUTS,
    RATE_SHAPE,
    SPREAD,
    e_process_over_starts,
    gather,
    proportions_log_wealth,
    rate_log_wealth,
    recalibration_gains,
    recalibration_log_wealth,
    shift_log_wealth,
    sums_by_start,
    tails_log_wealth,
)


def test_the_expected_wealth_against_proportions_is_1() -> None:
    """Five values in three cells: the mean over all 3^5 courses, each as likely as the proportions say, is 1."""
    proportions, wealth = np.array([0.5, 0.3, 0.2]), 0.0
    for cells in product(range(3), repeat=5):
        counts = np.bincount(cells, minlength=3).astype(np.float64)
        wealth += float(np.prod(proportions[list(cells)]) * np.exp(proportions_log_wealth(counts, proportions)))
    assert wealth == pytest.approx(1)


def test_the_expected_wealth_against_tails_is_1() -> None:
    """Three ranks, each in one of the eight intervals between the cuts."""
    edges = np.concatenate([[0], CUTS, [1]])
    middle, width, wealth = (edges[:-1] + edges[1:]) / 2, np.diff(edges), 0.0
    for places in product(range(len(width)), repeat=3):
        below = (middle[list(places)][:, None] < CUTS).sum(axis=0).astype(np.float64)
        wealth += float(np.prod(width[list(places)]) * np.exp(tails_log_wealth(below, np.array(3.0))))
    assert wealth == pytest.approx(1)


def test_the_wealth_against_a_mean_of_0_is_the_mean_over_normal_shifts() -> None:
    """Three scores with the sum 2.5: the likelihood ratio exp(shift sum - 3 shift^2 / 2), averaged by quadrature."""
    mean, _ = quad(lambda shift: np.exp(2.5 * shift - 1.5 * shift**2) * norm.pdf(shift, scale=SPREAD), -10, 10)
    assert np.exp(shift_log_wealth(np.array(2.5), np.array(3.0))) == pytest.approx(mean)


def test_the_wealth_against_a_rate_is_the_mean_over_gamma_rates() -> None:
    """Four events where 2.2 were expected: rate^4 exp(-(rate - 1) 2.2), averaged by quadrature."""
    prior = gamma(RATE_SHAPE, scale=1 / RATE_SHAPE)
    mean, _ = quad(lambda rate: rate**4 * np.exp(-(rate - 1) * 2.2) * prior.pdf(rate), 0, 60)
    assert np.exp(rate_log_wealth(np.array(4.0), np.array(2.2))) == pytest.approx(mean)


def test_the_expected_wealth_against_calibration_is_1() -> None:
    log_odds, wealth = np.array([-1.2, 0.3, 0.8]), 0.0
    probability = 1 / (1 + np.exp(-log_odds))
    for answers in product((0.0, 1.0), repeat=3):
        observed = np.array(answers)
        chance = np.prod(np.where(observed == 1, probability, 1 - probability))
        gains = recalibration_gains(observed, log_odds, centre=-1.0).sum(axis=0)
        wealth += chance * np.exp(recalibration_log_wealth(gains))
    assert wealth == pytest.approx(1)


def test_without_data_every_wealth_is_1() -> None:
    nothing = np.zeros(1)
    assert shift_log_wealth(nothing, nothing)[0] == pytest.approx(0)
    assert rate_log_wealth(nothing, nothing)[0] == pytest.approx(0)
    assert proportions_log_wealth(np.zeros((1, 4)), np.full(4, 0.25))[0] == pytest.approx(0)
    assert tails_log_wealth(np.zeros((1, len(CUTS))), nothing)[0] == pytest.approx(0)
    assert e_process_over_starts(np.zeros((7, 7))).log_wealth == pytest.approx(np.zeros(7))


def test_an_e_process_starts_every_month_with_a_part_of_the_wealth() -> None:
    """Two months; only the second start gains: 1/2 stays in the first, 1/6 grows tenfold, 1/3 is for later starts."""
    wealth = np.log([[1.0, 1.0], [1.0, 10.0]])
    course = e_process_over_starts(wealth)
    assert np.exp(course.log_wealth) == pytest.approx([1 / 2 + 1 / 6 + 1 / 3, 1 / 2 + 10 / 6 + 1 / 3])
    assert course.since.tolist() == [0, 1]


def test_sums_are_by_start_and_by_the_month_in_which_values_are_known() -> None:
    """Three patients: came in months 0, 0, 1; known in 0, 2, 1."""
    values = np.array([[1.0], [10.0], [100.0]])
    sums = sums_by_start(gather(values, np.array([0, 0, 1]), np.array([0, 2, 1]), 3))[..., 0]
    assert sums.tolist() == [[1, 101, 111], [0, 100, 100], [0, 0, 0]]
