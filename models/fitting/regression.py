"""Ridge logistic regression whose coefficients keep declared signs, fitted by projected Newton steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import BinomialCounts, fit_baseline
from models.outcomes import Floats, expit

BASELINE_PENALTY = 1e-3
"""Penalty of a band's log-odds around the overall ones: just enough for a unique minimum."""
MOST_STEPS = 60
CONVERGED = 1e-7
LONGEST = 4.0
"""Largest change of a parameter in one step."""
SHORTEST = 1e-4
"""Smallest share of a Newton step that is tried."""


@dataclass(frozen=True, eq=False)
class BoundedRegression:
    """A penalised logistic regression of binomial counts on patients' columns, to be fitted once or many times.

    ``columns`` (rows, columns) are those of the patients with counts, ``place`` (counts,) is the row of each count.
    ``lower`` and ``upper`` (columns + bands,) bound the parameters: the columns' coefficients, then one log-odds per
    band. ``origin`` is where a fit starts, with all coefficients at 0.
    """

    columns: Floats
    binomial: BinomialCounts
    place: NDArray[np.intp]
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
            lower=np.append(np.where(signs > 0, 0.0, -np.inf), -free),
            upper=np.append(np.where(signs < 0, 0.0, np.inf), free),
            origin=np.append(np.zeros(columns.shape[1]), fit_baseline(binomial, np.zeros(binomial.patients))),
        )

    def fit(
        self, strengths: Floats, start: Floats | None = None, counts: Floats | None = None, prior: Floats | None = None
    ) -> Floats:
        """Parameters (columns + bands,) at inverse penalties ``strengths`` (columns,), larger for a weaker penalty.

        ``counts`` (patients,) says how often each patient counts, ``prior`` (columns,) where the penalty pulls to.
        Projected Newton steps with a line search (Bertsekas 1982, doi:10.1137/0320018). The penalty makes the minimum
        unique, so that ``start`` saves time and changes nothing else.
        """
        objective = self._objective(strengths, counts, prior)
        parameters = np.clip(self.origin if start is None else start, self.lower, self.upper)
        loss = objective.loss(parameters)
        for _ in range(MOST_STEPS):
            step, share = objective.step(parameters), 1.0
            tried = np.clip(parameters + step, self.lower, self.upper)
            while (tried_loss := objective.loss(tried)) > loss and share > SHORTEST:
                share /= 2
                tried = np.clip(parameters + share * step, self.lower, self.upper)
            if tried_loss > loss:
                break
            change = np.abs(tried - parameters).max()
            parameters, loss = tried, tried_loss
            if change < CONVERGED:
                break
        return parameters

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

    def information(self, variance: Floats) -> Floats:
        """Fisher information (columns + bands, columns + bands) of counts with these variances (counts,).

        Summed over the counts of a patient first, who all share their columns.
        """
        rows, bands, number = len(self.columns), self.binomial.bands, self.columns.shape[1]
        cells = np.bincount(self.place * bands + self.binomial.band, weights=variance, minlength=rows * bands)
        by_band = cells.reshape(rows, bands)
        found = np.empty((number + bands, number + bands))
        found[:number, :number] = self.columns.T @ (self.columns * by_band.sum(axis=1)[:, None])
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
class _Objective:
    """Penalised negative log-likelihood of a regression's counts, with weights (counts,) of both outcomes."""

    regression: BoundedRegression
    successes: Floats
    failures: Floats
    penalty: Floats
    pulled_to: Floats

    def loss(self, parameters: Floats) -> float:
        log_odds = self.regression.log_odds(parameters)
        fit = self.successes @ np.logaddexp(0, -log_odds) + self.failures @ np.logaddexp(0, log_odds)
        return float(fit + 0.5 * (self.penalty @ (parameters - self.pulled_to) ** 2))

    def step(self, parameters: Floats) -> Floats:
        """Newton's step in the parameters that are not held at a bound."""
        regression = self.regression
        number, fitted = self.successes + self.failures, expit(regression.log_odds(parameters))
        gradient = regression.gathered(number * fitted - self.successes) + self.penalty * (parameters - self.pulled_to)
        too_low, too_high = parameters <= regression.lower, parameters >= regression.upper
        free = np.flatnonzero(~(too_low & (gradient > 0) | too_high & (gradient < 0)))
        curvature = regression.information(number * fitted * (1 - fitted)) + np.diag(self.penalty)
        step = np.zeros(len(parameters))
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], -gradient[free])
        return np.clip(step, -LONGEST, LONGEST)
