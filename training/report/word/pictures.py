"""Figures as PNG, because Word shows no SVG everywhere: draws the few elements that the report's figures consist of.

It knows rectangles, circles, texts and paths, as `report.figures` writes them. Any other element is
an error, so that no figure can lose a part without notice; corners are not rounded.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch, Rectangle
from matplotlib.transforms import Affine2D

from training.report.word.lines import path_of

DOTS_PER_INCH = 200
"""More than enough for print at the width of a column; journals ask for 300 at final size, and figures are shrunk."""
_POINTS = 72.0
_UNSEEN = ("title", "desc", "defs", "style", "metadata", "clipPath")
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}
_INHERITED = ("fill", "stroke", "stroke-width", "font-size", "clip-path")


@dataclass(frozen=True)
class _Look:
    """What an element inherits, as SVG writes it."""

    values: Mapping[str, str]

    def under(self, element: ET.Element) -> "_Look":
        """The look of an element: its own attributes and style over what it inherits."""
        own = {name: value for name, value in element.attrib.items() if name in _KNOWN}
        style = dict(part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
        own |= {name.strip(): value.strip() for name, value in style.items()}
        if "font" in own:
            own["font-size"] = own["font"].split()[0]
        kept = {name: value for name, value in self.values.items() if name in _INHERITED}
        return _Look(kept | own)

    def number(self, name: str, default: float) -> float:
        """A length, without its unit."""
        return float(self.values.get(name, str(default)).removesuffix("px"))

    @property
    def patch(self) -> dict[str, Any]:
        """Matplotlib's words for it. The scale is one unit for one point."""
        fill, stroke = self.values.get("fill", "#000000"), self.values.get("stroke", "none")
        dashes = [float(length) for length in re.split(r"[\s,]+", self.values.get("stroke-dasharray", "")) if length]
        opacity = self.number("fill-opacity", 1.0)
        return {
            "facecolor": "none" if fill == "none" else (fill, opacity),
            "edgecolor": stroke,
            "linewidth": self.number("stroke-width", 1.0) if stroke != "none" else 0.0,
            "linestyle": (0, dashes) if dashes else "solid",
        }


_KNOWN = (*_INHERITED, "fill-opacity", "stroke-dasharray", "text-anchor", "font-style")


def picture_of(svg: str) -> bytes:
    """The PNG of a figure of the report; raises ``ValueError`` for an element that it can't draw."""
    root = ET.fromstring(svg)  # noqa: S314 - our own figure, from the evidence
    _, _, width, height = (float(part) for part in root.get("viewBox", "").split())
    figure = Figure(figsize=(width / _POINTS, height / _POINTS), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0))
    written = io.BytesIO()
    with rc_context({"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "text.parse_math": False}):
        _SvgFigure(root, axes).draw(root, _Look({}).under(root), (0.0, 0.0))
        figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


@dataclass(frozen=True)
class _SvgFigure:
    """A figure while it is drawn; ``root`` has the elements that others use."""

    root: ET.Element
    axes: Axes

    def draw(self, element: ET.Element, look: _Look, at: tuple[float, float]) -> None:
        """Draw an element and what is in it, shifted by ``at``."""
        name = element.tag.rpartition("}")[2]
        if name in _UNSEEN:
            return
        if name in ("svg", "g"):
            for child in element:
                self.draw(child, look.under(child), at)
        elif name == "use":
            self._use(element, look)
        elif name == "text":
            self._text(element, look)
        else:
            self._patch(name, element, look, at)

    def _use(self, element: ET.Element, look: _Look) -> None:
        target = element.get("{http://www.w3.org/1999/xlink}href", "").removeprefix("#")
        found = next(one for one in self.root.iter() if one.get("id") == target)
        at = float(element.get("x", "0")), float(element.get("y", "0"))
        self.draw(found, _Look(dict(look.under(found).values) | dict(look.values)), at)

    def _patch(self, name: str, element: ET.Element, look: _Look, at: tuple[float, float]) -> None:
        values = [float(element.get(key, "0")) for key in ("x", "y", "width", "height", "cx", "cy", "r")]
        patch: Any
        if name == "rect":
            patch = Rectangle((values[0] + at[0], values[1] + at[1]), values[2], values[3], **look.patch)
        elif name == "circle":
            patch = Circle((values[4] + at[0], values[5] + at[1]), values[6], **look.patch)
        elif name == "path":
            path = path_of(element.get("d", ""))
            patch = PathPatch(Affine2D().translate(*at).transform_path(path), **look.patch)
        else:
            raise ValueError(f"a figure has an element that can't be drawn for Word: {name}")
        self.axes.add_patch(patch)
        clip = self._clip(look)
        if clip is not None:
            patch.set_clip_path(clip)

    def _clip(self, look: _Look) -> Rectangle | None:
        wanted = re.fullmatch(r"url\(#(.+)\)", look.values.get("clip-path", ""))
        if wanted is None:
            return None
        found = next(one for one in self.root.iter() if one.get("id") == wanted[1])
        x, y, width, height = (float(found[0].get(key, "0")) for key in ("x", "y", "width", "height"))
        return Rectangle((x, y), width, height, transform=self.axes.transData)

    def _text(self, element: ET.Element, look: _Look) -> None:
        x, y, angle = _place(element)
        self.axes.text(
            x,
            y,
            "".join(element.itertext()),
            rotation=-angle,
            rotation_mode="anchor",
            ha=_ANCHORS[look.values.get("text-anchor", "start")],
            va="baseline",
            fontsize=look.number("font-size", 12.0),
            color=look.values.get("fill", "#000000"),
            style=look.values.get("font-style", "normal"),
        )


def _place(element: ET.Element) -> tuple[float, float, float]:
    """Where a text stands and how it is turned, from its place or its transformation."""
    steps = dict(re.findall(r"(\w+)\(([^)]*)\)", element.get("transform", "")))
    if steps.keys() - {"rotate", "translate"}:
        raise ValueError("a figure has a transformation that can't be drawn for Word")
    turn = [float(part) for part in re.split(r"[\s,]+", steps.get("rotate", "0"))]
    if "translate" in steps:
        x, y = (float(part) for part in re.split(r"[\s,]+", steps["translate"]))
        return x, y, turn[0]
    return float(element.get("x", "0")), float(element.get("y", "0")), turn[0]
