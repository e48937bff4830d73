"""One table file, CSV or Parquet, as columns before any interpretation, with every problem of its structure.

A cell of text stays text here; `cells` checks the cells, `features.records.checks` the cohort.
"""

import csv
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Indices

ArrowArray: TypeAlias = Any
"""An array of Arrow: dictionary-encoded text, or a typed column of a Parquet file."""

_FIELD = rb'(?:"(?:[^"]++|"")*+"|[^",\r\n]*+)'
_LINE_END = rb"(?:\r\n|\r|\n)"
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+(?:" + _LINE_END + rb"|\Z)")
_ALL_RECORDS = re.compile(_FIELD + rb"(?:(?:,|" + _LINE_END + rb")" + _FIELD + rb")*+")
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')
_UTF8_MARK = b"\xef\xbb\xbf"
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class TableFile:
    """A file's content: known columns by name, and the number in the file of each row kept (from 0, without header).

    ``complete`` is false where rows or the whole file could not be split into cells.
    """

    name: str
    columns: dict[str, ArrowArray] = field(default_factory=dict)
    rows: Indices = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    def problem(self, required: str, found: str, *, row: int | None = None, column: str | None = None) -> Problem:
        """A problem of this file."""
        return Problem(self.name, row, column, required, found)


def read_table(path: Path, declared: Sequence[Column]) -> TableFile:
    """The declared columns of a file, and every problem of its structure."""
    table = TableFile(path.name)
    obstacle = _obstacle(path)
    if obstacle is not None:
        return _refused(table, table.problem("a file that can be read", obstacle))
    return _read_parquet(path, table, declared) if path.suffix == ".parquet" else _read_csv(path, table, declared)


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


def _refused(table: TableFile, *problems: Problem) -> TableFile:
    return TableFile(table.name, problems=(*table.problems, *problems), complete=False)


def _read_parquet(path: Path, table: TableFile, declared: Sequence[Column]) -> TableFile:
    try:
        content = pq.ParquetFile(path).read().unify_dictionaries()
        content.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        return _refused(table, table.problem("a Parquet file", "one that can't be read"))
    problems = _header_problems(table, content.column_names, declared)
    known = {column.name for column in declared}
    columns = {name: content.column(position) for position, name in enumerate(content.column_names) if name in known}
    return TableFile(table.name, columns, np.arange(content.num_rows), tuple(problems))


def _read_csv(path: Path, table: TableFile, declared: Sequence[Column]) -> TableFile:
    data = path.read_bytes()
    start = len(_UTF8_MARK) if data.startswith(_UTF8_MARK) else 0
    end = len(data.rstrip(b"\r\n"))
    broken = _text_problem(table, data) or _quoting_problem(table, data, start, end)
    if broken is not None:
        return _refused(table, broken)
    header = _RECORD.match(data, start, end)
    if end <= start or header is None or data[start : start + 1] in b"\r\n":
        return _refused(table, table.problem("a header line with the names of the columns", "none"))
    try:
        names = next(csv.reader([header.group().decode()], strict=True))
        content, malformed = _split_cells(memoryview(data)[header.end() : end], len(names))
    except (csv.Error, pa.ArrowException):
        return _refused(table, table.problem("rows of cells", "a row that is too long to be one"))
    problems = _header_problems(table, names, declared)
    numbers = np.arange(content.num_rows + len(malformed))
    problems += [
        table.problem(
            f"{len(names)} cells, as in the header", "fewer cells" if count < len(names) else "more cells", row=row
        )
        for row, count in malformed
    ]
    known = {column.name for column in declared}
    columns = {name: content.column(position) for position, name in enumerate(names) if name in known}
    rows = np.delete(numbers, [row for row, _ in malformed]) if malformed else numbers
    return TableFile(table.name, columns, rows, tuple(problems), complete=not malformed)


def _text_problem(table: TableFile, data: bytes) -> Problem | None:
    if data.isascii():
        return None
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return table.problem("text in UTF-8", f"a byte in line {line} that is not")
    return None


def _quoting_problem(table: TableFile, data: bytes, start: int, end: int) -> Problem | None:
    """Arrow repairs stray quotes silently, and an open one swallows the rest of the file: neither may pass."""
    if b'"' not in data:
        return None
    match = _ALL_RECORDS.match(data, start, end)
    stop = match.end() if match else start
    if stop == end:
        return None
    line_ends = len(re.findall(_LINE_END, _QUOTED.sub(b"", data[start:stop])))
    row = line_ends - 1 if line_ends else None
    return table.problem('quotes around a whole cell, and "" for a quote in it', "a stray or open quote", row=row)


def _split_cells(data: memoryview, width: int) -> tuple[pa.Table, list[tuple[int, int]]]:
    """The cells as dictionary-encoded text, and (row, number of cells) of the rows left out for their width."""
    names = [str(position) for position in range(width)]
    text = pa.dictionary(pa.int32(), pa.string())
    if not len(data):
        return pa.table({name: pa.array([], text) for name in names}), []
    malformed: list[tuple[int, int]] = []

    def leave_out(row: Any) -> str:
        malformed.append((row.number - 1, row.actual_columns))
        return "skip"

    content = pyarrow.csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        # Arrow numbers the rows only on one thread.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK_BYTES),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=leave_out
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, text), strings_can_be_null=False, null_values=[]
        ),
    )
    return content.unify_dictionaries().combine_chunks(), malformed


def _header_problems(table: TableFile, names: Sequence[str], declared: Sequence[Column]) -> list[Problem]:
    known = [column.name for column in declared]
    if not set(names) & set(known):
        # Such a line may be a patient's row: none of it is repeated.
        by_other = len(names) == 1 and bool(re.search(r"[;\t|]", names[0]))
        found = "names that no comma separates" if by_other else "none of these names"
        return [table.problem("a header with names among " + ", ".join(known), found)]
    problems = []
    for position, name in enumerate(names):
        if name in known and name not in names[:position]:
            continue
        problems.append(_name_problem(table, name, position, known))
    missing = [column.name for column in declared if column.required and column.name not in names]
    return problems + [table.problem("this column", "no such column", column=name) for name in missing]


def _name_problem(table: TableFile, name: str, position: int, known: Sequence[str]) -> Problem:
    place = f", in position {position + 1}"
    if not name.strip():
        return table.problem("a name for every column", "a blank column name" + place)
    shown = name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name) else None
    if name in known:
        return table.problem("each column once", "a column name that repeats" + place, column=name)
    found = "an unknown column" if shown else "a column name that is not an identifier"
    return table.problem("one of " + ", ".join(known), found + place, column=shown)


def as_text(array: ArrowArray) -> tuple[Indices, ArrowArray]:
    """Dictionary-encoded or plain text as codes (-1: null) into its distinct values."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    plain = array.type != pa.dictionary(pa.int32(), pa.string()) or array.dictionary.null_count
    encoded = array.cast(pa.string()).dictionary_encode() if plain else array
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp, copy=False)
    return codes, encoded.dictionary
