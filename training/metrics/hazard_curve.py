"""The smooth calibration curve of the risk of relapse by a day, by regression of the hazard.

Patients lost before the day count for as long as they were followed. The caller chooses the points of the curve and the
patients of its errors (``smooth_curve.calibration_errors``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.metrics.hazard_regression import HazardModel, fit_hazard
from training.metrics.incidence import aalen_johansen
from training.metrics.reliability import CLOSEST_TO_CERTAIN
from training.metrics.spline import Spline, spline_through


@dataclass(frozen=True, eq=False)
class HazardCurve:
    """A fitted curve: observed risk by the day as a function of the predicted one, in every draw."""

    spline: Spline
    model: HazardModel

    def observed_at(self, y_predicted: Floats) -> Floats:
        """Observed risk at predicted ones (points,), shape (draws, points).

        NaN in draws without relapse, in draws without a patient followed to the day, and where the predictions put the
        relapses in perfect order.
        """
        log_hazard = self.model.coefficients @ self.spline.columns(_cloglog(y_predicted)).T
        return np.asarray(-np.expm1(-self.model.baseline[:, None] * np.exp(np.minimum(log_hazard, 300))))


def hazard_curve(
    followed_days: Floats, ended_by: NDArray[np.int8], y_predicted: Floats, weights: Floats, day: float
) -> HazardCurve:
    """The calibration curve of ``y_predicted``, risks of relapse by and including ``day``, in every draw.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event; shapes (n,), ``weights`` (draws, n). The hazard of
    relapse over the whole follow-up, with competing events that of the subdistribution, is regressed on a spline of
    log(-log(1 - y_predicted)). Knots as in ``spline_through`` by the number of relapses, among the patients whose
    weight in row 0 is not 0. If the predictions are equal, the curve is one figure: that of Aalen and Johansen, with
    1 - exp(-hazard) in place of their product over the days.
    Sources: Austin, Harrell & van Klaveren 2020, doi:10.1002/sim.8570; with competing events Austin, Putter,
    Giardiello & van Klaveren 2022, doi:10.1186/s41512-021-00114-6.
    """
    counted = weights[0] > 0
    transformed = _cloglog(y_predicted)
    spline = spline_through(transformed[counted], float((ended_by[counted] == 1).sum()))
    model = fit_hazard(followed_days, ended_by, spline.columns(transformed), weights, day)
    observed = aalen_johansen(followed_days, ended_by, weights, np.array([day])).relapse[:, 0]
    return HazardCurve(spline, HazardModel(model.coefficients, np.where(np.isnan(observed), np.nan, model.baseline)))


def _cloglog(y_predicted: Floats) -> Floats:
    """The log of the cumulative hazard; risks of 0 and 1 are clipped as in ``log_odds_of``."""
    return np.log(-np.log1p(-np.clip(y_predicted, CLOSEST_TO_CERTAIN, 1 - CLOSEST_TO_CERTAIN)))
