"""Baselines and recalibration around a linear predictor, for patients with binomial counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.outcomes import Floats, expit

SIGNIFICANCE = 0.05


@dataclass(frozen=True, eq=False)
class BinomialCounts:
    """Weighted counts of successes and failures of patients, each within a band of time; arrays have shape (counts,).

    ``patient`` is the row of the patient in the feature rows, ``band`` the band of time (0 where there is one only).
    ``successes`` and ``failures`` are weights: a patient who was at risk for three weeks and relapsed in the last
    has one success and two failures.
    """

    patient: NDArray[np.intp]
    band: NDArray[np.intp]
    successes: Floats
    failures: Floats
    patients: int
    bands: int

    def subset(self, kept: NDArray[np.bool_]) -> "BinomialCounts":
        """The counts of some patients (one flag per patient), who keep their numbers."""
        rows = kept[self.patient]
        return BinomialCounts(
            self.patient[rows], self.band[rows], self.successes[rows], self.failures[rows], self.patients, self.bands
        )

    def losses(self, log_odds: Floats) -> Floats:
        """Negative log-likelihood per count, shape (counts,), of log-odds of the same shape."""
        return self.successes * np.logaddexp(0, -log_odds) + self.failures * np.logaddexp(0, log_odds)

    def weighted_outcomes(self) -> tuple[NDArray[np.intp], NDArray[np.int64], Floats]:
        """The counts as yes/no outcomes: row of the count, outcome 1 or 0, weight; those of weight 0 left out."""
        success, failure = np.flatnonzero(self.successes > 0), np.flatnonzero(self.failures > 0)
        outcome = np.repeat(np.array([1, 0], dtype=np.int64), [len(success), len(failure)])
        weight = np.concatenate([self.successes[success], self.failures[failure]])
        return np.concatenate([success, failure]), outcome, weight

    def loss_for_patient(self, score: Floats, baseline: Floats) -> Floats:
        """Negative log-likelihood per patient, shape (patients,), of log-odds ``baseline[band] + score[patient]``."""
        loss = self.losses(baseline[self.band] + score[self.patient])
        return np.bincount(self.patient, weights=loss, minlength=self.patients).astype(np.float64)


def fit_baseline(binomial: BinomialCounts, score: Floats, start: Floats | None = None) -> Floats:
    """Log-odds per band, shape (bands,), with which as many successes are expected as were observed.

    Half a success and half a failure are added to a band that lacks either, so that no band is impossible or certain; a
    band without counts gets the overall rate. Solved by Newton's method, one number per band; ``start`` (bands,), where
    something near is known, saves steps.
    """
    bands = binomial.bands
    seen = np.bincount(binomial.band, weights=binomial.successes, minlength=bands)
    number = np.bincount(binomial.band, weights=binomial.successes + binomial.failures, minlength=bands)
    lacking = (seen <= 0) | (seen >= number)
    rate = np.where(lacking, (seen + 0.5) / (number + 1), seen / np.maximum(number, 1e-12))
    rate = np.where(number > 0, rate, (seen.sum() + 0.5) / (number.sum() + 1))
    baseline = np.log(rate) - np.log1p(-rate)
    if start is not None:
        baseline = np.where(number > 0, start, baseline)
    offset, weights = score[binomial.patient], binomial.successes + binomial.failures
    for _ in range(50):
        fitted = expit(baseline[binomial.band] + offset)
        expected = np.bincount(binomial.band, weights=weights * fitted, minlength=bands)
        curvature = np.bincount(binomial.band, weights=weights * fitted * (1 - fitted), minlength=bands)
        step = np.clip((rate * number - expected) / np.maximum(curvature, 1e-12), -1, 1)
        baseline = baseline + np.where(number > 0, step, 0.0)
        if np.abs(step[number > 0]).max(initial=0) < 1e-12:
            break
    return baseline


@dataclass(frozen=True)
class Recalibration:
    """``shift + slope * score`` fits the held-out outcomes best; ``p_value`` tests it against 0 and 1.

    It is supported if the test is significant at ``significance``.
    """

    shift: float
    slope: float
    p_value: float
    significance: float = SIGNIFICANCE

    @property
    def supported(self) -> bool:
        """Whether the held-out predictions support it, and it keeps the order of the patients."""
        return self.p_value < self.significance and self.slope > 0


def recalibrate(
    binomial: BinomialCounts,
    score: Floats,
    baseline: Floats,
    effective_share: float = 1.0,
    significance: float = SIGNIFICANCE,
) -> Recalibration:
    """Shift of the baseline and slope of the score, with a likelihood-ratio test on 2 degrees of freedom.

    ``score`` and ``baseline``, shapes (patients,) and (counts,), are held-out predictions. ``effective_share`` is the
    effective over the nominal number of counts, so that large weights don't make the test too confident.
    Source: Cox 1958, doi:10.1093/biomet/45.3-4.562.
    """
    offset, linear_predictor = baseline, score[binomial.patient]
    if np.ptp(linear_predictor) == 0:
        return Recalibration(0.0, 1.0, 1.0, significance)
    number = binomial.successes + binomial.failures
    shift, slope = 0.0, 1.0
    for _ in range(50):
        fitted = expit(offset + shift + slope * linear_predictor)
        residual, spread = binomial.successes - number * fitted, number * fitted * (1 - fitted)
        gradient = np.array([residual.sum(), residual @ linear_predictor])
        cross = spread @ linear_predictor
        curvature = np.array([[spread.sum(), cross], [cross, spread @ linear_predictor**2]]) + 1e-9 * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -1, 1)
        shift, slope = shift + step[0], slope + step[1]
        if np.abs(step).max() < 1e-10:
            break
    before, after = (
        binomial.losses(offset + linear_predictor),
        binomial.losses(offset + shift + slope * linear_predictor),
    )
    gain = effective_share * float(before.sum() - after.sum())
    return Recalibration(float(shift), float(slope), float(np.exp(-max(gain, 0.0))), significance)
