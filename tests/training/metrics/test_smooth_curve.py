"""The smooth calibration curve finds the truth, and the errors are read off it."""

import numpy as np
import pytest

from models.outcomes import Floats, expit
from training.metrics.smooth_curve import calibration_errors, smooth_curve


def drawn(seed: int, patients: int) -> tuple[Floats, Floats]:
    """Outcomes, and the true probabilities."""
    rng = np.random.default_rng(seed)
    chance = expit(rng.normal(0, 1.2, patients))
    return (rng.random(patients) < chance).astype(np.float64), chance


def test_honest_predictions_lie_on_the_diagonal() -> None:
    observed, chance = drawn(1, 30_000)
    weights = np.ones((1, len(chance)))
    curve = smooth_curve(observed, chance, weights)
    grid = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    assert curve.observed_at(grid)[0] == pytest.approx(grid, abs=0.02)
    assert calibration_errors(curve, chance, weights).ici < 0.01


def test_a_bend_that_no_slope_could_show_is_found() -> None:
    """The predictions are the squares of the true probabilities."""
    observed, chance = drawn(2, 30_000)
    curve = smooth_curve(observed, chance**2, np.ones((1, len(chance))))
    assert curve.observed_at(np.array([0.04, 0.25, 0.64]))[0] == pytest.approx([0.2, 0.5, 0.8], abs=0.02)
    errors = calibration_errors(curve, chance**2, np.ones((1, len(chance))))
    distance = chance - chance**2
    assert errors.ici == pytest.approx(distance.mean(), abs=0.01)
    assert errors.e50 == pytest.approx(np.quantile(distance, 0.5), abs=0.01)
    assert errors.e90 == pytest.approx(np.quantile(distance, 0.9), abs=0.01)
    assert errors.emax >= errors.e90


def test_errors_by_hand_and_by_the_weights_of_each_draw() -> None:
    """The first draw counts everybody, the second the first three patients only."""
    observed, predicted = drawn(3, 200)
    weights = np.vstack([np.ones(200), np.where(np.arange(200) < 3, [1.0], [0.0])])
    curve = smooth_curve(observed, predicted, np.ones((2, 200)))
    distance = np.abs(curve.observed_at(predicted)[0] - predicted)
    errors = calibration_errors(curve, predicted, weights)
    assert errors.ici == pytest.approx([distance.mean(), distance[:3].mean()])
    assert errors.e50 == pytest.approx([np.sort(distance)[99], np.sort(distance[:3])[1]])
    assert errors.e90 == pytest.approx([np.sort(distance)[179], distance[:3].max()])
    assert errors.emax == pytest.approx([distance.max(), distance[:3].max()])


@pytest.mark.parametrize(("events", "knots"), [(29, 0), (30, 3), (99, 3), (100, 5)])
def test_few_events_are_given_a_stiffer_curve(events: int, knots: int) -> None:
    predicted = np.random.default_rng(4).uniform(0.05, 0.6, 1000)
    observed = (np.arange(1000) < events).astype(np.float64)
    assert len(smooth_curve(observed, predicted, np.ones((1, 1000))).spline.knots) == knots


def test_patients_without_weight_change_nothing() -> None:
    observed, predicted = drawn(5, 500)
    alone = smooth_curve(observed, predicted, np.ones((1, 500)))
    more = smooth_curve(
        np.append(observed, np.ones(300)),
        np.append(predicted, np.full(300, 0.01)),
        np.append(np.ones(500), np.zeros(300))[None],
    )
    grid = np.linspace(0.1, 0.9, 9)
    assert more.observed_at(grid)[0] == pytest.approx(alone.observed_at(grid)[0], abs=1e-8)


def test_equal_predictions_are_compared_with_the_rate_observed() -> None:
    observed = (np.arange(200) % 4 == 0).astype(np.float64)
    curve = smooth_curve(observed, np.full(200, 0.4), np.ones((1, 200)))
    assert curve.observed_at(np.array([0.4])) == pytest.approx(1 / 4, abs=1e-6)


def test_a_draw_whose_outcomes_are_separated_still_has_a_curve_and_one_without_outcomes_has_none() -> None:
    predicted = np.linspace(0.05, 0.95, 400)
    observed = (predicted > 0.5).astype(np.float64)
    curve = smooth_curve(observed, predicted, np.vstack([np.ones(400), 1 - observed]))
    low, high = curve.observed_at(np.array([0.2, 0.8]))[0]
    assert low < 0.01
    assert high > 0.99
    assert np.isnan(curve.observed_at(predicted)[1]).all()


def test_neighbours_taken_together_give_the_errors_of_everybody() -> None:
    observed, predicted = drawn(6, 20_000)
    weights = np.random.default_rng(6).poisson(1, (3, 20_000)).astype(np.float64)
    curve = smooth_curve(observed, predicted**2, weights)
    distance = np.abs(curve.observed_at(predicted**2) - predicted**2)
    errors = calibration_errors(curve, predicted**2, weights)
    assert errors.ici == pytest.approx((distance * weights).sum(axis=1) / weights.sum(axis=1), abs=1e-5)
    assert errors.emax == pytest.approx(distance.max(axis=1), abs=1e-3)
