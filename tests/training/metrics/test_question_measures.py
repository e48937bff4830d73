"""The measures of a question over repeats, folds and draws, with the arithmetic written out."""

import numpy as np
import pytest

from features.records.timeline import Floats
from tests.training.evaluation.evaluated_examples import NAN, asked_of, once
from training.evidence.document import CalibrationCurve
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import (
    BINS,
    averaged,
    benefit,
    calibration_curve,
    core_values,
    curve_errors,
    curve_points,
    decision_curve,
    mean_of_repeats,
    observed_curve,
    observed_rate,
    question_values,
)


def curve_of(asked: QuestionData, draws: Floats) -> CalibrationCurve:
    points = curve_points(asked)
    assert points is not None
    return calibration_curve(asked, points, observed_curve(asked, points, draws))


def test_each_repeat_is_measured_by_itself_and_then_averaged() -> None:
    # Brier: (0.2^2 + 0.4^2) / 2 = 0.10 in the first repeat, (0.4^2 + 0.6^2) / 2 = 0.26 in the second.
    asked = asked_of([1, 0, 1, 0], [0.8, 0.4, 0.6, 0.6], repeat=[0, 0, 1, 1], patient=[0, 1, 0, 1])
    values = core_values(asked, once(2))
    assert values["brier"] == pytest.approx([(0.10 + 0.26) / 2] * 3)
    # AUC 1 in the first, a tie in the second.
    assert values["auc"] == pytest.approx([(1 + 0.5) / 2] * 3)


def test_a_row_counts_by_its_patients_draw_times_its_own_weight() -> None:
    asked = asked_of([1, 0, 0], [0.5, 0.5, 0.5], weights=[2.0, 1.0, 3.0])
    draws = np.array([[1.0, 1, 1], [3.0, 0, 1], [0.0, 0, 0]])
    rate = averaged(asked, lambda part, weights: {"rate": observed_rate(part, weights)}, draws)["rate"]
    assert rate[:2] == pytest.approx([2 / (2 + 1 + 3), 6 / (6 + 3)])
    assert np.isnan(rate[2])


def test_a_draw_in_which_none_of_a_small_group_is_has_no_figures() -> None:
    asked = asked_of([1, 0, 0], [0.4, 0.5, 0.6])
    draws = np.array([[1.0, 1, 1], [2.0, 1, 0], [0.0, 0, 0]])
    values = question_values(asked, draws) | curve_errors(asked, draws)
    assert values["oe"][:2] == pytest.approx([1 / 1.5, 2 / 1.3])
    assert all(np.isnan(found[2]) for found in values.values())
    assert np.isfinite(values["calibration_intercept"][:2]).all()


def test_patients_of_different_folds_are_not_compared() -> None:
    # Within fold 0 the order is right, within fold 1 too; across folds the one with the outcome has less.
    asked = asked_of([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.2], fold=[0, 0, 1, 1])
    assert core_values(asked, once(4))["auc"] == pytest.approx([1.0] * 3)


def test_where_all_of_a_fold_have_the_same_prediction_there_is_neither_slope_nor_curve() -> None:
    # Folds whose base rate is left out of their own prediction: a slope would be negative by construction.
    asked = asked_of([1, 1, 0, 0, 0, 1], [0.4, 0.4, 0.4, 0.6, 0.6, 0.6], fold=[0, 0, 0, 1, 1, 1])
    values = question_values(asked, once(6))
    assert np.isnan(values["calibration_slope"]).all()
    assert values["auc"] == pytest.approx([0.5] * 3)
    assert values["oe"] == pytest.approx([3 / (3 * 0.4 + 3 * 0.6)] * 3)
    assert curve_points(asked) is None


def test_a_repeat_without_a_figure_leaves_that_of_the_others() -> None:
    found = mean_of_repeats([np.array([1.0, NAN, NAN]), np.array([3.0, 5.0, NAN])])
    assert found[:2].tolist() == [2.0, 5.0]
    assert np.isnan(found[2])


