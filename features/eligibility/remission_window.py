"""The window in which a rating decides remission, and what is certain before it closes."""

from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.compiled_rows import RatingRows, SessionDays
from features.records.timeline import Floats, Indices


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


class AnchorRule(NamedTuple):
    """The day from which the window counts: day 0 or that of the last session of a kind, by code, up to a day."""

    from_day_0: bool
    dosing: int
    last_day: float


def anchor_rule(protocol: Protocol) -> AnchorRule:
    """The rule of a protocol."""
    dosing = protocol.code("sessions", "kind", "dosing")
    return AnchorRule(protocol.remission.anchor == "index", dosing, float(protocol.acute_max_days))


def anchor_days(cohort: Cohort) -> Floats:
    """The day from which the remission window counts, per patient; NaN without a session in the acute course."""
    anchor = np.empty(len(cohort))
    write_anchor_days(cohort.session_days, anchor_rule(cohort.protocol), anchor)
    return anchor


@compiled
def write_anchor_days(sessions: SessionDays, rule: AnchorRule, anchor: Floats) -> None:
    """Write into ``anchor`` (patients,) what `anchor_days` gives."""
    anchor[:] = 0.0 if rule.from_day_0 else np.nan
    for row in range(len(sessions.patient)):
        if not rule.from_day_0 and sessions.kind[row] == rule.dosing and sessions.day[row] <= rule.last_day:
            anchor[sessions.patient[row]] = sessions.day[row]


@compiled
def write_nearest(
    ratings: RatingRows, code: Indices, anchor: Floats, today: Floats, window: RemissionWindow, nearest: Floats
) -> None:
    """Write into ``nearest`` the days from the middle of the window to the nearest rating in it that is known today.

    ``code`` is that of each patient's scale. All arrays have shape (patients,); NaN stands for no rating.
    """
    nearest[:] = np.nan
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
