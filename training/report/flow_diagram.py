"""Two drawings that no plotting library has: patients flowing through boxes, and a hundred patients as marks."""

import html
import textwrap
from collections.abc import Iterable, Sequence

from training.evidence.document import FlowCount
from training.report.plots import BLACK, BLUE, GREY, VERMILION, Caption, finish_svg

_WIDTH = 520
_LINE = 15
_STYLE = "font: 12px 'DejaVu Sans', Verdana, Arial, sans-serif"


def flow_diagram(boxes: Sequence[FlowCount], caption: Caption) -> str:
    """From all patients down; who is left out stands at the side, answers of one kind stand in one row."""
    drawn, y = [], 4
    left_out = [box for box in boxes if box.name.startswith("left_out.")]
    for row in _rows(boxes):
        width = 190 if len(row) == 1 else (_WIDTH - 10 * (len(row) - 1) - 4) // len(row)
        first = 2 if len(row) > 1 or left_out else (_WIDTH - width) // 2
        texts = [_wrapped(box, width) for box in row]
        height = _LINE * max(map(len, texts)) + 14
        if y > 4:
            drawn.append(_arrow(97 if left_out else _WIDTH // 2, y, y + 26))
            y += 26
        drawn += [_box(first + place * (width + 10), y, (width, height), lines) for place, lines in enumerate(texts)]
        y += height
        if row[0].name == "patients" and left_out:
            y = _side_box(drawn, left_out, y)
    return _finish(drawn, y + 4, caption)


def icon_array(counts: Sequence[tuple[str, int]], caption: Caption) -> str:
    """A hundred marks, ten in a row: full circles, then crossed squares, then empty circles, with a key below."""
    kinds = [kind for kind, (_, count) in enumerate(counts) for _ in range(count)]
    marks = [_mark(kind, 130 + 28 * (place % 10), 18 + 28 * (place // 10)) for place, kind in enumerate(kinds)]
    y = 310
    for kind, (label, count) in enumerate(counts):
        marks.append(_mark(kind, 22, y))
        for line in textwrap.wrap(f"{count} of 100: {label}", 66):
            marks.append(_text(42, y + 4, line, "start"))
            y += _LINE
        y += 9
    return _finish(marks, y, caption)


def _rows(boxes: Sequence[FlowCount]) -> list[list[FlowCount]]:
    """Boxes of one kind ("remission.yes", "remission.no") share a row."""
    rows: dict[str, list[FlowCount]] = {}
    for box in boxes:
        if not box.name.startswith("left_out."):
            rows.setdefault(box.name.split(".")[0], []).append(box)
    return list(rows.values())


def _side_box(drawn: list[str], left_out: Sequence[FlowCount], y: int) -> int:
    lines = ["left out:"] + [line for box in left_out for line in textwrap.wrap(f"{box.n:,}: {box.label}", 38)]
    height = _LINE * len(lines) + 14
    drawn.append(_arrow(97, y, y + height + 20, head=False))
    drawn.append(f'<path d="M97 {y + 10 + height // 2}H208" stroke="{BLACK}"/>')
    drawn.append(_box(212, y + 10, (_WIDTH - 214, height), lines, "start"))
    return y + height + 20


def _wrapped(box: FlowCount, width: int) -> list[str]:
    return [f"n = {box.n:,}", *textwrap.wrap(box.label, width // 8)]


def _box(x: int, y: int, size: tuple[int, int], lines: Iterable[str], anchor: str = "middle") -> str:
    width, height = size
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#ffffff" stroke="{BLACK}"/>'
    left = x + (width // 2 if anchor == "middle" else 10)
    return frame + "".join(_text(left, y + 20 + _LINE * place, line, anchor) for place, line in enumerate(lines))


def _arrow(x: int, top: int, bottom: int, *, head: bool = True) -> str:
    point = f"M{x - 4} {bottom - 7}L{x} {bottom}L{x + 4} {bottom - 7}" if head else ""
    return f'<path d="M{x} {top}V{bottom}{point}" fill="none" stroke="{BLACK}"/>'


def _mark(kind: int, x: int, y: int) -> str:
    if kind == 0:
        return f'<circle cx="{x}" cy="{y}" r="10" fill="{BLUE}"/>'
    if kind == 1:
        cross = f"M{x - 9} {y - 9}h18v18h-18zl18 18M{x + 9} {y - 9}l-18 18"
        return f'<path d="{cross}" fill="none" stroke="{VERMILION}" stroke-width="2"/>'
    return f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{GREY}" stroke-width="1.6"/>'


def _text(x: int, y: int, words: str, anchor: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(printable)}</text>'


def _finish(drawn: Iterable[str], height: int, caption: Caption) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" style="{_STYLE}"'
    return finish_svg(head + ">" + "\n".join(drawn) + "</svg>", caption)
