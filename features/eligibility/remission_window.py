"""The window in which a rating decides remission, and what is certain before it closes."""

from dataclasses import dataclass

import numpy as np

from features.records.cohort import Cohort
from features.records.landmark import dosing_sessions
from features.records.timeline import Floats, Mask, Rows


@dataclass(frozen=True, eq=False)
class Window:
    """What is certain about every patient's remission window on a day; arrays have shape (patients,).

    ``decided``: it has a rating, and no later one can be nearer to the middle. ``over``: it has passed without a
    rating.
    """

    decided: Mask
    over: Mask


def anchor_days(cohort: Cohort) -> Floats:
    """The day from which the remission window counts, per patient; NaN without a session in the acute course."""
    if cohort.protocol.remission.anchor == "index":
        return np.zeros(len(cohort))
    doses = dosing_sessions(cohort.sessions, cohort.protocol)
    return doses.where(doses.numbers("day") <= cohort.protocol.acute_max_days).last_for_patient("day")


def window_on(cohort: Cohort, ratings: Rows, today: Floats) -> Window:
    """What is certain about the windows on ``today`` (patients,), from the primary instrument's ``ratings`` up to it.

    A window that counts from the last acute session is not fixed before the acute course is over: another session may
    move it. The next rating may be tomorrow.
    """
    rule, anchor = cohort.protocol.remission, anchor_days(cohort)
    if rule.anchor == "last_acute_session":
        anchor = np.where(today > cohort.protocol.acute_max_days, anchor, np.nan)
    first, last = rule.window_days
    middle, since = (first + last) / 2, ratings.numbers("day") - ratings.spread(anchor)
    within = (since >= first) & (since <= last)
    away = Rows(len(cohort), ratings.patient[within], {"away": np.abs(since[within] - middle)})
    nearest = away.minimum_for_patient("away")
    has_passed = today - anchor >= last
    still_to_come = np.where(has_passed, np.inf, np.maximum(today + 1 - anchor - middle, 0.0))
    return Window(np.asarray(nearest < still_to_come), np.asarray(has_passed & np.isnan(nearest)))
