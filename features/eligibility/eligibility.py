"""Which patients are eligible at a landmark, by what is known by then; training and serving call the same function.

A record that ends today is evaluated in full. A complete one is evaluated as if it ended on the landmark day: later
records decide an outcome, never eligibility.
"""

from enum import Enum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.compilation.decorator import compiled
from features.eligibility.remission_window import (
    RemissionWindow,
    anchor_days,
    nearest_ratings,
    remission_window,
    window_decided,
    window_over,
)
from features.protocol.columns import COMPETING_EVENTS
from features.records.cohort import Cohort
from features.records.cut_offs import TOLERANCE
from features.records.event_days import first_event_days
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats, Mask, plain


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


Reasons: TypeAlias = NDArray[np.int8]
"""The place of each patient's reason in ``Ineligible``, -1 for none."""
_NOT_REACHED, _AGE, _DIED, _WITHDREW, _ENDED, _NO_BASELINE, _IN_REMISSION, _NO_DOSE, _DECIDED, _OVER = range(
    len(Ineligible)
)
_ELIGIBLE = -1
_REASONS = np.array([*Ineligible, None], dtype=object)


def ineligible_at(cohort: Cohort, known: KnownAtLandmark) -> NDArray[np.object_]:
    """Per patient why the patient is not eligible at the landmark, or ``None``; shape (patients,).

    If several reasons apply, the first in the order of ``Ineligible`` is given.
    """
    protocol, found = cohort.protocol, np.empty(len(known), dtype=np.int8)
    today = plain(known.day if cohort.as_of_day is None else cohort.as_of_day, np.float64)
    ages = _Ages(float(protocol.eligibility.minimum_age), float(protocol.eligibility.maximum_age))
    everyone = _Everyone(plain(known.day, np.float64), today, plain(cohort.number("age_years"), np.float64))
    if protocol.remission.at_landmark:
        ending = {*protocol.relapse.events, *COMPETING_EVENTS, "withdrawal", "end_of_follow_up"}
        _write_still_in_remission(everyone, ages, first_event_days(cohort, ending), found)
        return _REASONS[found]
    anchor = anchor_days(cohort)
    course = _Course(
        died=first_event_days(cohort, {"death"}),
        withdrew=first_event_days(cohort, {"withdrawal"}),
        baseline=known.primary.baseline,
        remission_at_most=known.primary.remission_at_most,
        never_dosed=_never_dosed(cohort, known),
        anchor=anchor,
        nearest=nearest_ratings(cohort, known.primary, anchor, today),
    )
    _write_remission_to_come(everyone, ages, course, remission_window(protocol), found)
    return _REASONS[found]


class _Ages(NamedTuple):
    """The youngest and the oldest age of a protocol, in years."""

    minimum: float
    maximum: float


class _Everyone(NamedTuple):
    """Of every patient: the landmark day, today, and the age; all have shape (patients,)."""

    day: Floats
    today: Floats
    age: Floats


class _Course(NamedTuple):
    """Of every patient: days of events, the baseline and its cut-off, and what is known of the remission window."""

    died: Floats
    withdrew: Floats
    baseline: Floats
    remission_at_most: Floats
    never_dosed: Mask
    anchor: Floats
    nearest: Floats


@compiled
def _write_still_in_remission(everyone: _Everyone, ages: _Ages, ended: Floats, found: Reasons) -> None:
    """Why patients who are in remission at the landmark are left out."""
    for patient in range(len(found)):
        found[patient] = _left_out(everyone, ages, patient)
        if found[patient] == _ELIGIBLE and ended[patient] <= everyone.today[patient]:
            found[patient] = _ENDED


@compiled
def _write_remission_to_come(
    everyone: _Everyone, ages: _Ages, course: _Course, window: RemissionWindow, found: Reasons
) -> None:
    """Why patients are left out who may come into remission, or can no longer have an observed one."""
    for patient in range(len(found)):
        found[patient] = _left_out(everyone, ages, patient)
        if found[patient] == _ELIGIBLE:
            found[patient] = _without_remission_to_come(course, window, patient, everyone.today[patient])


@compiled
def _without_remission_to_come(  # noqa: PLR0911 - one line for each reason
    course: _Course, window: RemissionWindow, patient: int, today: float
) -> int:
    anchor, nearest, baseline = course.anchor[patient], course.nearest[patient], course.baseline[patient]
    if course.died[patient] <= today:
        return _DIED
    if course.withdrew[patient] <= today:
        return _WITHDREW
    if np.isnan(baseline):
        return _NO_BASELINE
    if baseline <= course.remission_at_most[patient] + TOLERANCE:
        return _IN_REMISSION
    if course.never_dosed[patient]:
        return _NO_DOSE
    if window_decided(window, anchor, nearest, today):
        return _DECIDED
    if window_over(window, anchor, today) and np.isnan(nearest):
        return _OVER
    return _ELIGIBLE


@compiled
def _left_out(everyone: _Everyone, ages: _Ages, patient: int) -> int:
    """Whom every rule leaves out; an age that is not recorded is within the limits."""
    if np.isnan(everyone.day[patient]):
        return _NOT_REACHED
    age = everyone.age[patient]
    return _AGE if age < ages.minimum - TOLERANCE or age > ages.maximum + TOLERANCE else _ELIGIBLE


def _never_dosed(cohort: Cohort, known: KnownAtLandmark) -> Mask:
    """Patients without a dosing session by a fixed day, if the remission window counts from the last one.

    The first is on day 0, so a patient without one by then never had one. Before a session, it may still take place.
    """
    if cohort.protocol.remission.anchor == "index" or known.landmark.day is None:
        return np.zeros(len(known), dtype=np.bool_)
    return ~known.dosing_sessions.exists_for_patient()
