"""Names of visits as days from day 0."""

import re
from dataclasses import dataclass

DAYS_OF = {"d": 1, "w": 7}
MONTH_DAYS = 30.4375
_UNIT = {"d": "d", "day": "d", "days": "d", "w": "w", "wk": "w", "week": "w", "weeks": "w", "woche": "w"} | {
    "m": "m", "mo": "m", "mon": "m", "month": "m", "months": "m", "monat": "m"
}  # fmt: skip
_UNITS, _STEMS = "|".join(sorted(_UNIT, key=len, reverse=True)), "v|visit|t|s|session|time|timepoint|assessment"
_BASELINE = "bl|base|baseline|pre|day_?0|d0|week_?0|w0"
_COUNTED = re.compile(rf"({_UNITS})_?(\d{{1,3}})|(\d{{1,3}})_?(days?|weeks?|wk|months?|mo)")
_NUMBERED = re.compile(rf"({_STEMS})_?(\d{{1,3}})")
VISIT = rf"(?:{_BASELINE}|(?:{_UNITS})_?\d{{1,3}}|(?:{_STEMS})_?\d{{1,3}})"
"""A visit within the name of a column, as a pattern."""


@dataclass(frozen=True)
class VisitName:
    """A visit by its word in a name; ``day`` is None where the word does not tell it."""

    word: str
    day: int | None


def visit_of(word: str) -> VisitName | None:
    """The visit that a plain word names: ``w4`` is day 28, ``month3`` day 91, ``baseline`` day 0, ``v2`` is unknown."""
    if re.fullmatch(_BASELINE, word):
        return VisitName(word, 0)
    if match := _COUNTED.fullmatch(word):
        unit = _UNIT[match[1] or match[4]]
        number = int(match[2] or match[3])
        return VisitName(word, number * DAYS_OF[unit] if unit in DAYS_OF else round(number * MONTH_DAYS))
    return VisitName(word, None) if _NUMBERED.fullmatch(word) else None
