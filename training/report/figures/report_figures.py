"""The figures of a report and their captions; other modules draw them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count as counting
from typing import NamedTuple

from training.evidence.document import CalibrationCurve, Evidence, LandmarkEvidence, LearningCurve, Question
from training.report.figures import plots
from training.report.figures.flow_diagram import flow_diagram
from training.report.figures.forest_plot import forest_plot, missing_plot
from training.report.figures.forests import site_forest, subgroup_forest
from training.report.figures.icon_array import icon_array
from training.report.figures.model_figures import COEFFICIENTS, incidence_figure, model_figures
from training.report.figures.natural_frequencies import natural_frequencies
from training.report.figures.planned import Planned
from training.report.figures.plots import Caption
from training.report.wording import in_prose, measure_title, number, patients, percent, slug


@dataclass(frozen=True)
class ReportFigure:
    """A figure, its landmark, and its question if it belongs to one.

    ``part`` is that of the models in full: the name of a head, or "candidates"; empty for other figures.
    """

    landmark: int
    question: int | None
    part: str
    caption: Caption
    svg: str

    @property
    def file_name(self) -> str:
        """The name of the figure's own file."""
        return f"{self.caption.name}.svg"

    @property
    def is_wide(self) -> bool:
        """Whether it takes the width of the page: the coefficients of a model, with their numbers."""
        return self.caption.name.startswith(COEFFICIENTS)


Place = tuple[int | None, str]
"""The question of a figure and its part of the report, as in `ReportFigure`."""


class NamedCaption(NamedTuple):
    """A caption whose name is its own in the report, and where its figure stands."""

    place: Place
    caption: Caption


def draw(evidence: Evidence) -> tuple[ReportFigure, ...]:
    """Every figure of a report, in the order of reading; the same evidence gives the same bytes."""
    named = named_captions(evidence)
    captions = [[one.caption for one in own] for own in named]
    return report_figures(named, list(map(draw_landmark, evidence.landmarks, captions)))


def named_captions(evidence: Evidence) -> list[list[NamedCaption]]:
    """The captions of every landmark's figures."""
    taken: set[str] = set()
    named: list[list[NamedCaption]] = []
    for landmark in evidence.landmarks:
        named.append([])
        for place, (caption, _) in _of_landmark(landmark):
            name = _free(caption.name, taken)
            taken.add(name)
            own = replace(caption, name=name, title=f"{caption.title}, {landmark.name}")
            named[-1].append(NamedCaption(place, own))
    return named


def draw_landmark(landmark: LandmarkEvidence, captions: Sequence[Caption]) -> list[str]:
    """The SVG of each of a landmark's figures, under its caption of `named_captions`, whatever style the caller set."""
    planned = (drawing for _, (_, drawing) in _of_landmark(landmark))
    with plots.default_style():
        return [drawing(caption) for drawing, caption in zip(planned, captions, strict=True)]


def report_figures(named: Sequence[Sequence[NamedCaption]], drawn: Sequence[Sequence[str]]) -> tuple[ReportFigure, ...]:
    """The figures from their captions and what `draw_landmark` gave for each landmark."""
    return tuple(
        ReportFigure(position, *one.place, one.caption, svg)
        for position, (own, svgs) in enumerate(zip(named, drawn, strict=True))
        for one, svg in zip(own, svgs, strict=True)
    )


def figures(evidence: Evidence) -> dict[str, str]:
    """Every figure of a report by file name."""
    return {report_figure.file_name: report_figure.svg for report_figure in draw(evidence)}


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else next(free for i in counting(2) if (free := f"{name}-{i}") not in taken)


def _of_landmark(landmark: LandmarkEvidence) -> Iterator[tuple[Place, Planned]]:
    where = slug(landmark.name)
    yield from (((None, ""), planned) for planned in _about_patients(landmark, where))
    for position, question in enumerate(landmark.questions):
        yield from (((position, ""), planned) for planned in _of_question(question, f"{where}-{slug(question.name)}"))
    if landmark.incidence:
        yield (None, ""), incidence_figure(landmark.incidence, where)
    for head in landmark.heads:
        if head.learning_curve and head.learning_curve.patients:
            yield (None, ""), _learning(head.learning_curve, head.head, where)
    yield from (((None, part), planned) for part, planned in model_figures(landmark, where))


def _about_patients(landmark: LandmarkEvidence, where: str) -> Iterator[Planned]:
    boxes = landmark.flow
    if boxes:
        said = "; ".join(f"{box.label} {box.n:,}" for box in boxes)
        yield (
            Caption(f"flow-{where}", "Flow of patients", "From all in the cohort to outcomes.", f"{said}."),
            lambda caption: flow_diagram(boxes, caption),
        )
    found = natural_frequencies(landmark)
    if found:
        said = "; ".join(f"{number_of} {label}" for label, number_of in found.counts)
        caption = Caption(
            f"outcomes-{where}", "Outcomes of 100 patients", f"Of 100 {found.among}: {said}. {found.basis}"
        )
        yield caption, lambda caption: icon_array(found.counts, caption)
    mix = [row for row in landmark.case_mix if row.recorded]
    some = [row for row in mix if row.missing_share > 0]
    if some:
        names, proportions = [row.name for row in some], [row.missing_share for row in some]
        said = f"Of {len(mix)} features known at the landmark, {len(some)} have missing values in some patients."
        numbers = "; ".join(f"{row.name} {percent(row.missing_share)}" for row in some) + "."
        caption = Caption(f"missing-{where}", "Missing values per feature", said, numbers)
        yield caption, lambda caption: missing_plot(names, proportions, caption)


