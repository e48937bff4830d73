"""The figures of a monitored model and their captions; `plots` draws them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log10

from training.evidence.parts import Estimate
from training.monitoring.report.plots import Level, Line, Marks, lines_plot, marks_plot
from training.monitoring.statistics.checks import ALARM, HINT
from training.monitoring.statistics.document import AnswerWindow, Calibration, CalibrationWindow, Check, MonitoredModel
from training.report.figures.plots import Caption
from training.report.wording import in_prose, percent, slug

RAREST = 6
"""Evidence is drawn up to one in a million."""


@dataclass(frozen=True)
class Figure:
    """A figure as SVG, with its caption."""

    caption: Caption
    svg: str

    @property
    def file_name(self) -> str:
        """The name of the figure's own file."""
        return f"{self.caption.name}.svg"


def draw(model: MonitoredModel) -> list[Figure]:
    """Every figure of a model, in the order of reading; the same findings give the same bytes."""
    planned = [*_asked(model), *_evidence(model), *_answers(model), *_calibration(model)]
    return [Figure(caption, draw_svg(caption)) for caption, draw_svg in planned]


Planned = tuple[Caption, Callable[[Caption], str]]


def _asked(model: MonitoredModel) -> Iterator[Planned]:
    if not model.asked:
        return
    lines = [
        Line(
            label=one.landmark,
            values=[float(number or 0) for number in one.patients],
            few=[month for month, number in enumerate(one.patients) if number is None],
        )
        for one in model.asked
    ]
    said = "Patients first asked about at each landmark, by month."
    few = " A cross stands for one to four patients." if any(line.few for line in lines) else ""
    caption = Caption(_name(model, "asked"), "Patients asked about", said + few)
    yield caption, lambda caption: lines_plot(lines, model.months, caption, "patients a month")


def _evidence(model: MonitoredModel) -> Iterator[Planned]:
    drawn = [check for check in model.checks if check.course]
    if not drawn:
        return
    lines = [Line(check_title(check), [_rarity(check, wealth) for wealth in check.course]) for check in drawn]
    levels = [Level(1 / ALARM, "alarm")]
    said = (
        "How rare the evidence is among models without a change, at the end of each month, for the checks with the "
        f"most evidence. One in {1 / HINT:.0f} or rarer is a hint, one in {1 / ALARM:.0f} or rarer an alarm."
    )
    numbers = "; ".join(f"{check_title(check)}: {_text(check)}" for check in drawn)
    caption = Caption(_name(model, "evidence"), "Evidence of change", said, f"{numbers}.")
    yield caption, lambda caption: lines_plot(lines, model.months, caption, "one in N models", levels=levels)


def _rarity(check: Check, log10_wealth: float) -> float:
    """N where one in N models without a change would ever show as much; from 1 to a million."""
    wealth = log10_wealth + log10(check.share)
    return float(10.0 ** min(max(wealth, 0.0), RAREST))


def _text(check: Check) -> str:
    return f"alarm in {check.alarm}" if check.alarm else f"hint in {check.hint}" if check.hint else "no evidence"


def _answers(model: MonitoredModel) -> Iterator[Planned]:
    for head in dict.fromkeys(one.head for one in model.answers if one.windows):
        own = [one for one in model.answers if one.head == head and one.windows]
        series = [
            Marks(one.landmark, _places(model, one.windows), [found.mean for found in one.windows], one.reference)
            for one in own
        ]
        by = f" within {own[0].horizon_days} days" if own[0].horizon_days else ""
        said = f"Mean predicted probability of {head}{by}, with 95% limits; lines are the means in training."
        numbers = "; ".join(
            f"{one.landmark}: {percent(one.windows[-1].mean.estimate)} recently, {percent(one.reference)} in training"
            for one in own
        )
        caption = Caption(_name(model, f"answers-{head}"), f"Answers: {head}", said, f"{numbers}.")
        yield caption, _marks(series, model, f"mean P({head})", ratio=False)


def _calibration(model: MonitoredModel) -> Iterator[Planned]:
    for head in dict.fromkeys(one.head for one in model.calibration if one.windows):
        own = [one for one in model.calibration if one.head == head and one.windows]
        series = [Marks(one.landmark, _places(model, one.windows), _ratios(one)) for one in own]
        said = (
            f"{head.capitalize()}: observed over expected, with 95% limits, by the time of prediction. 1 is right; "
            "above 1, more happened than predicted."
        )
        numbers = "; ".join(f"{one.landmark}: {in_prose(one.ratio)} over all" for one in own)
        caption = Caption(_name(model, f"calibration-{head}"), f"Calibration over time: {head}", said, f"{numbers}.")
        yield caption, _marks(series, model, "observed / expected", ratio=True)


def _marks(series: list[Marks], model: MonitoredModel, ylabel: str, *, ratio: bool) -> Callable[[Caption], str]:
    return lambda caption: marks_plot(series, model.months, caption, ylabel, ratio=ratio)


def _ratios(calibration: Calibration) -> list[Estimate]:
    return [window.ratio for window in calibration.windows]


def _places(model: MonitoredModel, windows: Sequence[CalibrationWindow] | Sequence[AnswerWindow]) -> list[float]:
    """The middle of each window, in months from the first."""
    return [(model.months.index(one.first) + model.months.index(one.last)) / 2 for one in windows]


def check_title(check: Check) -> str:
    """One check for a reader: ``age_years, before session 1``."""
    what = {
        "recorded": f"{check.name} recorded",
        "value": check.name,
        "probability": f"P({check.name})",
        "answered": "at the edge or not predicted",
        "calibration": f"calibration of {check.name}",
    }[check.kind]
    return f"{what}, {check.landmark}"


def _name(model: MonitoredModel, what: str) -> str:
    return slug(f"version {model.version} {model.bundle_digest[:8]} {what}")
