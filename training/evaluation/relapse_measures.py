"""The measures of the relapse head over its whole curve, beside those of its questions at single days."""

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.evaluation.judged import Judged
from training.evidence.document import Estimate
from training.learning.relapse_task import week_ends
from training.metrics.curve_measures import Curves, curve_values
from training.metrics.discrimination import uno_c
from training.metrics.hazard_slope import hazard_slope
from training.metrics.intervals import enough_for_interval, interval
from training.metrics.question_measures import mean_of_repeats
from training.outcomes.labels import EndedBy


def relapse_measures(judged: Judged, draws: Floats) -> dict[str, Estimate]:
    """Concordance (Harrell, Uno), integrated Brier score and calibration slope, averaged over the repeats.

    The slope is that of the hazard on the score, over the whole follow-up. ``draws`` (draws + 1, patients).
    Nothing without a head or without patients at risk.
    """
    if judged.relapse_score is None or not len(judged.days) or not judged.outcomes.at_risk.any():
        return {}
    _, ended_by = followed_until(judged, np.flatnonzero(judged.outcomes.at_risk), float(judged.days[-1]))
    draws = draws if enough_for_interval((ended_by == EndedBy.RELAPSE).astype(np.float64)) else draws[:1]
    found = [_of_repeat(judged, repeat, draws) for repeat in range(judged.repeats)]
    return {name: interval(mean_of_repeats([values[name] for values in found])) for name in found[0]}


def _of_repeat(judged: Judged, repeat: int, draws: Floats) -> dict[str, Floats]:
    row = np.flatnonzero((judged.repeat == repeat) & judged.outcomes.at_risk[judged.patient])
    last = float(judged.days[-1])
    curves = _curves(judged, row)
    seen, weights, risk = (curves.followed_days, curves.ended_by), draws[:, curves.patient], judged.relapse[row, -1]
    assert judged.relapse_score is not None  # noqa: S101 - looked at by the caller
    return curve_values(curves, draws) | {
        "uno_c": uno_c(*seen, risk, weights, curves.fold, last),
        "calibration_slope": hazard_slope(*seen, judged.relapse_score[row], weights),
    }


def _curves(judged: Judged, row: NDArray[np.intp]) -> Curves:
    patient, last = judged.patient[row], int(judged.days[-1])
    followed, ended_by = followed_until(judged, patient, float(last))
    days = week_ends(last)
    incidence = judged.relapse[np.ix_(row, np.flatnonzero(np.isin(judged.days, days)))]
    return Curves(patient, judged.fold[row], followed, ended_by, incidence, days[np.isin(days, judged.days)])


def followed_until(judged: Judged, patient: NDArray[np.intp], last: float) -> tuple[Floats, NDArray[np.int8]]:
    """Days followed and how they ended, as far as ``last``; who is followed for longer is censored there."""
    followed = judged.outcomes.followed_days[patient]
    ended_by = np.where(followed <= last, judged.outcomes.ended_by[patient], EndedBy.CENSORED)
    return np.minimum(followed, last), ended_by.astype(np.int8)
