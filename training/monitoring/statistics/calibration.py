"""Do the predictions come true? Evidence against it, over time, from the outcomes that have been joined to them.

What was predicted is what the log says was answered; the weekly hazards of relapse behind an answer are worked out
again from the logged row. How far predictions are off is told by `over_time`.
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
    bet_from_every_month,
    from_every_month,
    gather,
    rate_log_wealth,
    recalibration_gains,
    recalibration_log_wealth,
)
from training.monitoring.statistics.joined import JoinedPredictions
from training.monitoring.statistics.logged import LoggedPrediction
from training.outcomes.labels import EndedBy

ENOUGH, ENOUGH_OF_EITHER = 150, 20
"""Outcomes, and of them yes and no, among which odds of remission nearly three times as high as predicted would have
been found in nine of ten cases; `tests/training/monitoring/test_power.py` defends these numbers."""
ENOUGH_RELAPSES = 45
"""Expected relapses, among whom twice as many would have been found as often."""


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
    """Until when outcomes are known, in which months they are told, and under which protocol."""

    calendar: Calendar
    last_day: np.datetime64
    protocol: Protocol


def remission_calibration(
    joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar, share: float
) -> HeadCalibration | None:
    """The bet that remission is recalibrated; ``None`` where the model has no such head."""
    if model.remission is None:
        return None
    given = np.array([one.remission for one in joined.predictions], dtype=np.float64)
    there = np.flatnonzero(~np.isnan(given))
    predictions = [joined.predictions[place] for place in there.tolist()]
    y_observed, y_predicted = joined.in_remission[there], given[there]
    calendar = moment.calendar
    came, known = calendar.months([one.at for one in predictions]), calendar.months_of_days(joined.known_on[there])
    gains = recalibration_gains(y_observed, log_odds_of(y_predicted), float(model.remission.baseline))
    sums = from_every_month(gather(gains, came, known, calendar.number))
    course = bet_from_every_month(recalibration_log_wealth(sums))
    outcome = HeadOutcomes(predictions, came, y_observed, y_predicted)
    return _calibrated(model, "remission", course, outcome, share)


def relapse_calibration(
    joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar, share: float
) -> HeadCalibration | None:
    """The bet that relapses come faster or slower than predicted; ``None`` where the model has no such head.

    A relapse has to be confirmed, so that the last weeks known can't show one: they are left out for everybody.
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
    sums = from_every_month(gained)
    course = bet_from_every_month(rate_log_wealth(sums[..., 0], sums[..., 1]))
    return _calibrated(model, "relapse", course, HeadOutcomes(predictions, came, events[:, -1], expected[:, -1]), share)


def _calibrated(
    model: OutcomeModel, head: str, course: EProcess, outcome: HeadOutcomes, share: float
) -> HeadCalibration:
    watched = MonitoredItem(model.landmark.name, "calibration", head)
    found = MonitoringFinding(watched, course, share, len(outcome.predictions), _suffices(outcome, head), None)
    return HeadCalibration(found, outcome)


def _suffices(outcome: HeadOutcomes, head: str) -> bool:
    """Whether a large error would have shown."""
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
    """How many of the last days known can't show a relapse for certain, because its confirmation is still to come."""
    rule = protocol.relapse
    return rule.confirm_within_days[1] if rule.rule == "score" and rule.asks_for_confirmation else 0


def _at(hazard: Floats, days: Floats) -> Floats:
    """The cumulative hazard (n, weeks + 1) by so many days (n, months), even within a week."""
    week = np.minimum(days // DAYS_PER_WEEK, hazard.shape[1] - 2).astype(np.intp)
    before, after = np.take_along_axis(hazard, week, axis=1), np.take_along_axis(hazard, week + 1, axis=1)
    return np.asarray(before + (days / DAYS_PER_WEEK - week) * (after - before))


def cumulative_hazard(head: RelapseHead, predictions: Sequence[LoggedPrediction], protocol: Protocol) -> Floats:
    """The predicted hazard of relapse added up to the end of each week from 0 on, shape (n, weeks + 1)."""
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
