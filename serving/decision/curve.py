"""The relapse curve and the icons as places on a drawing; the template draws them and nothing is computed there."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.contract.response import CurvePoint
from serving.decision.frequencies import PEOPLE, Frequency

WIDTH, HEIGHT = 460.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 10.0, 26.0, 34.0
DAYS_OF_WEEK = 7
MOST_TICKS = 7
ICON_WIDTH, ICON_HEIGHT, IN_A_ROW = 10, 13, 10
SHADES = 5
"""Steps of the graded icons between filled and empty: more can't be told apart at this size."""


@dataclass(frozen=True)
class AxisTick:
    """A mark on an axis: its place in the drawing and its number."""

    place: float
    number: int


@dataclass(frozen=True)
class CurveFigure:
    """The curve within ``WIDTH`` times ``HEIGHT``; ``band`` is empty if the model has no interval.

    ``rows`` are the same numbers for a table: week, people of 100 with a relapse, and the ends of the interval.
    """

    line: str
    band: str
    weeks: tuple[AxisTick, ...]
    people: tuple[AxisTick, ...]
    rows: tuple[tuple[int, Frequency], ...]


@dataclass(frozen=True)
class IconPlace:
    """One icon: its upper left corner, and its shade from 0 (empty) to ``SHADES`` (filled)."""

    x: int
    y: int
    shade: int


def icon_places(shown: Frequency) -> tuple[IconPlace, ...]:
    """The 100 icons of a number, row by row."""
    places = []
    for icon, fullness in enumerate(shown.shades()):
        row, column = divmod(icon, IN_A_ROW)
        graded = min(SHADES - 1, max(1, round(SHADES * fullness)))
        shade = SHADES if fullness >= 1 else graded if fullness > 0 else 0
        places.append(IconPlace(column * ICON_WIDTH, row * ICON_HEIGHT, shade))
    return tuple(places)


def estimate_line(shown: Frequency) -> str:
    """The path of a line between the icons that the best estimate counts and the others; empty beside none of them."""
    row, column = divmod(shown.people, IN_A_ROW)
    if not 0 < shown.people < PEOPLE:
        return ""
    across, upper, lower = column * ICON_WIDTH, row * ICON_HEIGHT, (row + 1) * ICON_HEIGHT
    wide = IN_A_ROW * ICON_WIDTH
    return f"M0 {lower}H{across}V{upper}H{wide}" if column else f"M0 {upper}H{wide}"


def curve_figure(points: Sequence[CurvePoint]) -> CurveFigure | None:
    """The drawing of a curve; ``None`` for one that is not known."""
    if len(points) < 2:
        return None
    last = points[-1].day
    with_band = [point for point in points if point.relapse_interval_90 is not None]
    upper = [_place(one.day, last, one.relapse_interval_90.high) for one in with_band if one.relapse_interval_90]
    lower = [_place(one.day, last, one.relapse_interval_90.low) for one in with_band if one.relapse_interval_90]
    weeks = -(-last // DAYS_OF_WEEK)
    step = next(step for step in (1, 2, 4, 8, 13, 26, 52, 104, weeks) if weeks / step < MOST_TICKS)
    marks = range(0, weeks + 1, step)
    return CurveFigure(
        line=_path([_place(point.day, last, point.relapse) for point in points]),
        band=_path([*upper, *reversed(lower)]) + "Z" if len(upper) > 1 else "",
        weeks=tuple(AxisTick(_x(min(week * DAYS_OF_WEEK, last), last), week) for week in marks),
        people=tuple(AxisTick(_y(number / PEOPLE), number) for number in range(0, PEOPLE + 1, 25)),
        rows=tuple(
            (point.day // DAYS_OF_WEEK, _frequency(point))
            for point in points
            if point.day and point.day % (step * DAYS_OF_WEEK) == 0
        ),
    )


def _frequency(point: CurvePoint) -> Frequency:
    interval = point.relapse_interval_90
    if interval is None:
        return Frequency.of(point.relapse, None)
    return Frequency.of(point.relapse, (interval.low, interval.high))


def _place(day: int, last: int, share: float) -> tuple[float, float]:
    return _x(day, last), _y(share)


def _x(day: int, last: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * day / last, 1)


def _y(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if number else 'M'}{x:g} {y:g}" for number, (x, y) in enumerate(places))
