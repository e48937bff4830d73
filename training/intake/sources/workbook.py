"""Reads an Excel workbook: each sheet is a table with one row of headings; what could be misread is refused by cell."""

import datetime as dt
import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from features.protocol.problems import SHEET, CohortRefusedError, Problem
from training.intake.source import Cell, Source, SourceTable, source_column

SUFFIXES = (".xlsx", ".xlsm")


def read_workbook(path: Path) -> Source:
    """The sheets of a workbook. Raises ``CohortRefusedError`` with every problem, by sheet and cell.

    Formulas count as the values that the spreadsheet program stored for them.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.datetime import MAC_EPOCH
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, data_only=True)
        formulas = load_workbook(path) if _has_formulas(path) else None
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        required = "an Excel workbook that opens without a password"
        raise CohortRefusedError([Problem(path.name, None, None, required, "one that can't be read")]) from None
    tables, problems, empty = {}, [], []
    for sheet in book.worksheets:
        place = f"{path.name}{SHEET}{sheet.title}"
        reading = _Sheet(place, sheet, None if formulas is None else formulas[sheet.title])
        table = reading.table()
        problems += reading.problems
        if table is None:
            empty.append(f"sheet {sheet.title}: nothing in it")
        else:
            tables[table.name] = replace(table, days_from_1904=book.epoch == MAC_EPOCH)
    if problems:
        raise CohortRefusedError(problems)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source("workbook", tables, {path.name: digest}, tuple(empty))


def _has_formulas(path: Path) -> bool:
    """Whether any sheet has a formula, so that most workbooks are read once only."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(mark in archive.read(name) for name in sheets for mark in (b"<f>", b"<f "))


class _Sheet:
    """One sheet and its problems."""

    def __init__(self, place: str, sheet: Any, formulas: Any) -> None:
        self.place, self.sheet, self.formulas = place, sheet, formulas
        self.problems: list[Problem] = []

    def table(self) -> SourceTable | None:
        """The table; None for a sheet without cells or with problems."""
        filled = [row for row in self.sheet.iter_rows() if any(_is_filled(cell) for cell in row)]
        titles = self._titles(filled)
        filled = filled[titles:]
        if not filled:
            return None
        self._refuse_merged()
        names = self._names(filled[0], filled[1:])
        columns = {}
        for position, name in names.items():
            columns[name] = source_column(name, [self._value(row[position], name) for row in filled[1:]])
        if self.problems:
            return None
        first, last = filled[0][0].row, filled[-1][0].row
        blank = last - first - len(filled) + 1
        title = self.sheet.title
        notes = [f"passed over {blank:,} blank rows of sheet {title}"] if blank else []
        notes += [f"passed over {titles} lines above the headings of sheet {title}"] if titles else []
        rows = np.array([row[0].row for row in filled[1:]], dtype=np.intp)
        return SourceTable(title, columns, rows, self.place, notes=tuple(notes))

    def _titles(self, filled: Sequence[Sequence[Any]]) -> int:
        """How many lines above the headings have one cell only, as titles do."""
        widths = [sum(_is_filled(cell) for cell in row) for row in filled]
        wide = [number for number, width in enumerate(widths) if width > 1]
        return wide[0] if wide else 0

    def _refuse_merged(self) -> None:
        for merged in self.sheet.merged_cells.ranges:
            if merged.min_row < self.sheet.max_row and (
                merged.max_row > merged.min_row or self._is_below_title(merged)
            ):
                required = "one cell per column and row; unmerge the cells and fill each"
                self.problems.append(Problem(self.place, None, None, required, f"merged cells {merged.coord}"))

    def _is_below_title(self, merged: Any) -> bool:
        """Whether anything but the merged cells stands in their row: a merged title above the table does no harm."""
        row = self.sheet[merged.min_row]
        outside = [cell for cell in row if not merged.min_col <= cell.column <= merged.max_col]
        return any(_is_filled(cell) for cell in outside)

    def _names(self, header: Sequence[Any], body: Sequence[Sequence[Any]]) -> dict[int, str]:
        names: dict[int, str] = {}
        for position, cell in enumerate(header):
            name = "" if cell.value is None else str(cell.value).strip()
            if name and name in names.values():
                found = f"a heading that repeats, in cell {cell.coordinate}"
                self.problems.append(Problem(self.place, None, name, "each heading once", found))
            elif name:
                names[position] = name
            elif any(_is_filled(row[position]) for row in body):
                coordinate = f"{cell.coordinate}" if hasattr(cell, "coordinate") else str(position + 1)
                required = "a heading for every column that holds something"
                self.problems.append(Problem(self.place, None, None, required, f"an empty cell {coordinate}"))
        return names

    def _value(self, cell: Any, column: str) -> Cell | None:
        if cell.data_type == "e":
            self._refuse(cell, column, "a value", f"an error of a formula in cell {cell.coordinate}")
            return None
        if cell.value is None:
            if self.formulas is not None and self.formulas[cell.coordinate].data_type == "f":
                required = "a formula with its stored value; open the workbook in a spreadsheet program and save it"
                self._refuse(cell, column, required, f"none in cell {cell.coordinate}")
            return None
        return _plain(cell.value)

    def _refuse(self, cell: Any, column: str, required: str, found: str) -> None:
        self.problems.append(Problem(self.place, cell.row - 2, column, required, found))


def _is_filled(cell: Any) -> bool:
    return cell.value is not None and (not isinstance(cell.value, str) or bool(cell.value.strip()))


def _plain(value: Any) -> Cell:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**49:  # a workbook holds floats alone
        return float(value)
    if isinstance(value, str | bool | int | float | dt.date | dt.time):
        return value
    return str(value)
