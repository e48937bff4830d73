"""Intervals of figures that can't be below 0: they hold their estimate, and the truth as often as they say."""

from collections.abc import Callable

import numpy as np
import pytest

from features.records.timeline import Floats
from models.outcomes import expit
from tests.training.evaluation.evaluated_examples import asked_of
from training.evidence.document import Estimate
from training.metrics.intervals import interval, interval_of_distance, over_patients
from training.metrics.question_measures import curve_errors, estimates, question_values

DISTANCES = ("ici", "e50", "e90", "brier_reliability", "brier_resolution")
PERFECT = {"ici": 0.0, "e50": 0.0, "e90": 0.0, "brier_reliability": 0.0}
Truth = Callable[[Floats], Floats]


def measured(seed: int, patients: int, truth: Truth = expit, repeats: int = 1) -> dict[str, Estimate]:
    """A cohort whose patients have the outcome with the chance of ``truth`` of the log-odds that were predicted."""
    rng = np.random.default_rng(seed)
    log_odds = 0.8 * rng.standard_normal(patients) - 0.3
    answers = (rng.random(patients) < truth(log_odds)).astype(np.float64)
    said = [expit(log_odds + 0.05 * repeat * rng.standard_normal(patients)) for repeat in range(repeats)]
    asked = asked_of(
        np.tile(answers, repeats).tolist(),
        np.concatenate(said).tolist(),
        repeat=np.repeat(np.arange(repeats), patients).tolist(),
        patient=np.tile(np.arange(patients), repeats).tolist(),
    )
    draws = over_patients(patients, 200, seed + 10_000)
    return estimates(question_values(asked, draws) | curve_errors(asked, draws))


def limits(found: Estimate) -> tuple[float, float, float]:
    assert found.estimate is not None
    assert found.low is not None
    assert found.high is not None
    return found.low, found.estimate, found.high


def coverage(cohorts: int, patients: int, truths: dict[str, float], truth: Truth = expit) -> dict[str, float]:
    """The share of cohorts whose interval holds the truth; every interval must hold its estimate and no less than 0."""
    held = dict.fromkeys(truths, 0)
    for seed in range(cohorts):
        found = measured(seed, patients, truth)
        for name in DISTANCES:
            low, estimate, high = limits(found[name])
            assert 0 <= low <= estimate <= high, name
        for name, value in truths.items():
            low, _, high = limits(found[name])
            held[name] += low <= value <= high
    return {name: number / cohorts for name, number in held.items()}


def test_the_interval_of_a_miscalibration_holds_its_estimate_and_zero_where_calibration_is_perfect() -> None:
    """Twenty cohorts: of 95%, at least 16 (chance 1 in 400 of fewer)."""
    assert min(coverage(20, 500, PERFECT).values()) >= 16 / 20


@pytest.mark.long
def test_in_200_perfectly_calibrated_cohorts_every_interval_holds_its_estimate_and_95_percent_hold_zero() -> None:
    """Two standard errors of 95% in 200 are 3%."""
    found = coverage(200, 600, PERFECT)
    assert min(found.values()) >= 0.92, found


@pytest.mark.parametrize("cohorts", [13, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "truth", [lambda odds: expit(odds + 0.3), lambda odds: expit(0.6 * odds - 0.1)], ids=["shifted", "too extreme"]
)
def test_a_miscalibration_that_is_there_is_held_as_often_or_more(truth: Truth, cohorts: int) -> None:
    """The truth from 200,000 patients: 0.065 mean error where shifted, 0.053 where too extreme."""
    log_odds = 0.8 * np.random.default_rng(0).standard_normal(200_000) - 0.3
    error = np.abs(expit(log_odds) - truth(log_odds))
    truths = {"ici": error.mean(), "e50": np.median(error), "e90": np.quantile(error, 0.9)}
    assert min(coverage(cohorts, 600, truths, truth).values()) >= 0.92


def test_a_gross_miscalibration_is_distinguished_from_none() -> None:
    low, _, high = limits(measured(1, 1500, lambda odds: expit(odds + 1))["ici"])
    assert low > 0.1
    assert high < 0.3


def test_repeats_of_the_folds_are_no_new_patients() -> None:
    """Three repeats that say nearly the same have an interval as wide as one of them."""
    width = []
    for repeats in (1, 3):
        low, _, high = limits(measured(3, 600, repeats=repeats)["e90"])
        width.append(high - low)
    assert width[1] == pytest.approx(width[0], rel=0.3)


def test_percentiles_of_the_draws_would_lie_above_the_estimate() -> None:
    """Why the draws' own percentiles are not used: a draw adds its noise to that of the data."""
    values, noise = np.array([0.02, *np.linspace(0.021, 0.08, 100)]), np.array([0.0, *np.linspace(0.005, 0.06, 100)])
    assert interval(values).low > 0.02  # type: ignore[operator]
    found = interval_of_distance(values, noise)
    # The 97.5th percentile of 0.005 to 0.06.
    assert limits(found) == pytest.approx((0.0, 0.02, 0.02 + 0.005 + 0.975 * 0.055))


def test_a_distance_has_no_interval_where_nothing_else_would_have_one() -> None:
    undefined = np.full(20, np.nan)
    assert interval_of_distance(np.array([0.1, *undefined]), np.array([0.0, *undefined])).low is None
    assert interval_of_distance(np.array([0.1]), np.array([0.0])).low is None
    assert interval_of_distance(np.array([np.nan, 0.1, 0.2]), np.array([np.nan, 0.1, 0.2])).low is None
