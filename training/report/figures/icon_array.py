"""The icon array: 100 patients as marks, by outcome."""

import textwrap
from collections.abc import Sequence

from training.report.figures.plots import BLUE, GREY, VERMILION, Caption
from training.report.figures.svg import svg_figure, svg_text

_LINE = 15


def icon_array(counts: Sequence[tuple[str, int]], caption: Caption) -> str:
    """100 marks, ten in a row: full circles, then crossed squares, then empty circles, with a key below."""
    kinds = [kind for kind, (_, count) in enumerate(counts) for _ in range(count)]
    marks = [_mark(kind, 130 + 28 * (place % 10), 18 + 28 * (place // 10)) for place, kind in enumerate(kinds)]
    y = 310
    for kind, (label, count) in enumerate(counts):
        marks.append(_mark(kind, 22, y))
        for line in textwrap.wrap(f"{count} of 100: {label}", 66):
            marks.append(svg_text(42, y + 4, line, "start"))
            y += _LINE
        y += 9
    return svg_figure(marks, y, caption)


def _mark(kind: int, x: int, y: int) -> str:
    if kind == 0:
        return f'<circle cx="{x}" cy="{y}" r="10" fill="{BLUE}"/>'
    if kind == 1:
        cross = f"M{x - 9} {y - 9}h18v18h-18zl18 18M{x + 9} {y - 9}l-18 18"
        return f'<path d="{cross}" fill="none" stroke="{VERMILION}" stroke-width="2"/>'
    return f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{GREY}" stroke-width="1.6"/>'
