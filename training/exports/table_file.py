"""The one way in which the product writes a table for people: CSV or Parquet, by the ending of the file's name.

CSV: UTF-8, commas, a header, lines that end in LF, an empty cell for a missing value, true and false, whole numbers
without decimals, other numbers with the fewest digits that give the same number again. Text is safe in a spreadsheet.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.protocol.problems import InputRefusedError, Problem
from training.cohort.table import ArrowArray
from training.exports.formula_text import is_formula, without_formulas

Ending = Literal[".csv", ".parquet"]


class TableWriter(Protocol):
    """Takes the rows of one table, part by part; all parts have the same columns."""

    marked: dict[str, int]
    """By column, how many cells of text were marked so that no spreadsheet runs them."""

    def write(self, part: pa.Table) -> None:
        """Add the rows."""


def require_table_file(path: Path) -> Ending:
    """The ending of a file that a table can be written to; raises ``InputRefusedError`` for another one.

    So it does for a file in a folder that does not exist.
    """
    if not path.parent.is_dir():
        raise InputRefusedError([Problem("--out", None, None, "a file in a folder that exists", "no such folder")])
    ending = path.suffix.casefold()
    if ending == ".csv":
        return ".csv"
    if ending == ".parquet":
        return ".parquet"
    found = "a name with another ending" if ending else "a name without an ending"
    raise InputRefusedError([Problem("--out", None, None, "a name that ends in .csv or .parquet", found)])


@contextmanager
def open_table(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """A writer into ``path``, which appears when all is written: after a failure the file is as it was before.

    Raises ``InputRefusedError`` for another ending than .csv or .parquet.
    """
    ending = require_table_file(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as file:
            if ending == ".csv":
                yield _CsvWriter(file, schema)
            else:
                coded = [one.name for one in schema if not pa.types.is_floating(one.type)]  # numbers hardly repeat
                with pq.ParquetWriter(file, schema, use_dictionary=coded) as parquet:
                    yield _ParquetWriter(parquet)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_table(table: pa.Table, path: Path) -> Mapping[str, int]:
    """Write a whole table; by column, how many cells of text were marked. See ``open_table``."""
    with open_table(path, table.schema) as writer:
        writer.write(table)
    return writer.marked


def describe_marked(marked: Mapping[str, int]) -> list[str]:
    """A sentence about the cells that were marked; none where there are none."""
    cells = sum(marked.values())
    if not cells:
        return []
    columns = ", ".join(f"{name} {count:,}" for name, count in marked.items())
    subject = "1 cell of text" if cells == 1 else f"{cells:,} cells of text"
    return [f"{subject} would run as a formula in a spreadsheet: written with ' in front ({columns})"]


class _ParquetWriter:
    """Parquet keeps text as it is: no spreadsheet opens it as cells."""

    def __init__(self, parquet: Any) -> None:
        self._parquet = parquet
        self.marked: dict[str, int] = {}

    def write(self, part: pa.Table) -> None:
        self._parquet.write_table(part)


class _CsvWriter:
    """Writes each part as lines; the header comes first, also of a table without rows."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self.marked: dict[str, int] = {}
        file.write(_lines([_quoted(without_formulas(pa.array([name], pa.string()))) for name in schema.names]))

    def write(self, part: pa.Table) -> None:
        if part.num_rows:
            self._file.write(_lines([self._cells(name, part[name]) for name in part.column_names]))

    def _cells(self, name: str, column: ArrowArray) -> ArrowArray:
        """A column as the text of its cells; a null stays one."""
        column = column.combine_chunks()
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_floating(kind):
            return _number_texts(column)
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return pc.cast(column, pa.string())
        encoded = pc.cast(column, pa.string()).dictionary_encode()
        codes, distinct = encoded.indices, encoded.dictionary
        marked = int(pc.sum(pc.take(is_formula(distinct), codes)).as_py() or 0)
        if marked:
            self.marked[name] = self.marked.get(name, 0) + marked
        return pc.take(_quoted(without_formulas(distinct)), codes)


def _number_texts(numbers: ArrowArray) -> ArrowArray:
    """Whole numbers below 1e15 without decimals; every number as the shortest text that gives it again."""
    texts = pc.cast(numbers, pa.string())
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.string()), texts)


def _quoted(texts: ArrowArray) -> ArrowArray:
    """The texts between quotes where a comma, a quote or a line break in them requires it."""
    needed = pc.match_substring_regex(texts, '[",\\r\\n]')
    doubled = pc.replace_substring(texts, '"', '""')
    quote = pa.scalar('"')
    return pc.if_else(needed, pc.binary_join_element_wise(quote, doubled, quote, ""), texts)


def _lines(columns: list[ArrowArray]) -> bytes:
    joined = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")
    return ("\n".join(joined.to_pylist()) + "\n").encode()
