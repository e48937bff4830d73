"""Draws figures over months as SVG; `figures` writes the captions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from training.evidence.parts import Estimate
from training.report.figures.plots import (
    BLACK,
    BLUE,
    DASHES,
    GREEN,
    GREY,
    SETTINGS,
    VERMILION,
    Caption,
    as_svg,
    one_axes,
)

COLOURS = (BLUE, VERMILION, GREEN, BLACK, "#CC79A7", "#E69F00")
MARKS = "osD^vP"
MOST_TICKS = 6
LETTERS = 60
"""Letters of names that fit in one line above a figure."""
APART = 0.12
"""Distance of the marks of two series at the same month, in months."""


@dataclass(frozen=True)
class Line:
    """One line: a value per month, ``None`` where there is none to show; ``few`` months are marked instead."""

    label: str
    values: Sequence[float | None]
    few: Sequence[int] = ()


@dataclass(frozen=True)
class Marks:
    """Estimates of windows of months, each at the middle of its window; ``reference`` is drawn as a thin line."""

    label: str
    places: Sequence[float]
    estimates: Sequence[Estimate]
    reference: float | None = None


@dataclass(frozen=True)
class Level:
    """A horizontal line and its name."""

    value: float
    label: str


def lines_plot(
    lines: Sequence[Line], months: Sequence[str], caption: Caption, ylabel: str, *, levels: Sequence[Level] = ()
) -> str:
    """Lines over months; with ``levels`` the scale is one of powers of ten."""
    with rc_context(SETTINGS):
        names = [line.label for line in lines]
        figure, axes = one_axes(3.2 + 0.16 * _rows(names), right=0.5 if levels else 0.3)
        for number, line in enumerate(lines):
            values = [np.nan if value is None else value for value in line.values]
            colour, dashes = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
            alone = "o" if len(months) < 3 else ""
            axes.plot(range(len(values)), values, color=colour, linestyle=dashes, marker=alone, label=line.label)
            axes.plot(line.few, np.zeros(len(line.few)), "x", color=colour, markersize=4, clip_on=False)
        for level in levels:
            axes.axhline(level.value, color=GREY, linestyle=DASHES[2], linewidth=1.1)
            axes.annotate(level.label, (1.0, level.value), (3, -3), xycoords=("axes fraction", "data"), color=GREY,
                          textcoords="offset points", fontsize=8, annotation_clip=False)  # fmt: skip
        if levels:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            figure.subplots_adjust(left=0.2)
        else:
            axes.set_ylim(bottom=0)
        _over_months((figure, axes), months, ylabel, names)
        return as_svg(figure, caption)


def marks_plot(
    series: Sequence[Marks], months: Sequence[str], caption: Caption, ylabel: str, *, ratio: bool = False
) -> str:
    """Estimates with 95% limits over months; a ratio is drawn by its logarithm, around 1."""
    with rc_context(SETTINGS):
        figure, axes = one_axes(3.4, right=0.3)
        for number, marks in enumerate(series):
            colour = COLOURS[number % len(COLOURS)]
            places = np.array(marks.places) + APART * (number - (len(series) - 1) / 2)
            middle = np.array([_number(one.estimate) for one in marks.estimates])
            limits = np.array([[_number(one.low), _number(one.high)] for one in marks.estimates]).reshape(-1, 2)
            if ratio:
                limits = np.maximum(limits, 0.05)
            reach = np.abs(limits.T - middle)
            axes.errorbar(places, middle, yerr=reach, fmt=MARKS[number % len(MARKS)], color=colour, markersize=4.5,
                          elinewidth=1.3, capsize=2, label=marks.label)  # fmt: skip
            if marks.reference is not None:
                axes.axhline(marks.reference, color=colour, linestyle=DASHES[number % len(DASHES)], linewidth=1)
        if ratio:
            axes.axhline(1, color=GREY, linestyle=DASHES[2], linewidth=1.1)
            axes.set_yscale("log")
            axes.set_yticks((0.25, 0.5, 0.8, 1, 1.25, 2, 4), labels=("0.25", "0.5", "0.8", "1", "1.25", "2", "4"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, 0.45), max(high, 2.2))
        _over_months((figure, axes), months, ylabel, [marks.label for marks in series])
        return as_svg(figure, caption)


def _over_months(drawn: tuple[Figure, Axes], months: Sequence[str], ylabel: str, names: Sequence[str]) -> None:
    """The months below, the names above: in one line if there is room."""
    figure, axes = drawn
    step = max(1, -(-len(months) // MOST_TICKS))
    shown, rows = range(0, len(months), step), _rows(names)
    axes.set_xticks(shown, labels=[months[month] for month in shown])
    axes.set(xlim=(-0.6, max(len(months) - 0.4, 0.6)), ylabel=ylabel)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=-(-len(names) // rows), handlelength=2.6,
                borderaxespad=0.2, fontsize=8)  # fmt: skip
    figure.subplots_adjust(top=1 - (0.16 * rows + 0.16) / figure.get_figheight())


def _rows(names: Sequence[str]) -> int:
    """Lines that a list of names takes: one, or one each."""
    return 1 if sum(map(len, names)) <= LETTERS else len(names)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
