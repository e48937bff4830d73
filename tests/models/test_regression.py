"""The regression behind every linear score: the optimum, within its signs, and how many parameters it spends."""

import numpy as np
import pytest
from scipy.optimize import minimize

from models.calibration import BinomialCounts
from models.fitting.regression import BASELINE_PENALTY, BoundedRegression
from models.outcomes import Floats, expit
from tests.models.training_sets import single_counts

SIGNS = np.array([1, -1, 0, 1])


def all_at(strength: float) -> Floats:
    """The same inverse penalty for every coefficient."""
    return np.full(len(SIGNS), strength)


def drawn(seed: int, patients: int = 400, bands: int = 1) -> tuple[Floats, BinomialCounts]:
    """Four columns, the first of which acts against its declared sign; with several counts in each of some bands."""
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((patients, len(SIGNS)))
    log_odds = columns @ np.array([-0.8, -0.6, 0.4, 0.5])
    patient, band = np.repeat(np.arange(patients), bands), np.tile(np.arange(bands), patients)
    chance = expit(log_odds[patient] - 1.0 - 0.3 * band)
    number = rng.integers(1, 4, len(patient)).astype(np.float64)
    successes = rng.binomial(number.astype(np.int64), chance).astype(np.float64)
    return columns, BinomialCounts(patient, band, successes, number - successes, patients, bands)


def penalised_loss(
    columns: Floats, binomial: BinomialCounts, origin: Floats, strength: float, parameters: Floats
) -> float:
    number = columns.shape[1]
    log_odds = (columns @ parameters[:number])[binomial.patient] + parameters[number:][binomial.band]
    away = parameters - origin
    penalty = 0.5 * (away[:number] @ away[:number] / strength + BASELINE_PENALTY * away[number:] @ away[number:])
    return float(binomial.losses(log_odds).sum() + penalty)


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_it_finds_the_optimum_that_a_general_optimiser_finds(bands: int, strength: float) -> None:
    columns, binomial = drawn(1, bands=bands)
    regression = BoundedRegression.from_columns(columns, SIGNS, binomial)
    found = regression.fit(all_at(strength))

    def loss(parameters: Floats) -> float:
        return penalised_loss(columns, binomial, regression.origin, strength, parameters)

    bounds = list(zip(regression.lower, regression.upper, strict=True))
    other = minimize(loss, regression.origin, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-9})
    np.testing.assert_allclose(found, other.x, atol=2e-4)
    assert loss(found) <= other.fun + 1e-9


def test_no_coefficient_turns_against_its_sign() -> None:
    columns, binomial = drawn(2, patients=4000)
    free = BoundedRegression.from_columns(columns, np.zeros(4, dtype=np.int64), binomial).fit(all_at(1.0))
    kept = BoundedRegression.from_columns(columns, SIGNS, binomial).fit(all_at(1.0))
    assert free[0] < -0.5  # the data speak against the sign
    assert kept[0] == 0
    assert kept[1] < 0 < kept[3]


def test_the_start_makes_no_difference_to_the_optimum() -> None:
    columns, binomial = drawn(3)
    regression = BoundedRegression.from_columns(columns, SIGNS, binomial)
    rng = np.random.default_rng(3)
    for _ in range(5):
        np.testing.assert_allclose(
            regression.fit(all_at(0.1), rng.normal(0, 2, 5)), regression.fit(all_at(0.1)), atol=1e-5
        )


def test_a_patient_who_counts_twice_is_two_patients() -> None:
    columns, binomial = drawn(4, patients=60)
    counts = np.arange(60) % 3.0
    many = np.repeat(np.arange(60), counts.astype(np.int64))
    weighted = BoundedRegression.from_columns(columns, SIGNS, binomial).fit(all_at(0.5), counts=counts)
    repeated = BinomialCounts(
        np.arange(len(many)), binomial.band[many], binomial.successes[many], binomial.failures[many], len(many), 1
    )
    regression = BoundedRegression.from_columns(columns[many], SIGNS, repeated)
    # The origin of the baseline, towards which there is a trace of a penalty, differs.
    np.testing.assert_allclose(regression.fit(all_at(0.5)), weighted, atol=1e-4)


def test_without_counts_of_any_weight_the_penalty_decides() -> None:
    columns, binomial = drawn(5, patients=50)
    prior = np.array([0.3, -0.2, 0.1, 0.0])
    found = BoundedRegression.from_columns(columns, SIGNS, binomial).fit(all_at(1.0), counts=np.zeros(50), prior=prior)
    np.testing.assert_allclose(found[:4], prior, atol=1e-6)


def test_weakly_penalised_coefficients_count_in_full_and_those_held_at_zero_not_at_all() -> None:
    columns, binomial = drawn(6, patients=4000)
    regression = BoundedRegression.from_columns(columns, SIGNS, binomial)
    parameters = regression.fit(all_at(1e6))
    assert parameters[0] == 0
    assert regression.effective_parameters(parameters, all_at(1e6)) == pytest.approx(3, abs=1e-3)
    assert regression.effective_parameters(regression.fit(all_at(1e-9)), all_at(1e-9)) < 1e-3


def test_a_patient_without_a_trial_plays_no_part() -> None:
    rng = np.random.default_rng(7)
    columns = rng.standard_normal((100, 4))
    outcome = (rng.random(100) < 0.5).astype(np.float64)
    outcome[50:] = np.nan
    alone = BoundedRegression.from_columns(columns[:50], SIGNS, single_counts(outcome[:50])).fit(all_at(0.2))
    np.testing.assert_allclose(
        BoundedRegression.from_columns(columns, SIGNS, single_counts(outcome)).fit(all_at(0.2)), alone, atol=1e-9
    )


def test_a_coefficient_with_a_stronger_penalty_stays_closer_to_zero() -> None:
    columns, binomial = drawn(8)
    regression = BoundedRegression.from_columns(columns, np.zeros(4, dtype=np.int64), binomial)
    equal, third_held = (regression.fit(np.array([1.0, 1.0, strength, 1.0])) for strength in (1.0, 1e-3))
    assert abs(third_held[2]) < 0.2 * abs(equal[2])


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_rough_parameters_are_right_to_six_digits_wherever_they_start(bands: int, strength: float) -> None:
    columns, binomial = drawn(8, bands=bands)
    regression = BoundedRegression.from_columns(columns, SIGNS, binomial)
    found = regression.fit(all_at(strength))
    np.testing.assert_allclose(regression.fit(all_at(strength), rough=True), found, atol=1e-6)
    elsewhere = regression.fit(all_at(1e-3))
    np.testing.assert_allclose(regression.fit(all_at(strength), elsewhere, rough=True), found, atol=1e-6)