def _of_question(question: Question, where: str) -> Iterator[Planned]:
    title = question.name
    curve, decision = question.calibration, question.decision
    if curve and any(value is not None for value in curve.observed):
        caption = Caption(f"calibration-{where}", f"Calibration: {title}", *_calibration_text(question, curve))
        yield caption, lambda caption: plots.calibration_plot(curve, caption)
    if decision and any(value is not None for value in decision.model):
        caption = Caption(f"decision-{where}", f"Decision curve: {title}", _decision_text(question))
        yield caption, lambda caption: plots.decision_plot(decision, caption)
    if question.sites:
        rows, panels, said = site_forest(question)
        caption = Caption(f"sites-{where}", f"Sites: {title}", *said)
        yield caption, lambda caption: forest_plot(rows, panels, caption)
    groups, measures, content = subgroup_forest(question)
    if groups:
        caption = Caption(f"subgroups-{where}", f"Groups of patients: {title}", *content)
        yield caption, lambda caption: forest_plot(groups, measures, caption)


def _calibration_text(question: Question, curve: CalibrationCurve) -> tuple[str, str]:
    found = question.measures
    said = (
        f"Observed share against predicted probability, smoothed, with 95% limits, among {patients(question.n)} "
        f"with {question.events:,} events; below, the distribution of the predictions. "
        f"{_quoted(curve)}"
    )
    slope, large, ratio = (in_prose(found.get(name)) for name in ("calibration_slope", "calibration_intercept", "oe"))
    return said, f"Slope {slope}, in the large {large}, O:E {ratio}."


def _quoted(curve: CalibrationCurve) -> str:
    """The first and the last point of the curve around which there are enough patients, with limits."""
    points = [
        (percent(predicted), percent(observed) + _limits(low, high), predicted)
        for predicted, observed, low, high in zip(curve.predicted, curve.observed, curve.low, curve.high, strict=True)
        if observed is not None
    ]
    if not points:
        return "The observed proportions could not be estimated."
    known = [(said, seen) for said, seen, predicted in points if _patients_near(curve, predicted) >= FEWEST_TO_QUOTE]
    if not known:
        return "Nowhere are there ten patients with about the same prediction."
    (first, seen), (last, seen_last) = known[0], known[-1]
    further = f"; where {last} were predicted, {seen_last}" if len(known) > 1 else ""
    return f"Where {first} were predicted, {seen} were observed{further}."


def _limits(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" (95% interval {percent(low)} to {percent(high)})"


def _patients_near(curve: CalibrationCurve, predicted: float) -> int:
    """Patients in the bin of a probability; 0 where their number is not shown."""
    return curve.counts[min(int(predicted * len(curve.counts)), len(curve.counts) - 1)] or 0


FEWEST_TO_QUOTE = 10
"""Patients in the bin around a point of a calibration curve; with fewer, the figure shows no number of them either."""


def _decision_text(question: Question) -> str:
    decision = question.decision
    said = "Net benefit per patient of treating by the model, all or none, by threshold probability. "
    rows = zip(decision.thresholds, decision.model, decision.treat_all, strict=True) if decision else ()
    better = [t for t, model, everyone in rows if model is not None and model > max(everyone or 0.0, 0.0)]
    if not better:
        return said + "Acting on the model is better than both nowhere among the thresholds shown."
    return said + (
        f"Acting on the model is better than both at {len(better)} of {len(decision.thresholds if decision else ())} "
        f"thresholds shown, the lowest of them {percent(min(better))} and the highest {percent(max(better))}."
    )


def _learning(curve: LearningCurve, head: str, where: str) -> Planned:
    points = zip(curve.patients, curve.values, strict=True)
    said = "; ".join(f"{fitted_on:,} patients {number(value.estimate)}" for fitted_on, value in points)
    ahead = (
        f" Extrapolated to {curve.doubled_patients:,} patients: {number(curve.doubled)}."
        if curve.doubled is not None and curve.doubled_patients is not None
        else " The points do not support an extrapolation."
    )
    measure = measure_title(curve.measure)
    words = f"{measure} of held-out patients, by number of patients in the training data.{ahead}"
    caption = Caption(f"learning-{where}-{head}", f"Learning curve: {head}", words, f"{said}.")
    return caption, lambda caption: plots.learning_plot(curve, measure, caption)
