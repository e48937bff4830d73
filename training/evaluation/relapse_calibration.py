"""Calibration and usefulness of relapse predictions by a day; patients lost before it count for as long as followed.

Remission and sustained remission are evaluated by weighted yes/no answers. For relapse the smooth curve is a hazard
regression (Austin 2022, doi:10.1186/s41512-021-00114-6), and net benefit is by Aalen-Johansen (Vickers 2008,
doi:10.1186/1472-6947-8-53).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.relapse_measures import followed_until
from training.metrics.hazard_curve import hazard_curve
from training.metrics.incidence import aalen_johansen
from training.metrics.net_benefit import net_benefit_censored, net_benefit_treat_all
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import THRESHOLDS, errors_with_noise, mean_of_repeats


def relapse_errors(evaluated: EvaluatedPredictions, asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """ICI, E50 and E90 of predicted against observed risk by the question's day, with their noise, in every draw."""

    def measure(seen: tuple[Floats, NDArray[np.int8]], predicted: Floats, weights: Floats) -> Mapping[str, Floats]:
        return errors_with_noise(hazard_curve(*seen, predicted, weights, _day(asked)), predicted, weights)

    return _averaged(evaluated, asked, measure, draws)


def observed_relapse(evaluated: EvaluatedPredictions, asked: QuestionData, points: Floats, draws: Floats) -> Floats:
    """Observed risk of relapse at predicted ones (points,), shape (draws, points)."""

    def measure(seen: tuple[Floats, NDArray[np.int8]], predicted: Floats, weights: Floats) -> Mapping[str, Floats]:
        return {"curve": hazard_curve(*seen, predicted, weights, _day(asked)).observed_at(points)}

    return _averaged(evaluated, asked, measure, draws)["curve"]


def relapse_benefit(evaluated: EvaluatedPredictions, asked: QuestionData, draws: Floats) -> dict[str, Floats]:
    """Net benefit of treating by the predictions ("model") and of treating all ("all"), (draws, thresholds)."""

    def measure(seen: tuple[Floats, NDArray[np.int8]], predicted: Floats, weights: Floats) -> Mapping[str, Floats]:
        risk = aalen_johansen(*seen, weights, np.array([_day(asked)])).relapse[:, 0]
        return {
            "model": net_benefit_censored(*seen, predicted, weights, THRESHOLDS, _day(asked)),
            "all": net_benefit_treat_all(risk, THRESHOLDS),
        }

    return _averaged(evaluated, asked, measure, draws)


def _day(asked: QuestionData) -> float:
    assert asked.horizon_days is not None  # noqa: S101 - relapse is predicted by a day
    return float(asked.horizon_days)


_Measure = Callable[[tuple[Floats, NDArray[np.int8]], Floats, Floats], Mapping[str, Floats]]


def _averaged(
    evaluated: EvaluatedPredictions, asked: QuestionData, measure: _Measure, draws: Floats
) -> dict[str, Floats]:
    """Figures of each repeat, averaged over all patients at risk, also those without an answer by the day."""
    found = []
    for repeat in np.unique(asked.repeat):
        part = asked.subset(asked.repeat == repeat)
        seen = followed_until(evaluated, part.patient, float(evaluated.days[-1]))
        found.append(measure(seen, part.y_predicted, draws[:, part.patient]))
    return {name: mean_of_repeats([values[name] for values in found]) for name in found[0]}
