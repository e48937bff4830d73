"""Overall error and calibration, for every draw of a bootstrap at once, by hand."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.outcomes import Floats, expit
from training.metrics.logistic import fit_logistic
from training.metrics.reliability import (
    brier_by_draw,
    brier_parts,
    calibration_in_the_large_by_draw,
    calibration_slope_by_draw,
    log_loss_by_draw,
    log_odds_of,
    observed_over_expected,
    scaled_brier,
)

MEASURES = (
    log_loss_by_draw,
    brier_by_draw,
    scaled_brier,
    observed_over_expected,
    calibration_in_the_large_by_draw,
    calibration_slope_by_draw,
)


def drawn(seed: int, patients: int = 400) -> tuple[Floats, Floats, Floats]:
    """Honest predictions, and three draws: everybody once, and two with unequal weights."""
    rng = np.random.default_rng(seed)
    log_odds = rng.standard_normal(patients)
    observed = (rng.random(patients) < expit(log_odds)).astype(np.float64)
    weights = np.vstack([np.ones(patients), rng.poisson(1, patients), rng.uniform(0.2, 3, patients)])
    return observed, expit(log_odds), weights


@pytest.mark.parametrize("measure", MEASURES)
def test_a_draw_is_evaluated_as_if_its_patients_were_written_down_that_often(measure) -> None:  # type: ignore[no-untyped-def]
    observed, predicted, weights = drawn(1)
    often = weights[1].astype(np.int64)
    written_down = measure(np.repeat(observed, often), np.repeat(predicted, often), np.ones((1, often.sum())))
    assert measure(observed, predicted, weights)[1] == pytest.approx(written_down[0], rel=1e-7)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_draw_is_evaluated_alone(measure) -> None:  # type: ignore[no-untyped-def]
    observed, predicted, weights = drawn(2)
    together = measure(observed, predicted, weights)
    alone = [measure(observed, predicted, row[None])[0] for row in weights]
    assert together == pytest.approx(alone, rel=1e-9)


def test_overall_error_by_hand() -> None:
    """Given 3/4 and the outcome came; given 1/2 and it did not, which the second draw counts three times."""
    observed, predicted = np.array([1.0, 0.0]), np.array([0.75, 0.5])
    weights = np.array([[1.0, 1.0], [1.0, 3.0]])
    assert log_loss_by_draw(observed, predicted, weights) == pytest.approx(
        [-(np.log(0.75) + np.log(0.5)) / 2, -(np.log(0.75) + 3 * np.log(0.5)) / 4]
    )
    score = [(0.25**2 + 0.5**2) / 2, (0.25**2 + 3 * 0.5**2) / 4]
    assert brier_by_draw(observed, predicted, weights) == pytest.approx(score)
    without = [0.5 * 0.5, 0.25 * 0.75]
    assert scaled_brier(observed, predicted, weights) == pytest.approx(
        [1 - score[0] / without[0], 1 - score[1] / without[1]]
    )
    assert observed_over_expected(observed, predicted, weights) == pytest.approx([1 / (0.75 + 0.5), 1 / (0.75 + 1.5)])


def test_a_draw_with_one_outcome_only_has_no_share_of_accuracy_and_no_calibration() -> None:
    observed, predicted, weights = np.array([1.0, 1, 0]), np.array([0.9, 0.4, 0.3]), np.array([[1.0, 1, 0], [1, 2, 1]])
    for measure in (scaled_brier, calibration_in_the_large_by_draw):
        assert np.isnan(measure(observed, predicted, weights)).tolist() == [True, False]


def test_the_parts_of_the_brier_score_add_up_in_every_draw() -> None:
    observed, predicted, weights = drawn(3)
    parts = brier_parts(observed, predicted, weights)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert whole == pytest.approx(brier_by_draw(observed, predicted, weights), abs=1e-12)


def test_the_parts_of_the_brier_score_by_hand() -> None:
    """Two predictions, 0.2 for four patients of whom one has the outcome and 0.6 for two of whom both have."""
    observed, predicted = np.array([1.0, 0, 0, 0, 1, 1]), np.array([0.2, 0.2, 0.2, 0.2, 0.6, 0.6])
    parts = brier_parts(observed, predicted, np.ones((1, 6)))
    assert parts.reliability == pytest.approx((4 * (0.2 - 1 / 4) ** 2 + 2 * (0.6 - 1) ** 2) / 6)
    assert parts.resolution == pytest.approx((4 * (1 / 4 - 1 / 2) ** 2 + 2 * (1 - 1 / 2) ** 2) / 6)
    assert parts.uncertainty == pytest.approx(1 / 2 * 1 / 2)
    assert parts.within_bins == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("too_low", "stretch"), [(0.0, 1.0), (0.5, 1.0), (0.0, 2.0)])
def test_calibration_finds_what_was_done_to_honest_predictions(too_low: float, stretch: float) -> None:
    observed, predicted, _ = drawn(4, 40_000)
    spoiled = expit(stretch * log_odds_of(predicted) - too_low)
    weights = np.ones((1, len(observed)))
    assert calibration_slope_by_draw(observed, spoiled, weights) == pytest.approx(1 / stretch, abs=0.05)
    if stretch == 1:
        assert calibration_in_the_large_by_draw(observed, spoiled, weights) == pytest.approx(too_low, abs=0.05)


def test_equal_predictions_and_predictions_that_separate_the_outcomes_have_no_slope() -> None:
    observed, weights = np.array([0.0, 0, 1, 1]), np.ones((1, 4))
    assert np.isnan(calibration_slope_by_draw(observed, np.full(4, 0.3), weights)).all()
    assert np.isnan(calibration_slope_by_draw(observed, np.array([0.1, 0.2, 0.3, 0.4]), weights)).all()


def test_predictions_of_0_and_1_are_put_inside_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="2 predictions of 0 or 1"):
        assert expit(log_odds_of(np.array([0.0, 0.5, 1.0]))) == pytest.approx([1e-8, 0.5, 1 - 1e-8], rel=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_odds_of(np.array([1e-6, 0.999]))


def test_logistic_regression_is_scikit_learns_in_every_draw() -> None:
    rng = np.random.default_rng(5)
    columns = rng.standard_normal((300, 3))
    observed = (rng.random(300) < expit(columns @ [1.0, -0.5, 0.2])).astype(np.float64)
    weights = rng.uniform(0.1, 2, (3, 300))
    fitted = fit_logistic(np.column_stack([np.ones(300), columns]), observed, weights, np.zeros(300))
    for row, drawn_weights in zip(fitted, weights, strict=True):
        other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(columns, observed, drawn_weights)
        assert row == pytest.approx(np.append(other.intercept_, other.coef_), abs=1e-5)
