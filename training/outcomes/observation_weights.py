"""Weights that make patients with an observed remission outcome represent those without.

A missing outcome is not "no": a patient is weighted by the inverse probability of being observed, given the site and
all that was recorded before the deciding window. The features of a landmark would not suffice: an outcome model
conditions on them already, and the causes of missing outcomes come later. Source: Robins, Rotnitzky & Zhao 1994,
doi:10.1080/01621459.1994.10476818.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from models.calibration import BinomialCounts, fit_baseline
from models.fitting.learners import TrainingData, fit_logistic
from models.outcomes import expit
from training.config import TrainingConfig
from training.outcomes.course_record import course_record
from training.outcomes.labels import Outcomes


def remission_weights(cohort: Cohort, outcomes: Sequence[Outcomes], config: TrainingConfig) -> list[Floats]:
    """For each landmark the ``observation_weights``, shape (patients,).

    The probability of being observed is estimated once, from all patients in the analysis at any landmark.
    """
    record = course_record(cohort, outcomes[0])
    analysed = np.any([outcome.eligible for outcome in outcomes], axis=0)
    seen = [outcome.eligible & ~np.isnan(outcome.remission) for outcome in outcomes]
    observed = np.any(seen, axis=0)
    weights = observation_weights(
        _training_data(record.names, record.values, config.seed), cohort.site, observed, analysed, config
    )
    return [scaled(weights, kept, config.largest_weight) for kept in seen]


def _training_data(names: tuple[str, ...], rows: Floats, seed: int) -> TrainingData:
    none = BinomialCounts(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0), len(rows), 1)
    return TrainingData(rows, none, names, (0,) * len(names), seed)


def observation_weights(
    training_data: TrainingData,
    site: NDArray[np.integer],
    observed: Mask,
    analysed: Mask,
    config: TrainingConfig,
) -> Floats:
    """Overall over own probability of being observed, shape (patients,), of those analysed and observed; else 0.

    With too few observed or not observed (``weights_from``) all weights are 1. ``training_data`` supplies rows, names
    and seed; its counts are not used, and no outcome is.
    """
    weights = np.where(analysed & observed, 1.0, 0.0)
    if min((analysed & observed).sum(), (analysed & ~observed).sum()) < config.weights_from:
        return weights
    patient = np.flatnonzero(analysed)
    seen = observed[patient].astype(np.float64)
    levels, band = np.unique(site[patient], return_inverse=True)
    binomial = BinomialCounts(patient, band, seen, 1 - seen, len(analysed), len(levels))
    fitted = fit_logistic(config.tuning.by_grid)(
        TrainingData(training_data.rows, binomial, training_data.names, training_data.signs, training_data.seed)
    )
    score = fitted.score.predict(training_data.rows)
    weights[patient] *= seen.mean() / expit(fit_baseline(binomial, score)[band] + score[patient])
    return weights


def scaled(weights: Floats, kept: Mask, largest: float) -> Floats:
    """Weights of some patients, at most ``largest`` and then with mean 1; 0 for the others."""
    found = np.where(kept, np.minimum(weights, largest), 0.0)
    return found / found[kept].mean() if kept.any() else found
