"""What the tables of a cohort must satisfy, beyond the types of their cells: ranges, required cells, and relations.

Problems give the row as it was read, so that a reader can name the line of a file or the path in a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from features.compilation.decorator import compiled
from features.protocol.columns import BEFORE_DAY_0, CHILD_TABLES, FIRST_DOSE_ON_DAY_0, NO_DOSE_BEFORE_DAY_0, Column
from features.protocol.instruments import SUICIDAL_THOUGHTS_SCALES
from features.protocol.problems import Problem
from features.records.rating_days import is_after_dose
from features.records.timeline import is_among, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.protocol.document import Protocol
    from features.records.cohort import Cohort, RawCohort, RawTable, Values
    from features.records.timeline import Floats, Indices, Mask


def value_problems(raw: RawCohort, protocol: Protocol) -> list[Problem]:
    """Cells out of range, empty where required, or of a patient who is not in ``patients``; contradictory rows."""
    problems = _column_problems("patients", protocol.tables["patients"], raw.patients)
    for name in CHILD_TABLES:
        if name not in raw.tables or not len(raw.tables[name].patient):
            continue
        table = raw.tables[name]
        problems += _column_problems(name, protocol.tables[name], table.columns)
        problems += _at_rows(
            name, "patient_id", table.patient == -1, "the id of a patient in patients", "an id that is not there"
        )
        problems += _row_problems(name, table, protocol, raw.as_of_day)
    if not raw.tables.keys() & {"assessments", "events"}:
        problems.append(Problem("assessments", None, None, "at least one of assessments and events", "neither"))
    return problems


def _column_problems(table: str, columns: tuple[Column, ...], values: Mapping[str, Values]) -> list[Problem]:
    problems: list[Problem] = []
    for column in columns:
        if column.name not in values or column.kind == "identifier":
            continue
        cells = values[column.name]
        if column.kind == "category":
            if column.required:
                problems += _in_column(table, column, np.asarray(cells == -1), "an empty cell")
            continue
        marks = np.empty(len(cells), dtype=np.uint8)
        if _mark_cells(plain(cells, np.float64), *_limits(column), column.required, _is_whole(column), marks):
            for mark, found in _FOUND.items():
                problems += _in_column(table, column, np.asarray(marks & mark != 0), found)
    return problems


_EMPTY, _OUTSIDE, _FRACTION = 1, 2, 4
_FOUND = {_EMPTY: "an empty cell", _OUTSIDE: "a number out of range", _FRACTION: "a fraction"}


def _limits(column: Column) -> tuple[float, float]:
    if column.minimum is None or column.maximum is None:
        return -np.inf, np.inf
    return float(column.minimum), float(column.maximum)


def _is_whole(column: Column) -> bool:
    return column.kind in ("whole", "day")


@compiled
def _mark_cells(
    cells: Floats, minimum: float, maximum: float, required: bool, whole: bool, marks: NDArray[np.uint8]
) -> int:
    """Write into ``marks`` what is wrong with each cell; all marks together, 0 where nothing is."""
    together = 0
    for row in range(len(cells)):
        cell, mark = cells[row], 0
        if np.isnan(cell):
            mark = _EMPTY if required else 0
        else:
            mark = _OUTSIDE if cell < minimum or cell > maximum else 0
            mark += _FRACTION if whole and cell > np.floor(cell) else 0
        marks[row] = mark
        together |= mark
    return together


def _in_column(table: str, column: Column, wrong: Mask, found: str) -> Sequence[Problem]:
    return _at_rows(table, column.name, wrong, column.requirement(), found) if len(wrong.nonzero()[0]) else ()


def _row_problems(table: str, rows: RawTable, protocol: Protocol, as_of_day: Floats | None) -> list[Problem]:
    """Rows that contradict themselves, or the end of their patient's record."""
    columns = rows.columns
    if table == "assessments" and columns.keys() >= {"day", "instrument", "score"}:
        problems = _score_problems(columns, protocol)
    elif table == "prior_treatments" and columns.keys() >= {"start_day", "end_day"}:
        start, end = (np.asarray(columns[name], dtype=np.float64) for name in ("start_day", "end_day"))
        problems = _at_rows(table, "end_day", end < start, "a day not before start_day", "an earlier day")
    elif table == "sessions" and columns.keys() >= {"day", "kind"}:
        early = np.asarray(columns["day"], dtype=np.float64) < 0
        early &= np.asarray(columns["kind"] != protocol.code("sessions", "kind", BEFORE_DAY_0))
        problems = _at_rows(table, "day", early, NO_DOSE_BEFORE_DAY_0, "a number out of range")
    else:
        problems = []
    if as_of_day is not None and "day" in columns:
        today = np.append(as_of_day, np.nan)[rows.patient]  # an unknown patient (-1) picks the NaN at the end
        late = np.asarray(columns["day"], dtype=np.float64) > today
        problems += _at_rows(table, "day", late, "a day not after as_of_day", "a later day")
    return problems


