"""The keys of a mapping's TOML document, and what each may hold."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from training.intake.mapping import CONVERSIONS

Check = Callable[[Any], bool]
OPEN = "?"
"""Stands wherever an answer is due."""
ANSWERED = ("question", "candidates", "answer")
"""Keys that may stand beside any value: what was asked, what may be answered, and the answer."""


def is_text(value: Any) -> bool:
    """Whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value: Any) -> bool:
    """Whether a value is a list of texts, of which some may be empty."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def is_scalar(value: Any) -> bool:
    """Whether a value is a text, a number, or true or false."""
    return isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_codes(value: Any) -> bool:
    return isinstance(value, list) and all(is_scalar(one) for one in value)


def _is_scalars(value: Any) -> bool:
    return isinstance(value, dict) and all(is_scalar(one) for one in value.values())


def _is_operand(value: Any) -> bool:
    return is_text(value) or isinstance(value, dict)


def _one_of(*choices: Any) -> tuple[Check, str]:
    shown = " or ".join(str(choice).lower() if isinstance(choice, bool) else f'"{choice}"' for choice in choices)
    return (lambda value: any(value is choice or value == choice for choice in choices)), shown


_TEXT = (is_text, "a text that is not blank")
_CODES = (_is_codes, "a list of codes")
_ANY_VALUE = (_is_operand, "the name of a column, or a table of keys such as { column = ..., values = { ... } }")
_ITEMS = (lambda value: is_texts(value) and bool(value) and all(map(is_text, value)), "a list of columns")

SECTIONS: dict[str, dict[str, tuple[Check, str]]] = {
    "": {
        "format": (lambda value: value == 1, "1"),
        "source": _one_of("delimited", "workbook", "statistical", "redcap", "omop"),
        "time_zone": _TEXT,
    },
    "patients_are": {
        "id": _TEXT,
        "pseudonyms": (lambda value: isinstance(value, bool), "true or false"),
        "unlisted": _one_of("refuse", "leave_out"),
    },
    "dates": {
        "day_0": _one_of("first_dosing_session", "index"),
        "index": _ANY_VALUE,
        "format": _TEXT,
    },
    "missing": {"codes": _CODES},
    "protocol": {"file": _TEXT},
}
"""The keys of each section outside the tables: whether a value fits, and what is required."""

BLOCK: dict[str, tuple[Check, str]] = {
    "from": _TEXT,
    "id": _TEXT,
    "where": (
        lambda value: isinstance(value, dict) and all(map(is_texts, value.values())),
        "columns, each with a list",
    ),
    "rows": (
        lambda value: isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value),
        "a list of tables of keys",
    ),
}
"""The keys of every block beside the columns of its table."""
UNWANTED: dict[str, tuple[Check, str]] = {"columns": _ITEMS}
ROW = {"when": _ANY_VALUE}
RATING: dict[str, tuple[Check, str]] = {"items": _ITEMS, "item_key": _TEXT, "total": _TEXT}
ENDED: dict[str, tuple[Check, str]] = {"ended": _one_of("yes", "no")}
"""Of earlier treatments without an end: whether they had ended by day 0."""
SEVERAL = {"several_on_one_day": _one_of("refuse", "first", "last")}

VALUE: dict[str, tuple[Check, str]] = {
    "column": _TEXT,
    "patients": _TEXT,
    "value": (is_scalar, "a text, a number, or true or false"),
    "values": (_is_scalars, "codes, each with what it means"),
    "convert": _one_of(*CONVERSIONS),
    "missing": _CODES,
    "format": _TEXT,
    "time": _TEXT,
    "factor": (_is_number, "a number"),
    "drug": _TEXT,
    "drug_column": _ANY_VALUE,
    "height_cm": _ANY_VALUE,
    "height_m": _ANY_VALUE,
    "weight_kg": _ANY_VALUE,
}
"""The keys of one value."""
OPERANDS = ("drug_column", "height_cm", "height_m", "weight_kg")
OPERAND: dict[str, tuple[Check, str]] = {"column": _TEXT, "patients": _TEXT, "factor": VALUE["factor"]}


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``; did you mean gad7_total?`` where a name is nearly right, else nothing."""
    known = {one.casefold(): one for one in names}
    near = get_close_matches(name.casefold(), known, n=1, cutoff=0.75)
    return f"; did you mean {known[near[0]]}?" if near else ""


def kind_of(value: Any) -> str:
    """What kind of value stands there, for a problem."""
    kinds = ((bool, "true or false"), (int | float, "a number"), (str, "a text"), (list, "a list"), (dict, "a table"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "something else")
