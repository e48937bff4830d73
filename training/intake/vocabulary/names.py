"""Names of columns in one form, with the unit apart: ``Dose (mg/kg)``, ``dose_mgkg`` and ``DoseMgPerKg`` are one."""

import re
from dataclasses import dataclass
from functools import cache

_UNITS = {
    "mg_kg": ("mgkg", "mg_kg", "mg_per_kg", "mg_kg_bw"),
    "mg": ("mg", "mg_day", "mg_d", "mg_per_day", "milligram", "milligrams"),
    "kg": ("kg", "kilogram", "kilograms"),
    "cm": ("cm",),
    "m": ("m",),
    "years": ("years", "year", "yrs", "y", "jahre"),
    "mmhg": ("mmhg", "mm_hg"),
    "points": ("0_10", "0_100", "points"),
    "pounds": ("lb", "lbs", "pounds"),
    "stone": ("st", "stone"),
    "inches": ("in", "inch", "inches"),
}
"""How names end that tell a unit; the longest ending decides."""
_ENDINGS = sorted(
    ((ending, unit) for unit, endings in _UNITS.items() for ending in endings), key=lambda one: -len(one[0])
)

_LETTERS = {ord(letter): text for letter, text in {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e"}.items()}


@dataclass(frozen=True)
class PlainName:
    """A name in small letters with underscores, without its unit, and the unit."""

    words: str
    unit: str = ""


@cache
def plain(text: str) -> str:
    """A text in small ASCII letters and digits, its words joined by underscores."""
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    folded = spread.casefold().translate(_LETTERS)
    return re.sub(r"[^a-z0-9]+", "_", folded).strip("_")


@cache
def plain_name(text: str) -> PlainName:
    """The plain name of a column, and the unit that it ends with."""
    words = plain(text)
    for ending, unit in _ENDINGS:
        if words.endswith("_" + ending):
            return PlainName(words.removesuffix("_" + ending), unit)
    return PlainName(words)
