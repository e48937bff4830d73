"""What sites have in common, and what a new one should expect."""

import numpy as np
import pytest
from scipy.stats import t

from models.outcomes import Floats
from training.metrics.random_effects import pool

BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=np.float64,
)
"""Tuberculosis yes and no, vaccinated and not, in 13 trials: Colditz 1994, doi:10.1001/jama.1994.03510330076038."""


def log_relative_risks() -> tuple[Floats, Floats]:
    ill, well, ill_without, well_without = BCG.T
    treated, control = ill + well, ill_without + well_without
    return (
        np.log(ill / treated) - np.log(ill_without / control),
        np.sqrt(1 / ill - 1 / treated + 1 / ill_without - 1 / control),
    )


def test_thirteen_vaccine_studies_are_pooled_as_metafor_does() -> None:
    """Its documentation's figures for restricted maximum likelihood with test = "knha", to the digits printed."""
    found = pool(*log_relative_risks())
    assert found.sites == 13
    assert found.tau**2 == pytest.approx(0.3132, abs=5e-5)
    assert [found.mean, found.low, found.high] == pytest.approx([-0.7145, -1.1084, -0.3206], abs=5e-5)


def test_equally_precise_sites_by_hand() -> None:
    """Estimates 1, 2 and 6 with error 1: mean 3, variance 7, of which 1 is error and 6 lies between the sites."""
    found = pool(np.array([1.0, 2, 6]), np.ones(3))
    error = np.sqrt(7 / 3)
    assert found.mean == pytest.approx(3)
    assert found.tau == pytest.approx(np.sqrt(6))
    assert found.high == pytest.approx(3 + t.ppf(0.975, 2) * error)
    assert found.new_high == pytest.approx(3 + t.ppf(0.975, 1) * np.sqrt(6 + 7 / 3))
    assert found.new_high - 3 == pytest.approx(3 - found.new_low)


def test_sites_that_differ_by_chance_only_have_no_spread() -> None:
    found = pool(np.array([1.0, 1.1, 0.9, 1.0]), np.ones(4))
    assert found.tau == 0
    assert found.new_low == pytest.approx(1 - t.ppf(0.975, 2) * (found.mean - found.low) / t.ppf(0.975, 3))


def test_two_sites_say_nothing_of_a_third_and_one_has_no_interval() -> None:
    two, one, none = (pool(np.arange(k, dtype=np.float64), np.ones(k)) for k in (2, 1, 0))
    assert np.isfinite([two.mean, two.low, two.high, two.tau]).all()
    assert np.isnan([two.new_low, two.new_high]).all()
    assert one.mean == 0
    assert np.isnan([one.low, one.high, one.tau, one.new_low]).all()
    assert np.isnan(none.mean)


def test_sites_without_an_estimate_or_an_error_are_left_out() -> None:
    known = pool(np.array([1.0, 2, 6]), np.ones(3))
    nan = float("nan")
    assert pool(np.array([1.0, nan, 2, 6, 9, 9]), np.array([1.0, 1, 1, 1, nan, 0])) == known
