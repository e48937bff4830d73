"""The bars of the importances of a model that is no sum of terms, written as SVG."""

from collections.abc import Sequence

from training.evidence.descriptions import FeatureImportance
from training.report.figures.labels import short_labels
from training.report.figures.plots import BLUE, VERMILION, Caption
from training.report.figures.svg import WIDTH, svg_figure, svg_text

MOST = 15
"""Features shown, the most important ones; the evidence has all."""
_LINE = 18
_TOP = 22
_LEFT = 290
_MIDDLE = 420
_LONGEST = 44


def importance_plot(found: Sequence[FeatureImportance], caption: Caption) -> str:
    """The increase of the held-out loss when a feature is shuffled, and its share of the gain, side by side."""
    shown = found[:MOST]
    losses, gains = [one.loss_increase for one in shown], [one.gain_share for one in shown]
    drawn = [svg_text(_LEFT, 12, "loss when shuffled", "start"), svg_text(_MIDDLE, 12, "share of gain", "start")]
    labels = short_labels([one.label for one in shown], _LONGEST)
    for place, (one, label) in enumerate(zip(shown, labels, strict=True)):
        y = _TOP + _LINE * place
        drawn.append(svg_text(_LEFT - 8, y + 11, label, "end"))
        drawn += _bar(_LEFT, y, one.loss_increase, losses, (BLUE, "{:+.4f}"))
        drawn += _bar(_MIDDLE, y, one.gain_share, gains, (VERMILION, "{:.0%}"))
    return svg_figure(drawn, _TOP + _LINE * len(shown) + 6, caption)


def _bar(
    left: int, y: int, value: float | None, others: Sequence[float | None], look: tuple[str, str]
) -> tuple[str, ...]:
    """A bar and its number; no bar below 0, a dash where the figure is not known."""
    if value is None:
        return (svg_text(left, y + 11, "-", "start"),)
    colour, written = look
    longest = max([one for one in others if one is not None and one > 0], default=1.0)
    width = round(44 * max(value, 0.0) / longest, 1)
    bar = f'<rect x="{left}" y="{y + 2}" width="{width}" height="11" fill="{colour}"/>'
    return bar, svg_text(min(left + int(width) + 4, WIDTH - 50), y + 11, written.format(value), "start")
