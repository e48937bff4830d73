"""The window in which a rating decides remission, and what is certain before it closes."""

from typing import NamedTuple

import numpy as np

from features.compilation import compiled
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.primary_scale import PrimaryScale
from features.records.rating_days import known_days
from features.records.timeline import Categories, Floats, Indices, nothing_recorded, plain


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
    return RemissionWindow(*map(float, protocol.remission.window_days), float(fixed_after))


def anchor_days(cohort: Cohort) -> Floats:
    """The day from which the remission window counts, per patient; NaN without a session in the acute course."""
    if cohort.protocol.remission.anchor == "index":
        return np.zeros(len(cohort))
    anchor, sessions = nothing_recorded(len(cohort)), cohort.sessions
    _write_last_dose(
        plain(sessions.patient, np.intp),
        plain(sessions["kind"], np.int16),
        plain(sessions["day"], np.float64),
        cohort.protocol.code("sessions", "kind", "dosing"),
        float(cohort.protocol.acute_max_days),
        anchor,
    )
    return anchor


@compiled
def _write_last_dose(
    patient: Indices, kind: Categories, day: Floats, dosing: int, last_day: float, last: Floats
) -> None:
    """Write into ``last`` (patients,) the day of each patient's last dosing session up to a day."""
    for row in range(len(patient)):
        if kind[row] == dosing and day[row] <= last_day:
            last[patient[row]] = day[row]


def nearest_ratings(cohort: Cohort, primary: PrimaryScale, anchor: Floats, today: Floats) -> Floats:
    """Days from the middle of the window to the nearest rating in it that is known today, NaN for none."""
    nearest, ratings = nothing_recorded(len(cohort)), cohort.assessments
    _write_nearest(
        plain(ratings.patient, np.intp),
        plain(ratings["day"], np.float64),
        known_days(ratings),
        plain(ratings["instrument"], np.int16),
        primary.code,
        anchor,
        today,
        *map(float, cohort.protocol.remission.window_days),
        nearest,
    )
    return nearest


@compiled
def _write_nearest(  # noqa: PLR0913 - compiled code takes arrays one by one
    patient: Indices,
    day: Floats,
    known_on: Floats,
    instrument: Categories,
    code: Indices,
    anchor: Floats,
    today: Floats,
    first: float,
    last: float,
    nearest: Floats,
) -> None:
    middle = (first + last) / 2
    for row in range(len(patient)):
        whose = patient[row]
        since = day[row] - anchor[whose]
        if instrument[row] != code[whose] or not known_on[row] <= today[whose]:
            continue
        if since >= first and since <= last and not abs(since - middle) >= nearest[whose]:
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
