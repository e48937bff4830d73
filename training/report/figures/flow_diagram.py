"""The flow diagram: patients from the cohort to their outcomes, in boxes."""

import textwrap
from collections.abc import Iterable, Sequence

from training.evidence.document import FlowCount
from training.report.figures.plots import BLACK, Caption
from training.report.figures.svg import WIDTH, svg_figure, svg_text

_LINE = 15


def flow_diagram(boxes: Sequence[FlowCount], caption: Caption) -> str:
    """From all patients down; those left out are at the side, boxes of one kind in one row."""
    drawn, y = [], 4
    left_out = [box for box in boxes if box.name.startswith("left_out.")]
    for row in _rows(boxes):
        width = 190 if len(row) == 1 else (WIDTH - 10 * (len(row) - 1) - 4) // len(row)
        first = 2 if len(row) > 1 or left_out else (WIDTH - width) // 2
        texts = [_wrapped(box, width) for box in row]
        height = _LINE * max(map(len, texts)) + 14
        if y > 4:
            drawn.append(_arrow(97 if left_out else WIDTH // 2, y, y + 26))
            y += 26
        drawn += [_box(first + place * (width + 10), y, (width, height), lines) for place, lines in enumerate(texts)]
        y += height
        if row[0].name == "patients" and left_out:
            y = _side_box(drawn, left_out, y)
    return svg_figure(drawn, y + 4, caption)


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
    drawn.append(_box(212, y + 10, (WIDTH - 214, height), lines, "start"))
    return y + height + 20


def _wrapped(box: FlowCount, width: int) -> list[str]:
    return [f"n = {box.n:,}", *textwrap.wrap(box.label, width // 8)]


def _box(x: int, y: int, size: tuple[int, int], lines: Iterable[str], anchor: str = "middle") -> str:
    width, height = size
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#ffffff" stroke="{BLACK}"/>'
    left = x + (width // 2 if anchor == "middle" else 10)
    return frame + "".join(svg_text(left, y + 20 + _LINE * place, line, anchor) for place, line in enumerate(lines))


def _arrow(x: int, top: int, bottom: int, *, head: bool = True) -> str:
    point = f"M{x - 4} {bottom - 7}L{x} {bottom}L{x + 4} {bottom - 7}" if head else ""
    return f'<path d="M{x} {top}V{bottom}{point}" fill="none" stroke="{BLACK}"/>'
