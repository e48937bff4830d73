"""One table file, CSV or Parquet, as columns before any interpretation, with every problem of its structure.

A cell of text stays text here; `cells` checks the cells, `features.records.checks` the cohort.
"""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Indices, Mask
from training.cohort.dialect import SEPARATOR_NAMES, Dialect, found_dialect, stray_quote_row, strict_dialect
from training.cohort.file_text import UTF_8, FileText, found_text, strict_text, without_blanks
from training.cohort.header import Header, forgiving_header, strict_header
from training.cohort.repairs import Repair

ArrowArray: TypeAlias = Any
"""An array of Arrow: dictionary-encoded text, or a typed column of a Parquet file."""

_TEXT = pa.dictionary(pa.int32(), pa.string())
_BLANK = r"\A[\pZ\pC]*\z"
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class TableFile:
    """A file's content: known columns by name, and the number in the file of each row kept (from 0, without header).

    ``complete`` is false where rows or the whole file could not be split into cells. ``repairs`` and ``not_read`` are
    empty for the strict reader. ``wrong`` holds (row in the file, column) of the cells that have a problem already, row
    ``None`` for a whole column.
    """

    name: str
    columns: dict[str, ArrowArray] = field(default_factory=dict)
    rows: Indices = field(default_factory=lambda: np.empty(0, dtype=np.intp))
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


