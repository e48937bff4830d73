"""The forest plot of sites or groups, and the bars of missing values, written as SVG.

A plotting library takes a third of a second for each label and tick of these.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from training.evidence.document import Estimate
from training.report.figures.plots import BLACK, BLUE, GREY, Caption
from training.report.figures.svg import WIDTH, svg_figure

_LINE = 18
_TOP = 6
_LETTER = 6.6
"""Mean width of a letter; labels longer than ``_LONGEST`` letters are cut in the middle."""
_LONGEST = 36
_TICK = 34
"""The least distance of two ticks with their numbers."""
NARROWEST = 0.2
"""No axis is narrower than this, in c-statistics and in log-odds: smaller differences are irrelevant."""


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot, with one estimate per panel; ``note`` replaces estimates that are suppressed."""

    label: str
    estimates: tuple[Estimate | None, ...]
    note: str = ""
    summary: bool = False


@dataclass(frozen=True)
class ForestPanel:
    """One column of a forest plot; ``reference`` is the value of no effect or of perfection.

    ``expected`` is what a new site should expect, drawn as a thin line through the last row. No axis is narrower than
    ``narrowest``.
    """

    label: str
    reference: float
    expected: tuple[float, float] | None = None
    narrowest: float = NARROWEST


@dataclass(frozen=True)
class _Axis:
    """Values from ``low`` to ``high`` on the places from ``left`` to ``right``."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """The place of a value; values beyond the axis are at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.left + share * (self.right - self.left), 1)


def forest_plot(rows: Sequence[ForestRow], panels: Sequence[ForestPanel], caption: Caption) -> str:
    """One line per site or group and one column per measure: squares with 95% intervals, diamonds for summaries.

    An interval that reaches far beyond all estimates is cut, and ends in an arrow.
    """
    labels = [_short(row.label) for row in rows]
    left, bottom = _margin(labels), _TOP + _LINE * len(rows) + 4
    width = (WIDTH - left - 8) / len(panels) if panels else 0.0
    drawn = [_text(left - 12, _middle(place) + 4, label, "end") for place, label in enumerate(labels)]
    for position, panel in enumerate(panels):
        found = [row.estimates[position] if row.estimates else None for row in rows]
        start = left + position * width
        low, high = _reach([one for one in found if one], panel)
        axis = _Axis(low, high, start + 6, start + width - 14)
        reference = axis.at(panel.reference)
        drawn.append(_line(reference, _TOP, reference, bottom, f'stroke="{GREY}" stroke-dasharray="1 3"'))
        for place, (row, estimate) in enumerate(zip(rows, found, strict=True)):
            drawn += _forest_row(axis, _middle(place), row, estimate)
        if panel.expected:
            drawn += _expected(axis, _middle(len(rows) - 1), panel.expected)
        drawn += _scale(axis, bottom, panel.label)
    return svg_figure(drawn, bottom + 38, caption)


def missing_plot(names: Sequence[str], proportions: Sequence[float], caption: Caption) -> str:
    """Share of patients without a value, one bar per feature."""
    labels = [_short(name) for name in names]
    left, bottom = _margin(labels), _TOP + _LINE * len(names) + 4
    axis = _Axis(0.0, 100.0, left, WIDTH - 42)
    drawn = []
    for place, (label, share) in enumerate(zip(labels, proportions, strict=True)):
        y, end = _middle(place), axis.at(100 * share)
        drawn.append(_text(left - 12, y + 4, label, "end"))
        drawn.append(f'<rect x="{left}" y="{y - 5}" width="{round(end - left, 1)}" height="11" fill="{BLUE}"/>')
        drawn.append(_text(end + 5, y + 4, f"{100 * share:.0f}%" if share >= 0.005 else "under 1%", "start"))
    return svg_figure([*drawn, *_scale(axis, bottom, "patients without a value, %")], bottom + 38, caption)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round values from low to high; steps are 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10((high - low) / most))
    steps = (times * power for times in (1, 2, 5, 10, 20))
    found = ([number * step for number in _whole(low / step, high / step)] for step in steps)
    return next(places for places in found if len(places) <= most)


