"""Day 0 of each patient, from which every day of a cohort counts: the first dosing session, or the study's index."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.problems import Problem
from features.records.timeline import Floats, Mask
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows
from training.intake.conversion.moments import COUNTED, DATED, FROM_DAY_0, Moments
from training.intake.conversion.selection import Selection
from training.intake.conversion.session_rows import SessionRows, count_earlier_untaken, refuse_undated_first
from training.intake.mapping import CohortMapping


@dataclass(frozen=True, eq=False)
class DayZero:
    """Day 0 per patient: ``date`` as an ordinal of a date, ``count`` as the source counts days; NaN where unknown.

    ``left_out`` marks patients without a day 0, who are not part of the cohort. Shapes (patients,).
    """

    date: Floats
    count: Floats
    left_out: Mask

    def days(self, moments: Moments, patient: np.ndarray) -> Floats:
        """Days from day 0 of each row, NaN where its moment or its patient's day 0 is unknown; shape (rows,)."""
        zero = np.zeros(len(patient))
        zero[moments.clock == DATED] = self.date[patient][moments.clock == DATED]
        zero[moments.clock == COUNTED] = self.count[patient][moments.clock == COUNTED]
        return np.asarray(moments.day - zero, dtype=np.float64)

    def without_zero(self, moments: Moments, patient: np.ndarray, clock: int) -> Mask:
        """Which rows tell their day by a clock on which their patient's day 0 is unknown; shape (rows,)."""
        zero = self.date if clock == DATED else self.count
        recorded = (moments.clock == clock) & ~np.isnan(moments.day)
        return np.asarray(recorded & np.isnan(zero[patient]) & ~self.left_out[patient], dtype=np.bool_)


def find_day_zero(
    selection: Selection, mapping: CohortMapping, cells: CellEvaluation, sessions: Sequence[SessionRows]
) -> DayZero:
    """Day 0 of every patient, and who has none."""
    number = len(selection.patients)
    if mapping.index is not None:
        return _from_index(selection, mapping, cells)
    if mapping.day_0 == "index":
        return DayZero(np.full(number, np.nan), np.zeros(number), np.zeros(number, dtype=np.bool_))
    if not any(one.rows for one in sessions) and not cells.log.problems:  # else it may only follow from them
        required = 'blocks [[sessions]] with dosing sessions, or day_0 = "index" under [dates]'
        cells.log.problems.append(Problem(mapping.name, None, "sessions", required, "no session"))
    refuse_undated_first(sessions, cells)
    first = {clock: _first_dosing(sessions, number, clock) for clock in (DATED, COUNTED, FROM_DAY_0)}
    for clock in (DATED, COUNTED):
        count_earlier_untaken(selection, mapping, cells, first[clock], clock)
    left_out = np.isnan(first[DATED]) & np.isnan(first[COUNTED]) & np.isnan(first[FROM_DAY_0])
    both = ~np.isnan(first[DATED]) & ~np.isnan(first[COUNTED])
    if both.any():
        required = "the day of every session either as a date or as a number of days"
        cells.log.problems.append(Problem(mapping.name, None, "sessions", required, "both for one patient"))
    cells.log.count_rows("patients without a first dose: left out", int(left_out.sum()))
    counted = first[COUNTED][~np.isnan(first[COUNTED])]
    cells.log.count_rows("patients whose days are counted from their first dosing session", int((counted != 0).sum()))
    return DayZero(first[DATED], first[COUNTED], left_out)


def _first_dosing(sessions: Sequence[SessionRows], number: int, clock: int) -> Floats:
    """The day of each patient's first dosing session by one clock, NaN without one; shape (patients,)."""
    first = np.full(number, np.inf)
    for one in sessions:
        dosing = (one.moments.clock == clock) & (one.kind == "dosing") & ~np.isnan(one.moments.day)
        np.minimum.at(first, one.rows.patient[dosing], one.moments.day[dosing])
    return np.where(np.isinf(first), np.nan, first)


def _from_index(selection: Selection, mapping: CohortMapping, cells: CellEvaluation) -> DayZero:
    """The index date in the patients' own rows."""
    assert mapping.index is not None  # noqa: S101 - the caller has looked
    number = len(selection.patients)
    date, count = np.full(number, np.nan), np.full(number, np.nan)
    for one in selection.patient_blocks:
        if mapping.index.column not in one.rows.table.columns:
            continue
        moments = cells.moments(one.rows, mapping.index)
        for clock, days in ((DATED, date), (COUNTED, count)):
            _place(days, one.rows, moments, clock, cells)
    left_out = np.isnan(date) & np.isnan(count)
    cells.log.count_rows("patients without an index date: left out", int(left_out.sum()))
    return DayZero(date, count, left_out)


def _place(days: Floats, rows: SelectedRows, moments: Moments, clock: int, cells: CellEvaluation) -> None:
    """Put the index days of one block into the patients' array; a second one that differs is a problem."""
    for position, patient, day in zip(rows.positions, rows.patient, moments.day, strict=True):
        if np.isnan(day) or moments.clock[0] != clock:
            continue
        if not np.isnan(days[patient]) and days[patient] != day:
            cells.log.refuse(rows.table, [position], None, "one index date per patient", "a second one")
        days[patient] = day
