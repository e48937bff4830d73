"""The log-likelihood of what happened to patients held out: for real cohorts, where no truth is known."""

import numpy as np

from models.outcomes import DAYS_PER_WEEK, RelapseCurve
from tests.mechanisms.true_risks import Floats
from training.outcomes.labels import EndedBy

SMALLEST = 1e-6


def log_likelihood(curve: RelapseCurve, followed_days: Floats, ended_by: np.ndarray) -> Floats:
    """Log-likelihood in nats per patient under a weekly curve, shape (patients,).

    A relapse and a competing event count with the probability of their week, a censoring with that of nothing having
    happened by the last full week; beyond the reach of the curve everybody is censored at its end.
    """
    last = len(curve.days) - 1
    week = np.ceil(followed_days / DAYS_PER_WEEK).astype(np.int64)
    ends = np.where(week > last, EndedBy.CENSORED, ended_by)
    full = np.minimum(np.floor(followed_days / DAYS_PER_WEEK).astype(np.int64), last)
    rows, week = np.arange(len(week)), np.clip(week, 1, last)
    relapse = curve.relapse[rows, week] - curve.relapse[rows, week - 1]
    competing = curve.competing[rows, week] - curve.competing[rows, week - 1]
    free = curve.event_free[rows, full]
    chosen = np.select([ends == EndedBy.RELAPSE, ends == EndedBy.COMPETING], [relapse, competing], free)
    return np.log(np.maximum(chosen, SMALLEST))
