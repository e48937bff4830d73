"""Ridge logistic regression whose coefficients keep declared signs, fitted by projected Newton steps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.calibration import BinomialCounts, fit_baseline
from models.outcomes import Floats, expit

BASELINE_PENALTY = 1e-3
"""Penalty of a band's log-odds around the overall ones: just enough for a unique minimum."""
MOST_STEPS = 60
CONVERGED = 1e-7
"""Largest change of a parameter in the last step of a fit; the error left is about its square."""
ROUGHLY = 1e-4
"""The same for a rough fit."""
LONGEST = 4.0
"""Largest change of a parameter in one step."""
SHORTEST = 1e-4
"""Smallest share of a Newton step that is tried."""


@dataclass(frozen=True, eq=False)
class BoundedRegression:
    """A penalised logistic regression of binomial counts on patients' columns, to be fitted once or many times.

    ``columns`` (rows, columns) are those of the patients with counts, ``place`` (counts,) is the row of each count,
    ``cell`` (counts,) its row and band as one number.
    ``lower`` and ``upper`` (columns + bands,) bound the parameters: the columns' coefficients, then one log-odds per
    band. ``origin`` is where a fit starts, with all coefficients at 0.
    """

    columns: Floats
    binomial: BinomialCounts
    place: NDArray[np.intp]
    cell: NDArray[np.intp]
    lower: Floats
    upper: Floats
    origin: Floats

    @staticmethod
    def from_columns(columns: Floats, signs: NDArray[np.integer], binomial: BinomialCounts) -> "BoundedRegression":
        """``columns`` (patients, columns), and the sign that each coefficient keeps: -1, 1, or 0 for either."""
        patients, place = np.unique(binomial.patient, return_inverse=True)
        free = np.full(binomial.bands, np.inf)
        return BoundedRegression(
            columns=np.ascontiguousarray(columns[patients]),
            binomial=binomial,
            place=place,
            cell=place * binomial.bands + binomial.band,
            lower=np.append(np.where(signs > 0, 0.0, -np.inf), -free),
            upper=np.append(np.where(signs < 0, 0.0, np.inf), free),
            origin=np.append(np.zeros(columns.shape[1]), fit_baseline(binomial, np.zeros(binomial.patients))),
        )

    def fit(
        self,
        strengths: Floats,
        start: Floats | None = None,
        counts: Floats | None = None,
        prior: Floats | None = None,
        *,
        rough: bool = False,
    ) -> Floats:
        """Parameters (columns + bands,) at inverse penalties ``strengths`` (columns,), larger for a weaker penalty.

        ``counts`` (patients,) says how often each patient counts, ``prior`` (columns,) where the penalty pulls to.
        ``rough`` parameters take half the time and are right to about six digits: enough to compare penalties.
        Projected Newton steps with a line search (Bertsekas 1982, doi:10.1137/0320018). The penalty makes the minimum
        unique, so that ``start`` saves time and changes nothing else.
        """
        objective = self._objective(strengths, counts, prior)
        point = objective.at(self.origin if start is None else start)
        for _ in range(MOST_STEPS):
            step, share = objective.step(point, rough=rough), 1.0
            tried = objective.at(point.parameters + step)
            while tried.loss > point.loss and share > SHORTEST:
                share /= 2
                tried = objective.at(point.parameters + share * step)
            if tried.loss > point.loss:
                break
            change = np.abs(tried.parameters - point.parameters).max()
            point = tried
            if change < (ROUGHLY if rough else CONVERGED):
                break
        return point.parameters

    def _objective(self, strengths: Floats, counts: Floats | None, prior: Floats | None) -> "_Objective":
        number = self.columns.shape[1]
        pulled_to = self.origin.copy()
        if prior is not None:
            pulled_to[:number] = prior
        weight = np.ones(len(self.place)) if counts is None else counts[self.binomial.patient]
        return _Objective(
            regression=self,
            successes=self.binomial.successes * weight,
            failures=self.binomial.failures * weight,
            penalty=np.append(1 / strengths, np.full(self.binomial.bands, BASELINE_PENALTY)),
            pulled_to=pulled_to,
        )

    def log_odds(self, parameters: Floats) -> Floats:
        """Log-odds per count, shape (counts,)."""
        number = self.columns.shape[1]
        return (self.columns @ parameters[:number])[self.place] + parameters[number:][self.binomial.band]

    @cached_property
    def _single_columns(self) -> NDArray[np.float32]:
        return self.columns.astype(np.float32)

    def information(self, variance: Floats, *, rough: bool = False) -> Floats:
        """Fisher information (columns + bands, columns + bands) of counts with these variances (counts,).

        Summed over the counts of a patient first, who all share their columns. A ``rough`` one is of single precision:
        a quarter of the time, for a step that only leads to where the gradient is 0.
        """
        rows, bands, number = len(self.columns), self.binomial.bands, self.columns.shape[1]
        cells = np.bincount(self.cell, weights=variance, minlength=rows * bands)
        by_band = cells.reshape(rows, bands)
        found = np.empty((number + bands, number + bands))
        of_patient = by_band.sum(axis=1)[:, None]
        if rough:
            root = self._single_columns * np.sqrt(of_patient).astype(np.float32)
            found[:number, :number] = root.T @ root
        else:
            found[:number, :number] = self.columns.T @ (self.columns * of_patient)
        found[:number, number:] = self.columns.T @ by_band
        found[number:, :number] = found[:number, number:].T
        found[number:, number:] = np.diag(by_band.sum(axis=0))
        return found

    def gathered(self, values: Floats) -> Floats:
        """Sums of ``values`` (counts,) times each column, then over each band, shape (columns + bands,)."""
        by_row = np.bincount(self.place, weights=values, minlength=len(self.columns))
        by_band = np.bincount(self.binomial.band, weights=values, minlength=self.binomial.bands)
        return np.append(by_row @ self.columns, by_band)

    def effective_parameters(self, parameters: Floats, strengths: Floats) -> float:
        """The effective number of coefficients: the trace of the hat matrix, without bands.

        A coefficient held at 0 by its sign counts for none. Source: Gray 1992, doi:10.1080/01621459.1992.10476248.
        """
        number = self.columns.shape[1]
        fitted = expit(self.log_odds(parameters))
        information = self.information((self.binomial.successes + self.binomial.failures) * fitted * (1 - fitted))
        between = information[:number, number:]
        levels = np.maximum(np.diag(information)[number:], 1e-12)
        used = np.flatnonzero(parameters[:number])
        inner = (information[:number, :number] - (between / levels) @ between.T)[np.ix_(used, used)]
        return float(np.trace(np.linalg.solve(inner + np.diag(1 / strengths[used]), inner)))


