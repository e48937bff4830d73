"""Which patients are eligible at a landmark, by what is known by then; training and serving call the same function.

A record that ends today is evaluated in full. A complete one is evaluated as if it ended on the landmark day: later
records decide an outcome, never eligibility.
"""

from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.compilation import compiled
from features.eligibility.remission_window import (
    RemissionWindow,
    anchor_days,
    nearest_ratings,
    remission_window,
    window_decided,
    window_over,
)
from features.protocol.columns import COMPETING_EVENTS, EVENTS
from features.records.cohort import Cohort
from features.records.cut_offs import TOLERANCE
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Categories, Floats, Indices, Mask, plain


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


_NOT_REACHED, _AGE, _DIED, _WITHDREW, _ENDED, _NO_BASELINE, _IN_REMISSION, _NO_DOSE, _DECIDED, _OVER = range(
    len(Ineligible)
)
_ELIGIBLE = -1
_DEATH, _WITHDRAWAL = frozenset({"death"}), frozenset({"withdrawal"})
_REASONS = np.array([*Ineligible, None], dtype=object)


def ineligible_at(cohort: Cohort, known: KnownAtLandmark) -> NDArray[np.object_]:
    """Per patient why the patient is not eligible at the landmark, or ``None``; shape (patients,).

    If several reasons apply, the first in the order of ``Ineligible`` is given.
    """
    protocol = cohort.protocol
    ages, today = protocol.eligibility, known.day if cohort.as_of_day is None else cohort.as_of_day
    found = np.empty(len(known), dtype=np.int8)
    of_all = (
        plain(known.day, np.float64),
        plain(today, np.float64),
        plain(cohort.number("age_years"), np.float64),
        float(ages.minimum_age),
        float(ages.maximum_age),
    )
    if protocol.remission.at_landmark:
        ending = frozenset({*protocol.relapse.events, *COMPETING_EVENTS, "withdrawal", "end_of_follow_up"})
        _write_still_in_remission(found, *of_all, first_event_days(cohort, ending))
        return _REASONS[found]
    anchor = anchor_days(cohort)
    _write_remission_to_come(
        found,
        *of_all,
        first_event_days(cohort, _DEATH),
        first_event_days(cohort, _WITHDRAWAL),
        known.primary.baseline,
        known.primary.remission_at_most,
        _never_dosed(cohort, known),
        anchor,
        nearest_ratings(cohort, known.primary, anchor, plain(today, np.float64)),
        *remission_window(protocol),
    )
    return _REASONS[found]


@compiled
def _write_still_in_remission(
    found: NDArray[np.int8],
    day: Floats,
    today: Floats,
    age: Floats,
    minimum_age: float,
    maximum_age: float,
    ended: Floats,
) -> None:
    """Why patients who are in remission at the landmark are left out."""
    for patient in range(len(day)):
        found[patient] = _left_out(day[patient], age[patient], minimum_age, maximum_age)
        if found[patient] == _ELIGIBLE and ended[patient] <= today[patient]:
            found[patient] = _ENDED


@compiled
def _write_remission_to_come(  # noqa: PLR0913 - compiled code takes arrays one by one
    found: NDArray[np.int8],
    day: Floats,
    today: Floats,
    age: Floats,
    minimum_age: float,
    maximum_age: float,
    died: Floats,
    withdrew: Floats,
    baseline: Floats,
    remission_at_most: Floats,
    never_dosed: Mask,
    anchor: Floats,
    nearest: Floats,
    first: float,
    last: float,
    fixed_after: float,
) -> None:
    """Why patients are left out who may come into remission, or can no longer have an observed one."""
    window = RemissionWindow(first, last, fixed_after)
    for patient in range(len(day)):
        now = today[patient]
        why = _left_out(day[patient], age[patient], minimum_age, maximum_age)
        if why != _ELIGIBLE:
            found[patient] = why
        elif died[patient] <= now:
            found[patient] = _DIED
        elif withdrew[patient] <= now:
            found[patient] = _WITHDREW
        elif np.isnan(baseline[patient]):
            found[patient] = _NO_BASELINE
        elif baseline[patient] <= remission_at_most[patient] + TOLERANCE:
            found[patient] = _IN_REMISSION
        elif never_dosed[patient]:
            found[patient] = _NO_DOSE
        elif window_decided(window, anchor[patient], nearest[patient], now):
            found[patient] = _DECIDED
        elif window_over(window, anchor[patient], now) and np.isnan(nearest[patient]):
            found[patient] = _OVER
        else:
            found[patient] = _ELIGIBLE


@compiled
def _left_out(day: float, age: float, minimum_age: float, maximum_age: float) -> int:
    """Whom every rule leaves out; an age that is not recorded is within the limits."""
    if np.isnan(day):
        return _NOT_REACHED
    if age < minimum_age - TOLERANCE or age > maximum_age + TOLERANCE:
        return _AGE
    return _ELIGIBLE


def _never_dosed(cohort: Cohort, known: KnownAtLandmark) -> Mask:
    """Patients without a dosing session by a fixed day, if the remission window counts from the last one.

    The first is on day 0, so a patient without one by then never had one. Before a session, it may still take place.
    """
    if cohort.protocol.remission.anchor == "index" or known.landmark.day is None:
        return np.zeros(len(known), dtype=np.bool_)
    return ~known.dosing_sessions.exists_for_patient()


def first_event_days(cohort: Cohort, names: frozenset[str]) -> Floats:
    """The day of each patient's first of these events, infinite without one."""
    days, events = np.full(len(cohort), np.inf), cohort.events
    event, day = plain(events["event"], np.int16), plain(events["day"], np.float64)
    _write_first_day(plain(events.patient, np.intp), event, day, _wanted(names), days)
    return days


@lru_cache(maxsize=64)
def _wanted(names: frozenset[str]) -> Mask:
    """Which events are wanted, by code; the code -1 picks the end."""
    return np.array([name in names for name in (*EVENTS, "")])


@compiled
def _write_first_day(patient: Indices, event: Categories, day: Floats, wanted: Mask, first: Floats) -> None:
    """Write into ``first`` (patients,) the first day of an event that is ``wanted``, by code."""
    for row in range(len(patient)):
        if wanted[event[row]] and day[row] < first[patient[row]]:
            first[patient[row]] = day[row]
