"""The smooth calibration curve, and how far the predictions are from it.

A logistic regression of the outcome on a restricted cubic spline of the predicted log-odds, in every bootstrap draw.
Where the curve is drawn, and which patients count in the errors, is left to the caller.
"""

from dataclasses import dataclass

import numpy as np

from features.timeline import Floats
from models.outcomes import expit
from training.evaluation.intervals import blocks_of_draws
from training.evaluation.logistic import fit_logistic
from training.evaluation.reliability import log_odds_of

_KNOTS = {5: (0.05, 0.275, 0.5, 0.725, 0.95), 3: (0.1, 0.5, 0.9)}
"""Quantiles of the predictions. Source: Harrell 2015, Regression Modeling Strategies, table 2.3,
doi:10.1007/978-3-319-19425-7."""

_FIVE_KNOTS_FROM, _THREE_KNOTS_FROM = 100, 30
"""Patients with the rarer outcome. Test: test_few_events_are_given_a_stiffer_curve."""

_RIDGE = 1e-3
"""Pseudo-observations per column: keeps a draw whose outcomes the spline separates from running away."""

_MOST_POINTS = 2_000
"""Points at which errors are evaluated; more patients than that are taken together with their neighbours."""


@dataclass(frozen=True, eq=False)
class SmoothCurve:
    """A fitted curve: observed probability as a function of the predicted one, in every draw.

    ``knots`` (knots,) are log-odds, ``centre`` (columns,) and ``whitening`` (columns, columns) turn the spline's
    columns into uncorrelated ones, ``coefficients`` have shape (draws, columns + 1); NaN in draws that hold one
    outcome only.
    """

    knots: Floats
    centre: Floats
    whitening: Floats
    coefficients: Floats

    def observed_at(self, y_predicted: Floats) -> Floats:
        """Observed probability at predicted ones (points,), shape (draws, points)."""
        columns = (_spline(log_odds_of(y_predicted), self.knots) - self.centre) @ self.whitening
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

    Five knots, three where the rarer outcome came fewer than 100 times, a straight line in the log-odds below 30 or
    where the predictions take too few values; patients whose weight in row 0 is 0 count for none of this.
    Source: Austin & Steyerberg 2019, doi:10.1002/sim.8281 (with a spline in place of loess: Austin 2020,
    doi:10.1002/sim.8570).
    """
    counted = weights[0] > 0
    log_odds = log_odds_of(y_predicted)
    knots = _knots(y_observed[counted], log_odds[counted])
    columns = _spline(log_odds, knots)
    centre, whitening = _whitening(columns[counted])
    design = np.column_stack([np.ones(len(columns)), (columns - centre) @ whitening])
    coefficients = fit_logistic(design, y_observed, weights, np.zeros(len(design)), _RIDGE)
    return SmoothCurve(knots, centre, whitening, coefficients)


def calibration_errors(curve: SmoothCurve, y_predicted: Floats, weights: Floats) -> CalibrationErrors:
    """Errors over patients with predictions (n,), each counted by ``weights`` (draws, n), whose rows are the curve's.

    The patients may be others than those of the curve: everybody predicted for, where the outcome is not known of
    all. Of more than 2,000 patients neighbours are taken together at their mean prediction; the least and the
    greatest prediction stay alone. Source: Austin & Steyerberg 2019, doi:10.1002/sim.8281.
    """
    order = np.argsort(y_predicted, kind="stable")
    start = _groups(len(order))
    points = np.add.reduceat(y_predicted[order], start) / np.diff(np.append(start, len(order)))
    error = np.abs(curve.observed_at(points) - points)
    counts = np.empty_like(error)
    for rows in blocks_of_draws(weights):
        counts[rows] = np.add.reduceat(weights[rows][:, order], start, axis=1)
    total = counts.sum(axis=1)
    ici = np.divide((error * counts).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)
    return CalibrationErrors(ici, *_quantiles(error, counts, (0.5, 0.9, 1.0)))


def _knots(y_observed: Floats, log_odds: Floats) -> Floats:
    """As many knots as the outcomes carry and the predictions can be told apart by; none means a straight line."""
    rarer = min(y_observed.sum(), (1 - y_observed).sum())
    for number, fewest in ((5, _FIVE_KNOTS_FROM), (3, _THREE_KNOTS_FROM)):
        if rarer < fewest:
            continue
        knots = np.quantile(log_odds, _KNOTS[number])
        if np.diff(knots).min() > 0:
            return np.asarray(knots)
    return np.empty(0)


def _spline(log_odds: Floats, knots: Floats) -> Floats:
    """Columns of a cubic spline that is straight beyond the outer knots: (n, 1) without knots, else (n, knots - 1)."""
    if len(knots) == 0:
        return log_odds[:, None]
    cubes = np.maximum(log_odds[:, None] - knots, 0.0) ** 3
    last, before_last = knots[-1], knots[-2]
    to_last, to_before = (last - knots[:-2]) / (last - before_last), (before_last - knots[:-2]) / (last - before_last)
    bent = cubes[:, :-2] - cubes[:, -2:-1] * to_last + cubes[:, -1:] * to_before
    return np.column_stack([log_odds, bent / (last - knots[0]) ** 2])


def _whitening(columns: Floats) -> tuple[Floats, Floats]:
    """Centre and matrix after which columns are uncorrelated with variance 1; a direction without variance becomes 0.

    A spline's columns are nearly copies of one another, on which Newton's method loses its way.
    """
    if len(columns) == 0:
        return np.zeros(columns.shape[1]), np.zeros((columns.shape[1], columns.shape[1]))
    centre = columns.mean(axis=0)
    _, size, directions = np.linalg.svd((columns - centre) / np.sqrt(len(columns)), full_matrices=False)
    known = size > 1e-9 * max(1.0, float(size.max()))
    scale = np.where(known, 1 / np.where(known, size, 1.0), 0.0)
    return centre, directions.T * scale


def _groups(patients: int) -> np.ndarray:
    """Where each group of neighbours starts, among patients in the order of their predictions."""
    if patients <= _MOST_POINTS:
        return np.arange(patients)
    return np.append(0, np.linspace(1, patients - 1, _MOST_POINTS - 1).astype(np.intp))


def _quantiles(values: Floats, counts: Floats, shares: tuple[float, ...]) -> list[Floats]:
    """Per row, the least value up to which each share of the counts lies."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    total = below[:, -1:]
    first = [np.argmax(below >= share * total * (1 - 1e-12), axis=1)[:, None] for share in shares]
    found = [np.take_along_axis(ordered, at, axis=1)[:, 0] for at in first]
    return [np.where(total[:, 0] > 0, value, np.nan) for value in found]
