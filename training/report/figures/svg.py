"""The frame and the texts of SVG figures that are written without a plotting library.

They are figures, such as a plotting library would return: coordinates that are computed, and no markup of the page.
So Python builds them, and a template places them.
"""

import html
from collections.abc import Iterable

from training.report.figures.plots import Caption, finish_svg

WIDTH = 520
_STYLE = "font: 12px 'DejaVu Sans', Verdana, Arial, sans-serif"


def svg_figure(parts: Iterable[str], height: int, caption: Caption) -> str:
    """The SVG of a figure from its elements."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" style="{_STYLE}"'
    return finish_svg(head + ">" + "\n".join(parts) + "</svg>", caption)


def svg_text(x: int, y: int, words: str, anchor: str) -> str:
    """A text element; letters that can't be printed become spaces."""
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(printable)}</text>'