def read_table(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of a file, and every problem of its structure."""
    obstacle = _obstacle(path)
    if obstacle is not None:
        return _refused(path.name, "a file that can be read", obstacle)
    return (_read_parquet if path.suffix == ".parquet" else _read_csv)(path, declared, rules)


def is_text(array: ArrowArray) -> bool:
    """Whether a column holds text, plain or dictionary-encoded."""
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def as_text(array: ArrowArray) -> tuple[Indices, ArrowArray]:
    """Dictionary-encoded or plain text as codes (-1: null) into its distinct values."""
    encoded = encoded_text(array)
    indices = pc.fill_null(encoded.indices, -1) if encoded.null_count else encoded.indices
    return indices.to_numpy(zero_copy_only=False).astype(np.intp, copy=False), encoded.dictionary


def encoded_text(array: ArrowArray) -> ArrowArray:
    """Dictionary-encoded or plain text as one dictionary-encoded array, without nulls among its distinct values."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    plain = array.type != _TEXT or array.dictionary.null_count
    return array.cast(pa.string()).dictionary_encode() if plain else array


def _obstacle(path: Path) -> str | None:
    """Why a path can't be opened as a file; checked first, because opening may wait for content."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    if not stat.S_ISREG(mode):
        return "something else than a file"
    try:
        with path.open("rb"):
            return None
    except OSError:
        return "a file that can't be opened"


def _refused(name: str, required: str, found: str, row: int | None = None) -> TableFile:
    return TableFile(name, problems=(Problem(name, row, None, required, found),), complete=False)


def _read_parquet(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    try:
        content = pq.ParquetFile(path).read().unify_dictionaries()
        content.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        return _refused(path.name, "a Parquet file", "one that can't be read")
    return table_of(path.name, content, declared, rules)


def table_of(name: str, content: pa.Table, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of typed content, which a Parquet file or a DataFrame called ``name`` holds."""
    header = rules.header(name, content.column_names, declared)
    return _without_blank_rows(_table(name, content, header), content, rules)


def _read_csv(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    text = rules.text(path.read_bytes())
    if text.obstacle is not None:
        return _refused(path.name, "text in UTF-8", text.obstacle)
    dialect = rules.dialect(text.data, [column.name for column in declared])
    stray = stray_quote_row(text.data, dialect)
    if stray is not None:
        required = 'quotes around a whole cell, and "" for a quote in it'
        return _refused(path.name, required, "a stray or open quote", stray if stray >= 0 else None)
    if not dialect.names:
        return _refused(path.name, "a header line with the names of the columns", "none")
    header = rules.header(path.name, dialect.names, declared)
    try:
        content, others = _split_cells(memoryview(text.data)[dialect.begin : dialect.end], dialect, header)
    except pa.ArrowException:
        return _refused(path.name, "rows of cells", "a row that is too long to be one")
    table = _table(path.name, content, header)
    malformed = [row for row in others if not (row.is_blank and rules.passes_over_blank_rows)]
    reported = malformed if table.columns or rules is STRICT else []  # without a known header the width says nothing
    rows = np.delete(np.arange(len(table.rows) + len(others)), [row.number for row in others])
    table = replace(
        table,
        rows=rows + dialect.lines_above,
        problems=(*table.problems, *_width_problems(path.name, reported, dialect)),
        repairs=(*_layout_repairs(path.name, text, dialect), *table.repairs),
        complete=not malformed,
        separator=dialect.separator,
        encoding=text.encoding,
    )
    return _without_blank_rows(table, content, rules, len(others) - len(malformed))


def _table(name: str, content: pa.Table, header: Header) -> TableFile:
    return TableFile(
        name,
        {column: content.column(position) for column, position in header.positions.items()},
        np.arange(content.num_rows),
        (*header.problems, *_unnamed_problems(name, content, header)),
        repairs=tuple(header.repairs),
        not_read=tuple(header.not_read),
    )


def _unnamed_problems(name: str, content: pa.Table, header: Header) -> Iterator[Problem]:
    """Columns without a name that hold something: the part of a number after a decimal comma, perhaps."""
    for position in header.unnamed:
        if not _is_blank(content.column(position)).all():
            found = f"cells below no name, in position {position + 1}; a comma may have split a cell in two"
            yield Problem(name, None, None, "a name for every column with content", found)


def _layout_repairs(name: str, text: FileText, dialect: Dialect) -> Iterator[Repair]:
    if text.encoding != UTF_8:
        yield Repair(name, None, f"read text in {text.encoding}")
    if dialect.separator != ",":
        yield Repair(name, None, f"read {SEPARATOR_NAMES[dialect.separator]} between cells")
    if dialect.lines_above:
        yield Repair(name, None, "passed over lines above the header", rows=dialect.lines_above)


def _width_problems(name: str, malformed: Sequence["RowOfAnotherWidth"], dialect: Dialect) -> Iterator[Problem]:
    width = len(dialect.names)
    for row in malformed:
        found = "fewer cells" if row.cells < width else "more cells"
        yield Problem(name, row.number + dialect.lines_above, None, f"{width} cells, as in the header", found)


def _without_blank_rows(table: TableFile, content: pa.Table, rules: TableRules, passed_over: int = 0) -> TableFile:
    """The table without rows whose every cell is blank, those of columns that are not read included."""
    key = table.columns.get("patient_id")
    if not rules.passes_over_blank_rows or key is None:
        return table
    rows = np.flatnonzero(_is_blank(key))
    if len(rows):
        cells = content.take(pa.array(rows))
        rows = rows[np.logical_and.reduce([_is_blank(column) for column in cells.columns])]
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


def _is_blank(array: ArrowArray) -> Mask:
    """Which cells hold nothing: nulls, and text without a visible character; shape (rows,)."""
    if not is_text(array):
        return np.asarray(pc.is_null(array, nan_is_null=True).to_numpy(zero_copy_only=False))
    encoded = encoded_text(array)
    blank = pc.match_substring_regex(encoded.dictionary, _BLANK).to_numpy(zero_copy_only=False)
    if not blank.any() and not encoded.null_count:
        return np.zeros(len(array), dtype=np.bool_)
    codes, _ = as_text(encoded)
    return np.asarray(np.append(blank, True)[codes])  # the code -1 of a null picks the one at the end


@dataclass(frozen=True)
class RowOfAnotherWidth:
    """A line with more or fewer cells than the header; ``number`` counts from 0 below it."""

    number: int
    cells: int
    is_blank: bool


def _split_cells(data: memoryview, dialect: Dialect, header: Header) -> tuple[pa.Table, list[RowOfAnotherWidth]]:
    """The cells as text, dictionary-encoded in declared columns, and the rows left out for their width.

    A sound file is split on all cores. Arrow numbers the rows that it leaves out on one only, so a file with such rows
    is split again.
    """
    declared = set(header.positions.values())
    types = {str(place): _TEXT if place in declared else pa.string() for place in range(len(dialect.names))}
    if not len(data):
        return pa.table({name: pa.array([], kind) for name, kind in types.items()}), []
    others: list[RowOfAnotherWidth] = []

    def leave_out(row: Any) -> str:
        blank = not without_blanks(row.text.replace(dialect.separator, "").replace('"', ""))
        others.append(RowOfAnotherWidth(row.number - 1, row.actual_columns, blank))
        return "skip"

    try:
        content = _split(data, dialect.separator, types, None)
    except pa.ArrowException:
        content = _split(data, dialect.separator, types, leave_out)
    return content.unify_dictionaries().combine_chunks(), others


def _split(
    data: memoryview, separator: str, types: Mapping[str, Any], leave_out: Callable[[Any], str] | None
) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=leave_out is None, column_names=list(types), block_size=_BLOCK_BYTES
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=leave_out
        ),
        convert_options=pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=False, null_values=[]),
    )
