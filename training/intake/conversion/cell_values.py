"""What one cell of a source says as a number, a flag, a text or a category; what has two meanings is refused."""

import datetime as dt
import math
import re
from collections.abc import Mapping

from training.intake.conversion.moments import CellRefusedError
from training.intake.mapping import Scalar
from training.intake.source import Cell, text_of

NOT_RECORDED = frozenset({"na", "n/a", "null", ".", "nan", "<na>", "#n/a"})
"""Texts that say that nothing was recorded, in every software that writes them."""
FLAGS: Mapping[str, float] = {
    **dict.fromkeys(("1", "true", "yes", "y", "checked", "t", "ja", "oui", "si", "sí"), 1.0),
    **dict.fromkeys(("0", "false", "no", "n", "unchecked", "f", "nein", "non"), 0.0),
}
"""Spellings of true and false, in small letters."""
_POINT = re.compile(r"[+-]?(\d{1,15}(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_COMMA = re.compile(r"[+-]?\d{1,15},\d+", re.ASCII)
_PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)


def read_number(cell: Cell, *, decimal_comma: bool) -> float:
    """The number in a cell. A mark with three digits behind it is refused where it could separate thousands."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        found = "true or false" if isinstance(cell, bool) else "a date or time"
        raise CellRefusedError("a number", found)
    if not isinstance(cell, str):
        return _finite(float(cell))
    text = cell.strip()
    mark = "," if decimal_comma else "."
    if _THOUSANDS.fullmatch(text) and (mark not in text or text.count(mark) > 1):
        raise CellRefusedError("a number", "a number whose mark could be a decimal mark or separate thousands")
    if _COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    if _POINT.fullmatch(text):
        return _finite(float(text))
    raise CellRefusedError("a number", _kind(text))


def _finite(number: float) -> float:
    if math.isinf(number):
        raise CellRefusedError("a number", "an infinite number")
    return number


def _kind(text: str) -> str:
    if re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        return "a date"
    if re.match(r"[<>=~]", text):
        return "a number with a comparison before it"
    return "a number with a text beside it" if re.search(r"\d", text) else "another text"


def number_respelt(cell: Cell, _: float) -> str:
    """How a number was written, where it is no plain decimal with a point; nothing where it is."""
    if not isinstance(cell, str) or _PLAIN.fullmatch(cell):
        return ""
    return "read a decimal comma" if "," in cell else "read a number in another spelling"


def flag_respelt(cell: Cell, value: float) -> str:
    """How a flag was written, where it is not ``true`` or ``false``; nothing where it is."""
    plain = isinstance(cell, bool) or cell in ("true", "false")
    return "" if plain else f"read '{text_of(cell)}' as {'true' if value else 'false'}"


def category_respelt(cell: Cell, value: str) -> str:
    """How a category was written, where it is not as declared; nothing where it is."""
    return "" if cell == value else f"read '{text_of(cell)}' as {value}"


def read_flag(cell: Cell) -> float:
    """1.0 for true, 0.0 for false."""
    found = FLAGS.get(text_of(cell).casefold())
    if found is None:
        raise CellRefusedError("true or false", "another value", may_mean=True)
    return found


def read_tick(cell: Cell) -> bool:
    """Whether a cell of a column of ticks is ticked: true, or a date in the place of a tick."""
    return _is_date(cell) or read_flag(cell) == 1


def is_something(cell: Cell) -> bool:
    """True for a text or a date in a column without flags; a number there has no meaning."""
    if not _is_date(cell) and _POINT.fullmatch(text_of(cell)):
        raise CellRefusedError("true or false, a text or a date", "a number")
    return True


def _is_date(cell: Cell) -> bool:
    return isinstance(cell, dt.date) or (isinstance(cell, str) and _kind(cell.strip()) == "a date")


def read_text(cell: Cell) -> str:
    """The text of a cell."""
    return text_of(cell)


def read_category(cell: Cell, names: Mapping[str, str]) -> str:
    """The category that a cell names; ``names`` has each by its ``plain_name``."""
    found = names.get(plain_name(text_of(cell)))
    if found is None:
        raise CellRefusedError(f"one of {', '.join(names.values())}", "another value", may_mean=True)
    return found


def plain_name(text: str) -> str:
    """A name in small letters without what joins its words: ``GAD-7`` and ``gad_7`` are ``gad7``."""
    return re.sub(r"[\s_-]+", "", text.casefold())


def plain_code(text: str) -> str:
    """A code without a fraction of zeros: ``-99.0`` is ``-99``."""
    return re.sub(r"[.,]0+$", "", text.strip())


def may_be_missing(number: float) -> bool:
    """Whether a number that may not stand where it does looks like a code for a missing value: -99, 9, 88, 777.

    Negative whole numbers, and sevens, eights or nines, as surveys and SPSS files use them. [judgement]
    """
    return float(number).is_integer() and (number < 0 or re.fullmatch(r"([789])\1*", f"{number:.0f}") is not None)


OR_MISSING = "; or name it in codes under [missing] in the mapping, where it stands for a missing value"
"""Added to what is required instead of a number that ``may_be_missing``."""


def mapped(cell: Cell, values: Mapping[str, Scalar]) -> Scalar:
    """What the mapping says that a code means; an empty text means not recorded."""
    text = text_of(cell).casefold()
    if text in values:
        return values[text]
    number = re.sub(r"^0+(?=\d)", "", plain_code(text))
    if number in values:
        return values[number]
    raise CellRefusedError("one of the values in the mapping: " + ", ".join(values), "another value", may_mean=True)
