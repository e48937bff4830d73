"""What a comma, a point and the mark NA mean, which the whole file decides.

A comma is decimal, or it parts thousands, as in 1,234. One file means one of them. It has one meaning here when no
number of the file has a point, and the number itself, another one or the range of its column rules out thousands. A
point is decimal in a file with commas between cells. In a file with another separator the same rule holds for it. A
site may be called NA, but not in a file that writes NA where nothing else can be meant.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from features.protocol.columns import Column

_SIGN = "[+\\-\N{MINUS SIGN}]?"
_THOUSANDS = _SIGN + r"[1-9]\d{0,2}(?:MARK\d{3})+"
_COMMA_THOUSANDS = re.compile(_THOUSANDS.replace("MARK", ","), re.ASCII)
_POINT_THOUSANDS = re.compile(_THOUSANDS.replace("MARK", r"\."), re.ASCII)
_WITH_COMMA = re.compile(_SIGN + r"\d*(,\d+)+", re.ASCII)
_WITH_POINT = re.compile(_SIGN + r"(\d+\.\d*|\.\d+)", re.ASCII)  # a point alone is a missing value


@dataclass(frozen=True)
class Conventions:
    """What the texts of one file show: its numbers have points, or a comma or a point that can't part thousands.

    ``na_is_missing`` tells that NA stands where neither an identifier nor a category is called so.
    """

    comma_between_cells: bool = True
    points: bool = False
    decimal_commas: bool = False
    decimal_points: bool = False
    na_is_missing: bool = False

    def obstacle(self, text: str, column: Column) -> str | None:
        """Why a number with commas or a point has not one meaning; ``None`` if these are decimal, or it has none."""
        return (self._obstacle_to_comma if _WITH_COMMA.fullmatch(text) else self._obstacle_to_point)(text, column)

    def _obstacle_to_comma(self, text: str, column: Column) -> str | None:
        if self.points:
            return "a number with a comma, in a file that also has decimal points; write a point"
        if text.count(",") > 1:
            return "a number with a comma; write a point, and no thousands separator"
        if _COMMA_THOUSANDS.fullmatch(text) and not (self.decimal_commas or _too_large(text, ",", column)):
            return "a comma that may be decimal or part thousands; write a point, and no thousands separator"
        return None

    def _obstacle_to_point(self, text: str, column: Column) -> str | None:
        sure = self.comma_between_cells or self.decimal_points or not _POINT_THOUSANDS.fullmatch(text)
        if sure or _too_large(text, ".", column):
            return None
        return "a point that may be decimal or part thousands; put commas between cells, and points into numbers"


def conventions(numbers: Iterable[str], others: Iterable[str], separator: str) -> Conventions:
    """What the distinct texts of a file show, those in columns of numbers and those of flags and categories."""
    texts = list(numbers)
    commas, points = [], []
    for text in texts:
        if _WITH_COMMA.fullmatch(text):
            commas.append(text)
        elif _WITH_POINT.fullmatch(text):
            points.append(text)
    return Conventions(
        comma_between_cells=separator == ",",
        points=bool(points),
        decimal_commas=any(not _COMMA_THOUSANDS.fullmatch(text) for text in commas),
        decimal_points=any(not _POINT_THOUSANDS.fullmatch(text) for text in points),
        na_is_missing="NA" in texts or "NA" in others,
    )


def _too_large(text: str, mark: str, column: Column) -> bool:
    """Whether the number without its mark lies outside the column's range, so that the mark can't part thousands."""
    if column.minimum is None or column.maximum is None:
        return False
    return not column.minimum <= float(text.replace(mark, "").replace("\N{MINUS SIGN}", "-")) <= column.maximum
