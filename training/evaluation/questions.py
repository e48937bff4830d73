"""The yes/no questions that a landmark answers: remission, relapse by a day, sustained remission to a day.

One set of measures serves all of them. A patient censored before the horizon has no answer; similar patients who were
followed get more weight.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from models.outcomes import expit
from training.evaluation.predictions import EvaluatedPredictions
from training.metrics.incidence import answer_by, free_by
from training.metrics.question_data import QuestionData, followed_to
from training.outcomes.labels import EndedBy


def questions(evaluated: EvaluatedPredictions) -> list[QuestionData]:
    """All questions that the heads of this landmark answer and for which the cohort was followed long enough."""
    asked = []
    if evaluated.remission_log_odds is not None:
        asked.append(_remission(evaluated))
    if evaluated.relapse_score is not None:
        at_risk = _followed(evaluated, evaluated.outcomes.at_risk)
        days = [
            day for day in evaluated.horizons_days if evaluated.on_day(day) is not None and followed_to(*at_risk, day)
        ]
        asked += [_relapse_by(evaluated, day) for day in days]
        if evaluated.remission_log_odds is not None or evaluated.in_remission_at_landmark:
            asked += [_sustained_to(evaluated, day) for day in days]
    return asked


def _ask(
    evaluated: EvaluatedPredictions,
    name: tuple[str, Literal["remission", "relapse", "sustained"], int | None],
    population: Mask,
    answers: tuple[Floats, Floats],
    y_predicted: Floats,
) -> QuestionData:
    """``answers`` are y and weights per patient, ``population`` flags patients, ``y_predicted`` has one per row."""
    row = np.flatnonzero(population[evaluated.patient])
    patient = evaluated.patient[row]
    y_observed, weights = answers
    return QuestionData(
        *name,
        row=row,
        patient=patient,
        repeat=evaluated.repeat[row],
        fold=evaluated.fold[row],
        y_observed=y_observed[patient],
        y_predicted=y_predicted[row],
        weights=np.where(np.isnan(y_observed[patient]), 0.0, weights[patient]),
    )


def _remission(evaluated: EvaluatedPredictions) -> QuestionData:
    log_odds = evaluated.remission_log_odds
    assert log_odds is not None  # noqa: S101 - asked only where the head exists
    outcomes = evaluated.outcomes
    answers = (outcomes.remission, evaluated.weights.remission)
    return _ask(evaluated, ("remission", "remission", None), outcomes.eligible, answers, expit(log_odds))


def _relapse_by(evaluated: EvaluatedPredictions, day: int) -> QuestionData:
    """Among those in remission and followed: relapse by the day. A competing event first counts as no relapse."""
    outcomes = evaluated.outcomes
    relapsed, still_followed = _among(outcomes.at_risk, *answer_by(*_followed(evaluated, outcomes.at_risk), day))
    answers = relapsed, still_followed * evaluated.weights.to_day(outcomes, day)
    position = evaluated.on_day(day)
    return _ask(
        evaluated, (f"relapse by day {day}", "relapse", day), outcomes.at_risk, answers, evaluated.relapse[:, position]
    )


def _sustained_to(evaluated: EvaluatedPredictions, day: int) -> QuestionData:
    """Among all: no without remission; in remission, whether the patient was free of both events to the day."""
    outcomes = evaluated.outcomes
    in_remission = outcomes.eligible & (outcomes.remission == 1)  # patients not followed for a day are censored
    free, still_followed = _among(in_remission, *free_by(*_followed(evaluated, in_remission), day))
    y_observed = np.where(outcomes.remission == 0, 0.0, free)
    still_followed = still_followed * evaluated.weights.to_day(outcomes, day)
    weights = evaluated.weights.remission * np.where(outcomes.remission == 0, 1.0, still_followed)
    log_odds = evaluated.remission_log_odds
    remission = np.ones(len(evaluated.patient)) if log_odds is None else expit(log_odds)
    y_predicted = remission * evaluated.event_free[:, evaluated.on_day(day)]
    return _ask(
        evaluated, (f"sustained to day {day}", "sustained", day), outcomes.eligible, (y_observed, weights), y_predicted
    )


def _followed(evaluated: EvaluatedPredictions, among: Mask) -> tuple[Floats, NDArray[np.int8]]:
    """Days followed, and how they ended: 0 censored, 1 relapse, 2 competing event."""
    outcomes = evaluated.outcomes
    ended_by = np.maximum(outcomes.ended_by[among], EndedBy.CENSORED).astype(np.int8)
    return np.nan_to_num(outcomes.followed_days[among]), ended_by


def _among(at_risk: Mask, y_observed: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Answers and weights of those at risk among all patients; NaN and 0 for the others and for those censored."""
    y, weight = np.full(len(at_risk), np.nan), np.zeros(len(at_risk))
    y[at_risk] = np.where(weights > 0, y_observed, np.nan)
    weight[at_risk] = weights
    return y, weight