def test_the_decision_curve_is_that_of_acting_at_each_threshold() -> None:
    asked = asked_of([1, 0, 1, 0], [0.8, 0.6, 0.4, 0.2])
    curve = decision_curve(benefit(asked, once(4)))
    at = curve.thresholds.index(0.5)
    # At 0.5 one of four is rightly treated and one wrongly: 1/4 - 1/4 * 0.5/0.5.
    assert curve.model[at] == pytest.approx(1 / 4 - 1 / 4)
    at = curve.thresholds.index(0.2)
    # The prediction of exactly the threshold is acted on: 2/4 - 2/4 * 0.2/0.8.
    assert curve.model[at] == pytest.approx(curve.treat_all[at]) == pytest.approx(2 / 4 - 2 / 4 * 0.25)


def test_the_difference_to_acting_for_all_or_none_is_taken_within_each_draw() -> None:
    """With a yes for every other patient and predictions turned round, acting on them loses in every single draw."""
    rng = np.random.default_rng(8)
    answers = np.tile([1.0, 0.0], 60)
    asked = asked_of(answers.tolist(), (0.65 - 0.3 * answers).tolist())
    draws = np.ones((101, 120))
    draws[1:] = rng.multinomial(120, np.full(120, 1 / 120), 100)
    found = benefit(asked, draws)
    curve = decision_curve(found)
    at = curve.thresholds.index(0.5)
    # Acted on are the 60 without the outcome: 0 - 60/120 * 0.5/0.5 = -0.5; for all 60/120 - 60/120 = 0.
    assert curve.difference[at] == pytest.approx(-0.5)
    pairs = [model - max(all_treated, 0) for model, all_treated in zip(*(found[k][1:, at] for k in found), strict=True)]
    limits = np.quantile(pairs, [0.025, 0.975])
    assert [curve.difference_low[at], curve.difference_high[at]] == pytest.approx(limits.tolist())
    at = curve.thresholds.index(0.2)
    # Everybody is at or above 0.2, so that acting on the predictions is acting for all, in every draw.
    assert [curve.difference[at], curve.difference_low[at], curve.difference_high[at]] == pytest.approx([0, 0, 0])
    assert curve.low[at] != pytest.approx(curve.high[at])


def test_the_curve_counts_the_predictions_and_suppresses_bins_of_fewer_than_ten() -> None:
    rng = np.random.default_rng(1)
    predicted = np.concatenate([np.full(9, 0.12), np.full(9, 0.22), np.full(10, 0.31), rng.uniform(0.5, 0.55, 200)])
    asked = asked_of((rng.random(228) < predicted).astype(float).tolist(), predicted.tolist())
    curve = curve_of(asked, once(228))
    width = 1 / BINS
    assert curve.counts[int(0.12 / width)] is None
    assert curve.counts[int(0.22 / width)] is None
    assert curve.counts[int(0.31 / width)] == 10
    assert curve.counts[int(0.52 / width)] == 200
    assert curve.counts[0] == 0


def test_a_single_small_bin_cannot_be_had_by_subtraction() -> None:
    rng = np.random.default_rng(1)
    predicted = np.concatenate([np.full(9, 0.12), np.full(10, 0.31), rng.uniform(0.5, 0.55, 200)])
    asked = asked_of((rng.random(219) < predicted).astype(float).tolist(), predicted.tolist())
    counts = curve_of(asked, once(219)).counts
    assert [count for count in counts if count != 0] == [None, None, 200]  # the smallest of the others is hidden too


def test_the_curve_of_right_predictions_lies_on_the_diagonal_within_its_limits() -> None:
    rng = np.random.default_rng(2)
    predicted = rng.uniform(0.1, 0.9, 4000)
    asked = asked_of((rng.random(4000) < predicted).astype(float).tolist(), predicted.tolist())
    draws = np.ones((61, 4000))
    draws[1:] = rng.multinomial(4000, np.full(4000, 1 / 4000), 60)
    curve = curve_of(asked, draws)
    assert np.abs(np.array(curve.observed, dtype=float) - curve.predicted).max() < 0.05
    limits = zip(curve.low, curve.observed, curve.high, strict=True)
    assert all(low is not None and high is not None and low <= seen <= high for low, seen, high in limits if seen)
