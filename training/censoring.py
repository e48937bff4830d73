"""Weights for those whose remission was observed, so that they stand for those whose remission was not.

What is not observed is not no: a patient is weighted by the inverse chance of being observed, given the site and what
was known at the landmark. Source: Robins, Rotnitzky & Zhao 1994, doi:10.1080/01621459.1994.10476818.
"""

import numpy as np
from numpy.typing import NDArray

from features.timeline import Floats, Mask
from models.calibration import Trials, fit_baseline
from models.learners import Lesson, learn_logistic
from models.outcomes import expit

FEWEST = 20
"""Patients observed and not observed below which all weights are 1."""


def observation_weights(
    lesson: Lesson, site: NDArray[np.intp], observed: Mask, eligible: Mask, largest: float
) -> Floats:
    """Inverse-probability-of-observation weights, shape (patients,), with mean 1 among those observed; else 0.

    ``lesson`` brings rows, names and seed; its trials are not looked at. No outcome is either.
    """
    weights = np.where(eligible & observed, 1.0, 0.0)
    if min((eligible & observed).sum(), (eligible & ~observed).sum()) < FEWEST:
        return weights
    patient = np.flatnonzero(eligible)
    seen = observed[patient].astype(np.float64)
    levels, band = np.unique(site[patient], return_inverse=True)
    trials = Trials(patient, band, seen, 1 - seen, len(eligible), len(levels))
    learned = learn_logistic(Lesson(lesson.rows, trials, lesson.names, lesson.signs, lesson.seed))
    score = learned.score.predict(lesson.rows)
    chance = expit(fit_baseline(trials, score)[band] + score[patient])
    weights[patient] *= np.minimum(seen.mean() / chance, largest)
    return weights / weights[weights > 0].mean()
