"""Draws numbers as SVG: the same numbers give the same text. Nothing is computed here except places on the page.

`report_figures` chooses the figures and writes their captions. Colours are those of
Okabe & Ito (https://jfly.uni-koeln.de/color/); every line also differs in dashes or marks, for print in grey.
"""

import html
import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
from matplotlib import rc_context, rcdefaults
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import LineStyleType

from training.evidence.descriptions import Dependence, RelapseIncidence
from training.evidence.document import CalibrationCurve, DecisionCurve, LearningCurve

BLUE, VERMILION, GREEN, BLACK, GREY = "#0072B2", "#D55E00", "#009E73", "#000000", "#6b6b6b"
DASHES: tuple[LineStyleType, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))
SETTINGS: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "legend.frameon": False,
    "path.simplify": True,
}
_WIDTH = 5.3
"""Inches; at 72 points each, text of 9 points stays legible on a telephone."""
_LEFT = 0.8
"""Inches for a number of eight letters and the name of the axis."""
_COUNTS = 0.95
"""Inches for the names of the groups beside their numbers at risk."""
_LINES: tuple[LineStyleType, ...] = ("-", (0, (5, 2)), (0, (3, 1, 1, 1)), (0, (1, 1)))


@contextmanager
def default_style() -> Iterator[None]:
    """Within the block, figures have the style of this module, whatever the caller of the package set for others."""
    with rc_context():
        rcdefaults()
        yield


@dataclass(frozen=True)
class Caption:
    """A figure's words: ``name`` is unique in the report (lower-case letters, digits, hyphens).

    ``description`` says what the figure shows and stands below it; ``numbers`` go with it for who can't see the figure.
    """

    name: str
    title: str
    description: str
    numbers: str = ""


def calibration_plot(curve: CalibrationCurve, caption: Caption) -> str:
    """Observed against predicted with 95% limits, the line of perfection, and the distribution below."""
    with rc_context(SETTINGS):
        figure = _figure(4.9)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1), gridspec_kw={"hspace": 0.08})
        above.plot((0, 1), (0, 1), color=GREY, linestyle=DASHES[2], linewidth=1.2)
        above.text(0.86, 0.9, "perfect", color=GREY, ha="right", va="bottom", rotation=38)
        above.fill_between(curve.predicted, _numbers(curve.low), _numbers(curve.high), color=BLUE, alpha=0.2, lw=0)
        above.plot(curve.predicted, _numbers(curve.observed), color=BLUE, linewidth=2, label="observed, smoothed")
        above.set(xlim=(0, 1), ylim=(0, 1), ylabel="observed share")
        above.legend(loc="upper left", handlelength=2.6)
        edges = np.linspace(0, 1, len(curve.counts) + 1)
        middle = (edges[:-1] + edges[1:]) / 2
        below.bar(middle, _numbers(curve.counts, 0.0), width=0.8 * (edges[1] - edges[0]), color=GREY)
        few = [place for place, count in zip(middle, curve.counts, strict=True) if count is None]
        below.plot(few, np.zeros(len(few)), "x", color=GREY, markersize=4, clip_on=False)
        below.set(xlabel="predicted probability" + (" (x: fewer than ten patients)" if few else ""), ylabel="patients")
        return as_svg(figure, caption)


def decision_plot(curve: DecisionCurve, caption: Caption) -> str:
    """Net benefit of treating by the model, treating all and treating none, by threshold probability."""
    with rc_context(SETTINGS):
        figure, axes = one_axes(3.6)
        model, everyone = _numbers(curve.model), _numbers(curve.treat_all)
        axes.fill_between(curve.thresholds, _numbers(curve.low), _numbers(curve.high), color=BLUE, alpha=0.2, lw=0)
        axes.plot(curve.thresholds, model, color=BLUE, linewidth=2, label="by the model")
        axes.plot(curve.thresholds, everyone, color=VERMILION, linestyle=DASHES[1], label="treat all")
        axes.axhline(0, color=BLACK, linestyle=DASHES[2], linewidth=1.2, label="treat none")
        top = np.nanmax([0.02, *model, *everyone, *_numbers(curve.high)])
        axes.set(xlabel="threshold probability", ylabel="net benefit per patient", ylim=(-0.35 * top, 1.12 * top))
        axes.legend(loc="upper right", handlelength=3, title="act on")
        return as_svg(figure, caption)


