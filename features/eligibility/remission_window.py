"""The window in which a rating decides remission, and what is certain before it closes."""

from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.compiled_rows import RatingRows, SessionDays
from features.records.primary_scale import PrimaryScale
from features.records.timeline import Floats, Indices, nothing_recorded


class RemissionWindow(NamedTuple):
    """The first and the last day of the window from its anchor on, and the day after which the anchor is fixed."""

    first: float
    last: float
    fixed_after: float


def remission_window(protocol: Protocol) -> RemissionWindow:
    """The window of a protocol.

    One that counts from the last acute session is not fixed before the acute course is over: another session may move
    it.
    """
    fixed_after = protocol.acute_max_days if protocol.remission.anchor == "last_acute_session" else -np.inf
    first, last = protocol.remission.window_days
    return RemissionWindow(float(first), float(last), float(fixed_after))


def anchor_days(cohort: Cohort) -> Floats:
    """The day from which the remission window counts, per patient; NaN without a session in the acute course."""
    if cohort.protocol.remission.anchor == "index":
        return np.zeros(len(cohort))
    dosing, anchor = cohort.protocol.code("sessions", "kind", "dosing"), nothing_recorded(len(cohort))
    _write_last_dose(cohort.session_days, dosing, float(cohort.protocol.acute_max_days), anchor)
    return anchor


@compiled
def _write_last_dose(sessions: SessionDays, dosing: int, last_day: float, last: Floats) -> None:
    """Write into ``last`` (patients,) the day of each patient's last dosing session up to a day."""
    for row in range(len(sessions.patient)):
        if sessions.kind[row] == dosing and sessions.day[row] <= last_day:
            last[sessions.patient[row]] = sessions.day[row]


def nearest_ratings(cohort: Cohort, primary: PrimaryScale, anchor: Floats, today: Floats) -> Floats:
    """Days from the middle of the window to the nearest rating in it that is known today, NaN for none."""
    nearest, window = nothing_recorded(len(cohort)), remission_window(cohort.protocol)
    _write_nearest(cohort.rating_rows, primary.code, anchor, today, window, nearest)
    return nearest


@compiled
def _write_nearest(
    ratings: RatingRows, code: Indices, anchor: Floats, today: Floats, window: RemissionWindow, nearest: Floats
) -> None:
    middle = (window.first + window.last) / 2
    for row in range(len(ratings.patient)):
        whose = ratings.patient[row]
        since = ratings.day[row] - anchor[whose]
        if ratings.instrument[row] != code[whose] or not ratings.known_on[row] <= today[whose]:
            continue
        if window.first <= since <= window.last and not abs(since - middle) >= nearest[whose]:
            nearest[whose] = abs(since - middle)


@compiled
def window_over(window: RemissionWindow, anchor: float, today: float) -> bool:
    """Whether the window has passed today."""
    return today > window.fixed_after and today - anchor >= window.last


@compiled
def window_decided(window: RemissionWindow, anchor: float, nearest: float, today: float) -> bool:
    """Whether the window has a rating, and no later one can be nearer to the middle; the next may be tomorrow."""
    if np.isnan(nearest) or not today > window.fixed_after:
        return False
    return window_over(window, anchor, today) or nearest < max(
        today + 1 - anchor - (window.first + window.last) / 2, 0.0
    )
