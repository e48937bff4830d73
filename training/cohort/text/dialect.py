"""How the cells of a text file are separated, and where its header stands.

The strict reader takes commas and a header in the first line. The forgiving reader takes the separator that makes names
of columns out of the header, and passes over blank lines and the line ``sep=;`` that spreadsheets write above it.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from training.cohort.text.file_text import without_blanks

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {";": "';'", "\t": "tabs", "|": "'|'"}
LINE_END = rb"(?:\r\n|\r|\n)"
_BLANK_LINES = re.compile(rb'(?:[ \t,;|"]*' + LINE_END + rb")*")
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?[,;\t|]*' + LINE_END, re.IGNORECASE)
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')
_QUOTE = ord('"')


@dataclass(frozen=True)
class Dialect:
    """The separator, the names in the header, and the bytes at which the rows ``begin`` and the content ``end``.

    ``lines_above`` counts the lines above the header. ``names`` is empty where there is no header.
    """

    separator: str
    names: tuple[str, ...]
    begin: int
    end: int
    lines_above: int = 0


def strict_dialect(data: bytes, _known: Sequence[str] = ()) -> Dialect:
    """Commas, and the header in the first line."""
    end = len(data.rstrip(b"\r\n"))
    names, begin = _header(data, 0, end, ",")
    return Dialect(",", names, begin, end)


def found_dialect(data: bytes, known: Sequence[str]) -> Dialect:
    """The separator by which the header has the most of the ``known`` names; a comma where none has any."""
    end = len(data.rstrip(b"\r\n"))
    start = _past(_BLANK_LINES, data, 0)
    declared = _SEPARATOR_LINE.match(data, start)
    if declared is not None:
        start = _past(_BLANK_LINES, data, declared.end())
    lines_above = len(re.findall(LINE_END, data[:start]))
    tried = SEPARATORS if declared is None else (declared[1].decode(),)
    dialects = [Dialect(separator, *_header(data, start, end, separator), end, lines_above) for separator in tried]
    return max(dialects, key=lambda dialect: len({plain_name(name) for name in dialect.names} & set(known)))


def plain_name(name: str) -> str:
    """A column's name without blanks at its edges, in lower case."""
    return without_blanks(name).casefold()


def stray_quote_row(data: bytes, dialect: Dialect) -> int | None:
    """The row with a quote that neither begins nor ends a cell; ``None`` if there is no such quote. -1 is the header.

    Arrow repairs stray quotes silently, and an open one swallows the rest of the file: neither may pass. Quotes open
    and close by turns: one that opens stands at the beginning of a cell, one that closes at its end, or beside a second
    one, which together are a quote in the cell.
    """
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8, dialect.end) == _QUOTE)
    if not len(quotes):
        return None
    content = np.frombuffer(data, np.uint8)
    edges = np.zeros(256, dtype=np.bool_)
    edges[[ord(dialect.separator), *b'\r\n"']] = True
    opening, closing = quotes[::2], quotes[1::2]
    opens = (opening == 0) | edges[content[opening - 1]]
    closes = (closing == dialect.end - 1) | edges[content[np.minimum(closing + 1, len(content) - 1)]]
    wrong = [*opening[~opens][:1], *opening[: len(closing)][~closes][:1], *(opening[-1:] if len(quotes) % 2 else ())]
    if not wrong:
        return None
    before = _QUOTED.sub(b"", data[: int(min(wrong))])
    return len(re.findall(LINE_END, before)) - 1 - dialect.lines_above


def _past(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    match = pattern.match(data, start)
    return start if match is None else match.end()


def _header(data: bytes, start: int, end: int, separator: str) -> tuple[tuple[str, ...], int]:
    """The names in the header, and where the next line begins; no names where the line is blank or broken."""
    record = _record(separator.encode()).match(data, start, end)
    if end <= start or record is None or data[start : start + 1] in b"\r\n":
        return (), start
    try:
        names = next(csv.reader([record.group().decode()], strict=True, delimiter=separator))
    except csv.Error:
        return (), start
    return tuple(names), record.end()


@cache
def _record(separator: bytes) -> re.Pattern[bytes]:
    between = re.escape(separator)
    cell = rb'(?:"(?:[^"]++|"")*+"|[^"' + between + rb"\r\n]*+)"
    return re.compile(cell + rb"(?:" + between + cell + rb")*+(?:" + LINE_END + rb"|\Z)")
