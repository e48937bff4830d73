"""The day of each patient's first event of some kinds."""

from collections.abc import Set as AbstractSet
from functools import lru_cache

import numpy as np

from features.compilation.decorator import compiled
from features.protocol.columns import EVENTS
from features.records.cohort import Cohort
from features.records.compiled_rows import EventRows
from features.records.timeline import Floats, Mask


def first_event_days(cohort: Cohort, names: AbstractSet[str]) -> Floats:
    """The day of each patient's first of these events, infinite without one."""
    days = np.empty(len(cohort))
    write_first_days(cohort.event_rows, wanted_events(frozenset(names)), days)
    return days


@lru_cache(maxsize=64)
def wanted_events(names: frozenset[str]) -> Mask:
    """Which events are among these, by code; the code -1 picks the end."""
    return np.array([name in names for name in (*EVENTS, "")])


@compiled
def write_first_days(events: EventRows, wanted: Mask, first: Floats) -> None:
    """Write into ``first`` (patients,) the first day of an event that is ``wanted``, by code; infinite without one."""
    first[:] = np.inf
    for row in range(len(events.patient)):
        whose = events.patient[row]
        if wanted[events.event[row]] and events.day[row] < first[whose]:
            first[whose] = events.day[row]
