"""The figures of the models in full: candidates' differences, coefficients, importances, partial dependence."""

from collections.abc import Iterator, Sequence
from math import exp

from training.evidence.descriptions import ModelSpecification, RelapseIncidence
from training.evidence.document import CandidateEvidence, Estimate, HeadEvidence, LandmarkEvidence
from training.report.figures.coefficient_plot import coefficient_plot, ratio, shown_terms
from training.report.figures.forest_plot import ForestPanel, ForestRow, forest_plot
from training.report.figures.importance_plot import importance_plot
from training.report.figures.planned import Planned
from training.report.figures.plots import Caption, dependence_plot, incidence_plot
from training.report.wording import interval, measure_title, percent

CANDIDATES_PART = "candidates"
"""The part of a report where the differences of candidates stand; a head's figures stand in the part of its name."""
COEFFICIENTS = "coefficients-"
"""How the names of the wide figures begin."""
RATIO = {"remission": "odds ratio", "relapse": "hazard-odds ratio"}
NARROWEST = 0.005
"""No axis of losses is narrower than this many nats: smaller differences are irrelevant [judgement]."""


def model_figures(landmark: LandmarkEvidence, where: str) -> Iterator[tuple[str, Planned]]:
    """The part of the report, the caption and the drawing of each figure."""
    compared = [head for head in landmark.heads if len(head.candidates) > 1]
    if compared:
        yield CANDIDATES_PART, _candidates(compared, where)
    for head in landmark.heads:
        if head.model is not None:
            yield from ((head.head, planned) for planned in _of_head(head.model, where))


def incidence_figure(found: RelapseIncidence, where: str) -> Planned:
    """The cumulative incidence of relapse, of all and by thirds."""
    said = [
        f"{group.name} ({group.n:,}): {percent(last[1])} by day {last[0]}"
        for group in found.groups
        if (last := _last(found.days, group.relapse)) is not None
    ]
    thirds = " and by thirds of predicted risk" if len(found.groups) > 1 else ""
    words = (
        f"Observed in all patients at risk{thirds}; Aalen-Johansen, competing events counted as such, with 95% limits; "
        f"below, the numbers at risk (-: fewer than ten). {found.note}"
    )
    caption = Caption(f"incidence-{where}", "Cumulative incidence of relapse", words.strip(), "; ".join(said) + ".")
    return caption, lambda caption: incidence_plot(found, caption)


def _last(days: Sequence[int], values: Sequence[float | None]) -> tuple[int, float] | None:
    known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
    return known[-1] if known else None


def _candidates(heads: Sequence[HeadEvidence], where: str) -> Planned:
    """One row per candidate, one panel per head."""
    names = list(dict.fromkeys(one.name for head in heads for one in head.candidates))
    found = [{one.name: one for one in head.candidates} for head in heads]
    rows = [ForestRow(_said(name), tuple(_difference(known.get(name)) for known in found)) for name in names]
    panels = [ForestPanel(f"{head.head}: {measure_title(head.loss)}", 0.0, narrowest=NARROWEST) for head in heads]
    each = "; ".join(
        f"{head.head}, {_said(one.name)} {interval(one.difference, 4)}" for head in heads for one in head.candidates
    )
    words = (
        "Held-out loss above the best candidate's, paired by patient, with 95% intervals, in nats per patient; 0 is "
        "the best. The rule stands above."
    )
    caption = Caption(f"candidates-{where}", "Candidates compared", words, f"{each}.")
    return caption, lambda caption: forest_plot(rows, panels, caption)


def _said(candidate: str) -> str:
    return candidate.replace("_", " ")


def _difference(found: CandidateEvidence | None) -> Estimate | None:
    return None if found is None else found.difference


def _of_head(model: ModelSpecification, where: str) -> Iterator[Planned]:
    shown = shown_terms(model.terms)
    if shown:
        yield _coefficients(model, f"{COEFFICIENTS}{where}-{model.head}", competing=False)
    if shown_terms(model.competing_terms):
        yield _coefficients(model, f"{COEFFICIENTS}{where}-competing", competing=True)
    if model.importances:
        known = "; ".join(
            f"{one.label} {'-' if one.loss_increase is None else f'{one.loss_increase:+.4f}'}"
            for one in model.importances
        )
        words = (
            "Increase of the held-out loss per patient, in nats, when the feature is shuffled among patients, and its "
            "share of the gain of all splits. Correlated features stand in for each other."
        )
        caption = Caption(f"importance-{where}-{model.head}", f"Importances: {model.head}", words, f"{known}.")
        yield caption, lambda caption: importance_plot(model.importances, caption)
    if model.dependence:
        yield _dependence(model, where)


def _coefficients(model: ModelSpecification, name: str, *, competing: bool) -> Planned:
    terms = model.competing_terms if competing else model.terms
    shown = shown_terms(terms)
    outcome = "competing events" if competing else model.head
    word = RATIO["relapse"] if competing else RATIO[model.head]
    without = [term.label for term in terms if term not in shown]
    none = f" Without weight: {', '.join(without)}." if without else ""
    words = (
        f"{word.capitalize()}s of {len(shown)} features, on a log axis. Values are clipped to the range; a missing "
        f"value counts as one at the centre, times the last column. Rounded; exact numbers: equation.csv.{none}"
    )
    numbers = "; ".join(f"{term.label} {ratio(exp(term.weight))} per {term.unit}" for term in shown)
    caption = Caption(name, f"Coefficients: {outcome}", words, f"{numbers}.")
    return caption, lambda caption: coefficient_plot(terms, word, caption)


def _dependence(model: ModelSpecification, where: str) -> Planned:
    until = "" if model.dependence_day is None else f" by day {model.dependence_day}"
    outcome = f"{model.head}{until}"
    words = (
        f"Mean probability of {outcome} of the patients fitted on, if all had the same value of one feature and their "
        "own of all others; only where ten patients are."
    )
    said = "; ".join(
        f"{one.label} {percent(one.probability[0])} to {percent(one.probability[-1])}" for one in model.dependence
    )
    caption = Caption(f"dependence-{where}-{model.head}", f"Partial dependence: {model.head}", words, f"{said}.")
    return caption, lambda caption: dependence_plot(model.dependence, f"P({model.head})", caption)
