"""The yes/no questions that a landmark answers: remission, relapse by a day, sustained remission to a day.

Everything at a horizon is one of them, with weights for those whose answer is not known; so one set of measures serves
all. Who is censored before the horizon has no answer, and is stood for by those like them who were followed.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from models.outcomes import expit
from training.evaluation.judged import Judged
from training.metrics.asked import Asked, followed_to
from training.metrics.incidence import answer_by, free_by
from training.outcomes.labels import EndedBy


def questions(judged: Judged) -> list[Asked]:
    """All the questions that the heads of this landmark answer, and that the cohort was followed long enough for."""
    asked = []
    if judged.remission_log_odds is not None:
        asked.append(_remission(judged))
    if judged.relapse_score is not None:
        at_risk = _followed(judged, judged.outcomes.at_risk)
        days = [day for day in judged.horizons_days if judged.on_day(day) is not None and followed_to(*at_risk, day)]
        asked += [_relapse_by(judged, day) for day in days]
        if judged.remission_log_odds is not None or judged.in_remission_at_landmark:
            asked += [_sustained_to(judged, day) for day in days]
    return asked


def _ask(
    judged: Judged,
    name: tuple[str, Literal["remission", "relapse", "sustained"], int | None],
    population: Mask,
    answers: tuple[Floats, Floats],
    y_predicted: Floats,
) -> Asked:
    """``answers`` are y and weights per patient, ``population`` flags patients, ``y_predicted`` has one per row."""
    row = np.flatnonzero(population[judged.patient])
    patient = judged.patient[row]
    y_observed, weights = answers
    return Asked(
        *name,
        row=row,
        patient=patient,
        repeat=judged.repeat[row],
        fold=judged.fold[row],
        y_observed=y_observed[patient],
        y_predicted=y_predicted[row],
        weights=np.where(np.isnan(y_observed[patient]), 0.0, weights[patient]),
    )


def _remission(judged: Judged) -> Asked:
    log_odds = judged.remission_log_odds
    assert log_odds is not None  # noqa: S101 - asked only where the head exists
    outcomes = judged.outcomes
    answers = (outcomes.remission, judged.weights.remission)
    return _ask(judged, ("remission", "remission", None), outcomes.eligible, answers, expit(log_odds))


def _relapse_by(judged: Judged, day: int) -> Asked:
    """Among those in remission and followed: relapse by the day. Who had a competing event first did not relapse."""
    outcomes = judged.outcomes
    relapsed, still_followed = _among(outcomes.at_risk, *answer_by(*_followed(judged, outcomes.at_risk), day))
    answers = relapsed, still_followed * judged.weights.to_day(outcomes, day)
    position = judged.on_day(day)
    return _ask(
        judged, (f"relapse by day {day}", "relapse", day), outcomes.at_risk, answers, judged.relapse[:, position]
    )


def _sustained_to(judged: Judged, day: int) -> Asked:
    """Among all: no remission is no; of those in remission, whether they were free of both events to the day."""
    outcomes = judged.outcomes
    in_remission = outcomes.eligible & (outcomes.remission == 1)  # also who was not followed for a day: censored
    free, still_followed = _among(in_remission, *free_by(*_followed(judged, in_remission), day))
    y_observed = np.where(outcomes.remission == 0, 0.0, free)
    still_followed = still_followed * judged.weights.to_day(outcomes, day)
    weights = judged.weights.remission * np.where(outcomes.remission == 0, 1.0, still_followed)
    log_odds = judged.remission_log_odds
    remission = np.ones(len(judged.patient)) if log_odds is None else expit(log_odds)
    y_predicted = remission * judged.event_free[:, judged.on_day(day)]
    return _ask(
        judged, (f"sustained to day {day}", "sustained", day), outcomes.eligible, (y_observed, weights), y_predicted
    )


def _followed(judged: Judged, among: Mask) -> tuple[Floats, NDArray[np.int8]]:
    """Days followed, and how they ended: 0 censored, 1 relapse, 2 competing event."""
    outcomes = judged.outcomes
    ended_by = np.maximum(outcomes.ended_by[among], EndedBy.CENSORED).astype(np.int8)
    return np.nan_to_num(outcomes.followed_days[among]), ended_by


def _among(at_risk: Mask, y_observed: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Answers of those at risk, put back among all patients; NaN and 0 for the others and for those censored."""
    y, weight = np.full(len(at_risk), np.nan), np.zeros(len(at_risk))
    y[at_risk] = np.where(weights > 0, y_observed, np.nan)
    weight[at_risk] = weights
    return y, weight