def incidence_plot(incidence: RelapseIncidence, caption: Caption) -> str:
    """Cumulative incidence of relapse, observed with 95% limits (lines) and predicted (marks); numbers at risk below.

    The dotted grey line is that of competing events among all patients.
    """
    with rc_context(SETTINGS):
        below = 0.62 + 0.16 * len(incidence.groups)
        height = 3.5 + below
        figure, axes = one_axes(height, right=0.14)
        figure.subplots_adjust(bottom=(below + 0.3) / height, left=_COUNTS / _WIDTH)
        top = 0.05
        for group, colour, dash in zip(incidence.groups, (BLACK, GREEN, BLUE, VERMILION), _LINES, strict=False):
            days, low, high = incidence.days, _numbers(group.low), _numbers(group.high)
            axes.fill_between(days, low, high, color=colour, alpha=0.11, lw=0, step="post")
            label = f"{group.name} ({group.n:,})"
            axes.step([0, *days], [0, *_numbers(group.relapse)], where="post", color=colour, linestyle=dash,
                      linewidth=1.6, label=label)  # fmt: skip
            every = max(1, len(days) // 12)
            if group.predicted:
                axes.plot(days[::every], _numbers(group.predicted)[::every], "o", color=colour, markersize=3.2, mfc="w")
            top = max([top, *(1.2 * value for value in group.relapse if value is not None)])
        # Limits of a third may reach to 1 where few sites are drawn again: the axis is that of all patients.
        top = max([top, *(value for value in incidence.groups[0].high if value is not None)])
        competing = _numbers(incidence.groups[0].competing)
        axes.step([0, *incidence.days], [0, *competing], where="post", color=GREY, linestyle=DASHES[2], linewidth=1.2,
                  label="competing events, all")  # fmt: skip
        if incidence.groups[0].predicted:
            axes.plot([], [], "o", color=BLACK, mfc="w", markersize=3.2, label="predicted (mean)")
        axes.set(ylim=(0, min(1.0, 1.35 * top)), xlim=(0, incidence.days[-1]), ylabel="cumulative incidence of relapse")
        axes.set(xlabel="days since the start of risk", xticks=incidence.at_risk_days)
        axes.legend(loc="upper left", ncols=2, fontsize=7.5, handlelength=2.6)
        _numbers_at_risk(axes, incidence)
        return as_svg(figure, caption)


def _numbers_at_risk(axes: Axes, incidence: RelapseIncidence) -> None:
    """A line per group below the axis; a dash is fewer than ten."""
    where: Any = {"textcoords": "offset points", "annotation_clip": False, "va": "center", "fontsize": 7.5}
    for place, group in enumerate(incidence.groups):
        down = -42 - 11.5 * place
        axes.annotate(group.name, (0, 0), (-12, down), xycoords="axes fraction", ha="right", **where)
        for day, at_risk in zip(incidence.at_risk_days, group.at_risk, strict=True):
            number = "-" if at_risk is None else f"{at_risk:,}"
            axes.annotate(number, (day, 0), (0, down), xycoords=("data", "axes fraction"), ha="center", **where)


def dependence_plot(curves: Sequence[Dependence], outcome: str, caption: Caption) -> str:
    """One small panel per feature, all with the same axis of probability."""
    with rc_context(SETTINGS | {"font.size": 8}):
        rows = -(-len(curves) // 2)
        height = 0.45 + 1.75 * rows
        figure = _figure(height)
        figure.subplots_adjust(bottom=0.8 / height)
        panels = figure.subplots(rows, 2, sharey=True, squeeze=False, gridspec_kw={"hspace": 0.75, "wspace": 0.12})
        for place, axes in enumerate(panels.flat):
            if place >= len(curves):
                axes.set_axis_off()
                continue
            curve = curves[place]
            axes.plot(curve.values, curve.probability, color=BLUE, marker="s", markersize=3, linewidth=1.4)
            axes.set_xlabel("\n".join(textwrap.wrap(f"{curve.label}, {curve.unit}", 38)))
            axes.set_ylabel(outcome if place % 2 == 0 else "")
        low = min(value for curve in curves for value in curve.probability)
        high = max(value for curve in curves for value in curve.probability)
        panels[0, 0].set_ylim(max(0.0, low - 0.03), min(1.0, high + 0.03))
        return as_svg(figure, caption)


def learning_plot(curve: LearningCurve, measure: str, caption: Caption) -> str:
    """Held-out discrimination by number of training patients, and its extrapolation to twice as many."""
    with rc_context(SETTINGS):
        figure, axes = one_axes(3.2)
        middle = np.array([_number(value.estimate) for value in curve.values])
        low = middle - [_number(value.low) for value in curve.values]
        high = [_number(value.high) for value in curve.values] - middle
        limits = np.maximum(np.nan_to_num(np.array([low, high])), 0)
        axes.errorbar(curve.patients, middle, yerr=limits, color=BLUE, marker="s", markersize=4, capsize=2)
        if curve.doubled is not None and curve.doubled_patients is not None and len(middle):
            ahead = ((curve.patients[-1], curve.doubled_patients), (middle[-1], curve.doubled))
            axes.plot(*ahead, color=VERMILION, linestyle=DASHES[1], marker="D", markersize=4, mfc="white")
            axes.annotate("extrapolated", (curve.doubled_patients, curve.doubled), (0, 7), ha="right",
                          textcoords="offset points", color=VERMILION)  # fmt: skip
        axes.set(xlabel="patients in the training data", ylabel=measure)
        return as_svg(figure, caption)


def finish_svg(svg: str, caption: Caption) -> str:
    """The ``<svg>`` with its title, description and role, and ids that carry the figure's name."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{caption.name}-", svg)
    said = f"{caption.description} {caption.numbers}".rstrip()
    title, description = (html.escape(_printable(words)) for words in (caption.title, said))
    head, body = svg.split(">", 1)
    labelled = f"{caption.name}-title {caption.name}-desc"
    return (
        f'{head} role="img" aria-labelledby="{labelled}">\n<title id="{caption.name}-title">{title}</title>\n'
        f'<desc id="{caption.name}-desc">{description}</desc>{body.rstrip()}\n'
    )


def as_svg(figure: Figure, caption: Caption) -> str:
    """The figure as text, under its caption."""
    FigureCanvasSVG(figure)
    written = io.StringIO()
    with rc_context({"svg.hashsalt": caption.name}), catch_warnings():
        # A letter that this font lacks does no harm: texts stay texts, and the reader's fonts draw them.
        filterwarnings("ignore", message="Glyph")
        figure.savefig(written, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
    return finish_svg(written.getvalue().replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, Arial"), caption)


_METADATA = ("Date", "Creator", "Format", "Type")


def one_axes(height: float, right: float = 0.12) -> tuple[Figure, Axes]:
    """A figure of a height, in inches, with one pair of axes."""
    figure = _figure(height, right=right)
    return figure, figure.subplots()


def _figure(height: float, right: float = 0.12) -> Figure:
    """A figure with room at its left for numbers; ``height`` and the ``right`` margin in inches.

    Margins are fixed because a layout that measures every text doubles the time.
    """
    figure = Figure(figsize=(_WIDTH, height))
    figure.subplots_adjust(_LEFT / _WIDTH, 0.48 / height, 1 - right / _WIDTH, 1 - 0.12 / height)
    return figure


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _numbers(values: Sequence[float | None], undefined: float = float("nan")) -> list[float]:
    return [undefined if value is None else float(value) for value in values]


def _printable(words: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in words)
