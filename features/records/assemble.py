"""From the rows of a reader, in any order, to a cohort: checked, sorted, with every column, and in severity points.

`checks` decides what the rows must satisfy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.protocol.problems import Problem
from features.records.checks import relation_problems, value_problems
from features.records.cohort import Cohort, RawCohort, RawTable, Values, is_missing
from features.records.severity import turned
from features.records.timeline import Indices, Rows, nothing_recorded

# Two rows of a table that agree in all of these are equal, so the order of the rows as read has no effect.
_ORDER = {
    "prior_treatments": ("end_day", "start_day", "treatment", "outcome", "adequate"),
    "sessions": ("day", "kind", "session_number"),
    "assessments": ("day", "instrument", "after_dose"),
    "events": ("day", "event"),
}
_MANY_ROWS = 10_000
"""From here on a look whether the rows stand in order already costs less than to sort them again."""


def assemble_cohort(raw: RawCohort, protocol: Protocol) -> tuple[Cohort, list[Problem]]:
    """The cohort, and every problem found; the cohort may be used only when there is none.

    Rows of unknown patients and rows that lack a required cell are reported and left out. Problems count rows in the
    order in which they were read.
    """
    assembled = assemble_rows(raw, protocol)
    return assembled.cohort, assembled.problems


@dataclass(frozen=True, eq=False)
class AssembledRows:
    """A cohort, the problems found, and of each row of its tables the position as read."""

    cohort: Cohort
    problems: list[Problem]
    read: Mapping[str, Indices]


def assemble_rows(raw: RawCohort, protocol: Protocol) -> AssembledRows:
    """What ``assemble_cohort`` gives, for a caller that needs the order of the rows too."""
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
    return AssembledRows(cohort, problems + relation_problems(cohort, order, rows_read), rows_read)


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
    """The table's usable rows in canonical order, and the position of each one as read."""
    declared = [column for column in protocol.tables[name] if column.kind != "identifier"]
    raw = raw or RawTable(np.empty(0, np.intp), {})
    count = len(raw.patient)
    given = raw.columns
    columns = {c.name: given[c.name] if c.name in given else _absent(c.kind, count) for c in declared}
    usable = raw.patient >= 0
    for column in declared:
        if column.required:
            usable &= ~is_missing(columns[column.name])
    patient = np.where(usable, position[raw.patient] if len(position) else raw.patient, -1)
    order = _canonical_order(name, patient, columns)
    order = order[usable[order]]
    if name == "assessments":
        columns["score"] = turned(np.asarray(columns["score"], dtype=np.float64), columns["instrument"], protocol)
    return Rows(len(position), patient[order], {key: values[order] for key, values in columns.items()}), order


def _canonical_order(name: str, patient: Indices, columns: Mapping[str, Values]) -> Indices:
    """Rows by patient and day; of two ratings on one day, the one after the dose comes later."""
    columns = {key: values == 1 if key == "after_dose" else values for key, values in columns.items()}
    keys = [patient, *(columns[key] for key in _ORDER[name])]
    if len(patient) > _MANY_ROWS and _in_order(keys):
        return np.arange(len(patient))
    return np.lexsort(keys[::-1]) if len(patient) > 1 else np.arange(len(patient))


def _in_order(keys: Sequence[Values]) -> bool:
    """Whether rows stand in order already, as most files have them, by the first key, ties by the next; NaN is last."""
    tied = np.ones(len(keys[0]) - 1, dtype=np.bool_)
    for key in keys:
        values = np.asarray(key, dtype=np.float64)
        before, after = values[:-1], values[1:]
        if np.any(tied & ~(before <= after)):  # a NaN among ties decides nothing here
            return False
        tied &= before == after
    return True


def rows_in_order(name: str, patients: int, patient: Indices, columns: Mapping[str, Values]) -> Rows:
    """The rows of a table in the order in which a cohort holds them, from rows in any order."""
    order = _canonical_order(name, patient, columns)
    return Rows(patients, patient[order], {key: values[order] for key, values in columns.items()})


def _absent(kind: str, count: int) -> Values:
    return np.full(count, -1, dtype=np.int16) if kind == "category" else nothing_recorded(count)
