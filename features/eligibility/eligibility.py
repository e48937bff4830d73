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
    AnchorRule,
    RemissionWindow,
    anchor_rule,
    remission_window,
    window_decided,
    window_over,
    write_anchor_days,
    write_nearest,
)
from features.protocol.columns import COMPETING_EVENTS
from features.records.cohort import Cohort
from features.records.compiled_rows import EventRows, RatingRows, SessionDays
from features.records.cut_offs import TOLERANCE
from features.records.event_days import first_event_days, wanted_events, write_first_days
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats, Indices, Mask, plain


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
_DEATH, _WITHDRAWAL = wanted_events(frozenset({"death"})), wanted_events(frozenset({"withdrawal"}))


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
    primary = known.primary
    scale = _Scale(primary.code, primary.baseline, primary.remission_at_most)
    records = _DatedRows(cohort.rating_rows, cohort.session_days, cohort.event_rows)
    rules = _Rules(ages, anchor_rule(protocol), remission_window(protocol))
    _write_remission_to_come(everyone, scale, _never_dosed(cohort, known), records, rules, found)
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


class _Scale(NamedTuple):
    """Of every patient: the code of the primary scale, the baseline and its cut-off."""

    code: Indices
    baseline: Floats
    remission_at_most: Floats


class _DatedRows(NamedTuple):
    """The dated tables, also what is later than the landmark."""

    ratings: RatingRows
    sessions: SessionDays
    events: EventRows


class _Rules(NamedTuple):
    """What a protocol says of ages and of the remission window."""

    ages: _Ages
    anchor: AnchorRule
    window: RemissionWindow


class _Course(NamedTuple):
    """Of every patient: days of events, and what is known today of the remission window."""

    died: Floats
    withdrew: Floats
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
    everyone: _Everyone, scale: _Scale, never_dosed: Mask, records: _DatedRows, rules: _Rules, found: Reasons
) -> None:
    """Why patients are left out who may come into remission, or can no longer have an observed one."""
    days = np.empty((4, len(found)))
    died, withdrew, anchor, nearest = days[0], days[1], days[2], days[3]
    write_first_days(records.events, _DEATH, died)
    write_first_days(records.events, _WITHDRAWAL, withdrew)
    write_anchor_days(records.sessions, rules.anchor, anchor)
    write_nearest(records.ratings, scale.code, anchor, everyone.today, rules.window, nearest)
    course = _Course(died, withdrew, never_dosed, anchor, nearest)
    for patient in range(len(found)):
        found[patient] = _left_out(everyone, rules.ages, patient)
        if found[patient] == _ELIGIBLE:
            found[patient] = _without_remission_to_come(course, scale, rules.window, patient, everyone.today[patient])


@compiled
def _without_remission_to_come(  # noqa: PLR0911 - one line for each reason
    course: _Course, scale: _Scale, window: RemissionWindow, patient: int, today: float
) -> int:
    anchor, nearest, baseline = course.anchor[patient], course.nearest[patient], scale.baseline[patient]
    if course.died[patient] <= today:
        return _DIED
    if course.withdrew[patient] <= today:
        return _WITHDREW
    if np.isnan(baseline):
        return _NO_BASELINE
    if baseline <= scale.remission_at_most[patient] + TOLERANCE:
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
