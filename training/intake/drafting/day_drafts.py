"""Which column tells when something happened, and how its dates are written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from training.intake.drafting.drafted import DraftedKey, question
from training.intake.drafting.parts import PartColumn, SourcePart, matching
from training.intake.mapping_keys import OPEN
from training.intake.source import Source
from training.intake.vocabulary.column_names import BIRTH_DATE, DAY_NUMBER, ONSET, VISIT, fits
from training.intake.vocabulary.names import plain
from training.intake.vocabulary.visits import visit_of

_TWO_MEANINGS = re.compile(r"(\d{1,2})([/-]|\.(?!\d{1,2}\.\d{4}))(\d{1,2})[/.-](\d{4}|\d{2})(?: .*)?")
_AWARE = re.compile(r".*\d{2}:\d{2}(:\d{2}([.,]\d+)?)? ?(Z|[+-]\d{2}:?\d{2})")
_NEVER = rf"(?:{BIRTH_DATE}|{ONSET}|consent(_date)?|date_of_consent|entered(_at|_on)?|created.*|updated.*|modified.*)"


def drafted_day(part: SourcePart, among: Sequence[PartColumn] | None = None) -> DraftedKey | None:
    """The day of the rows of a part: a date, a number of days, or a visit whose name tells it; None without any."""
    columns = list(part.columns.values()) if among is None else list(among)
    dates = [one for one in columns if one.is_date and not fits(_NEVER, *one.names)]
    if len(dates) == 1:
        return DraftedKey("day", _with_time(dates[0], columns), _label(dates[0]))
    if dates:
        asked = "Which column holds the date on which this happened?"
        return DraftedKey("day", question(asked, [one.name for one in dates], column=OPEN))
    numbers = [one for one in matching(columns, DAY_NUMBER) if one.is_number]
    if numbers:
        return DraftedKey("day", {"column": numbers[0].name, "convert": "days"}, "counted as the source counts")
    return _by_visit(columns)


def _label(column: PartColumn) -> str:
    return f"label: {column.column.label}" if column.column.label else ""


def _with_time(date: PartColumn, columns: Sequence[PartColumn]) -> Any:
    """The date, with the column that has the time of the day where there is one."""
    times = [one for one in matching(columns, r"(\w+_)?time(_of_day)?|uhrzeit") if ":" in "".join(one.texts[:1])]
    return {"column": date.name, "time": times[0].name} if times else date.name


def _by_visit(columns: Sequence[PartColumn]) -> DraftedKey | None:
    for one in matching(columns, VISIT):
        labels = one.column.labels if one.is_labelled else {}
        visits = {text: visit_of(plain(labels.get(text, text))) for text in one.texts}
        if visits and len(visits) <= 60:
            values = {text: OPEN if visit is None or visit.day is None else visit.day for text, visit in visits.items()}
            if OPEN not in values.values():
                return DraftedKey("day", {"column": one.name, "values": values}, "nominal days of the visits")
            asked = f"On which day from day 0 is each visit of column {one.name}?"
            return DraftedKey("day", question(asked, ["a number of days"], column=one.name, values=values))
    return None


def drafted_format(names: Iterable[tuple[str, str]], source: Source) -> Any:
    """The format of text dates that could be read in two ways: by a day above 12 in every table, else asked."""
    by_table: dict[str, list[re.Match[str]]] = {}
    for table, column in names:
        texts = [value.strip() for value in source.tables[table].columns[column].values if isinstance(value, str)]
        matches = [match for text in texts if (match := _TWO_MEANINGS.fullmatch(text))]
        if matches:
            by_table.setdefault(table, []).extend(matches)
    if not by_table:
        return None
    one = next(iter(by_table.values()))[0]
    mark, year = one[2], "%Y" if len(one[4]) == 4 else "%y"
    by_day, by_month = f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"
    shown = {_day_first(matches) for matches in by_table.values()}
    if shown in ({True}, {False}):
        return by_day if shown == {True} else by_month
    undecided = ", ".join(table for table, matches in by_table.items() if _day_first(matches) is None)
    asked = f"Is the day or the month first in dates such as 03/04/2025? No day above 12 tells it in: {undecided}."
    return question(asked, [by_day, by_month])


def _day_first(matches: Sequence[re.Match[str]]) -> bool | None:
    """Whether the day is first, by a number above 12; None where none is, or both are."""
    first, second = max(int(match[1]) for match in matches), max(int(match[3]) for match in matches)
    return None if (first > 12) == (second > 12) else first > 12


def has_offsets(names: Iterable[tuple[str, str]], source: Source) -> bool:
    """Whether times of the source have an offset from UTC."""
    cells = (value for table, column in names for value in source.tables[table].columns[column].values)
    return any(
        bool(_AWARE.fullmatch(value.strip())) if isinstance(value, str) else getattr(value, "tzinfo", None) is not None
        for value in cells
    )


def renamed(key: DraftedKey, name: str) -> DraftedKey:
    """A drafted day under another key, such as ``start_day``."""
    return replace(key, key=name)