def _score_problems(columns: Mapping[str, Values], protocol: Protocol) -> list[Problem]:
    """Scores that their scale does not have, doses before day 0, and items that are not of the rated scale."""
    score = np.asarray(columns["score"], dtype=np.float64)
    instrument = np.asarray(columns["instrument"], dtype=np.intp)
    lowest, highest = (protocol.scale_numbers[end][instrument] for end in ("minimum", "maximum"))
    required = "a score within the range of its instrument"
    outside = (score < lowest) | (score > highest)
    problems = _at_rows("assessments", "score", outside, required, "a number out of range")
    if "after_dose" in columns:
        early = (columns["after_dose"] == 1) & (np.asarray(columns["day"], dtype=np.float64) < 0)
        required = "false or empty before day 0, the day of the first dose"
        problems += _at_rows("assessments", "after_dose", np.asarray(early), required, "true")
    if "suicidal_thoughts_item" in columns:
        codes = [protocol.code("assessments", "instrument", name) for name in SUICIDAL_THOUGHTS_SCALES]
        other = ~is_among(instrument, codes) & ~np.isnan(np.asarray(columns["suicidal_thoughts_item"], np.float64))
        required = "no value beside another instrument than " + " and ".join(SUICIDAL_THOUGHTS_SCALES)
        problems += _at_rows("assessments", "suicidal_thoughts_item", other, required, "a value")
    return problems


def relation_problems(cohort: Cohort, patient_read: Indices, rows_read: Mapping[str, Indices]) -> list[Problem]:
    """Rows that contradict one another: repeated ids and ratings, sessions out of order, another day 0, a dead patient.

    ``patient_read`` and ``rows_read`` give for each sorted row the row as read.
    """
    problems: list[Problem] = []
    same_id = np.flatnonzero(cohort.patient_ids[1:] == cohort.patient_ids[:-1]) + 1
    problems += [
        Problem("patients", int(row), "patient_id", "an id of its own", "the id of an earlier row")
        for row in patient_read[same_id]
    ]
    problems += _rating_problems(cohort, rows_read["assessments"])
    problems += _session_problems(cohort, rows_read["sessions"])
    problems += _day_0_problems(cohort, rows_read["sessions"])
    return problems + _death_problems(cohort, rows_read)


def _rating_problems(cohort: Cohort, read: Indices) -> list[Problem]:
    rows = cohort.assessments
    scale, day, after_dose = rows["instrument"], rows.numbers("day"), is_after_dose(rows)
    repeated = np.zeros(len(rows), dtype=np.bool_)
    repeated[1:] = (rows.patient[1:] == rows.patient[:-1]) & (day[1:] == day[:-1]) & (scale[1:] == scale[:-1])
    repeated[1:] &= after_dose[1:] == after_dose[:-1]
    required = "one rating per patient, day and instrument; after_dose = true for another one after the dose"
    return _at_rows("assessments", "day", repeated, required, "a second one", read)


def _session_problems(cohort: Cohort, read: Indices) -> list[Problem]:
    rows = cohort.sessions
    kind = np.asarray(rows["kind"])
    number, day = rows.numbers("session_number"), rows.numbers("day")
    order = np.lexsort((day, number, kind, rows.patient))
    after, before = order[1:], order[:-1]
    together = (rows.patient[after] == rows.patient[before]) & (kind[after] == kind[before])
    repeats = after[together & (number[after] == number[before])]
    backwards = after[together & (number[after] > number[before]) & (day[after] < day[before])]
    required = "session numbers of one kind that rise with time"
    return [
        *(Problem("sessions", int(row), "session_number", required, "a number that repeats") for row in read[repeats]),
        *(Problem("sessions", int(row), "day", required, "a day before the session before") for row in read[backwards]),
    ]


def _day_0_problems(cohort: Cohort, read: Indices) -> list[Problem]:
    """First dosing sessions on another day than 0, from which every day of the record counts."""
    rows = cohort.sessions
    dosing = np.flatnonzero(rows["kind"] == cohort.protocol.code("sessions", "kind", "dosing"))
    first = dosing[np.append(True, np.diff(rows.patient[dosing]) != 0)[: len(dosing)]]
    wrong = first[rows.numbers("day")[first] != 0]
    found = "another day"
    if cohort.as_of_day is None:
        found += f", for {len(wrong):,} of the {len(first):,} patients with a dosing session"
    return [Problem("sessions", int(row), "day", FIRST_DOSE_ON_DAY_0, found) for row in read[wrong]]


def _death_problems(cohort: Cohort, rows_read: Mapping[str, Indices]) -> list[Problem]:
    """Rows of a later day than their patient's death."""
    events = cohort.events
    deaths = np.flatnonzero(events["event"] == cohort.protocol.code("events", "event", "death"))
    if not len(deaths):
        return []
    died = events.at(deaths).first_for_patient("day")
    problems: list[Problem] = []
    for name in ("sessions", "assessments", "events"):
        rows = cohort.table(name)
        late = rows.numbers("day") > rows.spread(died)
        required = "no record after the day of the patient's death"
        problems += _at_rows(name, "day", late, required, "a later day", rows_read[name])
    return problems


def _at_rows(
    table: str, column: str, wrong: Mask, required: str, found: str, read: Indices | None = None
) -> list[Problem]:
    rows = wrong.nonzero()[0]
    return [Problem(table, int(row if read is None else read[row]), column, required, found) for row in rows]
