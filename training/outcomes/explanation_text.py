"""Days, scores and lines of an outcome explanation."""

from collections.abc import Iterable, Iterator

import numpy as np

from features.records.timeline import Rows

DECIMALS = 6
"""More decimals than any score has, and fewer than would show the rounding of a difference."""


def indented(lines: Iterable[str]) -> list[str]:
    """Lines of a section below a heading."""
    return ["  " + line for line in lines]


def indented_after_first(lines: Iterator[str]) -> list[str]:
    """A heading, and its lines below it."""
    return [next(lines), *indented(lines)]


def shown_readings(rows: Rows) -> str:
    """Every rating as day and score, or "none"."""
    pairs = zip(rows.numbers("day"), rows.numbers("score"), strict=True)
    return "; ".join(shown_reading(day, score) for day, score in pairs) or "none"


def shown_reading(day: float, score: float) -> str:
    """A rating as day and score."""
    return f"day {shown(day)}: {shown(score)}"


def shown_count(number: float, noun: str) -> str:
    """A number of days, or of another noun."""
    return f"{shown(number)} {noun}{'' if number == 1 else 's'}"


def shown(value: float) -> str:
    """A number without needless decimals."""
    return np.format_float_positional(round(float(value), DECIMALS), trim="-")
