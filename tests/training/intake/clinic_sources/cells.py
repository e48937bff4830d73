"""How a text file writes a cell: nothing for not recorded, whole numbers without a point."""

from collections.abc import Callable, Hashable, Mapping
from datetime import date
from typing import TypeGuard

import pandas as pd


def is_date(value: object) -> TypeGuard[date]:
    """Whether a cell holds a date: an empty one holds none."""
    return isinstance(value, date) and value is not pd.NaT


def text_of_number(value: object) -> str:
    """A number as a text, empty where it is not recorded."""
    if pd.isna(value):
        return ""
    number = float(str(value))
    return str(int(number)) if number.is_integer() else str(number)


def yes_no(value: object, yes: str = "1", no: str = "0") -> str:
    """A flag as a text, empty where it is not recorded."""
    return "" if pd.isna(value) else yes if value else no


def iso_date(value: object) -> str:
    """A date as 2025-04-03, empty where it is not recorded."""
    return value.strftime("%Y-%m-%d") if is_date(value) else ""


def coded(codes: Mapping[str, str], value: object) -> str:
    """The code of a category, empty where it is not recorded."""
    return "" if pd.isna(value) else codes[str(value)]


def sometimes(draw: Callable[[], float], share: float, missing: str, text: str) -> str:
    """A text, or a missing-data code for a share of the empty ones."""
    return missing if text == "" and draw() < share else text


def records(table: pd.DataFrame) -> list[dict[Hashable, object]]:
    """The rows of a table."""
    return table.to_dict("records")
