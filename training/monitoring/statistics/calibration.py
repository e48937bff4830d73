"""Evidence against calibration over time, from the outcomes that are joined to the predictions.

Predictions are the logged answers; the weekly hazards of relapse are computed again from the logged row. `over_time`
gives the sizes of miscalibration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.catalogue import catalogue
from features.protocol.document import Protocol
from features.records.timeline import Floats
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK, expit
from models.relapse import RelapseHead
from training.metrics.reliability import log_odds_of
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.checks import MonitoredItem, MonitoringFinding
from training.monitoring.statistics.e_processes import (
    EProcess,
    Months,
    e_process_over_starts,
    gather,
    rate_log_wealth,
    recalibration_gains,
    recalibration_log_wealth,
    sums_by_start,
)
from training.monitoring.statistics.joined import JoinedPredictions
from training.monitoring.statistics.logged import LoggedPrediction
from training.outcomes.labels import EndedBy

ENOUGH, ENOUGH_OF_EITHER = 150, 20
"""Outcomes, and of them yes and no, among which odds of remission nearly three times as high as predicted are found in
nine of ten cases (`tests/training/monitoring/test_power.py`)."""
ENOUGH_RELAPSES = 45
"""Expected relapses; twice as many are found as often."""


@dataclass(frozen=True, eq=False)
class HeadOutcomes:
    """Predictions of one head with what was observed, shape (n,).

    ``observed`` is 1 yes, 0 no; ``expected`` the probability given, or for relapse the hazard over the time at risk.
    ``came`` is the month of the prediction.
    """

    predictions: Sequence[LoggedPrediction]
    came: Months
    observed: Floats
    expected: Floats


@dataclass(frozen=True, eq=False)
class HeadCalibration:
    """The evidence against one head's calibration at a landmark, and the outcomes behind it."""

    found: MonitoringFinding
    outcome: HeadOutcomes


@dataclass(frozen=True, eq=False)
class OutcomeCalendar:
    """The months of the outcomes, the last day known, and the protocol."""

    calendar: Calendar
    last_day: np.datetime64
    protocol: Protocol


def remission_calibration(
    joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar, share: float
) -> HeadCalibration | None:
    """E-process against the calibration of remission; ``None`` where the model has no such head."""
    if model.remission is None:
        return None
    given = np.array([one.remission for one in joined.predictions], dtype=np.float64)
    there = np.flatnonzero(~np.isnan(given))
    predictions = [joined.predictions[place] for place in there.tolist()]
    y_observed, y_predicted = joined.in_remission[there], given[there]
    calendar = moment.calendar
    came, known = calendar.months([one.at for one in predictions]), calendar.months_of_days(joined.known_on[there])
    gains = recalibration_gains(y_observed, log_odds_of(y_predicted), float(model.remission.baseline))
    sums = sums_by_start(gather(gains, came, known, calendar.number))
    course = e_process_over_starts(recalibration_log_wealth(sums))
    outcome = HeadOutcomes(predictions, came, y_observed, y_predicted)
    return _calibrated(model, "remission", course, outcome, share)


def relapse_calibration(
    joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar, share: float
) -> HeadCalibration | None:
    """E-process against relapses at the predicted rate; ``None`` where the model has no such head.

    A relapse needs confirmation, which the last weeks known can't show: they are left out for all patients.
    """
    if model.relapse is None:
        return None
    at_risk = np.flatnonzero(joined.at_risk)
    predictions = [joined.predictions[place] for place in at_risk.tolist()]
    hazard = cumulative_hazard(model.relapse, predictions, moment.protocol)
    events, expected = _by_month(joined, at_risk, hazard, moment)
    came, months = moment.calendar.months([one.at for one in predictions]), moment.calendar.number
    gained = np.zeros((months, months, 2))
    np.add.at(gained, came, np.diff(np.stack([events, expected], axis=-1), axis=1, prepend=0.0))
    sums = sums_by_start(gained)
    course = e_process_over_starts(rate_log_wealth(sums[..., 0], sums[..., 1]))
    return _calibrated(model, "relapse", course, HeadOutcomes(predictions, came, events[:, -1], expected[:, -1]), share)


def _calibrated(
    model: OutcomeModel, head: str, course: EProcess, outcome: HeadOutcomes, share: float
) -> HeadCalibration:
    item = MonitoredItem(model.landmark.name, "calibration", head)
    found = MonitoringFinding(item, course, share, len(outcome.predictions), _suffices(outcome, head), None)
    return HeadCalibration(found, outcome)


def _suffices(outcome: HeadOutcomes, head: str) -> bool:
    """Whether a large error would have been found."""
    number, yes = len(outcome.observed), int(outcome.observed.sum())
    if head == "relapse":
        return bool(outcome.expected.sum() >= ENOUGH_RELAPSES)
    return number >= ENOUGH and min(yes, number - yes) >= ENOUGH_OF_EITHER


def _by_month(
    joined: JoinedPredictions, at_risk: Months, hazard: Floats, moment: OutcomeCalendar
) -> tuple[Floats, Floats]:
    """Relapses, and hazard over the time at risk, by the end of each month; both (n, months)."""
    followed = joined.followed_days[at_risk]
    relapsed = joined.ended_by[at_risk] == EndedBy.RELAPSE
    ends = np.minimum(moment.calendar.last_days(), moment.last_day) - unconfirmed_days(moment.protocol)
    passed = (ends - joined.began_on[at_risk][:, None]).astype(np.float64)
    reach = (hazard.shape[1] - 1) * DAYS_PER_WEEK
    seen = np.clip(np.minimum(passed, np.minimum(followed, reach)[:, None]), 0.0, None)
    events = relapsed[:, None] & (followed[:, None] <= np.minimum(passed, reach))
    return events.astype(np.float64), _at(hazard, seen)


def unconfirmed_days(protocol: Protocol) -> int:
    """The number of last known days in which a relapse can't be confirmed yet."""
    rule = protocol.relapse
    return rule.confirm_within_days[1] if rule.rule == "score" and rule.asks_for_confirmation else 0


def _at(hazard: Floats, days: Floats) -> Floats:
    """The cumulative ``hazard`` (n, weeks + 1) at ``days`` (n, months), interpolated within a week."""
    week = np.minimum(days // DAYS_PER_WEEK, hazard.shape[1] - 2).astype(np.intp)
    before, after = np.take_along_axis(hazard, week, axis=1), np.take_along_axis(hazard, week + 1, axis=1)
    return np.asarray(before + (days / DAYS_PER_WEEK - week) * (after - before))


def cumulative_hazard(head: RelapseHead, predictions: Sequence[LoggedPrediction], protocol: Protocol) -> Floats:
    """The predicted cumulative hazard of relapse at the end of each week from 0 on, shape (n, weeks + 1)."""
    linear_predictor = head.linear_predictor(_rows(predictions, protocol))
    weekly = np.repeat(expit(head.baseline + linear_predictor[:, None]), np.diff(head.edges), axis=1)
    return np.pad(np.cumsum(-np.log1p(-weekly), axis=1), ((0, 0), (1, 0)))


def _rows(predictions: Sequence[LoggedPrediction], protocol: Protocol) -> Floats:
    """The logged feature rows, shape (n, features), NaN where not recorded."""
    rows: list[Mapping[str, float]] = [one.row or {} for one in predictions]
    names = [feature.name for feature in catalogue(protocol)]
    return np.array([[row.get(name, np.nan) for name in names] for row in rows], dtype=np.float64).reshape(
        -1, len(names)
    )
