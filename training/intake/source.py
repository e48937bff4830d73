"""A source before any interpretation: tables of cells as the files hold them, with labels and missing codes.

Each column holds its distinct cells once, and a code per row, so that a conversion runs once per distinct cell.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from features.protocol.problems import Problem, has_header_row
from features.records.timeline import Indices

SourceKind = Literal["delimited", "workbook", "statistical", "redcap", "omop"]
Cell: TypeAlias = str | bool | int | float | dt.datetime | dt.date | dt.time
"""What a cell may hold: text as it stands in the file, or the typed value that the file has. An empty cell is None."""


@dataclass(frozen=True, eq=False)
class SourceColumn:
    """One column: ``codes`` has a position in ``values`` per row, shape (rows,), -1 where the cell is empty.

    ``values`` are the distinct cells, none of them empty or blank. ``label`` is what the file or its dictionary calls
    the column. ``labels`` gives the label of a value by ``text_of(value)``; ``missing_codes`` are the values, as such
    texts, that the file declares as missing. ``field_type`` and ``form`` are what a data dictionary says: the type of
    the field, such as ``checkbox``, and the form that it is on.
    """

    name: str
    codes: Indices
    values: tuple[Cell, ...]
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    missing_codes: frozenset[str] = frozenset()
    field_type: str = ""
    form: str = ""

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A file, a sheet or a table of a database. ``name`` is what a mapping calls it, ``place`` what a problem does.

    ``rows`` has the number of each row as the file shows it: of a delimited file or a sheet as a spreadsheet numbers
    it, so that the header usually is row 1; else from 1 for the first record. ``decimal_comma`` tells that a comma is
    the decimal mark of its text cells; ``days_from_1904``, that its numbers count days from 1904. ``notes`` are
    sentences about how it was read, such as its encoding; they name no value of a patient.
    """

    name: str
    columns: Mapping[str, SourceColumn]
    rows: Indices
    place: str = ""
    decimal_comma: bool = False
    days_from_1904: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def row_name(self, position: int) -> str:
        """What a problem calls the row at a position: ``row 5 of visits.csv``."""
        place = self.place or self.name
        return f"{'row' if has_header_row(place) else 'data row'} {int(self.rows[position])} of {place}"

    def problem(self, required: str, found: str, *, row: int | None = None, column: str | None = None) -> Problem:
        """A problem of this table; ``row`` is a number as in ``rows``."""
        place = self.place or self.name
        first = 2 if has_header_row(place) else 1
        return Problem(place, None if row is None else row - first, column, required, found)


@dataclass(frozen=True, eq=False)
class Source:
    """What was read from SOURCE. ``digests`` has the SHA-256 of each file by its name; ``not_read`` what was passed."""

    kind: SourceKind
    tables: Mapping[str, SourceTable]
    digests: Mapping[str, str] = field(default_factory=dict)
    not_read: tuple[str, ...] = ()
    missing_codes: frozenset[str] = frozenset()


def source_column(name: str, cells: Iterable[Cell | None]) -> SourceColumn:
    """A column from its cells; None, NaN and blank text are empty cells. Give labels by ``dataclasses.replace``."""
    positions: dict[tuple[type, Cell], int] = {}
    codes = [
        -1 if _is_empty(cell) else positions.setdefault((type(cell), cell), len(positions))  # type: ignore[arg-type]
        for cell in cells
    ]
    return SourceColumn(name, np.array(codes, dtype=np.intp), tuple(cell for _, cell in positions))


def _is_empty(cell: Cell | None) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # noqa: PLR0124 - NaN


_DATE = (
    r"(?:19|20)\d{2}([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[T _-]\d{2}:?\d{2}(?::?\d{2})?)?"
    r"|\d{1,2}([-_./])\d{1,2}\2(?:19|20)\d{2}"
)
_WHOLE_DATE = re.compile(rf"(?<!\d)(?:{_DATE})(?!\d)")
_STAMP = re.compile(rf"(?<!\d)(?:{_DATE}|(?:19|20)\d{{2}}[-_.](?:0[1-9]|1[0-2]))(?!\d)")


def undated(text: str) -> str:
    """A text with a star for each date, month of a year or time stamp, as in the names of exported files."""
    return _STAMP.sub("*", text)


def has_date(text: str) -> bool:
    """Whether a text holds a whole date, such as ``Ulm 2025-04-03``, ``3.4.2025`` or ``x20250403``."""
    return _WHOLE_DATE.search(text) is not None


def text_of(cell: Cell) -> str:
    """The text under which labels and mappings know a cell: ``1`` for 1 and 1.0, ``true``, ISO dates, else stripped.

    Examples: ``text_of(2.0) == "2"``, ``text_of(" 02 ") == "02"``, ``text_of(True) == "true"``.
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell).strip()
