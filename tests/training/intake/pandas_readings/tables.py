"""Tables in one form, to compare: numbers and flags as floats, everything else as text, rows in one order."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.protocol.columns import TABLES

Tables = dict[str, pd.DataFrame]


def canonical(tables: Mapping[str, pd.DataFrame]) -> Tables:
    """The five tables with every column of the format that has a value, sorted by all of them."""
    return {name: _canonical(tables[name], name) for name in TABLES}


def differences(found: Tables, expected: Tables) -> list[str]:
    """The tables with other rows, and the columns that are not the same to the last bit; others may be there too."""
    lines = []
    for name, table in expected.items():
        absent = [column for column in table if column not in found[name]]
        if absent or len(table) != len(found[name]):
            lines.append(f"{name}: {len(found[name])} rows in place of {len(table)}, without {absent}")
            continue
        there = found[name].sort_values(list(table), ignore_index=True)
        lines += [f"{name}.{column}" for column in table if not table[column].equals(there[column])]
    return lines


def _canonical(table: pd.DataFrame, name: str) -> pd.DataFrame:
    table, columns = table.reset_index(drop=True), {}
    for column in TABLES[name]:
        if column.name not in table or table[column.name].isna().all():
            continue
        cells = table[column.name]
        numeric = column.kind not in ("identifier", "category")
        columns[column.name] = numbers(cells) if numeric else cells.astype(object).where(cells.notna(), None)
    frame = pd.DataFrame(columns)
    return frame.sort_values(list(frame), ignore_index=True)


def numbers(cells: pd.Series) -> pd.Series:
    """Floats, NaN where nothing is recorded; an empty text is nothing."""
    empty = cells.isna() | (cells.astype(object) == "")
    return pd.Series([np.nan if none else float(cell) for cell, none in zip(cells, empty, strict=True)], cells.index)


def decoded(cells: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """The categories of codes; ``codes`` leads from the category to its code."""
    return cells.map({code: category for category, code in codes.items()})


def days(dates: pd.Series, patients: pd.Series, day_0: pd.Series) -> pd.Series:
    """Whole days from each patient's day 0 to a date, at whatever time of the day."""
    return (dates.dt.normalize() - patients.map(day_0).dt.normalize()).dt.days


def completed_years(born: pd.Series, day: pd.Series) -> pd.Series:
    """The age on a day; whose birthday is on the day has completed the year."""
    before_birthday = (day.dt.month * 100 + day.dt.day) < (born.dt.month * 100 + born.dt.day)
    return day.dt.year - born.dt.year - before_birthday


def numbered(sessions: pd.DataFrame) -> pd.DataFrame:
    """Sessions with their number within patient and kind, by date."""
    ordered = sessions.sort_values(["patient_id", "kind", "day"])
    return ordered.assign(session_number=ordered.groupby(["patient_id", "kind"]).cumcount() + 1)
