"""The measures of the relapse head over its whole curve, beside those of its questions at single days."""

import numpy as np
from numpy.typing import NDArray

from features.timeline import Floats
from training.evaluation.discrimination import c_index, uno_c
from training.evaluation.hazard_slope import hazard_slope
from training.evaluation.incidence import answer_by
from training.evaluation.intervals import interval
from training.evaluation.judged import Judged
from training.evaluation.question_measures import mean_of_repeats
from training.evaluation.questions import followed_to
from training.evaluation.reliability import brier_by_draw
from training.evidence import Estimate
from training.labels import EndedBy


def relapse_measures(judged: Judged, draws: Floats) -> dict[str, Estimate]:
    """Concordance (Harrell, Uno), integrated Brier score and calibration slope, averaged over the repeats.

    The slope is that of the hazard on the score, over the whole follow-up. ``draws`` (draws + 1, patients).
    Nothing without a head or without patients at risk.
    """
    if judged.relapse_score is None or not len(judged.days) or not judged.outcomes.at_risk.any():
        return {}
    found = [_of_repeat(judged, repeat, draws) for repeat in range(judged.repeats)]
    return {name: interval(mean_of_repeats([values[name] for values in found])) for name in found[0]}


def _of_repeat(judged: Judged, repeat: int, draws: Floats) -> dict[str, Floats]:
    row = np.flatnonzero((judged.repeat == repeat) & judged.outcomes.at_risk[judged.patient])
    patient, last = judged.patient[row], float(judged.days[-1])
    followed, ended_by = followed_until(judged, patient, last)
    weights, fold, risk = draws[:, patient], judged.fold[row], judged.relapse[row, -1]
    assert judged.relapse_score is not None  # noqa: S101 - looked at by the caller
    return {
        "c_index": c_index(followed, ended_by, risk, weights, fold),
        "uno_c": uno_c(followed, ended_by, risk, weights, fold, last),
        "integrated_brier": _integrated_brier(followed, ended_by, judged.relapse[row], weights, judged.days),
        "calibration_slope": hazard_slope(followed, ended_by, judged.relapse_score[row], weights),
    }


def followed_until(judged: Judged, patient: NDArray[np.intp], last: float) -> tuple[Floats, NDArray[np.int8]]:
    """Days followed and how they ended, as far as ``last``; who is followed for longer is censored there."""
    followed = judged.outcomes.followed_days[patient]
    ended_by = np.where(followed <= last, judged.outcomes.ended_by[patient], EndedBy.CENSORED)
    return np.minimum(followed, last), ended_by.astype(np.int8)


def _integrated_brier(
    followed: Floats, ended_by: NDArray[np.int8], incidence: Floats, weights: Floats, days: NDArray[np.int64]
) -> Floats:
    """Mean Brier score over the days, by the trapezoid rule; days that too few were followed to are left out.

    Source: Graf 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    reached = [number for number, day in enumerate(days.tolist()) if followed_to(followed, ended_by, day)]
    if len(reached) < 2:
        return np.full(len(weights), np.nan)
    scores = []
    for position in reached:
        y_observed, weight = answer_by(followed, ended_by, float(days[position]))
        scores.append(brier_by_draw(y_observed, incidence[:, position], weights * weight))
    span = days[reached[-1]] - days[reached[0]]
    return np.asarray(np.trapezoid(np.array(scores), days[reached], axis=0) / span)
