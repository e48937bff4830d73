"""Effective parameters of a learner: how closely its linear predictor follows redrawn outcomes.

For ridge regression this is the trace of its hat matrix, which `learners` gives exactly; for boosted trees, whose
search for splits costs more parameters than their leaves, it is estimated by refitting.
"""

from dataclasses import replace

import numpy as np

from models.calibration import BinomialCounts, fit_baseline
from models.fitting.learners import Learner, TrainingData
from models.outcomes import Floats, expit
from models.score import Score

REFITS = 24
"""Fits to redrawn outcomes: 8 parameters are then known to about 0.7, 50 to about 2."""


def effective_parameters(training_data: TrainingData, learner: Learner, score: Score, refits: int = REFITS) -> float:
    """The generalised degrees of freedom of ``learner`` on training data, without the baseline; at least 0.

    ``score`` is the learner's fit. Outcomes are drawn from its probabilities, the learner is fitted on each draw, and
    the covariances of every count's log-odds with its own outcome are added up: for a linear smoother their sum is
    its trace. The learner's tuning counts, unless it is fixed. Sources: Ye 1998, doi:10.1080/01621459.1998.10474094;
    Efron 2004, doi:10.1198/016214504000000692 (by drawing from the fit).
    """
    binomial, linear_predictor = training_data.binomial, score.predict(training_data.rows)
    fitted = expit(fit_baseline(binomial, linear_predictor)[binomial.band] + linear_predictor[binomial.patient])
    number, unit = _counted(binomial)
    spread = number * unit * fitted * (1 - fitted)
    rng = np.random.default_rng(training_data.seed)
    found = np.zeros(refits)
    for draw in range(refits):
        drawn = rng.binomial(number.astype(np.int64), fitted).astype(np.float64)
        again = replace(binomial, successes=unit * drawn, failures=unit * (number - drawn))
        refit = learner(replace(training_data, binomial=again, seed=training_data.seed + draw))
        change = (refit.score.predict(training_data.rows) - linear_predictor)[binomial.patient]
        change -= np.average(change, weights=spread)
        found[draw] = change @ (drawn - number * fitted)
    return max(float(found.mean()), 0.0)


def _counted(binomial: BinomialCounts) -> tuple[Floats, Floats]:
    """Outcomes of each count, and the weight of each: weeks at risk are as many, a weighted patient is one."""
    weight = binomial.successes + binomial.failures
    whole = weight == np.round(weight)
    return np.where(whole, weight, 1.0), np.where(whole, 1.0, weight)
