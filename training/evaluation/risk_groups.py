"""Thirds of the patients at risk by predicted relapse: the predicted event-free curve beside the observed one."""

import numpy as np

from features.records.timeline import Floats
from training.evaluation.predictions import EvaluatedPredictions
from training.evidence.document import Estimate, RiskGroup, RiskGroups
from training.metrics.disclosure import FEWEST
from training.metrics.incidence import aalen_johansen
from training.metrics.intervals import enough_for_interval, interval
from training.outcomes.labels import EndedBy

NAMES = ("lowest third", "middle third", "highest third")


def risk_groups(evaluated: EvaluatedPredictions, draws: Floats) -> RiskGroups | None:
    """The groups of a landmark; ``None`` without differences between patients or with too few of them.

    Predictions are averaged over the repeats. ``draws`` (draws + 1, patients) weigh the patients.
    """
    at_risk = np.flatnonzero(evaluated.outcomes.at_risk)
    if evaluated.relapse_score is None or not len(evaluated.days) or len(at_risk) < len(NAMES) * FEWEST:
        return None
    risk, free = (
        _averaged(evaluated, evaluated.relapse[:, [-1]])[at_risk, 0],
        _averaged(evaluated, evaluated.event_free)[at_risk],
    )
    bounds = np.quantile(risk, (1 / 3, 2 / 3))
    if np.ptp(evaluated.relapse_score) == 0 or bounds[0] == bounds[1]:
        return None
    group = np.digitize(risk, bounds, right=True)
    members = [at_risk[group == number] for number in range(len(NAMES))]
    if min(len(patients) for patients in members) < FEWEST:
        return None
    seen = [_observed(evaluated, patients, draws) for patients in members]
    groups = [
        RiskGroup(
            name=name,
            n=len(patients),
            predicted_event_free=free[group == number].mean(axis=0).tolist(),
            observed_event_free=[estimate.estimate for estimate in curve],
            observed_low=[estimate.low for estimate in curve],
            observed_high=[estimate.high for estimate in curve],
        )
        for number, (name, patients, curve) in enumerate(zip(NAMES, members, seen, strict=True))
    ]
    return RiskGroups(days=evaluated.days.tolist(), groups=groups)


def _averaged(evaluated: EvaluatedPredictions, values: Floats) -> Floats:
    """The mean over repeats, shape (patients, columns); 0 for patients without predictions."""
    total = np.zeros((len(evaluated.outcomes.at_risk), values.shape[1]))
    np.add.at(total, evaluated.patient, values)
    return total / max(evaluated.repeats, 1)


def _observed(evaluated: EvaluatedPredictions, patients: np.ndarray, draws: Floats) -> list[Estimate]:
    outcomes = evaluated.outcomes
    ended_by = np.maximum(outcomes.ended_by[patients], EndedBy.CENSORED).astype(np.int8)
    events = (ended_by != EndedBy.CENSORED).astype(np.float64)
    draws = draws if enough_for_interval(events) else draws[:1]
    curve = aalen_johansen(
        outcomes.followed_days[patients], ended_by, draws[:, patients], evaluated.days.astype(np.float64)
    )
    return [interval(values) for values in curve.event_free.T]
