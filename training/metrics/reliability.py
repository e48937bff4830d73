"""Overall error and calibration of predicted probabilities.

``weights`` (draws, n) give one figure per row, shape (draws,). Row 0 is the estimate, the others are bootstrap draws;
weights for unobserved outcomes are multiplied into every row.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from features.records.timeline import Floats
from training.metrics.logistic import fit_logistic

CLOSEST_TO_CERTAIN = 1e-8
"""Probabilities nearer to 0 or 1 are clipped to this distance before their logarithm is taken."""

_BINS = 10


class ClippedWarning(UserWarning):
    """Some predictions are 0 or 1, which no outcome can correct."""


def log_odds_of(y_predicted: Floats) -> Floats:
    """Log-odds of probabilities; 0 and 1, which no outcome can correct, are clipped with a warning.

    The distance is 1e-8, as in the R package CalibrationCurves (Van Calster 2016, doi:10.1016/j.jclinepi.2015.12.005).
    """
    inside = np.clip(y_predicted, CLOSEST_TO_CERTAIN, 1 - CLOSEST_TO_CERTAIN)
    number = int((inside != y_predicted).sum())
    if number:
        said = f"{number} predictions of 0 or 1 were clipped by {CLOSEST_TO_CERTAIN}"
        warnings.warn(said, ClippedWarning, stacklevel=2)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def log_loss_by_draw(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Mean negative log-likelihood in nats; smaller is better. Shapes (n,), (n,), (draws, n); gives (draws,)."""
    log_odds = log_odds_of(y_predicted)
    return _mean(np.logaddexp(0, np.where(y_observed == 1, -log_odds, log_odds)), weights)


def brier_by_draw(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Mean squared error of the probabilities; smaller is better. Shapes (n,), (n,), (draws, n); gives (draws,).

    Source: Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    return _mean((y_predicted - y_observed) ** 2, weights)


def scaled_brier(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Index of prediction accuracy: 1 - Brier score / that of the base rate, each draw's own; larger is better.

    1 is perfect, 0 no better than the base rate for all; NaN if a draw holds one outcome only.
    Source: Kattan & Gerds 2018, doi:10.1186/s41512-018-0029-2.
    """
    rate = _mean(y_observed, weights)
    return 1 - _ratio(brier_by_draw(y_observed, y_predicted, weights), rate * (1 - rate))


@dataclass(frozen=True, eq=False)
class BrierParts:
    """Brier score = ``reliability`` - ``resolution`` + ``uncertainty`` + ``within_bins``, exactly; all (draws,).

    Reliability (smaller is better) is the squared gap between mean prediction and observed rate of a bin, resolution
    (larger is better) the squared gap between a bin's rate and the overall one, uncertainty the base rate's own
    Brier score. ``within_bins`` is the variance of the predictions in a bin less twice their covariance with the
    outcome: the part that Murphy's three leave out if predictions of a bin differ. The noise of the first two is the
    mean squared gap between a draw's bins and those of row 0.
    """

    reliability: Floats
    resolution: Floats
    uncertainty: Floats
    within_bins: Floats
    reliability_noise: Floats
    resolution_noise: Floats


def brier_parts(y_observed: Floats, y_predicted: Floats, weights: Floats) -> BrierParts:
    """Decomposition over ten bins of as many patients each; equal predictions share a bin, in every draw the same.

    Sources: Murphy 1973, doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; the parts within the bins, Stephenson
    2008, doi:10.1175/2007WAF2006116.1.
    """
    edges = np.unique(np.quantile(y_predicted, np.arange(1, _BINS) / _BINS))
    bins = np.eye(len(edges) + 1)[np.searchsorted(edges, y_predicted, side="left")]
    in_bin = weights @ bins
    share = _ratio(in_bin, weights.sum(axis=1, keepdims=True))
    safe = np.where(in_bin > 0, in_bin, 1.0)

    def mean_in_bin(values: Floats) -> Floats:
        return np.asarray(weights @ (bins * values[:, None]) / safe)

    predicted, observed = mean_in_bin(y_predicted), mean_in_bin(y_observed)
    variance = mean_in_bin(y_predicted**2) - predicted**2
    covariance = mean_in_bin(y_predicted * y_observed) - predicted * observed
    rate = _mean(y_observed, weights)
    gap, spread = predicted - observed, observed - rate[:, None]
    return BrierParts(
        reliability=(share * gap**2).sum(axis=1),
        resolution=(share * spread**2).sum(axis=1),
        uncertainty=rate * (1 - rate),
        within_bins=(share * (variance - 2 * covariance)).sum(axis=1),
        reliability_noise=(share * (gap - gap[:1]) ** 2).sum(axis=1),
        resolution_noise=(share * (spread - spread[:1]) ** 2).sum(axis=1),
    )


def observed_over_expected(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Observed over expected number of outcomes; 1 is right, above 1 means predictions too low. Gives (draws,).

    Source: Debray 2017, doi:10.1136/bmj.i6460.
    """
    return _ratio(weights @ y_observed, weights @ y_predicted)


def calibration_in_the_large_by_draw(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Shift in log-odds that the predictions lack; 0 is right, above 0 means too low. Gives (draws,).

    NaN where a draw holds one outcome only. Source: Van Calster 2016, doi:10.1016/j.jclinepi.2015.12.005.
    """
    return fit_logistic(np.ones((len(y_observed), 1)), y_observed, weights, log_odds_of(y_predicted))[:, 0]


def calibration_slope_by_draw(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Slope of the outcome on the predicted log-odds; 1 is right, below 1 means too extreme. Gives (draws,).

    NaN where predictions are equal, or separate the outcomes. Source: Cox 1958, doi:10.1093/biomet/45.3-4.562.
    """
    if np.ptp(y_predicted) == 0:
        return np.full(len(weights), np.nan)
    log_odds = log_odds_of(y_predicted)
    design = np.column_stack([np.ones(len(y_observed)), log_odds])
    return fit_logistic(design, y_observed, weights, np.zeros(len(y_observed)))[:, 1]


def _mean(values: Floats, weights: Floats) -> Floats:
    return _ratio(weights @ values, weights.sum(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(np.broadcast_shapes(above.shape, below.shape), np.nan), where=below > 0)
