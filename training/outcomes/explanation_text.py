"""Days, scores and lines of an outcome explanation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from features.protocol.document import Protocol
from features.protocol.instrument import Instrument
from features.records.rating_days import is_after_dose
from features.records.severity import as_recorded
from features.records.timeline import Rows

DECIMALS = 6
"""More decimals than any score has, and fewer than would show the rounding of a difference."""


@dataclass(frozen=True)
class ScaleText:
    """Scores of one scale in words. It takes severity points, as rules do, and shows points as recorded."""

    protocol: Protocol
    scale: Instrument

    @property
    def better(self) -> str:
        """Where a better score lies."""
        return "below" if self.scale.higher_is == "worse" else "above"

    @property
    def worse(self) -> str:
        """Where a worse score lies."""
        return "above" if self.scale.higher_is == "worse" else "below"

    def points(self, severity: float) -> str:
        """A score, or a cut-off."""
        return shown(self.scale.severity(float(severity)))

    def readings(self, rows: Rows) -> list[str]:
        """Every rating as day and score."""
        recorded = as_recorded(rows, self.protocol)
        numbers = zip(recorded.numbers("day"), recorded.numbers("score"), is_after_dose(rows), strict=True)
        return [
            f"day {shown(day)}: {shown(score)}{' after the dose' if after else ''}" for day, score, after in numbers
        ]

    def listed(self, rows: Rows) -> str:
        """Every rating in one line, or "none"."""
        return "; ".join(self.readings(rows)) or "none"


def indented(lines: Iterable[str]) -> list[str]:
    """Lines of a section below a heading."""
    return ["  " + line for line in lines]


def indented_after_first(lines: Iterator[str]) -> list[str]:
    """A heading, and its lines below it."""
    return [next(lines), *indented(lines)]


def shown_count(number: float, noun: str) -> str:
    """A number of days, or of another noun."""
    return f"{shown(number)} {noun}{'' if number == 1 else 's'}"


def shown(value: float) -> str:
    """A number without needless decimals."""
    return np.format_float_positional(round(float(value), DECIMALS), trim="-")
