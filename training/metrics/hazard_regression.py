"""Regression of the hazard of relapse, by Cox or with competing events by Fine and Gray, for every draw at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from features.records.timeline import Floats
from training.metrics.incidence import censoring_free
from training.metrics.intervals import blocks_of_draws

_RIDGE = 1e-3
"""Pseudo-observations per column: they keep coefficients finite in a draw whose relapses a column separates."""


@dataclass(frozen=True, eq=False)
class HazardModel:
    """Cumulative hazard exp(columns @ coefficients) * ``baseline``; NaN in draws without relapse, or without a maximum.

    ``coefficients`` (draws, columns); ``baseline`` (draws,) is the cumulative hazard by the day where columns are 0.
    """

    coefficients: Floats
    baseline: Floats


def fit_hazard(
    followed_days: Floats, ended_by: NDArray[np.int8], columns: Floats, weights: Floats, day: float
) -> HazardModel:
    """Proportional hazards of relapse over the whole follow-up, and their baseline by and including ``day``.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event; shapes (n,), ``columns`` (n, columns), centred, with
    variance about 1, ``weights`` (draws, n), how often each patient counts. Without competing events this is Cox
    regression. A patient with a competing event stays at risk with weight G(t-)/G(T-), where G is the probability of
    not being censored, estimated once from row 0 of the weights. Ties by Efron: a weight of 2 is a patient twice.
    Relapses in perfect order of a column have no maximum.
    Sources: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron 1977, doi:10.1080/01621459.1977.10480613;
    Fine & Gray 1999, doi:10.1080/01621459.1999.10474144.
    """
    if not (ended_by == 1).any():
        return HazardModel(np.full((len(weights), columns.shape[1]), np.nan), np.full(len(weights), np.nan))
    latest_first = np.argsort(-followed_days, kind="stable")
    at_risk = _RiskSets(followed_days[latest_first], ended_by[latest_first], weights[0, latest_first])
    regression = _Regression(at_risk, columns[latest_first], day)
    # The draws resemble the data, so their search starts at the solution of the data.
    start = np.nan_to_num(regression.fit(weights[:1, latest_first], np.zeros(columns.shape[1]))[0][0])
    fits = [regression.fit(weights[rows][:, latest_first], start) for rows in blocks_of_draws(weights)]
    return HazardModel(np.concatenate([fit[0] for fit in fits]), np.concatenate([fit[1] for fit in fits]))


class _RiskSets:
    """The patients at risk on each day with a relapse, (days,), in the order of time, the latest first."""

    def __init__(self, followed_days: Floats, ended_by: NDArray[np.int8], weights: Floats) -> None:
        self.relapse = np.flatnonzero(ended_by == 1)[::-1]
        self.days, self.first = np.unique(followed_days[self.relapse], return_index=True)
        self.day_of_relapse = np.searchsorted(self.days, followed_days[self.relapse])
        self.last_followed = np.searchsorted(-followed_days, -self.days, side="right") - 1
        self.days_followed = np.searchsorted(self.days, followed_days, side="right")
        self.competing = np.flatnonzero(ended_by == 2)[::-1]
        ended = followed_days[self.competing]
        self.ended_before = np.searchsorted(ended, self.days, side="left")
        self.observed = censoring_free(followed_days, ended_by, weights, self.days)
        at_end = censoring_free(followed_days, ended_by, weights, ended)
        self.carried = np.where(at_end > 0, 1 / np.where(at_end > 0, at_end, 1.0), 0.0)

    def sums(self, values: Floats) -> Floats:
        """Sum over those at risk on each day, (draws, days), of ``values`` (draws, n)."""
        followed = np.cumsum(values, axis=1)[:, self.last_followed]
        if len(self.competing) == 0:
            return np.asarray(followed)
        ended = _from_zero(values[:, self.competing] * self.carried)[:, self.ended_before]
        return np.asarray(followed + ended * self.observed)

    def sums_over_relapses(self, values: Floats) -> Floats:
        """Sum over those who relapse on each day, (draws, days), of ``values`` (draws, n)."""
        return np.asarray(np.add.reduceat(values[:, self.relapse], self.first, axis=1))

    def over_time_at_risk(self, values: Floats) -> Floats:
        """Sum over the days that each patient is at risk, (draws, n), of ``values`` (draws, days)."""
        found = _from_zero(values)[:, self.days_followed]
        if len(self.competing):
            later = _from_zero((values * self.observed)[:, ::-1])[:, ::-1][:, self.days_followed[self.competing]]
            found[:, self.competing] += later * self.carried
        return np.asarray(found)


class _Regression:
    """Newton's method on the partial likelihood."""

    def __init__(self, at_risk: _RiskSets, columns: Floats, day: float) -> None:
        self.at_risk, self.columns, self.day = at_risk, columns, day
        self.products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)

    def fit(self, weights: Floats, start: Floats) -> tuple[Floats, Floats]:
        """Coefficients and baseline; draws that have converged stay in, because further steps don't change them."""
        relapses = self.at_risk.sums_over_relapses(weights)
        defined = relapses.sum(axis=1) > 0
        coefficients: Floats = np.tile(start, (len(weights), 1))
        step: Floats = np.full(coefficients.shape, np.inf)
        for _ in range(50):
            gradient, curvature, rises = self._slopes(weights, relapses, coefficients)
            settled = np.abs(step).max(axis=1) < 1e-7  # the step after it would be of the square of that
            if settled[defined].all():
                break
            step = np.asarray(np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0])
            step *= np.minimum(1.0, 3 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
            coefficients = coefficients + np.where(defined[:, None], step, 0.0)
        found = defined & settled
        baseline = rises[:, self.at_risk.days <= self.day].sum(axis=1)
        return np.where(found[:, None], coefficients, np.nan), np.where(found, baseline, np.nan)

    def _slopes(self, weights: Floats, relapses: Floats, coefficients: Floats) -> tuple[Floats, Floats, Floats]:
        """Gradient (draws, columns), curvature (draws, columns, columns), rises of the baseline (draws, days)."""
        at_risk, columns = self.at_risk, self.columns
        hazard = weights * np.exp(np.clip(coefficients @ columns.T, -300, 300))
        total = np.maximum(at_risk.sums(hazard), 1e-300)
        rise, gone = (part / total for part in _efron(relapses, at_risk.sums_over_relapses(hazard) / total))
        each = (hazard * column for column in columns.T)
        expected_columns = np.stack(
            [rise * at_risk.sums(one) - gone * at_risk.sums_over_relapses(one) for one in each], axis=1
        )
        gradient = weights[:, at_risk.relapse] @ columns[at_risk.relapse] - expected_columns.sum(axis=2)
        expected = at_risk.over_time_at_risk(rise)
        expected[:, at_risk.relapse] -= gone[:, at_risk.day_of_relapse]
        squares = ((expected * hazard) @ self.products).reshape(len(weights), columns.shape[1], -1)
        # As if the mean were the same at all relapses of a day: a little too steep, which shortens steps and no more.
        per_relapse = expected_columns / np.maximum(relapses, 1e-300)[:, None]
        curvature = squares - expected_columns @ np.swapaxes(per_relapse, 1, 2)
        return gradient - _RIDGE * coefficients, curvature + _RIDGE * np.eye(columns.shape[1]), rise


def _efron(relapses: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Sums over the relapses of a day, r = 0 ... d - 1, of which the r-th sees the others with weight 1 - r/d.

    Of v = 1 / (1 - share r/d), for ``share`` of the hazard at risk that relapses on the day, and of v r/d; both
    (draws, days). In closed form, since every draw has its own d.
    """
    share = np.clip(share, 1e-8, 1.0)
    steps = relapses / share
    seen = steps * (digamma(steps + 1) - digamma(np.maximum(steps - relapses, 0.0) + 1))
    return seen, (seen - relapses) / share


def _from_zero(values: Floats) -> Floats:
    """Sums over none, the first, the first two ... of the columns."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
