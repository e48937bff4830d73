"""What a text that the strict reader refuses stands for, where it has one meaning; why not, where it has two.

Each rule rewrites a text into one that the strict reader takes, so nothing is decoded in two ways. An identifier keeps
its case, and a text that the strict reader takes is changed nowhere.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from features.protocol.columns import Column, ColumnKind
from training.cohort.cells import kind_of_text
from training.cohort.text.conventions import Conventions
from training.cohort.text.file_text import without_blanks

MISSING_MARKS = frozenset({"na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "null", "."})
"""Marks of R, pandas, SQL, SAS and spreadsheets that mean *not recorded* and nothing else, in lower case. *None*, *-*,
*?* and *unknown* are not among them: of a dose or of an event they may say that there was none [judgement]."""
_TRUE = ("true", "t", "yes", "y", "1", "wahr", "vrai", "verdadero", "vero", "waar")
_FALSE = ("false", "f", "no", "n", "0", "falsch", "faux", "falso", "onwaar")
FLAG_SPELLINGS = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
"""Spellings of a flag in lower case: of programs, of forms in English, and of spreadsheets in other languages. In a
column of true and false each has one meaning. A 2 has not: where 1 is yes, 2 may be no."""

FIRST_DATE_OF_SPREADSHEETS = 30_000
"""A day from here on, 82 years after day 0, is no follow-up: spreadsheets count dates so, from 1900 (30,000 is in
1982) [judgement]."""
DATE_OF_SPREADSHEET = "a number that looks like a spreadsheet's date; write days from day 0"
_PLAIN = re.compile(r"-?\d{1,15}(\.\d{1,20})?", re.ASCII)
_SMALL = re.compile(r"-?\d(\.\d+)?e-\d{1,2}", re.ASCII)
_EXPONENT_ID = re.compile(r"\d([.,]\d+)?e\+\d+", re.ASCII | re.IGNORECASE)
_FLOAT = re.compile(r"(\d{1,15})\.0+", re.ASCII)
_NEAR = 0.75
"""Least similarity of a text and the category that it may be meant for, as `difflib` measures it."""


@dataclass(frozen=True)
class CellReading:
    """What a text stands for: ``text`` as the strict reader takes it, after ``repairs``; or why it is ``refused``."""

    text: str = ""
    repairs: tuple[str, ...] = ()
    refused: str | None = None


def read_cell(text: str, column: Column, file: Conventions) -> CellReading:
    """What a text stands for in a column; ``file`` tells what commas, points and NA mean in it."""
    bare = without_blanks(text)
    if not bare:
        return CellReading("", ("read blanks as not recorded",) if text else ())
    if bare.casefold() in MISSING_MARKS and bare not in column.categories:
        return _missing(bare, column, file)
    reading = _READERS[column.kind](bare, column, file)
    if bare == text or reading.refused:
        return reading
    return CellReading(reading.text, ("dropped blanks at an edge", *reading.repairs))


def obstacle_to_identifier(text: str) -> str | None:
    """Why a text that the strict reader takes for an identifier is probably none; ``None`` if there is no reason."""
    if _EXPONENT_ID.fullmatch(text):
        return "a number in exponent notation, as a spreadsheet shortens a long id; export the ids again as text"
    if text.casefold() in MISSING_MARKS:
        return "a mark for a missing value; leave the cell empty, or give another id"
    return None


def called_like(text: str, column: Column) -> str | None:
    """The one category that a text is, in any case or with the ``.0`` that pandas adds; ``None`` without one."""
    number = _FLOAT.fullmatch(text)
    text = number[1] if number else text
    same = [category for category in column.categories if category.casefold() == text.casefold()]
    return same[0] if len(same) == 1 else None


def _missing(bare: str, column: Column, file: Conventions) -> CellReading:
    """A patient must have an id, a site may be called NA, and a category too; elsewhere the mark has one meaning."""
    if column.kind == "identifier" and (column.required or (bare == "NA" and not file.na_is_missing)):
        return CellReading(refused=obstacle_to_identifier(bare))
    level = called_like(bare, column)
    if level is not None:
        return CellReading(refused=f"a mark for a missing value, or another spelling (did you mean {level}?)")
    return CellReading("", (f"read '{bare}' as not recorded",))


def _identifier(bare: str, _column: Column, _file: Conventions) -> CellReading:
    obstacle = obstacle_to_identifier(bare)
    return CellReading(bare) if obstacle is None else CellReading(refused=obstacle)


def _category(bare: str, column: Column, _file: Conventions) -> CellReading:
    if bare in column.categories:
        return CellReading(bare)
    same, lower = called_like(bare, column), bare.casefold()
    if same is not None:
        return CellReading(same, (f"read '{bare}' as {same}",))
    begun = [category for category in column.categories if category.casefold().startswith(lower)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(lower, column.categories, n=1, cutoff=_NEAR)
    meant = f"another spelling (did you mean {near[0]}?)" if near else None
    return CellReading(refused=meant or kind_of_text(bare, column))


def _flag(bare: str, column: Column, _file: Conventions) -> CellReading:
    number = re.fullmatch(r"([01])[.,]0+", bare)
    meant = FLAG_SPELLINGS.get(number[1] if number else bare.casefold())
    if meant is None:
        return CellReading(refused=kind_of_text(bare, column))
    return CellReading(meant, () if bare == meant else (f"read '{bare}' as {meant}",))


def _number(bare: str, column: Column, file: Conventions) -> CellReading:
    obstacle = file.obstacle(bare, column)
    if obstacle is not None:
        return CellReading(refused=obstacle)
    text, repairs = _plain_decimal(bare)
    if not _PLAIN.fullmatch(text):
        kind = kind_of_text(bare, column)
        is_date = kind == "a date" and column.kind == "day"
        return CellReading(refused="a date; write days from day 0" if is_date else kind)
    if column.kind == "day" and float(text) >= FIRST_DATE_OF_SPREADSHEETS:
        return CellReading(refused=DATE_OF_SPREADSHEET)
    return CellReading(text, tuple(repairs))


def _plain_decimal(bare: str) -> tuple[str, list[str]]:
    """A number as a plain decimal, as far as its form has one meaning, and what was changed."""
    text, repairs = bare, []
    for pattern, replacement, what in _REWRITES:
        changed = pattern.sub(replacement, text, count=1)
        if changed != text:
            repairs.append(what)
        text = changed
    if _SMALL.fullmatch(text):  # as pandas and R write 0.00001; a spreadsheet's 1.23E+04 has lost digits
        return f"{Decimal(text):f}", [*repairs, "read numbers such as 1e-05 as plain decimals"]
    return text, repairs


_REWRITES = (
    (re.compile("^\N{MINUS SIGN}"), "-", "read a typographic minus sign"),
    (re.compile(r"^\+(?=[\d.,])"), "", "read numbers with a plus sign"),
    (re.compile(r"^(-?\d*),(\d+)$", re.ASCII), r"\1.\2", "read a decimal comma as a decimal point"),
    (re.compile(r"^(-?)(\.\d+)$", re.ASCII), r"\g<1>0\2", "read numbers without a digit before the point"),
    (re.compile(r"^(-?\d+)\.$", re.ASCII), r"\1", "read numbers without a digit after the point"),
)
_READERS: dict[ColumnKind, Callable[[str, Column, Conventions], CellReading]] = {
    "identifier": _identifier,
    "category": _category,
    "flag": _flag,
    "number": _number,
    "whole": _number,
    "day": _number,
}
