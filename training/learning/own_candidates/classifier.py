"""Fits a classifier of another package to remission: weighted outcomes in, clipped log-odds of its own out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import get_tags

from features.records.timeline import Floats
from models.contributions import exchanged_contributions
from models.fitting.learners import FittedScore, Learner, TrainingData
from models.onnx_score import MissingValues, log_odds_within
from training.learning.own_candidates.resolution import foreign_code, weight_argument

DIGITS = 2
"""Significant digits to which medians are rounded, so that none is one patient's value."""


@dataclass(frozen=True, eq=False)
class EstimatorScore:
    """The log-odds of a fitted classifier, clipped to ``-limit`` and ``limit``; it can't be stored in a bundle.

    A classifier may say 0 or 1, as a forest of full trees does. Of ``n`` patients none can support that, so a
    probability is at least that of half an event among them: the limit is log(2n + 1). ``reference`` (features,) is
    where contributions start, ``name`` is the candidate's.
    """

    name: str
    estimator: Any
    missing: MissingValues
    limit: float
    reference: Floats

    @property
    def features(self) -> int:
        """Columns of a feature row."""
        return len(self.reference)

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        if not len(rows):
            return np.zeros(0)
        with foreign_code(self.name, "predict_proba"):
            probability = np.asarray(self.estimator.predict_proba(self.missing.replaced(rows)), dtype=np.float64)
            found = probability[:, list(self.estimator.classes_).index(1)]
        return log_odds_within(found, self.limit)

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        return exchanged_contributions(self.predict, rows, self.reference)


def classifier_learner(name: str, make: Callable[[], Any]) -> Learner:
    """The learner of the classifier of a candidate's name; ``make`` gives an unfitted one."""

    def fit(training_data: TrainingData) -> FittedScore:
        estimator, binomial = make(), training_data.binomial
        count, outcome, weight = binomial.weighted_outcomes()
        rows = training_data.rows[binomial.patient[count]]
        missing = missing_values(estimator, rows)
        with foreign_code(name, "fit"):
            estimator.fit(missing.replaced(rows), outcome, **{str(weight_argument(estimator)): weight})
        limit = float(np.log(2 * len(training_data.fitted_on) + 1))
        return FittedScore(EstimatorScore(name, estimator, missing, limit, rounded_medians(rows)), {}, is_absolute=True)

    return fit


def missing_values(estimator: Any, rows: Floats) -> MissingValues:
    """Passed on if the estimator says that it takes them; else the median, and an indicator where any are missing.

    A column without any value is 0 for either, also for a later patient with a value: an estimator that knows nothing
    of a column may still answer by it, as naive Bayes does. Histogram-based boosting refuses such a column.
    """
    rows = rows.astype(np.float32).astype(np.float64)
    missing = np.isnan(rows)
    never = np.flatnonzero(missing.all(axis=0)).astype(np.int64)
    if _takes_missing(estimator):
        fill = np.where(missing.all(axis=0), 0.0, np.nan)
        return MissingValues(fill, np.zeros(0, dtype=np.int64), never)
    some = missing.any(axis=0) & ~missing.all(axis=0)
    return MissingValues(np.nan_to_num(_medians(rows)), np.flatnonzero(some).astype(np.int64), never)


def _takes_missing(estimator: Any) -> bool:
    try:
        return bool(get_tags(estimator).input_tags.allow_nan)
    except Exception:  # noqa: BLE001 - an estimator that is none of scikit-learn's says nothing
        return False


def _medians(rows: Floats) -> Floats:
    """Medians of the recorded values, shape (features,); NaN where none is recorded."""
    found = np.full(rows.shape[1], np.nan)
    for column in range(rows.shape[1]):
        recorded = rows[~np.isnan(rows[:, column]), column]
        if len(recorded):
            found[column] = np.median(recorded)
    return found


def rounded_medians(rows: Floats) -> Floats:
    """Medians to two significant digits, shape (features,): a made-up row, no patient's."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in _medians(rows)])
