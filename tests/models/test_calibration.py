"""Baselines reproduce what was seen; recalibration finds what is wrong, and nothing where nothing is."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.calibration import BinomialCounts, fit_baseline, recalibrate
from models.outcomes import Floats, expit
from tests.models.training_sets import single_counts


def weekly_counts(seed: int, patients: int = 300, bands: int = 4) -> tuple[BinomialCounts, Floats]:
    """Weighted counts of patients in several bands, and a score for each patient."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), bands)
    successes = rng.uniform(0.1, 2, len(patient)) * (rng.random(len(patient)) < 0.3)
    failures = rng.uniform(0.1, 3, len(patient)) * (rng.random(len(patient)) < 0.8)
    return BinomialCounts(
        patient, np.tile(np.arange(bands), patients), successes, failures, patients, bands
    ), rng.normal(0, 1.5, patients)


def expected_in(binomial: BinomialCounts, band: int, log_odds: Floats) -> float:
    rows = binomial.band == band
    number = binomial.successes[rows] + binomial.failures[rows]
    return float(number @ expit(log_odds[rows]))


def test_as_many_successes_are_expected_in_each_band_as_were_seen() -> None:
    binomial, score = weekly_counts(1)
    baseline = fit_baseline(binomial, score)
    for band in range(binomial.bands):
        seen = binomial.successes[binomial.band == band].sum()
        assert expected_in(binomial, band, baseline[binomial.band] + score[binomial.patient]) == pytest.approx(
            seen, abs=1e-9
        )


def test_without_a_score_the_baseline_is_the_observed_rate() -> None:
    binomial = single_counts(np.array([1.0, 0, 0, 0, np.nan]))
    assert expit(fit_baseline(binomial, np.zeros(5))).tolist() == pytest.approx([1 / 4])


def test_a_weight_counts_as_that_many_patients() -> None:
    weighted = single_counts(np.array([1.0, 0]), np.array([3.0, 1.0]))
    assert expit(fit_baseline(weighted, np.zeros(2))).tolist() == pytest.approx([3 / (3 + 1)])


@pytest.mark.parametrize(
    ("outcome", "rate"),
    [
        ([0.0, 0, 0, 0], (0 + 0.5) / (4 + 1)),
        ([1.0, 1, 1, 1], (4 + 0.5) / (4 + 1)),
    ],
)
def test_a_band_that_lacks_either_outcome_is_neither_impossible_nor_certain(outcome: list[float], rate: float) -> None:
    binomial = single_counts(np.array(outcome))
    assert expit(fit_baseline(binomial, np.zeros(4)))[0] == pytest.approx(rate)


def test_a_band_without_counts_does_no_harm() -> None:
    binomial = single_counts(np.array([1.0, 0, 0]))
    with_empty = BinomialCounts(binomial.patient, binomial.band, binomial.successes, binomial.failures, 3, bands=2)
    baseline = fit_baseline(with_empty, np.array([0.4, -1.0, 2.0]))
    assert np.isfinite(baseline).all()
    assert baseline[0] == fit_baseline(binomial, np.array([0.4, -1.0, 2.0]))[0]


def test_great_scores_do_not_throw_the_baseline_off() -> None:
    score = np.array([-30.0, 25, 3, -4, 12, -9, 0, 40])
    binomial = single_counts(np.array([0.0, 1, 0, 1, 1, 0, 0, 1]))
    assert expected_in(binomial, 0, fit_baseline(binomial, score)[0] + score) == pytest.approx(4, abs=1e-6)


def test_recalibration_is_logistic_regression_on_the_log_odds() -> None:
    rng = np.random.default_rng(2)
    score = rng.standard_normal(800)
    weights = rng.uniform(0.5, 2, 800)
    outcome = (rng.random(800) < expit(0.7 + 1.6 * score)).astype(np.float64)
    found = recalibrate(single_counts(outcome, weights), score, np.zeros(800))
    unpenalised = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    unpenalised.fit(score[:, None], outcome, sample_weight=weights)
    assert found.shift == pytest.approx(unpenalised.intercept_[0], abs=1e-6)
    assert found.slope == pytest.approx(unpenalised.coef_[0, 0], abs=1e-6)


