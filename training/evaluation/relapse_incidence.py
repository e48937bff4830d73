"""The observed cumulative incidence of relapse, of all patients at risk and by thirds of predicted risk.

It counts competing events as such, and is there whichever candidate won, for a validation cohort too. Patients have no
weights: loss to follow-up is taken not to depend on the patient's state.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Indices
from models.outcomes import DAYS_PER_WEEK
from models.settings.sections import TimeSettings
from training.evaluation.predictions import EvaluatedPredictions
from training.evidence.descriptions import IncidenceGroup, RelapseIncidence
from training.learning.relapse_task import reach_of, week_ends
from training.metrics.disclosure import FEWEST, hidden_cells
from training.metrics.incidence import aalen_johansen
from training.metrics.intervals import enough_for_interval, interval
from training.outcomes.labels import EndedBy

THIRDS = ("lowest third", "middle third", "highest third")
"""Of the patients at risk, by their predicted risk at the end of the curve."""
EVERYBODY = "all patients"
COUNTED = 6
"""Days on which the numbers at risk are counted, day 0 included."""
SAME_FOR_ALL = "The model gives every patient the same risk, so there are no thirds."
NO_PREDICTION = "Relapse is not predicted, so there are no thirds."
TOO_FEW = "There are too few patients, or too few different predictions, for thirds."


def relapse_incidence(evaluated: EvaluatedPredictions, draws: Floats) -> RelapseIncidence | None:
    """The curves of a landmark; ``None`` for fewer than ten patients at risk, or if nobody is followed for a week.

    Predictions are averaged over the repeats. ``draws`` (draws + 1, patients) weigh the patients.
    """
    at_risk = np.flatnonzero(evaluated.outcomes.at_risk)
    days = evaluated.days if len(evaluated.days) else _observed_days(evaluated)
    if len(at_risk) < FEWEST or not len(days):
        return None
    thirds, note = _thirds(evaluated, at_risk)
    groups = [(EVERYBODY, at_risk), *zip(THIRDS, thirds, strict=False)]
    counted = np.unique(np.linspace(0, days[-1] // DAYS_PER_WEEK, COUNTED).astype(np.int64)) * DAYS_PER_WEEK
    followed = evaluated.outcomes.followed_days
    at_risk_then = np.array([(followed[members][:, None] >= counted).sum(axis=0) for _, members in groups])
    counts = _shown(at_risk_then, len(thirds))
    return RelapseIncidence(
        days=days.tolist(),
        at_risk_days=counted.tolist(),
        groups=[
            _group(evaluated, name, members, (days, draws), count)
            for (name, members), count in zip(groups, counts, strict=True)
        ],
        note=note,
    )


def _observed_days(evaluated: EvaluatedPredictions) -> NDArray[np.int64]:
    """The ends of weeks up to the longest horizon, as far as ten patients are followed, if nothing is predicted."""
    return week_ends(
        reach_of(evaluated.outcomes, max(evaluated.horizons_days, default=0), TimeSettings(fewest_followed=FEWEST))
    )


def _thirds(evaluated: EvaluatedPredictions, at_risk: Indices) -> tuple[list[Indices], str]:
    """The thirds by predicted risk, or none and why."""
    if evaluated.relapse_score is None or not len(evaluated.days):
        return [], NO_PREDICTION
    risk = _averaged(evaluated, evaluated.relapse[:, [-1]])[at_risk, 0]
    if np.ptp(evaluated.relapse_score) == 0:
        return [], SAME_FOR_ALL
    bounds = np.quantile(risk, (1 / 3, 2 / 3))
    group = np.digitize(risk, bounds, right=True)
    members = [at_risk[group == number] for number in range(len(THIRDS))]
    few = bounds[0] == bounds[1] or min(len(patients) for patients in members) < FEWEST
    return ([], TOO_FEW) if few else (members, "")


def _shown(counts: NDArray[np.int64], thirds: int) -> list[list[int | None]]:
    """The numbers at risk, groups by days; no number of one to nine is shown, or follows from that of all patients."""
    found: list[list[int | None]] = [[] for _ in counts]
    for column in counts.T.tolist():
        hidden = hidden_cells([(column[0],)]) + (hidden_cells([(count,) for count in column[1:]]) if thirds else [])
        for place, (count, suppressed) in enumerate(zip(column, hidden, strict=True)):
            found[place].append(None if suppressed else count)
    return found


def _averaged(evaluated: EvaluatedPredictions, values: Floats) -> Floats:
    """The mean over repeats, shape (patients, columns); 0 for patients without predictions."""
    total = np.zeros((len(evaluated.outcomes.at_risk), values.shape[1]))
    np.add.at(total, evaluated.patient, values)
    return total / max(evaluated.repeats, 1)


def _group(
    evaluated: EvaluatedPredictions,
    name: str,
    members: Indices,
    over: tuple[NDArray[np.int64], Floats],
    at_risk: list[int | None],
) -> IncidenceGroup:
    days, draws = over
    outcomes = evaluated.outcomes
    ended_by = np.maximum(outcomes.ended_by[members], EndedBy.CENSORED).astype(np.int8)
    relapsed = (ended_by == EndedBy.RELAPSE).astype(np.float64)
    draws = draws if enough_for_interval(relapsed) else draws[:1]
    followed = outcomes.followed_days[members]
    curve = aalen_johansen(followed, ended_by, draws[:, members], days.astype(np.float64))
    found = [interval(values) for values in curve.relapse.T]
    before = np.concatenate([[0], days[:-1]])  # the curve ends on the first day with fewer than ten at risk
    known = (followed[:, None] >= before).sum(axis=0) >= FEWEST
    predicted = _averaged(evaluated, evaluated.relapse)[members].mean(axis=0) if len(evaluated.days) else None
    return IncidenceGroup(
        name=name,
        n=len(members),
        at_risk=at_risk,
        relapse=_where(known, [one.estimate for one in found]),
        low=_where(known, [one.low for one in found]),
        high=_where(known, [one.high for one in found]),
        competing=_where(known, curve.competing[0].tolist()),
        predicted=[] if predicted is None else predicted.tolist(),
    )


def _where(known: NDArray[np.bool_], values: Sequence[float | None]) -> list[float | None]:
    return [value if kept else None for value, kept in zip(values, known.tolist(), strict=True)]
