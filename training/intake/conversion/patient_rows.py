"""One row per patient from the rows of all blocks of patients: what one leaves empty another gives; none may differ."""

import numpy as np

from features.protocol.columns import Column
from features.protocol.problems import Problem
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows
from training.intake.conversion.selection import Selection
from training.intake.conversion.target_rows import TargetRows
from training.intake.mapping import ValueRule


class PatientColumns:
    """Columns of the patients' own rows in the source, for conversions of rows of other tables."""

    def __init__(self, selection: Selection, cells: CellEvaluation) -> None:
        self._selection, self._cells = selection, cells

    def spread(self, rule: ValueRule, column: Column, rows: SelectedRows) -> np.ndarray:
        """The patient's value for each row; shape (rows,). A patient with two different values is a problem."""
        number = len(self._selection.patients)
        empty = None if column.kind in ("category", "identifier") else np.nan
        values = np.full(number, empty, dtype=object if empty is None else np.float64)
        having = [one.rows for one in self._selection.patient_blocks if rule.column in one.rows.table.columns]
        if not having:
            found = "none with this name in the tables of [[patients]]"
            self._cells.log.problems.append(
                Problem(self._cells.mapping.name, None, rule.path, "a column of the patients' rows", found)
            )
        for own in having:
            read = self._cells.of_kind(own, ValueRule(rule.path, column=rule.column, factor=rule.factor), column)
            _fill(values, own, read, str(rule.column), self._cells)
        return values[rows.patient]


def _fill(values: np.ndarray, rows: SelectedRows, read: np.ndarray, name: str, cells: CellEvaluation) -> None:
    """Put each row's value in its patient's place; a second one that differs is a problem of its row."""
    there = recorded(read)
    differing = []
    for row in np.flatnonzero(there):
        patient = rows.patient[row]
        if is_recorded(values[patient]) and values[patient] != read[row]:
            differing.append(row)
        values[patient] = read[row]
    cells.log.refuse(rows.table, rows.positions[differing], name, "one value per patient", "a second one that differs")


def is_recorded(value: object) -> bool:
    """Whether a value is neither None nor NaN."""
    return value is not None and value == value  # noqa: PLR0124 - NaN


def recorded(values: np.ndarray) -> np.ndarray:
    """Which values are recorded; a mask of shape (rows,)."""
    if values.dtype == object:
        return np.array([is_recorded(value) for value in values], dtype=np.bool_)
    return np.asarray(~np.isnan(values), dtype=np.bool_)


def one_row_per_patient(rows: TargetRows, patients: int, cells: CellEvaluation) -> TargetRows:
    """The joined rows of all blocks as one row per patient, in the patients' order; its origin is the first row."""
    first = np.full(patients, -1, dtype=np.intp)
    positions = np.arange(len(rows))
    first[rows.patient[::-1]] = positions[::-1]
    kept = first[first >= 0]
    columns = {name: _joined(name, rows, patients, cells)[rows.patient[kept]] for name in rows.columns}
    return rows.where(kept).with_columns(**columns)


def _joined(name: str, rows: TargetRows, patients: int, cells: CellEvaluation) -> np.ndarray:
    values = rows.columns[name]
    joined = np.full(patients, None if values.dtype == object else np.nan, dtype=values.dtype)
    for row in np.flatnonzero(recorded(values)):
        patient = rows.patient[row]
        if is_recorded(joined[patient]) and joined[patient] != values[row]:
            origin = rows.origins[rows.origin[row]]
            required = "one value per patient in all rows of the patient"
            column = origin.source_column(name) or name
            cells.log.refuse(origin.table, [rows.position[row]], column, required, "a second one that differs")
        joined[patient] = values[row]
    return joined
