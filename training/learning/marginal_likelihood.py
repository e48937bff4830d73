"""How large effects are, and how much of a head's log-odds no linear score explains: two variances, from the outcomes.

Log-odds are modelled as the sum of a linear score, whose effects have one variance, and of a random function of
thresholds and their combinations, which has another. The likelihood of the outcomes under each pair of variances
estimates them (empirical Bayes). `refits` turns them into intervals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import fit_baseline
from models.fitting.learners import Design, Penalty, TrainingData, fit_logistic, penalties
from models.fitting.regression import BoundedRegression
from models.outcomes import Floats, expit
from models.settings.sections import TuningSettings
from models.uncertainty import SMALLEST, WIDEST
from training.config import TrainingConfig

PIECES = 150
"""Random pieces that the function of thresholds is made of."""
DEEPEST = 2
"""Most thresholds combined in a piece."""
RAREST = 0.05
"""Standard deviation below which a piece singles out too few patients to be of use."""


@dataclass(frozen=True, eq=False)
class Variances:
    """``likely`` are the posterior probabilities of the ``penalties``, in their order.

    ``typical`` is the mean variance p (1 - p) of a fitted probability of a yes/no outcome, else 1.
    ``misfit`` is the root of the posterior mean of its variance, on the log-odds: model inadequacy in the sense of
    Kennedy & O'Hagan 2001, doi:10.1111/1467-9868.00294.
    """

    penalties: tuple[Penalty, ...]
    likely: Floats
    misfit: float
    typical: float

    def draw(self, number: int) -> list[Penalty]:
        """``number`` penalties, each as often as it is likely."""
        places = (np.arange(number) + 0.5) / number
        found = np.searchsorted(np.cumsum(self.likely), places).clip(0, len(self.penalties) - 1)
        return [self.penalties[place] for place in found.tolist()]


def variances(training_data: TrainingData, config: TrainingConfig, *, yes_no: bool) -> Variances:
    """Both variances, estimated from the binomial counts of training data.

    The prior of the misfit decides if outcomes are few, and hardly matters if they are many.

    The likelihood is expanded around a penalised fit (Breslow & Clayton 1993, doi:10.1080/01621459.1993.10594284), so
    that both integrals are Gaussian.
    """
    design, tried = Design.from_data(training_data, config.tuning), tuple(penalties(training_data, config.tuning))
    fitted, settings = _PenalisedFit.fit(training_data, config.tuning, yes_no), config.intervals
    pieces = fitted.size[:, None] * _pieces(training_data, fitted.importance, config)
    number = pieces.shape[1]
    precision, pull = _expansion(np.hstack([design.columns, pieces]), training_data, fitted)
    evidence = np.empty((len(tried), len(settings.misfits)))
    for row, penalty in enumerate(tried):
        for column, misfit in enumerate(settings.misfits):
            spread = np.append(design.strengths(penalty), np.full(number, misfit**2 / max(number, 1)))
            evidence[row, column] = (
                _log_evidence(precision, pull, spread) - 0.5 * (misfit / settings.expected_misfit) ** 2
            )
    likely = np.exp(evidence - evidence.max())
    likely /= likely.sum()
    misfit = np.sqrt(likely.sum(axis=0) @ np.array(settings.misfits) ** 2)
    return Variances(tried, likely.sum(axis=1), float(misfit), fitted.typical)


@dataclass(frozen=True, eq=False)
class _PenalisedFit:
    """A penalised fit: scores (patients,), and fitted probabilities (counts,).

    ``size`` (patients,) is the unexplained part relative to that of a typical probability. It is constant in units of
    the outcome's standard deviation, so that near 0 and 1 it is larger on the log-odds.
    """

    score: Floats
    fitted: Floats
    importance: Floats
    size: Floats
    typical: float

    @staticmethod
    def fit(training_data: TrainingData, tuning: TuningSettings, yes_no: bool) -> "_PenalisedFit":
        binomial = training_data.binomial
        linear = fit_logistic(tuning.by_grid)(training_data).score
        score, importance = linear.predict(training_data.rows), linear.explain(training_data.rows)[1].std(axis=0)
        baseline = fit_baseline(binomial, score)
        fitted = expit(baseline[binomial.band] + score[binomial.patient])
        if not yes_no:
            return _PenalisedFit(score, fitted, importance, np.ones(len(score)), 1.0)
        probability = expit(baseline[0] + score)
        variance = np.maximum(probability * (1 - probability), SMALLEST)
        typical = float(variance[training_data.fitted_on].mean())
        return _PenalisedFit(score, fitted, importance, np.minimum(np.sqrt(typical / variance), WIDEST), typical)


def _pieces(training_data: TrainingData, importance: Floats, config: TrainingConfig) -> Floats:
    """Indicators of random combinations of thresholds, shape (patients, pieces), standardised over patients fitted on.

    Features are drawn by their ``importance`` (features,) to the linear score, and in part equally: a feature with a
    non-linear effect mostly has a linear one too (heredity, Chipman 1996, doi:10.2307/3315687). A value that is not
    recorded lies beyond no threshold.
    """
    rng, even = np.random.default_rng(config.seed), config.intervals.even_importance
    fitted_on = training_data.rows[training_data.fitted_on]
    varying = [column for column in range(fitted_on.shape[1]) if len(np.unique(_recorded(fitted_on[:, column]))) > 1]
    found = np.ones((len(training_data.rows), PIECES if varying else 0))
    weight = importance[varying] + even * importance[varying].mean() if varying else np.zeros(0)
    chance = weight / weight.sum() if weight.sum() > 0 else None
    for piece in range(found.shape[1]):
        for _ in range(rng.integers(1, DEEPEST + 1)):
            column = rng.choice(varying, p=chance)
            recorded = _recorded(fitted_on[:, column])
            highest = np.unique(recorded)[-2]  # so that somebody lies beyond it
            threshold = min(np.quantile(recorded, rng.uniform(0.1, 0.9)), highest)
            beyond = training_data.rows[:, column] > threshold
            found[:, piece] *= beyond if rng.random() < 0.5 else ~beyond
    spread = found[training_data.fitted_on].std(axis=0)
    kept = spread > RAREST
    return (found[:, kept] - found[training_data.fitted_on][:, kept].mean(axis=0)) / spread[kept]


def _recorded(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _expansion(columns: Floats, training_data: TrainingData, around: _PenalisedFit) -> tuple[Floats, Floats]:
    """Quadratic expansion of the log-likelihood in the columns' coefficients, bands profiled out: matrix and vector."""
    binomial = training_data.binomial
    regression = BoundedRegression.from_columns(columns, np.zeros(columns.shape[1], dtype=np.int64), binomial)
    score, fitted = around.score, around.fitted
    number = binomial.successes + binomial.failures
    variance = number * fitted * (1 - fitted)
    information = regression.information(variance)
    towards = regression.gathered(binomial.successes - number * fitted + variance * score[binomial.patient])
    width = columns.shape[1]
    between = information[:width, width:] / np.maximum(np.diag(information)[width:], 1e-12)
    precision = information[:width, :width] - between @ information[width:, :width]
    return precision, towards[:width] - between @ towards[width:]


def _log_evidence(precision: Floats, pull: Floats, spread: NDArray[np.float64]) -> float:
    """Log of the expanded likelihood integrated over coefficients of variances ``spread`` (columns,)."""
    root = np.sqrt(spread)
    factor = np.linalg.cholesky(np.eye(len(root)) + root[:, None] * precision * root)
    solved = np.linalg.solve(factor, root * pull)
    return float(0.5 * solved @ solved - np.log(np.diag(factor)).sum())
