"""Whether treating by the predictions does more good than treating none or all.

A patient is treated if ``risk >= threshold``. At threshold 0 these are all patients, so that a model's net benefit
there is that of treating all (R's dcurves leaves out risks of exactly 0). Treating none has net benefit 0.
Source: Vickers & Elkin 2006, doi:10.1177/0272989X06295361.
"""

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.metrics.incidence import aalen_johansen


def net_benefit(
    y_observed: Floats, y_predicted: Floats, weights: Floats, thresholds: Floats, harm: float = 0.0
) -> Floats:
    """True positives less false positives at the threshold's odds, per patient; larger is better.

    Outcomes 0 or 1 and probabilities (n,), ``weights`` (draws, n), ``thresholds`` (thresholds,) in [0, 1); gives
    (draws, thresholds). ``harm`` is the cost of using the model for a patient, in the same unit. Raises ``ValueError``
    for a threshold outside.
    """
    worth = np.where(y_observed[:, None] == 1, 1.0, -_odds(thresholds))
    gained = weights @ np.where(y_predicted[:, None] >= thresholds, worth, 0.0)
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(gained, total, out=np.full_like(gained, np.nan), where=total > 0) - harm)


def net_benefit_treat_all(base_rate: Floats, thresholds: Floats) -> Floats:
    """Net benefit of treating all, (draws, thresholds), from the weighted base rate (draws,).

    The base rate may also come from elsewhere, or be the incidence at a horizon.
    """
    return net_benefit_of_rates(np.ones(len(thresholds)), base_rate[:, None], thresholds)


def net_benefit_of_rates(positive: Floats, risk_of_positive: Floats, thresholds: Floats) -> Floats:
    """Net benefit from the share at or above each threshold and the risk observed there, both (draws, thresholds).

    Also for case-control data: the share above a threshold and the risk among them then follow from the two groups'
    proportions and the known base rate.
    """
    return np.asarray(positive * (risk_of_positive - (1 - risk_of_positive) * _odds(thresholds)))


def net_benefit_censored(
    followed_days: Floats,
    ended_by: NDArray[np.int8],
    y_predicted: Floats,
    weights: Floats,
    thresholds: Floats,
    day: float,
) -> Floats:
    """Net benefit of predicting relapse by ``day`` where some were lost before it; larger is better.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event (which counts as no relapse); shapes (n,), ``weights``
    (draws, n); gives (draws, thresholds). The risk at or above a threshold is the Aalen-Johansen incidence among
    those there: censoring need only be unrelated to outcome among them. NaN where none of them was followed to
    ``day``. Source: Vickers 2008, doi:10.1186/1472-6947-8-53.
    """
    risk = np.zeros((len(weights), len(thresholds)))
    positive = np.zeros((len(weights), len(thresholds)))
    total = weights.sum(axis=1)
    at = np.array([float(day)])
    for number, threshold in enumerate(thresholds):
        above = y_predicted >= threshold
        drawn = weights[:, above]
        positive[:, number] = np.divide(drawn.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)
        risk[:, number] = aalen_johansen(followed_days[above], ended_by[above], drawn, at).relapse[:, 0]
    return net_benefit_of_rates(positive, np.where(positive == 0, 0.0, risk), thresholds)


def net_intervention_avoided(net_benefit: Floats, treat_all: Floats, thresholds: Floats) -> Floats:
    """Treatments spared per patient without missing more patients than treating all does; larger is better.

    All (draws, thresholds); NaN at threshold 0, where a treatment spared is worth nothing.
    Source: Vickers & Elkin 2006, doi:10.1177/0272989X06295361.
    """
    odds = _odds(thresholds)
    gain = net_benefit - treat_all
    return np.asarray(np.divide(gain, odds, out=np.full_like(gain, np.nan), where=odds > 0))


def _odds(thresholds: Floats) -> Floats:
    if ((thresholds < 0) | (thresholds >= 1)).any():
        raise ValueError("a threshold probability is at least 0 and below 1")
    return np.asarray(thresholds / (1 - thresholds))
