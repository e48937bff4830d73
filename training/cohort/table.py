"""A table as columns before any interpretation, with every problem of its structure; `table_reader` reads its file.

A cell of text stays text here; `cells` checks the cells, `features.records.checks` the cohort.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Indices, Mask
from training.cohort.coded_arrays import Codes, codes_of
from training.cohort.header import Header, forgiving_header, strict_header
from training.cohort.repairs import Repair
from training.cohort.text.dialect import SEPARATOR_NAMES, Dialect, found_dialect, strict_dialect
from training.cohort.text.file_text import UTF_8, FileText, found_text, strict_text

ArrowArray: TypeAlias = Any
"""An array of Arrow: dictionary-encoded text, or a typed column of a Parquet file."""

TEXT = pa.dictionary(pa.int32(), pa.string())
_BLANK = r"\A[\pZ\pC]*\z"


@dataclass(frozen=True)
class ConsecutiveRows:
    """The numbers in the file of rows of which none was left out, from ``first`` on; an array of them takes memory."""

    first: int
    number: int

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, places: Any) -> Any:
        return places + self.first


@dataclass(frozen=True, eq=False)
class TableFile:
    """A file's content: known columns by name, and the number in the file of each row kept (from 0, without header).

    ``complete`` is false where rows or the whole file could not be split into cells. ``repairs`` and ``not_read`` are
    empty for the strict reader. ``wrong`` holds (row in the file, column) of the cells that have a problem already, row
    ``None`` for a whole column.
    """

    name: str
    columns: dict[str, ArrowArray] = field(default_factory=dict)
    rows: Indices | ConsecutiveRows = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    problems: tuple[Problem, ...] = ()
    complete: bool = True
    repairs: tuple[Repair, ...] = ()
    not_read: tuple[str, ...] = ()
    wrong: frozenset[tuple[int | None, str]] = frozenset()
    separator: str = ","
    encoding: str = UTF_8

    def problem(self, required: str, found: str, *, row: int | None = None, column: str | None = None) -> Problem:
        """A problem of this file."""
        return Problem(self.name, row, column, required, found)


@dataclass(frozen=True)
class TableRules:
    """How a reader finds text, separator and columns, and whether it passes over rows without any cell."""

    text: Callable[[bytes], FileText]
    dialect: Callable[[bytes, Sequence[str]], Dialect]
    header: Callable[[str, Sequence[str], Sequence[Column]], Header]
    passes_over_blank_rows: bool


STRICT = TableRules(strict_text, strict_dialect, strict_header, passes_over_blank_rows=False)
FORGIVING = TableRules(found_text, found_dialect, forgiving_header, passes_over_blank_rows=True)


def is_text(array: ArrowArray) -> bool:
    """Whether a column holds text, plain or dictionary-encoded."""
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def as_text(array: ArrowArray) -> tuple[Codes, ArrowArray]:
    """Dictionary-encoded or plain text as codes (-1: null) into its distinct values."""
    encoded = encoded_text(array)
    return codes_of(encoded), encoded.dictionary


def encoded_text(array: ArrowArray) -> ArrowArray:
    """Dictionary-encoded or plain text as one dictionary-encoded array, without nulls among its distinct values."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    kept = pa.types.is_dictionary(array.type) and pa.types.is_string(array.type.value_type)
    return array if kept and not array.dictionary.null_count else array.cast(pa.string()).dictionary_encode()


def table_of(name: str, content: pa.Table, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of typed content, which a Parquet file or a DataFrame called ``name`` holds."""
    header = rules.header(name, content.column_names, declared)
    return without_blank_rows(table_with(name, content, header), content, rules)


def table_with(name: str, content: pa.Table, header: Header) -> TableFile:
    """The declared columns of content, and the problems of its header."""
    return TableFile(
        name,
        {column: content.column(position) for column, position in header.positions.items()},
        np.arange(content.num_rows),
        (*header.problems, *_unnamed_problems(name, content, header)),
        repairs=tuple(header.repairs),
        not_read=tuple(header.not_read),
    )


def without_blank_rows(table: TableFile, content: pa.Table, rules: TableRules, passed_over: int = 0) -> TableFile:
    """The table without rows whose every cell is blank, those of columns that are not read included."""
    key = table.columns.get("patient_id")
    if not rules.passes_over_blank_rows or key is None:
        return table
    rows = np.flatnonzero(is_blank(key))
    if len(rows):
        cells = content.take(pa.array(rows))
        rows = rows[np.logical_and.reduce([is_blank(column) for column in cells.columns])]
    number = len(rows) + passed_over
    if not number:
        return table
    kept = np.delete(np.arange(len(table.rows)), rows)
    taken = pa.array(kept)
    return replace(
        table,
        columns={name: array.take(taken) for name, array in table.columns.items()} if len(rows) else table.columns,
        rows=table.rows[kept],
        repairs=(*table.repairs, Repair(table.name, None, "passed over blank rows", rows=number)),
    )


def is_blank(array: ArrowArray) -> Mask:
    """Which cells hold nothing: nulls, and text without a visible character; shape (rows,)."""
    if not is_text(array):
        return np.asarray(pc.is_null(array, nan_is_null=True).to_numpy(zero_copy_only=False))
    encoded = encoded_text(array)
    blank = pc.match_substring_regex(encoded.dictionary, _BLANK).to_numpy(zero_copy_only=False)
    if not blank.any() and not encoded.null_count:
        return np.zeros(len(array), dtype=np.bool_)
    codes, _ = as_text(encoded)
    return np.asarray(np.append(blank, True)[codes])  # the code -1 of a null picks the one at the end


def _unnamed_problems(name: str, content: pa.Table, header: Header) -> Iterator[Problem]:
    """Columns without a name that hold something: the part of a number after a decimal comma, perhaps."""
    for position in header.unnamed:
        if not is_blank(content.column(position)).all():
            found = f"cells below no name, in position {position + 1}; a comma may have split a cell in two"
            yield Problem(name, None, None, "a name for every column with content", found)


def layout_repairs(name: str, text: FileText, dialect: Dialect) -> Iterator[Repair]:
    """What was unusual about a text file as a whole."""
    if text.encoding != UTF_8:
        yield Repair(name, None, f"read text in {text.encoding}")
    if dialect.separator != ",":
        yield Repair(name, None, f"read {SEPARATOR_NAMES[dialect.separator]} between cells")
    if dialect.lines_above:
        yield Repair(name, None, "passed over lines above the header", rows=dialect.lines_above)
