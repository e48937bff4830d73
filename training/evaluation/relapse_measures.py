"""The measures of the relapse head over its whole curve; `questions` has those at single days."""

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.evaluation.predictions import EvaluatedPredictions
from training.evidence.document import Estimate
from training.learning.relapse_task import week_ends
from training.metrics.curve_measures import Curves, curve_values
from training.metrics.discrimination import uno_c
from training.metrics.hazard_slope import hazard_slope
from training.metrics.intervals import enough_for_interval, interval
from training.metrics.question_measures import mean_of_repeats
from training.outcomes.labels import EndedBy


def relapse_measures(evaluated: EvaluatedPredictions, draws: Floats) -> dict[str, Estimate]:
    """Concordance (Harrell, Uno), integrated Brier score and calibration slope, averaged over the repeats.

    The slope is that of the hazard on the score, over the whole follow-up. ``draws`` (draws + 1, patients).
    Nothing without a head or without patients at risk.
    """
    if evaluated.relapse_score is None or not len(evaluated.days) or not evaluated.outcomes.at_risk.any():
        return {}
    _, ended_by = followed_until(evaluated, np.flatnonzero(evaluated.outcomes.at_risk), float(evaluated.days[-1]))
    draws = draws if enough_for_interval((ended_by == EndedBy.RELAPSE).astype(np.float64)) else draws[:1]
    found = [_of_repeat(evaluated, repeat, draws) for repeat in range(evaluated.repeats)]
    return {name: interval(mean_of_repeats([values[name] for values in found])) for name in found[0]}


def _of_repeat(evaluated: EvaluatedPredictions, repeat: int, draws: Floats) -> dict[str, Floats]:
    row = np.flatnonzero((evaluated.repeat == repeat) & evaluated.outcomes.at_risk[evaluated.patient])
    last = float(evaluated.days[-1])
    curves = _curves(evaluated, row)
    seen, weights, risk = (curves.followed_days, curves.ended_by), draws[:, curves.patient], evaluated.relapse[row, -1]
    assert evaluated.relapse_score is not None  # noqa: S101 - looked at by the caller
    return curve_values(curves, draws) | {
        "uno_c": uno_c(*seen, risk, weights, curves.fold, last),
        "calibration_slope": hazard_slope(*seen, evaluated.relapse_score[row], weights),
    }


def _curves(evaluated: EvaluatedPredictions, row: NDArray[np.intp]) -> Curves:
    patient, last = evaluated.patient[row], int(evaluated.days[-1])
    followed, ended_by = followed_until(evaluated, patient, float(last))
    days = week_ends(last)
    incidence = evaluated.relapse[np.ix_(row, np.flatnonzero(np.isin(evaluated.days, days)))]
    return Curves(patient, evaluated.fold[row], followed, ended_by, incidence, days[np.isin(days, evaluated.days)])


def followed_until(
    evaluated: EvaluatedPredictions, patient: NDArray[np.intp], last: float
) -> tuple[Floats, NDArray[np.int8]]:
    """Days followed and how they ended, up to ``last``; patients followed for longer are censored there."""
    followed = evaluated.outcomes.followed_days[patient]
    ended_by = np.where(followed <= last, evaluated.outcomes.ended_by[patient], EndedBy.CENSORED)
    return np.minimum(followed, last), ended_by.astype(np.int8)
