"""A patient's sessions at the landmark as numbers: doses by route, and the course of the sessions."""

from typing import NamedTuple

import numpy as np

from features.compilation import compiled
from features.definitions.known_patient import KnownDoses
from features.definitions.route_dose import INJECTED, LIMIT, USUAL
from features.protocol.columns import SESSION_KINDS
from features.records.timeline import Categories, Floats

NOT_RECORDED = np.nan
_DOSING = SESSION_KINDS.index("dosing")


class SessionRows(NamedTuple):
    """The sessions of every patient, without those of preparation; a patient's rows follow one another by day."""

    kind: Categories
    day: Floats
    number: Floats
    route: Categories
    dose: Floats
    distress: Floats
    dissociation: Floats
    adverse_event: Floats


@compiled
def dose_summary(rows: SessionRows, start: int, end: int) -> KnownDoses:
    """The sessions in rows ``start`` to ``end``."""
    number, first_day, last_day, day_of_session_1 = 0, NOT_RECORDED, NOT_RECORDED, NOT_RECORDED
    route, has_routed_dose = -1, False
    injected, total_injected, compared, total_relative = 0, 0.0, 0, 0.0
    of_limit, distress, dissociation = NOT_RECORDED, NOT_RECORDED, NOT_RECORDED
    adverse_events, asked = 0.0, False
    for row in range(start, end):
        if not np.isnan(rows.adverse_event[row]):
            adverse_events, asked = adverse_events + rows.adverse_event[row], True
        if rows.kind[row] != _DOSING:
            continue
        number, last_day = number + 1, rows.day[row]
        first_day = last_day if number == 1 else first_day
        if rows.number[row] == 1 and np.isnan(day_of_session_1):
            day_of_session_1 = last_day
        by, dose = rows.route[row], rows.dose[row]
        if by >= 0:
            route = by
            if not np.isnan(dose):
                has_routed_dose = True
                if INJECTED[by]:
                    injected, total_injected = injected + 1, total_injected + dose
        if not np.isnan(dose / USUAL[by]):
            compared, total_relative = compared + 1, total_relative + dose / USUAL[by]
        of_limit = higher(of_limit, dose / LIMIT[by])
        distress = higher(distress, rows.distress[row])
        dissociation = higher(dissociation, rows.dissociation[row])
    return KnownDoses(
        number,
        first_day,
        last_day,
        day_of_session_1,
        route,
        total_relative / compared if compared else NOT_RECORDED,
        has_routed_dose,
        total_injected / injected if injected else NOT_RECORDED,
        of_limit,
        distress,
        dissociation,
        end - start,
        adverse_events if asked else NOT_RECORDED,
    )


@compiled
def higher(value: float, other: float) -> float:
    """The higher of two numbers, or the one that is recorded."""
    return other if np.isnan(value) or other > value else value
