"""The mean prediction on fresh patients beside the mean truth: whether who is lost shifts the answers."""

from collections.abc import Iterator

import numpy as np

from tests.studies.answers import FreshAnswers
from tests.studies.settings import Row


def mean_rows(answered: FreshAnswers) -> Iterator[Row]:
    """One row per answer: mean prediction, mean truth and their difference; relapse among those in remission."""
    predictions, truth = answered.predictions, answered.truth
    yield _means("remission", predictions.remission, truth.remission, None)
    for position, days in enumerate(answered.model.horizons_days):
        relapse = predictions.relapse[:, position], truth.relapse[:, position]
        yield _means(f"relapse by day {days}", *relapse, truth.remission)
        yield _means(f"sustained to day {days}", predictions.sustained[:, position], truth.sustained[:, position], None)


def _means(answer: str, predicted: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> Row:
    if np.isnan(predicted).any():
        return {"answer": answer, "mean_predicted": None, "mean_true": None, "mean_difference": None}
    one, other = (float(np.average(values, weights=weights)) for values in (predicted, truth))
    return {"answer": answer, "mean_predicted": one, "mean_true": other, "mean_difference": one - other}