def _whole(low: float, high: float) -> range:
    """The whole numbers from low to high, with a small tolerance."""
    return range(ceil(low - 1e-9), floor(high + 1e-9) + 1)


def _reach(found: Sequence[Estimate], panel: ForestPanel) -> tuple[float, float]:
    """From the lowest to the highest limit, at most the spread of the estimates beyond them."""
    middle = [one.estimate for one in found if one.estimate is not None]
    inner = [*middle, panel.reference, *(panel.expected or ())]
    limits = [limit for one in found for limit in (one.low, one.high) if one.estimate is not None and limit is not None]
    spread = max(max(inner) - min(inner), panel.narrowest)
    low = max(min([*inner, *limits]), min(inner) - spread)
    high = min(max([*inner, *limits]), max(inner) + spread)
    wider = max(panel.narrowest - (high - low), 0.08 * spread) / 2
    return low - wider, high + wider


def _forest_row(axis: _Axis, y: int, row: ForestRow, found: Estimate | None) -> Iterator[str]:
    if row.note or found is None or found.estimate is None:
        words = row.note or "not defined"
        yield _text((axis.left + axis.right) / 2, y + 4, words, "middle", f' fill="{GREY}" font-style="italic"')
        return
    colour, width = (BLACK, 2.4) if row.summary else (BLUE, 1.4)
    if found.low is not None and found.high is not None:
        yield _line(axis.at(found.low), y, axis.at(found.high), y, f'stroke="{colour}" stroke-width="{width}"')
        yield from (_arrow(axis.left, y, 6, colour) for _ in range(found.low < axis.low))
        yield from (_arrow(axis.right, y, -6, colour) for _ in range(found.high > axis.high))
    x = axis.at(found.estimate)
    if row.summary:
        yield f'<path d="M{x - 6} {y}L{x} {y - 6}L{x + 6} {y}L{x} {y + 6}Z" fill="{colour}"/>'
    else:
        yield f'<rect x="{x - 3}" y="{y - 3}" width="6" height="6" fill="{colour}"/>'


def _expected(axis: _Axis, y: int, expected: tuple[float, float]) -> Iterator[str]:
    low, high = axis.at(expected[0]), axis.at(expected[1])
    yield _line(low, y, high, y)
    yield from (_line(x, y - 5, x, y + 5) for x in (low, high))


def _scale(axis: _Axis, y: int, label: str) -> Iterator[str]:
    yield _line(axis.left, y, axis.right, y)
    places = ticks(axis.low, axis.high, max(2, int((axis.right - axis.left) / _TICK)))
    digits = max(0, -floor(log10(places[1] - places[0]) + 1e-9)) if len(places) > 1 else 2
    for value in places:
        yield _line(axis.at(value), y, axis.at(value), y + 4)
        yield _text(axis.at(value), y + 16, f"{value + 0.0:.{digits}f}", "middle")
    yield _text((axis.left + axis.right) / 2, y + 32, label, "middle")


def _arrow(x: float, y: int, back: int, colour: str) -> str:
    return (
        f'<path d="M{x + back} {y - 4}L{x} {y}L{x + back} {y + 4}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, look: str = f'stroke="{BLACK}"') -> str:
    return f'<path d="M{x} {y}L{to_x} {to_y}" {look}/>'


def _text(x: float, y: int, words: str, anchor: str, look: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{look}>{html.escape(words)}</text>'


def _middle(place: int) -> int:
    return _TOP + _LINE * place + _LINE // 2


def _margin(labels: Sequence[str]) -> int:
    return 16 + ceil(_LETTER * max(map(len, labels), default=0))


def _short(label: str) -> str:
    """The end of a label is kept, because it holds the number of patients."""
    clean = "".join(letter if letter.isprintable() else " " for letter in label)
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 9]}…{clean[-8:]}"
