"""What a spreadsheet does with a workbook's formulas, and with the lines of `equation.csv`: a second implementation."""

import re
from collections.abc import Callable, Mapping
from math import exp, isnan, nan
from typing import Any

from openpyxl import Workbook

REFERENCE = re.compile(r"(?:'([^']+)'!)?([A-Z]+)(\d+)")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "EXP": exp,
    "MIN": min,
    "MAX": max,
    "IF": lambda condition, yes, no: yes if condition else no,
    "ISNUMBER": lambda value: not isnan(value),
}


def calculated(book: Workbook, sheet: str, cell: str, known: dict[tuple[str, str], float]) -> float:
    """The number in a cell; an empty cell, or one with an empty text, is no number. ``known`` keeps what was found."""
    if (sheet, cell) not in known:
        content = book[sheet][cell].value
        if isinstance(content, str) and content.startswith("="):

            def cell_of(match: re.Match[str]) -> str:
                return repr(calculated(book, match[1] or sheet, match[2] + match[3], known))

            formula = REFERENCE.sub(cell_of, content[1:]).replace('""', "nan").replace("^", "**")
            known[sheet, cell] = float(eval(formula, {"__builtins__": {}, "nan": nan} | FUNCTIONS))  # noqa: S307
        else:
            known[sheet, cell] = nan if content in (None, "") else float(content)
    return known[sheet, cell]


def labelled(book: Workbook, sheet: str, label: str) -> str:
    """The cell beside a label of the first column."""
    return next(f"C{row[0].row}" for row in book[sheet].iter_rows(max_col=1) if row[0].value == label)


Line = Mapping[str, str]


def sum_of(lines: list[Line], patient: Mapping[str, float]) -> float:
    """The sum of a head's terms for a patient's values by feature; a feature without one is missing."""
    total = 0.0
    for line in lines:
        if line["feature"] not in patient:
            total = total + float(line["missing_value"])
        else:
            clipped = min(max(patient[line["feature"]], float(line["lower"])), float(line["upper"]))
            total = total + (clipped - float(line["centre"])) * float(line["value"])
    return total


def remission_of(lines: list[Line], patient: Mapping[str, float]) -> float:
    """The probability of remission from a head's lines."""
    by_part = parts(lines)
    return 1 / (1 + exp(-(float(by_part["intercept"][0]["value"]) + sum_of(by_part["term"], patient))))


def relapse_of(lines: list[Line], patient: Mapping[str, float], day: int) -> tuple[float, float]:
    """Relapse, and neither relapse nor competing event, by a day: the five lines that the report gives."""
    by_part = parts(lines)
    s, z = sum_of(by_part["term"], patient), sum_of(by_part["competing term"], patient)
    free, relapsed = 1.0, 0.0
    for week in range(1, -(-day // 7) + 1):
        k = min(day - 7 * (week - 1), 7)
        c = in_week(by_part["competing hazard"], week)
        h = 1 / (1 + exp(-(in_week(by_part["intercept"], week) + s)))
        c = c * exp(z) / (1 - c + c * exp(z))
        if k == 7:
            relapsed = relapsed + free * h
            free = free * (1 - h) * (1 - c)
        else:
            after = free * ((1 - h) * (1 - c)) ** (k / 7)
            relapsed = relapsed + (free - after) * h / (1 - (1 - h) * (1 - c))
            free = after
    return relapsed, free


def parts(lines: list[Line]) -> dict[str, list[Line]]:
    """The lines of a head by their part."""
    names = ("intercept", "term", "competing hazard", "competing term", "horizon")
    return {name: [line for line in lines if line["part"] == name] for name in names}


def in_week(lines: list[Line], week: int) -> float:
    """The value of the band that a week is in."""
    return next(float(line["value"]) for line in lines if int(line["from_week"]) <= week <= int(line["to_week"]))
