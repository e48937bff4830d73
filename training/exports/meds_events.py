"""The events of a MEDS dataset: what each cell of a cohort becomes, and at which time.

A cohort has days and no dates. Day 0 becomes 2000-01-01, for every patient, and the hour says what was known when: on
one day a rating is before the dose, then come sessions and events, then a rating after the dose. What has no day, such
as the age or an earlier treatment, has no time: it was known from the beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Landmark
from features.records.cohort import Cohort, Values, is_missing
from features.records.severity import as_recorded
from features.records.timeline import Floats, Indices, Rows
from training.cohort.table import ArrowArray
from training.exports.meds_codes import CodeList, coded_columns

Times = NDArray[np.datetime64]
"""Microseconds; NaT where there is no time."""

DAY_0 = np.datetime64("2000-01-01T00:00", "us")
"""No real date: an arbitrary one, far enough from 1970 that a day before day 0 is no negative number [judgement]."""
RATING_HOUR, BEFORE_DOSE_HOUR, SESSION_HOUR, AFTER_SESSION_HOUR, AFTER_DOSE_HOUR = 8, 10, 12, 14, 18
"""Hours of the day, in the order in which a day's records become known [judgement]. The second and the fourth are those
of a prediction: before the session of the day, and after it."""

SCHEMA = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        ("time", pa.timestamp("us")),
        pa.field("code", pa.string(), nullable=False),
        ("numeric_value", pa.float32()),
        ("text_value", pa.large_string()),
        ("exact_value", pa.float64()),
        ("source_row", pa.int64()),
        ("site_id", pa.string()),
    ]
)
"""Of ``data/*.parquet``: the columns of the standard, then the value in double precision, the row of the cohort's table
(in the order of patient and day, from 0), and the site."""


@dataclass(frozen=True, eq=False)
class _Events:
    """Some events: indices of patients and codes, values and times, row of the table; arrays of one length."""

    patient: Indices
    time: Times
    code: Indices
    value: Floats
    row: Indices


def times_of(days: Floats, hours: Floats | int) -> Times:
    """The time of whole days from day 0, at an hour of each."""
    microseconds = ((days * 24 + hours) * 3_600_000_000).astype(np.int64)
    return np.asarray(DAY_0 + microseconds.astype("timedelta64[us]"), dtype="datetime64[us]")


def prediction_times(landmark: Landmark, days: Floats) -> Times:
    """When the landmark is, for days on which it is reached; what is known at it is at or before this time."""
    return times_of(days, BEFORE_DOSE_HOUR if landmark.day is None else AFTER_SESSION_HOUR)


def events_of(cohort: Cohort, patients: Indices, ids: NDArray[np.int64], codes: CodeList) -> tuple[pa.Table, pa.Table]:
    """The events of patients who follow one another in a cohort, and apart from them those of the screening facts.

    ``ids`` are the subject ids of these patients. Events are by subject and time, those without a time first.
    """
    first_rows = {name: int(np.searchsorted(cohort.table(name).patient, patients.min())) for name in CHILD_TABLES}
    cohort = cohort.take(patients)
    parts = _of_patients(cohort, codes, first_row=int(patients.min()))
    for name in CHILD_TABLES:
        parts += _of_table(cohort, name, codes, first_rows[name])
    events = _joined(parts, codes)
    screening = np.array([code.screening for code in codes.codes])[events.code]
    sites = _sites(cohort)
    kept, apart = (_table(_at(events, rows.nonzero()[0]), ids, sites, codes) for rows in (~screening, screening))
    return kept, apart


def _at(events: _Events, rows: Indices) -> _Events:
    return _Events(events.patient[rows], events.time[rows], events.code[rows], events.value[rows], events.row[rows])


def _sites(cohort: Cohort) -> ArrowArray:
    """The site of each patient, a null where it is not recorded."""
    names = np.array([*cohort.site_names, None], dtype=object)
    return pa.array(names[cohort.site], pa.string())  # the code -1 picks the null at the end


def _table(events: _Events, ids: NDArray[np.int64], sites: ArrowArray, codes: CodeList) -> pa.Table:
    names = pa.array([code.code for code in codes.codes], pa.string())
    patient = pa.array(events.patient)
    columns = [
        ids[events.patient],
        events.time,
        names.take(pa.array(events.code)),
        events.value.astype(np.float32),
        pa.nulls(len(events.patient), pa.large_string()),
        events.value,
        events.row,
        sites.take(patient),
    ]
    arrays = [pa.array(column, field.type, from_pandas=True) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _joined(parts: Sequence[_Events], codes: CodeList) -> _Events:
    """All events by patient and time, then in the order of tables, rows and columns."""
    patient, time, code, value, row = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("patient", "time", "code", "value", "row")
    )
    names = ("patients", *CHILD_TABLES)
    table = np.array([names.index(one.table) for one in codes.codes])[code]
    order = np.lexsort((row, table, time.astype(np.int64), patient))  # NaT is the smallest number
    return _at(_Events(patient, time, code, value, row), order)


def _of_patients(cohort: Cohort, codes: CodeList, first_row: int) -> list[_Events]:
    everyone = np.arange(len(cohort))
    time = _no_times(len(cohort))
    return [
        _of_column(everyone, time, cohort.patients[column.name], codes.first["patients", column.name], first_row)
        for column in coded_columns("patients", cohort.protocol)
    ]


def _of_table(cohort: Cohort, table: str, codes: CodeList, first_row: int) -> list[_Events]:
    rows = cohort.table(table)
    if table == "assessments":
        rows = as_recorded(rows, cohort.protocol)
    is_history = table == "prior_treatments"  # with a day or without, it is known at every landmark
    time = _no_times(len(rows)) if is_history else times_of(rows.numbers("day"), _hours(table, rows))
    events = [
        _of_column(rows.patient, time, rows[column.name], codes.first[table, column.name], first_row)
        for column in coded_columns(table, cohort.protocol)
        if (table, column.name) != ("assessments", "instrument")
    ]
    if table == "assessments":
        code = codes.first[table, "instrument"] + np.asarray(rows["instrument"], dtype=np.intp)
        events.insert(0, _Events(rows.patient, time, code, rows.numbers("score"), first_row + np.arange(len(rows))))
    return events


def _no_times(count: int) -> Times:
    return np.full(count, np.datetime64("NaT", "us"))


def _hours(table: str, rows: Rows) -> Floats:
    if table != "assessments":
        return np.full(len(rows), float(SESSION_HOUR))
    after = rows.numbers("after_dose") == 1 if "after_dose" in rows.columns else np.zeros(len(rows), dtype=np.bool_)
    return np.where(after, float(AFTER_DOSE_HOUR), float(RATING_HOUR))


def _of_column(patient: Indices, time: Times, values: Values, first: int, first_row: int) -> _Events:
    """An event for each recorded cell: of a number its value, of a category the code alone."""
    rows = np.flatnonzero(~is_missing(values))
    found = values[rows]
    is_category = values.dtype.kind == "i"
    code = first + (found.astype(np.intp) if is_category else np.zeros(len(rows), dtype=np.intp))
    value = np.full(len(rows), np.nan) if is_category else found.astype(np.float64)
    return _Events(patient[rows], time[rows], code, value, first_row + rows)