def held_out_world(shift: float, slope: float) -> tuple[BinomialCounts, Floats, Floats]:
    """Each patient 1,000 times, in the proportions that ``shift + slope * score`` (beside a baseline) predicts."""
    score, baseline = np.linspace(-2, 2, 41), np.linspace(-1, 0.5, 41)
    chance = expit(baseline + shift + slope * score)
    patient = np.arange(41)
    return BinomialCounts(patient, np.zeros(41, np.intp), 1000 * chance, 1000 * (1 - chance), 41, 1), score, baseline


@pytest.mark.parametrize(("shift", "slope"), [(0, 1), (0.5, 1), (0, 0.6), (-0.8, 1.4), (0.3, -0.5)])
def test_a_known_shift_and_slope_are_recovered(shift: float, slope: float) -> None:
    found = recalibrate(*held_out_world(shift, slope))
    assert found.shift == pytest.approx(shift, abs=1e-6)
    assert found.slope == pytest.approx(slope, abs=1e-6)


def test_where_nothing_is_wrong_nothing_is_supported() -> None:
    found = recalibrate(*held_out_world(0, 1))
    assert found.p_value == pytest.approx(1, abs=1e-6)
    assert not found.supported


def test_a_clear_miscalibration_is_corrected() -> None:
    found = recalibrate(*held_out_world(0.5, 0.6))
    assert found.p_value < 1e-6
    assert found.supported


def test_a_score_that_points_the_wrong_way_is_not_turned_around() -> None:
    found = recalibrate(*held_out_world(0, -0.5))
    assert found.p_value < 0.05
    assert not found.supported


def test_unequal_weights_make_chance_look_less_certain() -> None:
    binomial, score, baseline = held_out_world(0.05, 1)
    nominal = recalibrate(binomial, score, baseline)
    effective = recalibrate(binomial, score, baseline, effective_share=0.1)
    assert (effective.shift, effective.slope) == (nominal.shift, nominal.slope)
    assert effective.p_value == pytest.approx(nominal.p_value**0.1)  # exp(-gain) with a tenth of the gain


def test_the_test_is_the_likelihood_ratio_on_two_degrees_of_freedom() -> None:
    """Among honest predictions 5% come out below 0.05: within four standard errors in 1,000 worlds."""
    rng = np.random.default_rng(3)
    score = rng.standard_normal(200)
    small = 0
    for _ in range(1000):
        outcome = (rng.random(200) < expit(score)).astype(np.float64)
        small += recalibrate(single_counts(outcome), score, np.zeros(200)).p_value < 0.05
    assert small / 1000 == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))


def test_without_a_score_there_is_nothing_to_recalibrate() -> None:
    binomial = single_counts(np.array([1.0, 0, 1, 0, 0]))
    found = recalibrate(binomial, np.zeros(5), np.full(5, -3.0))
    assert (found.shift, found.slope, found.p_value) == (0, 1, 1)
    assert not found.supported


def test_perfectly_separated_outcomes_give_finite_numbers() -> None:
    found = recalibrate(single_counts(np.array([0.0, 0, 1, 1])), np.array([-2.0, -1, 1, 2]), np.zeros(4))
    assert np.isfinite([found.shift, found.slope, found.p_value]).all()


def test_a_band_in_which_nobody_was_at_risk_gets_the_overall_rate() -> None:
    """One success among four weeks, all in the first of two bands: (1 + 1/2) / (4 + 1) for the second."""
    binomial = BinomialCounts(np.array([0]), np.array([0]), np.array([1.0]), np.array([3.0]), patients=1, bands=2)
    first, second = expit(fit_baseline(binomial, np.zeros(1)))
    assert first == pytest.approx(1 / 4)
    assert second == pytest.approx(1.5 / 5)
