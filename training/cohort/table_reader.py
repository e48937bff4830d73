"""Reads a table file, CSV or Parquet, into columns: a large one that has nothing to repair in blocks.

Such a file is never whole in memory. One with anything unusual, such as another encoding or a row of another width, is
read whole, and what is reported of it is found there alone.
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.protocol.columns import Column
from features.protocol.problems import Problem
from training.cohort.header import Header
from training.cohort.plain_file import plain_csv, plain_parquet
from training.cohort.table import (
    STRICT,
    TEXT,
    TableFile,
    TableRules,
    layout_repairs,
    table_of,
    table_with,
    without_blank_rows,
)
from training.cohort.text.dialect import Dialect, stray_quote_row
from training.cohort.text.file_text import without_blanks
from training.cohort.text.splitting import UnusualFileError, split_cells


def read_table(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of a file, and every problem of its structure."""
    obstacle = _obstacle(path)
    if obstacle is not None:
        return _refused(path.name, "a file that can be read", obstacle)
    plain, whole = (plain_parquet, _read_parquet) if path.suffix == ".parquet" else (plain_csv, _read_csv)
    try:
        return plain(path, declared, rules)
    except UnusualFileError:
        return whole(path, declared, rules)


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
    table = table_with(path.name, content, header)
    malformed = [row for row in others if not (row.is_blank and rules.passes_over_blank_rows)]
    reported = malformed if table.columns or rules is STRICT else []  # without a known header the width says nothing
    rows = np.delete(np.arange(len(table.rows) + len(others)), [row.number for row in others])
    table = replace(
        table,
        rows=rows + dialect.lines_above,
        problems=(*table.problems, *_width_problems(path.name, reported, dialect)),
        repairs=(*layout_repairs(path.name, text, dialect), *table.repairs),
        complete=not malformed,
        separator=dialect.separator,
        encoding=text.encoding,
    )
    return without_blank_rows(table, content, rules, len(others) - len(malformed))


def _width_problems(name: str, malformed: Sequence["RowOfAnotherWidth"], dialect: Dialect) -> Iterator[Problem]:
    width = len(dialect.names)
    for row in malformed:
        found = "fewer cells" if row.cells < width else "more cells"
        yield Problem(name, row.number + dialect.lines_above, None, f"{width} cells, as in the header", found)


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
    types = {str(place): TEXT if place in declared else pa.string() for place in range(len(dialect.names))}
    if not len(data):
        return pa.table({name: pa.array([], kind) for name, kind in types.items()}), []
    others: list[RowOfAnotherWidth] = []

    def leave_out(row: Any) -> str:
        blank = not without_blanks(row.text.replace(dialect.separator, "").replace('"', ""))
        others.append(RowOfAnotherWidth(row.number - 1, row.actual_columns, blank))
        return "skip"

    try:
        content = split_cells(data, dialect.separator, types)
    except pa.ArrowException:
        content = split_cells(data, dialect.separator, types, leave_out=leave_out)
    return content.unify_dictionaries().combine_chunks(), others
