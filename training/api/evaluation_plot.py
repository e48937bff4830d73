"""Draws the curves of an evaluation for a notebook; the numbers come finished."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.evidence.document import CalibrationCurve, DecisionCurve
from training.report.figures.plots import BLACK, BLUE, DASHES, GREY, SETTINGS, VERMILION

SIZE = (9.5, 4.2)
"""Inches; both figures stand beside each other in a notebook."""


def evaluation_figure(calibration: CalibrationCurve | None, decision: DecisionCurve) -> Figure:
    """Calibration at the left, net benefit at the right; ``None`` where the predictions are all the same."""
    with rc_context(SETTINGS):
        figure = Figure(figsize=SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _calibration(left, calibration)
        _decision(right, decision)
    return figure


def _calibration(axes: Axes, curve: CalibrationCurve | None) -> None:
    axes.plot((0, 1), (0, 1), color=GREY, linestyle=DASHES[2], linewidth=1.2, label="perfect")
    if curve is not None:
        axes.fill_between(curve.predicted, _numbers(curve.low), _numbers(curve.high), color=BLUE, alpha=0.2, lw=0)
        axes.plot(curve.predicted, _numbers(curve.observed), color=BLUE, linewidth=2, label="observed, smoothed")
    else:
        axes.text(0.5, 0.45, "no curve: all predictions are the same", ha="center", color=GREY)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title="Calibration")
    axes.set(xlabel="predicted probability", ylabel="observed share")
    axes.legend(loc="upper left")


def _decision(axes: Axes, curve: DecisionCurve) -> None:
    model, everyone, high = _numbers(curve.model), _numbers(curve.treat_all), _numbers(curve.high)
    axes.fill_between(curve.thresholds, _numbers(curve.low), high, color=BLUE, alpha=0.2, lw=0)
    axes.plot(curve.thresholds, model, color=BLUE, linewidth=2, label="by the model")
    axes.plot(curve.thresholds, everyone, color=VERMILION, linestyle=DASHES[1], label="for all")
    axes.axhline(0, color=BLACK, linestyle=DASHES[2], linewidth=1.2, label="for none")
    top = float(np.nanmax([0.02, *model, *everyone, *high]))
    axes.set(title="Net benefit of acting", xlabel="threshold probability", ylabel="net benefit per patient")
    axes.set(xlim=(0, 1), ylim=(-0.35 * top, 1.12 * top))
    axes.legend(loc="upper right")


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]
