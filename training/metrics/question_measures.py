"""The measures of one yes/no question in every draw: each repeat of the folds by itself, then averaged.

``draws`` has shape (draws + 1, patients of the cohort); a row's weight is its patient's times that of inverse
probability.
"""

from collections.abc import Callable, Mapping

import numpy as np

from features.records.timeline import Floats
from training.evidence.document import CalibrationCurve, DecisionCurve, Estimate
from training.metrics.disclosure import FEWEST
from training.metrics.discrimination import auc
from training.metrics.intervals import interval, interval_of_distance
from training.metrics.net_benefit import net_benefit, net_benefit_treat_all
from training.metrics.question_data import QuestionData
from training.metrics.reliability import (
    brier_by_draw,
    brier_parts,
    calibration_in_the_large_by_draw,
    calibration_slope_by_draw,
    log_loss_by_draw,
    observed_over_expected,
    scaled_brier,
)
from training.metrics.smooth_curve import Curve, calibration_errors, curve_noise, smooth_curve

THRESHOLDS = np.round(np.arange(0.02, 1.0, 0.02), 2)
"""Threshold probabilities of a decision curve."""
POINTS = 41
"""Points of a drawn calibration curve."""
BINS = 20
NOISE = " noise"
"""Ends the name of the distance between a draw and the data, which belongs to a distance that can't be below 0."""
SQUARED = ("brier_reliability", "brier_resolution")

Measure = Callable[[QuestionData, Floats], Mapping[str, Floats]]
"""From the rows of one repeat and their weights (draws, rows) to figures (draws, ...)."""


def averaged(asked: QuestionData, measure: Measure, draws: Floats) -> dict[str, Floats]:
    """A measure's figures, averaged over the repeats; NaN if no repeat has one."""
    parts = [asked.subset(asked.repeat == repeat) for repeat in np.unique(asked.repeat)]
    found = [_where_drawn(part, measure, draws[:, part.patient] * part.weights) for part in parts]
    return {name: mean_of_repeats([values[name] for values in found]) for name in found[0]} if found else {}


def _where_drawn(asked: QuestionData, measure: Measure, weights: Floats) -> dict[str, Floats]:
    """A measure's figures, NaN in draws without any of the patients, which occur for a small group."""
    drawn = weights.sum(axis=1) > 0
    found = {}
    for name, values in measure(asked, weights[drawn]).items():
        found[name] = np.full((len(weights), *values.shape[1:]), np.nan)
        found[name][drawn] = values
    return found


