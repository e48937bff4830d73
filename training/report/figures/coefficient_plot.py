"""The coefficients of a linear predictor as one wide forest plot with its numbers, written as SVG.

It stands in place of a table: sixty rows take half a page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, log, log10

from training.evidence.descriptions import LinearTerm
from training.report.figures.labels import short_labels
from training.report.figures.plots import BLACK, BLUE, GREY, Caption, finish_svg
from training.report.figures.svg import svg_text

WIDTH = 960
_LINE = 14
_TOP = 34
_PLOT = (716, 896)
"""Where the plot begins and ends; columns of numbers stand at its left."""
_COLUMNS = (
    *((300, "from to"), (384, "centre"), (440, "ratio per unit (95%)")),
    *((580, "ratio per SD (95%)"), (938, "missing")),
)
_LONGEST = 50
_FARTHEST = 8.0
"""Ratios beyond this, or below its inverse, end in an arrow."""
_STYLE = "font: 10.5px 'DejaVu Sans', Verdana, Arial, sans-serif"


@dataclass(frozen=True)
class RatioRow:
    """One coefficient: its ratio per unit and per standard deviation, each with limits, and where it is plotted."""

    term: LinearTerm

    @property
    def per_unit(self) -> str:
        """The ratio per unit with its limits."""
        return _with_limits(self.term, 1.0)

    @property
    def per_sd(self) -> str:
        """The ratio per standard deviation with its limits; a dash if the SD is not known."""
        return "-" if self.term.sd is None else _with_limits(self.term, self.term.sd)

    @property
    def missing(self) -> str:
        """The ratio for a missing value, against one at the centre; a dash where it adds nothing."""
        return ratio(exp(self.term.missing_weight)) if self.term.missing_weight else "-"


def shown_terms(terms: Sequence[LinearTerm]) -> list[LinearTerm]:
    """The terms that add something, the largest per standard deviation first."""
    some = [term for term in terms if term.weight or term.missing_weight]
    return sorted(some, key=lambda term: (-abs(term.weight * (term.sd or 0.0)), term.feature))


def ratio(value: float) -> str:
    """A ratio with three significant digits, at most three decimals."""
    return f"{value:.{max(0, min(3, 2 - floor(log10(value))))}f}" if value > 0 else "0"


def coefficient_plot(terms: Sequence[LinearTerm], name: str, caption: Caption) -> str:
    """One row per term: the clipped range, the centre, ratios per unit and per SD, and their plot on a log axis."""
    rows = [RatioRow(term) for term in shown_terms(terms)]
    bottom = _TOP + _LINE * len(rows) + 4
    reach = _reach(rows)
    drawn = [_bold(4, 14, "feature, unit"), _bold(_PLOT[0], 14, f"{name} per SD")]
    drawn += [_bold(x, 14, words) for x, words in _COLUMNS[:4]]
    drawn.append(_bold(_COLUMNS[4][0], 14, "missing", "middle"))
    one = _at(0.0, reach)
    drawn.append(f'<path d="M{one} {_TOP - 12}V{bottom}" stroke="{GREY}" stroke-dasharray="1 3"/>')
    labels = short_labels([f"{row.term.label}, {row.term.unit}" for row in rows], _LONGEST)
    for place, (row, label) in enumerate(zip(rows, labels, strict=True)):
        drawn += _row(row, label, _TOP + _LINE * place, reach, shaded=place % 2 == 1)
    drawn += _axis(bottom, reach)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 26}" width="{WIDTH}" '
    return finish_svg(f'{head}style="{_STYLE}">' + "\n".join(drawn) + "</svg>", caption)


def _row(row: RatioRow, label: str, y: int, reach: float, *, shaded: bool) -> Iterator[str]:
    term, middle = row.term, y - 4
    if shaded:
        yield f'<rect x="0" y="{y - 11}" width="{WIDTH}" height="{_LINE}" fill="#f3f6f8"/>'
    yield svg_text(4, y, label, "start")
    cells = (f"{_figure(term.lower)} to {_figure(term.upper)}", _figure(term.centre), row.per_unit, row.per_sd)
    yield from (svg_text(x, y, words, "start") for (x, _), words in zip(_COLUMNS, cells, strict=False))
    yield svg_text(_COLUMNS[4][0], y, row.missing, "middle")
    if term.sd is None:
        return
    if term.low is not None and term.high is not None:
        low, high = term.low * term.sd, term.high * term.sd
        yield f'<path d="M{_at(low, reach)} {middle}H{_at(high, reach)}" stroke="{BLUE}" stroke-width="1.4"/>'
        yield from (_arrow(_PLOT[0], middle, 5) for _ in range(low < -reach))
        yield from (_arrow(_PLOT[1], middle, -5) for _ in range(high > reach))
    x = _at(term.weight * term.sd, reach)
    yield f'<rect x="{round(x - 2.5, 1)}" y="{middle - 2.5}" width="5" height="5" fill="{BLUE}"/>'


def _reach(rows: Sequence[RatioRow]) -> float:
    """The largest log ratio of the axis, on either side of 1: that of the limits, at most ``_FARTHEST``."""
    ends = [
        abs(end) * row.term.sd
        for row in rows
        for end in (row.term.weight, row.term.low, row.term.high)
        if end is not None and row.term.sd is not None
    ]
    return min(max([log(1.25), *ends]), log(_FARTHEST))


def _at(value: float, reach: float) -> float:
    held = min(max(value, -reach), reach)
    return round(_PLOT[0] + (held + reach) / (2 * reach) * (_PLOT[1] - _PLOT[0]), 1)


def _axis(bottom: int, reach: float) -> Iterator[str]:
    yield f'<path d="M{_PLOT[0]} {bottom}H{_PLOT[1]}" stroke="{BLACK}"/>'
    steps = (1.1, 1.25, 1.5, 2.0, 4.0, 8.0)
    end = max((step for step in steps if log(step) <= reach + 1e-9), default=1.1)
    for value in (1 / end, 1.0, end):
        x = _at(log(value), reach)
        yield f'<path d="M{x} {bottom}v4" stroke="{BLACK}"/>'
        yield svg_text(ceil(x), bottom + 16, f"{value:.2f}".rstrip("0").rstrip("."), "middle")


def _with_limits(term: LinearTerm, size: float) -> str:
    found = ratio(exp(term.weight * size))
    if term.low is None or term.high is None:
        return found
    return f"{found} ({ratio(exp(term.low * size))} to {ratio(exp(term.high * size))})"


def _figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = 0 if value == 0 else max(0, min(3, 2 - floor(log10(abs(value)))))
    written = f"{value:.{digits}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _bold(x: int, y: int, words: str, anchor: str = "start") -> str:
    return svg_text(x, y, words, anchor).replace("<text", '<text font-weight="600"', 1)


def _arrow(x: float, y: float, back: int) -> str:
    return f'<path d="M{x + back} {y - 3}L{x} {y}L{x + back} {y + 3}" fill="none" stroke="{BLUE}" stroke-width="1.4"/>'
