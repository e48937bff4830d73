"""The smooth calibration curve, and how far the predictions are from it.

A logistic regression of the outcome on a restricted cubic spline of the predicted log-odds, in every bootstrap draw.
The caller chooses the points of the curve and the patients of the errors.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from features.records.timeline import Floats
from models.outcomes import expit
from training.metrics.intervals import blocks_of_draws
from training.metrics.logistic import fit_logistic
from training.metrics.reliability import log_odds_of
from training.metrics.spline import Spline, spline_through

_RIDGE = 1e-3
"""Pseudo-observations per column: they keep coefficients finite in a draw whose outcomes the spline separates."""

_MOST_POINTS = 2_000
"""Points at which errors are evaluated; with more patients, neighbours share a point."""


class Curve(Protocol):
    """Observed probability as a function of the predicted one, in every draw."""

    def observed_at(self, y_predicted: Floats) -> Floats:
        """Observed probability at predicted ones (points,), shape (draws, points)."""
        ...


@dataclass(frozen=True, eq=False)
class SmoothCurve:
    """A fitted curve: observed probability as a function of the predicted one, in every draw.

    ``spline`` is over log-odds, ``coefficients`` have shape (draws, columns + 1); NaN in draws with one outcome only.
    """

    spline: Spline
    coefficients: Floats

    def observed_at(self, y_predicted: Floats) -> Floats:
        """Observed probability at predicted ones (points,), shape (draws, points)."""
        columns = self.spline.columns(log_odds_of(y_predicted))
        return expit(self.coefficients[:, :1] + self.coefficients[:, 1:] @ columns.T)


@dataclass(frozen=True, eq=False)
class CalibrationErrors:
    """Distance between predicted and observed probability over patients; all (draws,), smaller is better.

    ``ici`` is the mean, ``e50`` the median, ``e90`` the 90th percentile and ``emax`` the greatest.
    """

    ici: Floats
    e50: Floats
    e90: Floats
    emax: Floats


def smooth_curve(y_observed: Floats, y_predicted: Floats, weights: Floats) -> SmoothCurve:
    """The calibration curve of outcomes 0 or 1 and probabilities, both (n,), in every draw of ``weights`` (draws, n).

    Knots as in ``spline_through`` by the rarer outcome, among the patients whose weight in row 0 is not 0.
    Source: Austin & Steyerberg 2019, doi:10.1002/sim.8281 (with a spline in place of loess: Austin 2020,
    doi:10.1002/sim.8570).
    """
    counted = weights[0] > 0
    log_odds = log_odds_of(y_predicted)
    events = y_observed[counted].sum()
    spline = spline_through(log_odds[counted], float(min(events, counted.sum() - events)))
    design = np.column_stack([np.ones(len(log_odds)), spline.columns(log_odds)])
    coefficients = fit_logistic(design, y_observed, weights, np.zeros(len(design)), _RIDGE)
    return SmoothCurve(spline, coefficients)


def calibration_errors(curve: Curve, y_predicted: Floats, weights: Floats) -> CalibrationErrors:
    """Errors over patients with predictions (n,), each counted by ``weights`` (draws, n), whose rows are the curve's.

    The patients may be others than those of the curve: all with a prediction, also without a known outcome. Of more
    than 2,000 patients neighbours share a point at their mean prediction; the least and the greatest prediction stay
    alone. Source: Austin & Steyerberg 2019, doi:10.1002/sim.8281.
    """
    points, counts = _points(y_predicted, weights)
    return _distances(np.abs(curve.observed_at(points) - points), counts)


def curve_noise(curve: Curve, y_predicted: Floats, weights: Floats) -> CalibrationErrors:
    """How far the curve of every draw is from that of row 0, by the same distances as ``calibration_errors``."""
    points, counts = _points(y_predicted, weights)
    observed = curve.observed_at(points)
    return _distances(np.abs(observed - observed[:1]), counts)


def _points(y_predicted: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Where the curve is evaluated, (points,), and the weight of the patients there, (draws, points)."""
    order = np.argsort(y_predicted, kind="stable")
    start = _groups(len(order))
    points = np.add.reduceat(y_predicted[order], start) / np.diff(np.append(start, len(order)))
    counts = np.empty((len(weights), len(points)))
    for rows in blocks_of_draws(weights):
        counts[rows] = np.add.reduceat(weights[rows][:, order], start, axis=1)
    return points, counts


def _distances(error: Floats, counts: Floats) -> CalibrationErrors:
    total = counts.sum(axis=1)
    ici = np.divide((error * counts).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)
    return CalibrationErrors(ici, *_quantiles(error, counts, (0.5, 0.9, 1.0)))


def _groups(patients: int) -> np.ndarray:
    """Where each group of neighbours starts, among patients in the order of their predictions."""
    if patients <= _MOST_POINTS:
        return np.arange(patients)
    return np.append(0, np.linspace(1, patients - 1, _MOST_POINTS - 1).astype(np.intp))


def _quantiles(values: Floats, counts: Floats, proportions: tuple[float, ...]) -> list[Floats]:
    """Per row, the least value up to which each share of the counts lies."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    total = below[:, -1:]
    first = [np.argmax(below >= share * total * (1 - 1e-12), axis=1)[:, None] for share in proportions]
    found = [np.take_along_axis(ordered, at, axis=1)[:, 0] for at in first]
    return [np.where(total[:, 0] > 0, value, np.nan) for value in found]