def mean_of_repeats(values: list[Floats]) -> Floats:
    """The mean of one figure over the repeats where it is defined; NaN if it is nowhere."""
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    number = defined.sum(axis=0)
    total = np.where(defined, stacked, 0.0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def core_values(asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """The measures that are also given per site, per group and per treatment of unobserved answers."""
    return averaged(asked, _core, draws)


def question_values(asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """All the measures of a question."""
    return averaged(asked, lambda part, weights: {**_core(part, weights), **_rest(part, weights)}, draws)


def _core(asked: QuestionData, weights: Floats) -> dict[str, Floats]:
    y, p = asked.y_observed, asked.y_predicted
    slope = np.full(len(weights), np.nan) if all_the_same(asked) else calibration_slope_by_draw(y, p, weights)
    return {
        "auc": auc(y, p, weights, asked.fold),
        "log_loss": log_loss_by_draw(y, p, weights),
        "brier": brier_by_draw(y, p, weights),
        "oe": observed_over_expected(y, p, weights),
        "calibration_intercept": calibration_in_the_large_by_draw(y, p, weights),
        "calibration_slope": slope,
    }


def all_the_same(asked: QuestionData) -> bool:
    """Whether all patients of every fold have the same prediction: then only the folds' base rates differ."""
    return all(np.ptp(asked.y_predicted[asked.fold == fold]) == 0 for fold in np.unique(asked.fold))


def _rest(asked: QuestionData, weights: Floats) -> dict[str, Floats]:
    y, p = asked.y_observed, asked.y_predicted
    parts = brier_parts(y, p, weights)
    return {
        "ipa": scaled_brier(y, p, weights),
        "brier_reliability": parts.reliability,
        "brier_resolution": parts.resolution,
        "brier_uncertainty": parts.uncertainty,
        "brier_within_bins": parts.within_bins,
        f"brier_reliability{NOISE}": parts.reliability_noise,
        f"brier_resolution{NOISE}": parts.resolution_noise,
    }


def estimates(values: Mapping[str, Floats]) -> dict[str, Estimate]:
    """Every figure with its 95% interval; that of a distance, which can't be below 0, comes from its noise.

    The parts of the Brier score are mean squared distances: their intervals are those of the roots, squared.
    """
    return {name: _estimate(name, values) for name in values if not name.endswith(NOISE)}


def _estimate(name: str, values: Mapping[str, Floats]) -> Estimate:
    noise = values.get(f"{name}{NOISE}")
    if noise is None:
        return interval(values[name])
    if name not in SQUARED:
        return interval_of_distance(values[name], noise)
    root = interval_of_distance(np.sqrt(values[name]), np.sqrt(noise))
    if root.low is None or root.high is None:
        return Estimate(estimate=float(values[name][0]))
    return Estimate(estimate=float(values[name][0]), low=root.low**2, high=root.high**2)


def curve_errors(asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """ICI, E50 and E90 against the smooth curve of weighted answers, with their noise, in every draw."""

    def measure(part: QuestionData, weights: Floats) -> Mapping[str, Floats]:
        y, p = part.y_observed, part.y_predicted
        return errors_with_noise(smooth_curve(y, p, weights), p, weights)

    return averaged(asked, measure, draws)


def errors_with_noise(curve: Curve, y_predicted: Floats, weights: Floats) -> dict[str, Floats]:
    """ICI, E50 and E90 of a curve, and their noise, in every draw of ``weights`` (draws, rows)."""
    errors, noise = calibration_errors(curve, y_predicted, weights), curve_noise(curve, y_predicted, weights)
    found = {"ici": errors.ici, "e50": errors.e50, "e90": errors.e90}
    return found | {f"ici{NOISE}": noise.ici, f"e50{NOISE}": noise.e50, f"e90{NOISE}": noise.e90}


def observed_rate(asked: QuestionData, weights: Floats) -> Floats:
    """The weighted rate of yes in every draw of ``weights`` (draws, rows)."""
    return np.asarray(weights @ asked.y_observed / weights.sum(axis=1))


def curve_points(asked: QuestionData) -> Floats | None:
    """Predicted probabilities at which a curve is drawn: the middle 98% of them.

    ``None`` if they are all equal, or differ between folds only: a curve through them would show chance.
    """
    low, high = np.quantile(asked.y_predicted, (0.01, 0.99))
    if high - low < 1e-6 or all_the_same(asked.first_repeat):
        return None
    return np.linspace(low, high, POINTS)


def observed_curve(asked: QuestionData, points: Floats, draws: Floats) -> Floats:
    """Observed probability at predicted ones, by the smooth curve of weighted answers; shape (draws, points)."""

    def measure(part: QuestionData, weights: Floats) -> Mapping[str, Floats]:
        return {"curve": smooth_curve(part.y_observed, part.y_predicted, weights).observed_at(points)}

    return averaged(asked, measure, draws)["curve"]


def _disclosed_counts(counts: list[int]) -> list[int | None]:
    """The counts with small ones hidden; a single one would follow by subtraction, so another is hidden too."""
    hidden = {position for position, count in enumerate(counts) if 0 < count < FEWEST}
    large = [position for position, count in enumerate(counts) if count >= FEWEST]
    if len(hidden) == 1 and large:
        hidden.add(min(large, key=lambda position: counts[position]))
    return [None if position in hidden else count for position, count in enumerate(counts)]


def calibration_curve(asked: QuestionData, points: Floats, observed: Floats) -> CalibrationCurve:
    """The curve with its limits, and how the predictions are distributed; ``observed`` has shape (draws, points)."""
    curve = [interval(values) for values in observed.T]
    counts, _ = np.histogram(asked.first_repeat.y_predicted, bins=BINS, range=(0, 1))
    return CalibrationCurve(
        predicted=points.tolist(),
        observed=[estimate.estimate for estimate in curve],
        low=[estimate.low for estimate in curve],
        high=[estimate.high for estimate in curve],
        counts=_disclosed_counts(counts.tolist()),
    )


def benefit(asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """Net benefit of treating by the predictions ("model") and of treating all ("all"), (draws, thresholds)."""

    def measure(part: QuestionData, weights: Floats) -> Mapping[str, Floats]:
        return {
            "model": net_benefit(part.y_observed, part.y_predicted, weights, THRESHOLDS),
            "all": net_benefit_treat_all(observed_rate(part, weights), THRESHOLDS),
        }

    return averaged(asked, measure, draws)


def decision_curve(found: Mapping[str, Floats]) -> DecisionCurve:
    """Net benefit of treating by the predictions, with limits, and of treating all; that of treating none is 0.

    The difference to the better of the two is taken within every draw, so that their common variation cancels.
    Source: Vickers 2008, doi:10.1186/1472-6947-8-53.
    """
    model = [interval(values) for values in found["model"].T]
    difference = [interval(values) for values in (found["model"] - np.maximum(found["all"], 0.0)).T]
    return DecisionCurve(
        thresholds=THRESHOLDS.tolist(),
        model=[estimate.estimate for estimate in model],
        low=[estimate.low for estimate in model],
        high=[estimate.high for estimate in model],
        treat_all=found["all"][0].tolist(),
        difference=[estimate.estimate for estimate in difference],
        difference_low=[estimate.low for estimate in difference],
        difference_high=[estimate.high for estimate in difference],
    )
