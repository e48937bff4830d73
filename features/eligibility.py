"""Whom a prediction is for, judged from what is known at the landmark; training and serving ask the same question."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from features.cohort import Cohort
from features.columns import COMPETING_EVENTS
from features.landmark import Known
from features.timeline import Mask, Rows, is_among


class Ineligible(Enum):
    """Why nothing is predicted for a patient at a landmark; the value is the sentence shown to people."""

    LANDMARK_NOT_REACHED = "the landmark was not reached"
    NO_BASELINE = "no primary instrument was rated at baseline"
    BASELINE_IN_REMISSION = "the baseline is already in the remission band"
    ENDED_BEFORE = "a relapse, a competing event or the end of follow-up came on or before the landmark"
    DIED = "the patient has died"
    NO_DOSING_SESSION = "no dosing session in the acute course"
    ALREADY_DECIDED = "the reading that decides remission came on or before the landmark"


def ineligible_at(cohort: Cohort, known: Known) -> NDArray[np.object_]:
    """Per patient the reason why nothing can be predicted at the landmark, or ``None``; shape (patients,)."""
    reasons = np.full(len(known), None, dtype=object)
    if cohort.protocol.remission.at_landmark:
        ending = {*cohort.protocol.relapse.events, *COMPETING_EVENTS, "withdrawal", "end_of_follow_up"}
        reasons[_had_event(cohort, known, ending)] = Ineligible.ENDED_BEFORE
    else:
        reasons[known.primary.baseline <= known.primary.remission_at_most] = Ineligible.BASELINE_IN_REMISSION
        reasons[np.isnan(known.primary.baseline)] = Ineligible.NO_BASELINE
    reasons[np.isnan(known.day)] = Ineligible.LANDMARK_NOT_REACHED
    return reasons


def unpredictable_at(cohort: Cohort, known: Known) -> NDArray[np.object_]:
    """As ``ineligible_at``, for a prediction: whoever is known to have died is not asked about.

    In records that end today every recorded death is known; in complete ones, those up to the landmark. The
    outcome rules keep such a patient in the analysis, as one whose remission was not observed.
    """
    reasons = ineligible_at(cohort, known)
    if cohort.as_of_day is None:
        died = _had_event(cohort, known, {"death"})
    else:
        deaths = cohort.events["event"] == cohort.protocol.code("events", "event", "death")
        died = cohort.events.where(np.asarray(deaths)).exists_for_patient()
    reasons[died & ~np.isnan(known.day)] = Ineligible.DIED
    reasons[_decided(known) & (reasons == None)] = Ineligible.ALREADY_DECIDED  # noqa: E711 - elementwise
    return reasons


def _decided(known: Known) -> Mask:
    """Who has a reading in a remission window that counts from day 0, with none still to come that could be nearer.

    A window that counts from the last acute session is not known before the course has ended.
    """
    rule = known.protocol.remission
    if rule.at_landmark or rule.anchor != "index":
        return np.zeros(len(known), dtype=np.bool_)
    first, last = rule.window_days
    middle = (first + last) / 2
    ratings = known.primary_ratings
    day = ratings.numbers("day")
    within = (day >= first) & (day <= last)
    away = Rows(len(known), ratings.patient[within], {"away": np.abs(day[within] - middle)})
    nearest = away.minimum_for_patient("away")
    still_to_come = np.where(known.day < last, np.maximum(known.day + 1 - middle, 0.0), np.inf)
    return np.asarray(nearest < still_to_come)


def _had_event(cohort: Cohort, known: Known, names: set[str]) -> Mask:
    """Who had one of these events on or before the landmark day, that day included under every kind of landmark."""
    events = cohort.events
    codes = [cohort.protocol.code("events", "event", name) for name in names]
    listed = is_among(events["event"], codes) & (events.numbers("day") <= events.spread(known.day))
    return events.where(listed).exists_for_patient()
