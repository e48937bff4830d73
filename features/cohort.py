"""A cohort: the five tables as typed columns, sorted by patient and day, checked, sliceable, with one digest.

Categories are codes into their declared categories (-1: not recorded); numbers, days and flags are floats (NaN: not
recorded). Turning files or requests into such columns is left to those who read them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.checks import relation_problems, value_problems
from features.columns import CHILD_TABLES, SCREENING_COLUMNS
from features.problems import Problem
from features.protocol import Protocol
from features.timeline import Floats, Indices, Mask, Rows, nothing_recorded

Values: TypeAlias = NDArray[np.generic]

# No two rows of a table agree in all of these, or they are equal: the order of the rows as read leaves no trace.
_ORDER = {
    "prior_treatments": ("end_day", "start_day", "treatment", "outcome", "adequate"),
    "sessions": ("day", "kind", "session_number"),
    "assessments": ("day", "instrument"),
    "events": ("day", "event"),
}


@dataclass(frozen=True, eq=False)
class RawTable:
    """Rows of a table as read: ``patient`` is the index into the patients as read, -1 for an unknown one."""

    patient: Indices
    columns: Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class RawCohort:
    """All that was read, in the reader's row order; columns that the source lacks are absent.

    ``as_of_day`` holds each patient's today, in days, shape (patients,), for records that end today; ``None`` for
    complete ones.
    """

    patient_ids: NDArray[np.str_]
    sites: Sequence[str | None]
    patients: Mapping[str, Values]
    tables: Mapping[str, RawTable]
    as_of_day: Floats | None = None


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients in the order of their ids, each child table sorted by patient, day and its other keys.

    ``site`` holds codes into ``site_names``. ``as_of_day`` is the day on which each patient's record ends, in days,
    shape (patients,); ``None`` when the records are complete.
    """

    protocol: Protocol
    patient_ids: NDArray[np.str_]
    site: NDArray[np.int32]
    site_names: tuple[str, ...]
    patients: Mapping[str, Values]
    prior_treatments: Rows
    sessions: Rows
    assessments: Rows
    events: Rows
    as_of_day: Floats | None = None

    def __len__(self) -> int:
        return len(self.patient_ids)

    def table(self, name: str) -> Rows:
        """One of the four tables below ``patients``, by name."""
        rows: Rows = getattr(self, name)
        return rows

    def number(self, column: str) -> Floats:
        """A column of ``patients`` as floats, NaN where not recorded."""
        return np.asarray(self.patients[column], dtype=np.float64)

    def take(self, patients: Indices) -> "Cohort":
        """The cohort of these patients only; the indices must be ascending and without repeats."""
        position = np.full(len(self), -1, dtype=np.intp)
        position[patients] = np.arange(len(patients))
        tables = {}
        for name in CHILD_TABLES:
            rows = self.table(name)
            kept = rows.where(position[rows.patient] >= 0)
            tables[name] = Rows(len(patients), position[kept.patient], kept.columns)
        return Cohort(
            protocol=self.protocol,
            site_names=self.site_names,
            as_of_day=None if self.as_of_day is None else self.as_of_day[patients],
            patient_ids=self.patient_ids[patients],
            site=self.site[patients],
            patients={name: values[patients] for name, values in self.patients.items()},
            **tables,
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the protocol and every table, the same whatever the order of rows or the file format.

        A screening column counts only where somebody recorded it: the format grew by them, and a cohort that was read
        before keeps its digest.
        """
        hashed = hashlib.sha256(self.protocol.document.encode())
        for text in (
            *self.patient_ids.tolist(),
            *(self.site_names[c] if c >= 0 else "" for c in self.site.tolist()),
        ):
            hashed.update(text.encode() + b"\0")
        for name, values in sorted(self.patients.items()):
            if name not in SCREENING_COLUMNS or not _is_missing(values).all():
                hashed.update(name.encode() + _canonical(values))
        for name in CHILD_TABLES:
            rows = self.table(name)
            hashed.update(name.encode() + _canonical(rows.patient))
            for column, values in sorted(rows.columns.items()):
                hashed.update(column.encode() + _canonical(values))
        return hashed.hexdigest()


def assemble_cohort(raw: RawCohort, protocol: Protocol) -> tuple[Cohort, list[Problem]]:
    """The cohort, and every problem found; the cohort may be used only when there is none.

    Rows of unknown patients and rows that lack a required cell are reported and left out. Problems count rows in the
    order in which they were read.
    """
    problems = value_problems(raw, protocol)
    order = np.argsort(raw.patient_ids, kind="stable")
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order))
    tables, rows_read = {}, {}
    for name in CHILD_TABLES:
        tables[name], rows_read[name] = _sorted_rows(raw.tables.get(name), name, position, protocol)
    site_names = tuple(sorted({site for site in raw.sites if site is not None}))
    codes = {site: code for code, site in enumerate(site_names)}
    site = np.fromiter((-1 if s is None else codes[s] for s in raw.sites), dtype=np.int32, count=len(order))
    cohort = Cohort(
        protocol=protocol,
        patient_ids=raw.patient_ids[order],
        site=site[order],
        site_names=site_names,
        patients=_patient_columns(raw, order, protocol),
        as_of_day=None if raw.as_of_day is None else raw.as_of_day[order],
        **tables,
    )
    return cohort, problems + relation_problems(cohort, order, rows_read)


def _patient_columns(raw: RawCohort, order: Indices, protocol: Protocol) -> dict[str, Values]:
    columns = {}
    for column in protocol.tables["patients"]:
        if column.kind != "identifier":
            values = raw.patients.get(column.name)
            columns[column.name] = _absent(column.kind, len(order)) if values is None else values[order]
    recorded = np.asarray(columns["prior_treatments_recorded"], dtype=np.float64)
    columns["prior_treatments_recorded"] = np.where(
        np.isnan(recorded), float("prior_treatments" in raw.tables), recorded
    )
    return columns


def _sorted_rows(raw: RawTable | None, name: str, position: Indices, protocol: Protocol) -> tuple[Rows, Indices]:
    """The table's usable rows in canonical order, and the row that each one had as read."""
    declared = [column for column in protocol.tables[name] if column.kind != "identifier"]
    raw = raw or RawTable(np.empty(0, np.intp), {})
    count = len(raw.patient)
    given = raw.columns
    columns = {c.name: given[c.name] if c.name in given else _absent(c.kind, count) for c in declared}
    usable = raw.patient >= 0
    for column in declared:
        if column.required:
            usable &= ~_is_missing(columns[column.name])
    patient = np.where(usable, position[raw.patient] if len(position) else raw.patient, -1)
    order = _canonical_order(name, patient, columns)
    order = order[usable[order]]
    return Rows(len(position), patient[order], {key: values[order] for key, values in columns.items()}), order


def _canonical_order(name: str, patient: Indices, columns: Mapping[str, Values]) -> Indices:
    keys = [columns[key] for key in _ORDER[name][::-1]]
    return np.lexsort((*keys, patient)) if len(patient) > 1 else np.arange(len(patient))


def rows_in_order(name: str, patients: int, patient: Indices, columns: Mapping[str, Values]) -> Rows:
    """The rows of a table in the order in which a cohort holds them, from rows in any order."""
    order = _canonical_order(name, patient, columns)
    return Rows(patients, patient[order], {key: values[order] for key, values in columns.items()})


def _is_missing(values: Values) -> Mask:
    return np.asarray(values == -1 if values.dtype.kind == "i" else np.isnan(values))


def _absent(kind: str, count: int) -> Values:
    return np.full(count, -1, dtype=np.int16) if kind == "category" else nothing_recorded(count)


def _canonical(values: Values) -> bytes:
    """Bytes that do not depend on the machine's integer width or byte order; every NaN is the same."""
    numbers = np.asarray(values, dtype="<f8") + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return numbers.tobytes()
