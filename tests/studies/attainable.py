"""The share of the attainable information in probabilities, against known truth.

(E[log-likelihood of the model] - E[that of the null]) / (E[that of the truth] - E[that of the null]), the expectation
taken under each fresh patient's true probability; the null gives everybody the mean true rate. 1 is the truth itself,
0 no better than the overall rate, below 0 worse. Relapse is asked of those in remission, so that a patient counts there
with the true probability of remission.
"""

from collections.abc import Iterator

import numpy as np

from tests.mechanisms.true_risks import Floats
from tests.studies.answers import FreshAnswers
from tests.studies.settings import Row

SMALLEST = 1e-6
"""A predicted probability is held this far from 0 and 1, so that one certain error does not decide the mean."""


def expected_log_likelihood(truth: Floats, predicted: Floats, weights: Floats) -> float:
    """Mean log-likelihood in nats of predictions under the true probabilities; all of shape (patients,)."""
    held = np.clip(predicted, SMALLEST, 1 - SMALLEST)
    return float(np.average(truth * np.log(held) + (1 - truth) * np.log1p(-held), weights=weights))


def attainable_share(truth: Floats, predicted: Floats, weights: Floats | None = None) -> float | None:
    """The share; ``None`` where a prediction is missing, or where the truth is the same for everybody."""
    weights = np.ones(len(truth)) if weights is None else weights
    if np.isnan(predicted).any() or len(truth) == 0:
        return None
    null = expected_log_likelihood(truth, np.full(len(truth), np.average(truth, weights=weights)), weights)
    attainable = expected_log_likelihood(truth, truth, weights) - null
    if attainable < 1e-9:
        return None
    return (expected_log_likelihood(truth, predicted, weights) - null) / attainable


def share_rows(answered: FreshAnswers, remission: Floats, relapse: Floats, sustained: Floats) -> Iterator[Row]:
    """One row per answer: the share, for probabilities of shape (patients,) and (patients, horizons)."""
    truth = answered.truth
    yield {"answer": "remission", "share": attainable_share(truth.remission, remission)}
    for position, days in enumerate(answered.model.horizons_days):
        at_risk = truth.relapse[:, position], relapse[:, position]
        weighted = attainable_share(*at_risk, weights=truth.remission)
        yield {"answer": f"relapse by day {days}", "share": weighted, "share_equal_weights": attainable_share(*at_risk)}
        kept = attainable_share(truth.sustained[:, position], sustained[:, position])
        yield {"answer": f"sustained to day {days}", "share": kept}
