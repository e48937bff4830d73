"""Reads a text file of cells: its encoding, separator and decimal mark are found and said, nothing is interpreted."""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.text.file_text import FileText, found_text
from training.intake.source import Source, SourceColumn, SourceTable

SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BY_COMMA = re.compile(r"-?\d+,\d+", re.ASCII)
_BY_POINT = re.compile(r"-?\d+\.\d+", re.ASCII)
_ROWS_TO_TRY = 200
csv.field_size_limit(1 << 24)


def read_delimited(path: Path) -> Source:
    """One CSV or TSV file as a source. Raises ``CohortRefusedError`` with every problem of its structure."""
    table, digest = delimited_table(path)
    return Source("delimited", {table.name: table}, {path.name: digest})


def delimited_table(path: Path) -> tuple[SourceTable, str]:
    """The table in a file, and the SHA-256 of the file."""
    data = path.read_bytes()
    text = _text(path.name, data)
    content = text.data.decode()
    separator = _separator(path.name, content)
    rows = _records(path.name, content, separator)
    return _table(path.name, rows, separator, text.encoding), hashlib.sha256(data).hexdigest()


def _text(name: str, data: bytes) -> FileText:
    """The content by the rules of the cohort's own reader: where two encodings explain the bytes, it is refused."""
    text = found_text(data)
    if text.obstacle is not None:
        raise CohortRefusedError([Problem(name, None, None, "text in UTF-8, UTF-16 or Windows-1252", text.obstacle)])
    return text


def _separator(name: str, content: str) -> str:
    """The separator that splits the first rows into equally many cells, at least two."""
    widths = {}
    for separator in _SEPARATORS:
        lines = [row for row in _first_rows(content, separator) if any(cell.strip() for cell in row)]
        if lines and len(lines[0]) > 1:
            widths[separator] = (np.mean([len(row) == len(lines[0]) for row in lines]), len(lines[0]))
    if not widths:
        required = "a header line and rows whose cells commas, semicolons, tabs or bars separate"
        raise CohortRefusedError(
            [Problem(name, None, None, required, "none of them" if content.strip() else "nothing")]
        )
    return max(widths, key=lambda one: widths[one])


def _first_rows(content: str, separator: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(content[: 1 << 20], newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) > _ROWS_TO_TRY:
                break
    except csv.Error:
        return rows
    return rows


def _records(name: str, content: str, separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        required = 'quotes around a whole cell, and "" for a quote in it'
        raise CohortRefusedError([Problem(name, None, None, required, "a stray or open quote")]) from None


def _table(name: str, records: Sequence[Sequence[str]], separator: str, encoding: str) -> SourceTable:
    numbered = [(n, row) for n, row in enumerate(records, 1) if any(cell.strip() for cell in row)]
    (_, header), body = numbered[0], numbered[1:]
    names = [cell.strip() for cell in header]
    problems = _header_problems(name, names, body)
    width = len(names)
    fitted = []
    for number, row in body:
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            found = "fewer cells" if len(row) < width else "more cells"
            problems.append(Problem(name, number - 2, None, f"{width} cells, as in the header", found))
        fitted.append(row)
    if problems:
        raise CohortRefusedError(problems)
    columns = {one: text_column(one, [row[place] for row in fitted]) for place, one in enumerate(names) if one}
    comma = _has_decimal_comma(columns)
    blank = len(records) - len(numbered)
    return SourceTable(
        name=name,
        columns=columns,
        rows=np.array([number for number, _ in body], dtype=np.intp),
        place=name,
        decimal_comma=comma,
        notes=_notes(name, encoding, separator, comma, blank),
    )


def _notes(name: str, encoding: str, separator: str, comma: bool, blank: int) -> tuple[str, ...]:
    marks = " and decimal commas" if comma else ""
    note = f"read {name} as {encoding} with {_SEPARATORS[separator]}{marks}"
    return (note, *([f"passed over {blank:,} blank rows of {name}"] if blank else ()))


def _header_problems(name: str, names: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]) -> list[Problem]:
    problems = []
    for position, one in enumerate(names):
        if not one and any(len(row) > position and row[position].strip() for _, row in body):
            found = f"a blank name, in position {position + 1}"
            problems.append(Problem(name, None, None, "a name for every column that holds something", found))
        elif one and one in names[:position]:
            problems.append(Problem(name, None, one, "each column once", "a column name that repeats"))
    return problems


def _has_decimal_comma(columns: dict[str, SourceColumn]) -> bool:
    """Whether some cells are decimals with a comma, and none with a point."""
    texts = [str(value).strip() for column in columns.values() for value in column.values]
    commas = any(_BY_COMMA.fullmatch(text) for text in texts)
    return commas and not any(_BY_POINT.fullmatch(text) for text in texts)


def text_column(name: str, cells: Sequence[str]) -> SourceColumn:
    """A column of texts; blank ones are empty cells."""
    positions: dict[str, int] = {}
    codes = [positions.setdefault(cell, len(positions)) if cell and not cell.isspace() else -1 for cell in cells]
    return SourceColumn(name, np.array(codes, dtype=np.intp), tuple(positions))
