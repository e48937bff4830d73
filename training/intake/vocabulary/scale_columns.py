"""Which columns hold items or totals of rating scales, and of which visit."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from features.protocol.instruments import INSTRUMENTS
from features.protocol.item_scoring import ITEM_SCORINGS
from training.intake.vocabulary.names import plain
from training.intake.vocabulary.visits import VISIT

_TOTAL = r"(?:total|sum|score|sum_?score|total_?score|tot|gesamt|summe)"
_ITEM = r"(?:q|item|i|question|frage|it)?_?"
_ALSO: Mapping[str, str] = {
    "hama": "ham_a|hars|hamilton_anxiety|hamilton_anxiety_rating_scale",
    "hamd17": "ham_?d|hdrs|hdrs_?17|ham_?d_?17",
    "bdi2": "bdi_?ii|bdi_?2",
    "ybocs": "y_?bocs",
    "cgi_s": "cgi|cgi_?severity",
    "lsas": "lsas_?sr",
    "pcl5": "pcl",
}


@dataclass(frozen=True)
class ScaleColumns:
    """The columns of one scale at one visit (empty: no visit in the names): its items in order, and its total."""

    instrument: str
    visit: str
    items: tuple[str, ...]
    total: str | None


def instrument_of(text: str) -> str | None:
    """The instrument that a word names: ``GAD-7``, ``gad7`` and ``gad_7`` are one."""
    return next((name for name, pattern in _patterns().items() if re.fullmatch(pattern, plain(text))), None)


@cache
def _patterns() -> dict[str, str]:
    """A pattern of the names of each instrument, longer names first."""
    found = {}
    for name in sorted(INSTRUMENTS, key=len, reverse=True):
        spread = re.sub(r"(?<=[a-z])_?(?=\d)", "_?", name).replace("__", "_")
        also = f"|{_ALSO[name]}" if name in _ALSO else ""
        found[name] = f"(?:{spread}{also})"
    return found


@dataclass(frozen=True)
class _ScaleName:
    instrument: str
    visit: str
    item: int | None


def scale_columns(names: Iterable[str]) -> tuple[ScaleColumns, ...]:
    """The scales among the columns, in order of first column."""
    items: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    totals: dict[tuple[str, str], str] = {}
    order: dict[tuple[str, str], None] = {}
    for name in names:
        found = _parsed(plain(name))
        if found is None:
            continue
        key = found.instrument, found.visit
        order[key] = None
        if found.item is None:
            totals.setdefault(key, name)
        else:
            items[key][found.item] = name
    made = [_of(key, items.get(key, {}), totals.get(key)) for key in order]
    return tuple(one for one in made if one.items or one.total)


def _of(key: tuple[str, str], items: Mapping[int, str], total: str | None) -> ScaleColumns:
    """Items count only when all of the scale's are there."""
    scoring = ITEM_SCORINGS.get(key[0])
    whole = scoring is not None and sorted(items) == list(range(1, scoring.items + 1))
    return ScaleColumns(*key, tuple(items[number] for number in sorted(items)) if whole else (), total)


def _parsed(name: str) -> _ScaleName | None:
    for instrument, pattern in _patterns().items():
        if not re.search(pattern, name):
            continue
        for shape, visit, item in _SHAPES:
            match = re.fullmatch(shape.replace("SCALE", pattern), name)
            if match:
                number = int(match["item"]) if item else None
                return _ScaleName(instrument, match["visit"] if visit else "", number)
    return None


_V, _I = rf"(?P<visit>{VISIT})", rf"{_ITEM}(?P<item>\d{{1,2}})"
_SHAPES = (
    (rf"SCALE(?:_?{_TOTAL})?", False, False),
    (rf"{_TOTAL}_SCALE", False, False),
    (rf"SCALE_{_V}(?:_?{_TOTAL})?", True, False),
    (rf"SCALE_{_TOTAL}_{_V}", True, False),
    (rf"{_V}_SCALE(?:_?{_TOTAL})?", True, False),
    (rf"SCALE_?{_I}", False, True),
    (rf"SCALE_{_I}_{_V}", True, True),
    (rf"{_V}_SCALE_{_I}", True, True),
    (rf"SCALE_{_V}_{_I}", True, True),
)
"""Shapes of names: with a visit or not, an item or a total."""
