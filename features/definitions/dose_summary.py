"""A patient's sessions at the landmark as numbers: doses by route, and the course of the sessions."""

from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED, KnownDoses
from features.definitions.route_dose import INJECTED, LIMIT, USUAL
from features.protocol.columns import SESSION_KINDS
from features.records.compiled_rows import SessionDays, categories_of, numbers_of
from features.records.timeline import Categories, Floats, Rows

_DOSING = SESSION_KINDS.index("dosing")


class DoseRows(NamedTuple):
    """Beside each row of the sessions: how the dose was given, and what was observed."""

    route: Categories
    dose: Floats
    distress: Floats
    dissociation: Floats
    adverse_event: Floats


def dose_rows(sessions: Rows) -> DoseRows:
    """The doses of a table of sessions."""
    return DoseRows(
        categories_of(sessions, "route"),
        numbers_of(sessions, "dose_mg_per_kg"),
        numbers_of(sessions, "peak_distress"),
        numbers_of(sessions, "peak_dissociation"),
        numbers_of(sessions, "adverse_event"),
    )


@compiled
def dose_summary(sessions: SessionDays, doses: DoseRows, start: int, end: int) -> KnownDoses:
    """The sessions in rows ``start`` to ``end``, of which none is a preparation."""
    number, first_day, last_day, day_of_session_1 = 0, NOT_RECORDED, NOT_RECORDED, NOT_RECORDED
    route, of_limit, distress, dissociation = -1, NOT_RECORDED, NOT_RECORDED, NOT_RECORDED
    for row in range(start, end):
        if sessions.kind[row] != _DOSING:
            continue
        number, last_day = number + 1, sessions.day[row]
        first_day = last_day if number == 1 else first_day
        if sessions.number[row] == 1 and np.isnan(day_of_session_1):
            day_of_session_1 = last_day
        route = doses.route[row] if doses.route[row] >= 0 else route
        of_limit = _higher(of_limit, doses.dose[row] / LIMIT[doses.route[row]])
        distress = _higher(distress, doses.distress[row])
        dissociation = _higher(dissociation, doses.dissociation[row])
    has_routed_dose, mean_injected = _injected(sessions, doses, start, end)
    return KnownDoses(
        number,
        first_day,
        last_day,
        day_of_session_1,
        route,
        _mean_relative(sessions, doses, start, end),
        has_routed_dose,
        mean_injected,
        of_limit,
        distress,
        dissociation,
        end - start,
        _adverse_events(doses, start, end),
    )


@compiled
def _mean_relative(sessions: SessionDays, doses: DoseRows, start: int, end: int) -> float:
    """Mean of the doses as multiples of the usual ones of their routes."""
    number, total = 0, 0.0
    for row in range(start, end):
        relative = doses.dose[row] / USUAL[doses.route[row]]
        if sessions.kind[row] == _DOSING and not np.isnan(relative):
            number, total = number + 1, total + relative
    return total / number if number else NOT_RECORDED


@compiled
def _injected(sessions: SessionDays, doses: DoseRows, start: int, end: int) -> tuple[bool, float]:
    """Whether a dose was recorded beside its route, and the mean of the injected ones."""
    recorded, number, total = False, 0, 0.0
    for row in range(start, end):
        if sessions.kind[row] != _DOSING or doses.route[row] < 0 or np.isnan(doses.dose[row]):
            continue
        recorded = True
        if INJECTED[doses.route[row]]:
            number, total = number + 1, total + doses.dose[row]
    return recorded, total / number if number else NOT_RECORDED


@compiled
def _adverse_events(doses: DoseRows, start: int, end: int) -> float:
    """Number of sessions with an adverse event, NaN where it was recorded for none."""
    number, recorded = 0.0, False
    for row in range(start, end):
        if not np.isnan(doses.adverse_event[row]):
            number, recorded = number + doses.adverse_event[row], True
    return number if recorded else NOT_RECORDED


@compiled
def _higher(value: float, other: float) -> float:
    """The higher of two numbers, or the one that is recorded."""
    return other if np.isnan(value) or other > value else value
