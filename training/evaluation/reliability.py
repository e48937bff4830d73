"""How far predicted probabilities can be taken at their word: overall error and calibration."""

import numpy as np
import pandas as pd
from hazardous.metrics import integrated_brier_score_incidence
from numpy.typing import NDArray

from features.timeline import Floats
from models.calibration import Trials, fit_baseline, recalibrate
from models.outcomes import expit


def log_loss(y_observed: Floats, log_odds: Floats, weights: Floats) -> float:
    """Mean negative log-likelihood in nats; smaller is better. Shapes (n,)."""
    loss = np.logaddexp(0, np.where(y_observed == 1, -log_odds, log_odds))
    return float(np.average(loss, weights=weights))


def brier(y_observed: Floats, log_odds: Floats, weights: Floats) -> float:
    """Mean squared error of the probabilities; smaller is better. Shapes (n,).

    Source: Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    return float(np.average((expit(log_odds) - y_observed) ** 2, weights=weights))


def calibration_in_the_large(trials: Trials, log_odds: Floats) -> float:
    """Shift in log-odds that the predictions lack; 0 is right, above 0 means too low. ``log_odds`` (patients,).

    Source: Van Calster 2016, doi:10.1016/j.jclinepi.2015.12.005.
    """
    return float(fit_baseline(trials, log_odds)[0])


def calibration_slope(trials: Trials, log_odds: Floats) -> float:
    """Slope of the outcome on the predicted log-odds; 1 is right, below 1 means too extreme; NaN for equal predictions.

    Source: Cox 1958, doi:10.1093/biomet/45.3-4.562.
    """
    if np.ptp(log_odds[trials.patient]) == 0:
        return float("nan")
    return recalibrate(trials, log_odds, np.zeros(len(trials.patient))).slope


def integrated_brier(
    followed_days: Floats, ended_by: NDArray[np.int8], incidence: Floats, days: NDArray[np.int64]
) -> float:
    """Brier score of the predicted incidence of relapse, averaged over ``days``; smaller is better.

    ``incidence`` has shape (n, days). Censoring is handled by inverse-probability weights; days that nobody was
    followed to are left out. Source: Graf 1999; Kretowska 2018 for competing events.
    """
    reached = days < followed_days.max()
    if not (ended_by == 1).any() or reached.sum() < 2:
        return float("nan")
    observed = pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed_days})
    value = integrated_brier_score_incidence(observed, observed, incidence[:, reached], days[reached], 1)
    return float(value)
