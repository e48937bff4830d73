"""The calibration slope of a score for relapse: how much the hazard rises with it, over the whole follow-up."""

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.metrics.intervals import blocks_of_draws


def hazard_slope(followed_days: Floats, ended_by: NDArray[np.int8], score: Floats, weights: Floats) -> Floats:
    """Coefficient of a log-hazard ``score`` in a Cox regression; 1 is right, below 1 means too extreme.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event, which ends the time at risk (the slope is that of the
    cause-specific hazard). Shapes (n,), ``weights`` (draws, n); gives (draws,), NaN where no relapse is left, where
    the scores are equal, or where they put the relapses in perfect order.
    Sources: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; ties by Efron 1977, doi:10.1080/01621459.1977.10480613;
    as a measure of calibration: Royston & Altman 2013, doi:10.1186/1471-2288-13-33.
    """
    if not (ended_by == 1).any() or np.ptp(score) == 0:
        return np.full(len(weights), np.nan)
    # From the last to the first, so that sums from the left are over those still at risk.
    order = np.lexsort((ended_by == 1, -followed_days))
    at_risk = _RelapseRanks(followed_days[order], ended_by[order] == 1, (score - score.mean())[order])
    return np.concatenate([_newton(at_risk, weights[rows][:, order]) for rows in blocks_of_draws(weights)])


class _RelapseRanks:
    """The ranks of the relapses among patients in the order of time, the latest first, relapses last on their day."""

    def __init__(self, followed_days: Floats, relapsed: NDArray[np.bool_], score: Floats) -> None:
        self.score = score
        self.event = np.flatnonzero(relapsed)
        _, start, self.day, number = np.unique(
            -followed_days[self.event], return_index=True, return_inverse=True, return_counts=True
        )
        self.start, self.number = start, number
        self.last_of_day = self.event[start + number - 1]
        # Efron: of d relapses on a day the r-th (from 0) still sees the other relapses with weight 1 - r / d.
        self.gone = (np.arange(len(self.event)) - start[self.day]) / number[self.day]

    def sums(self, values: Floats) -> Floats:
        """Sum over those at risk at each relapse, (draws, relapses), of ``values`` (draws, n)."""
        over_risk_set = np.cumsum(values, axis=1)[:, self.last_of_day][:, self.day]
        over_day = np.add.reduceat(values[:, self.event], self.start, axis=1)[:, self.day]
        return np.asarray(over_risk_set - self.gone * over_day)


def _newton(at_risk: _RelapseRanks, weights: Floats) -> Floats:
    score = at_risk.score
    relapses = weights[:, at_risk.event]
    mean_of_day = (np.add.reduceat(relapses, at_risk.start, axis=1) / at_risk.number)[:, at_risk.day]
    seen = relapses @ score[at_risk.event]
    slope = np.zeros(len(weights))
    step = np.full(len(weights), np.nan)
    reach = 1 / score.std()
    for _ in range(50):
        hazard = weights * np.exp(np.clip(slope[:, None] * score, -300, 300))
        total = np.maximum(at_risk.sums(hazard), 1e-300)
        mean = at_risk.sums(hazard * score) / total
        spread = at_risk.sums(hazard * score**2) / total - mean**2
        curvature = (mean_of_day * spread).sum(axis=1)
        gap = seen - (mean_of_day * mean).sum(axis=1)
        step = np.clip(np.divide(gap, curvature, out=np.full_like(gap, np.nan), where=curvature > 1e-12), -reach, reach)
        slope = slope + step
        if np.nanmax(np.abs(step), initial=0) < 1e-9 * reach:
            break
    return np.where(np.abs(step) < 1e-6 * reach, slope, np.nan)