@dataclass(frozen=True, eq=False)
class _Point:
    """Parameters within their bounds, the log-odds (counts,) that they give, and the loss."""

    parameters: Floats
    log_odds: Floats
    loss: float


@dataclass(frozen=True, eq=False)
class _Objective:
    """Penalised negative log-likelihood of a regression's counts, with weights (counts,) of both outcomes."""

    regression: BoundedRegression
    successes: Floats
    failures: Floats
    penalty: Floats
    pulled_to: Floats

    def at(self, parameters: Floats) -> _Point:
        """The point nearest to these parameters. A weight of 0, as most successes have, needs no logarithm."""
        within = np.clip(parameters, self.regression.lower, self.regression.upper)
        log_odds = self.regression.log_odds(within)
        of_success, of_failure = np.zeros(len(log_odds)), np.zeros(len(log_odds))
        np.logaddexp(0, -log_odds, out=of_success, where=self.successes > 0)
        np.logaddexp(0, log_odds, out=of_failure, where=self.failures > 0)
        fit = self.successes @ of_success + self.failures @ of_failure
        loss = float(fit + 0.5 * (self.penalty @ (within - self.pulled_to) ** 2))
        return _Point(within, log_odds, loss)

    def step(self, point: _Point, *, rough: bool) -> Floats:
        """Newton's step in the parameters that are not held at a bound."""
        regression, parameters = self.regression, point.parameters
        number, fitted = self.successes + self.failures, expit(point.log_odds)
        gradient = regression.gathered(number * fitted - self.successes) + self.penalty * (parameters - self.pulled_to)
        too_low, too_high = parameters <= regression.lower, parameters >= regression.upper
        free = np.flatnonzero(~(too_low & (gradient > 0) | too_high & (gradient < 0)))
        curvature = regression.information(number * fitted * (1 - fitted), rough=rough) + np.diag(self.penalty)
        step = np.zeros(len(parameters))
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], -gradient[free])
        return np.clip(step, -LONGEST, LONGEST)
