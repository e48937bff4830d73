"""Every conversion of an import, counted, and every problem, by the file and row of the source.

A count may show the spelling of a category, of true or false, or of a missing value; never a number, an id or a date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from features.protocol.problems import CohortRefusedError, Problem
from features.records.timeline import Indices, Mask
from training.cohort.reader import SHOWN_RUNS
from training.intake.source import SourceTable

_DIFFERS = "a second one that differs"


@dataclass(frozen=True)
class Conversion:
    """One kind of conversion: what was done, how often, and in which columns of the source.

    ``unit`` is what is counted: ``cells``, or the rows that ``what`` names, such as ``12 ratings on one day``.
    """

    what: str
    count: int
    columns: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The conversion as a sentence."""
        if not self.columns:
            return f"{self.count:,} {self.what}"
        cells = "cell" if self.count == 1 else "cells"
        number = len(self.columns)
        of = f"column {self.columns[0]}" if number == 1 else f"{number} columns"
        return f"{self.what} in {self.count:,} {cells} of {of}"


class ConversionLog:
    """Collects conversions and problems while a source is converted."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._counts: dict[str, int] = {}
        self._cells: dict[str, dict[tuple[str, str], Mask]] = defaultdict(dict)

    def count_cells(self, what: str, table: SourceTable, positions: Indices, column: str) -> None:
        """Count converted cells of a column, by the positions of their rows; a cell that is read twice counts once."""
        if len(positions):
            self._counts.setdefault(what, 0)
            place = table.name, column
            if place not in self._cells[what]:
                self._cells[what][place] = np.zeros(len(table), dtype=np.bool_)
            self._cells[what][place][positions] = True

    def count_rows(self, what: str, rows: int) -> None:
        """Count rows or patients; ``what`` begins with their name."""
        if rows:
            self._counts[what] = self._counts.get(what, 0) + rows

    def refuse(self, table: SourceTable, rows: Iterable[int], column: str | None, required: str, found: str) -> None:
        """Add a problem for each row, given by its position in the table."""
        self.problems += [
            table.problem(required, found, row=int(table.rows[position]), column=column) for position in rows
        ]

    def refuse_second(self, table: SourceTable, rows: Mapping[int, str], column: str | None, required: str) -> None:
        """Add a problem for each row that differs from an earlier one; ``rows`` has its name by the row's position.

        Where many differ, the earlier rows are not named, so that one line has them all.
        """
        few = len(rows) <= SHOWN_RUNS
        for position, earlier in rows.items():
            self.refuse(table, [position], column, required, f"another one than in {earlier}" if few else _DIFFERS)

    def raise_problems(self) -> None:
        """Raise ``CohortRefusedError`` when there is a problem; the same one is told once."""
        if self.problems:
            raise CohortRefusedError(list(dict.fromkeys(self.problems)))

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """What was converted so far, in order of first use."""
        return tuple(self._conversion(what, count) for what, count in self._counts.items())

    def _conversion(self, what: str, rows: int) -> Conversion:
        cells = self._cells.get(what, {})
        columns = dict.fromkeys(column for _, column in cells)
        return Conversion(what, rows + sum(int(mask.sum()) for mask in cells.values()), tuple(columns))
