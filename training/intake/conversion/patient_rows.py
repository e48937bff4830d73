"""One row per patient from the rows of all blocks of patients: what one leaves empty another gives; none may differ."""

from dataclasses import replace

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
        seen: dict[int, str] = {}
        for own in having:
            read = self._cells.of_kind(own, replace(rule, of_patient=False), column)
            _fill(values, own, read, seen, str(rule.column), self._cells)
        return values[rows.patient]


def _fill(
    values: np.ndarray, rows: SelectedRows, read: np.ndarray, seen: dict[int, str], name: str, cells: CellEvaluation
) -> None:
    """Put each row's value in its patient's place; one that differs from the first, whose row ``seen`` has, is refused.

    ``seen`` gets the row of each patient's first value.
    """
    differing: dict[int, str] = {}
    for row in np.flatnonzero(recorded(read)):
        patient, position = int(rows.patient[row]), int(rows.positions[row])
        if patient not in seen:
            values[patient], seen[patient] = read[row], rows.table.row_name(position)
        elif values[patient] != read[row]:
            differing[position] = seen[patient]
    cells.log.refuse_second(rows.table, differing, name, ONE_VALUE)


ONE_VALUE = "one value per patient in all rows of the patient"


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
    seen: dict[int, str] = {}
    differing: dict[int, dict[int, str]] = {}
    for row in np.flatnonzero(recorded(values)):
        patient, position = int(rows.patient[row]), int(rows.position[row])
        origin = int(rows.origin[row])
        if patient not in seen:
            joined[patient], seen[patient] = values[row], rows.origins[origin].table.row_name(position)
        elif joined[patient] != values[row]:
            differing.setdefault(origin, {})[position] = seen[patient]
    for origin, positions in differing.items():
        column = rows.origins[origin].source_column(name) or name
        cells.log.refuse_second(rows.origins[origin].table, positions, column, ONE_VALUE)
    return joined
