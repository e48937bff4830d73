"""Which patients are eligible at a landmark, by what is known by then; training and serving call the same function.

A record that ends today is evaluated in full. A complete one is evaluated as if it ended on the landmark day: later
records decide an outcome, never eligibility.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from features.eligibility.remission_window import window_on
from features.protocol.columns import COMPETING_EVENTS
from features.records.cohort import Cohort
from features.records.cut_offs import at_least, at_most
from features.records.landmark import KnownAtLandmark
from features.records.rating_days import known_days
from features.records.timeline import Floats, Mask, is_among


class Ineligible(Enum):
    """Why a patient is left out of training and prediction at a landmark; the value is the sentence shown to people."""

    LANDMARK_NOT_REACHED = "the landmark was not reached"
    AGE_OUTSIDE = "the age is outside the protocol's limits"
    DIED = "the patient has died"
    WITHDREW = "the patient has withdrawn"
    ENDED_BEFORE = "a relapse, a competing event or the end of follow-up has already occurred"
    NO_BASELINE = "no primary instrument was rated at baseline"
    BASELINE_IN_REMISSION = "the baseline is already in the remission band"
    NO_DOSING_SESSION = "there is no dosing session in the acute course"
    ALREADY_DECIDED = "a rating has already decided remission"
    WINDOW_OVER = "the remission window closed without a rating"


def ineligible_at(cohort: Cohort, known: KnownAtLandmark) -> NDArray[np.object_]:
    """Per patient why the patient is not eligible at the landmark, or ``None``; shape (patients,).

    If several reasons apply, the first in the order of ``Ineligible`` is given.
    """
    today = known.day if cohort.as_of_day is None else cohort.as_of_day
    found = {Ineligible.LANDMARK_NOT_REACHED: np.isnan(known.day), Ineligible.AGE_OUTSIDE: _age_outside(cohort)}
    if cohort.protocol.remission.at_landmark:
        ending = {*cohort.protocol.relapse.events, *COMPETING_EVENTS, "withdrawal", "end_of_follow_up"}
        found[Ineligible.ENDED_BEFORE] = _had_event(cohort, today, ending)
    else:
        found |= _without_remission_to_come(cohort, known, today)
    reasons = np.full(len(known), None, dtype=object)
    for reason in reversed(Ineligible):
        if reason in found:
            reasons[found[reason]] = reason
    return reasons


def _age_outside(cohort: Cohort) -> Mask:
    """Patients with a recorded age outside the protocol's limits."""
    age, rule = cohort.number("age_years"), cohort.protocol.eligibility
    return ~np.isnan(age) & ~(at_least(age, rule.minimum_age) & at_most(age, rule.maximum_age))


def _without_remission_to_come(cohort: Cohort, known: KnownAtLandmark, today: Floats) -> dict[Ineligible, Mask]:
    """Patients who can no longer have an observed remission, by reason."""
    ratings = known.primary.ratings_among(cohort.assessments)
    ratings = ratings.where(known_days(ratings) <= ratings.spread(today))
    window = window_on(cohort, ratings, today)
    return {
        Ineligible.DIED: _had_event(cohort, today, {"death"}),
        Ineligible.WITHDREW: _had_event(cohort, today, {"withdrawal"}),
        Ineligible.NO_BASELINE: np.isnan(known.primary.baseline),
        Ineligible.BASELINE_IN_REMISSION: at_most(known.primary.baseline, known.primary.remission_at_most),
        Ineligible.NO_DOSING_SESSION: _never_dosed(cohort, known),
        Ineligible.ALREADY_DECIDED: window.decided,
        Ineligible.WINDOW_OVER: window.over,
    }


def _never_dosed(cohort: Cohort, known: KnownAtLandmark) -> Mask:
    """Patients without a dosing session by a fixed day, if the remission window counts from the last one.

    The first is on day 0, so a patient without one by then never had one. Before a session, it may still take place.
    """
    if cohort.protocol.remission.anchor == "index" or known.landmark.day is None:
        return np.zeros(len(known), dtype=np.bool_)
    return ~known.dosing_sessions.exists_for_patient()


def _had_event(cohort: Cohort, today: Floats, names: set[str]) -> Mask:
    """Patients with one of these events by ``today``, that day included for every kind of landmark."""
    events = cohort.events
    codes = [cohort.protocol.code("events", "event", name) for name in names]
    listed = is_among(events["event"], codes) & (events.numbers("day") <= events.spread(today))
    return events.where(listed).exists_for_patient()
