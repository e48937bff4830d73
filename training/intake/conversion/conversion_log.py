"""Every conversion of an import, counted, and every problem, by the file and row of the source.

A count may show the spelling of a category, of true or false, or of a missing value; never a number, an id or a date.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.source import SourceTable


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
        self._counts: dict[str, int] = defaultdict(int)
        self._columns: dict[str, dict[str, None]] = defaultdict(dict)

    def count_cells(self, what: str, cells: int, column: str) -> None:
        """Count cells of a column that were converted."""
        if cells:
            self._counts[what] += cells
            self._columns[what][column] = None

    def count_rows(self, what: str, rows: int) -> None:
        """Count rows or patients; ``what`` begins with their name."""
        if rows:
            self._counts[what] += rows

    def refuse(self, table: SourceTable, rows: Iterable[int], column: str | None, required: str, found: str) -> None:
        """Add a problem for each row, given by its position in the table."""
        self.problems += [
            table.problem(required, found, row=int(table.rows[position]), column=column) for position in rows
        ]

    def raise_problems(self) -> None:
        """Raise ``CohortRefusedError`` when there is a problem; the same one is told once."""
        if self.problems:
            raise CohortRefusedError(list(dict.fromkeys(self.problems)))

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """What was converted so far, in order of first use."""
        return tuple(
            Conversion(what, count, tuple(self._columns.get(what, ()))) for what, count in self._counts.items()
        )
