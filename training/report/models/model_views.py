"""Every model in full, as sentences and tables for the page; the figures stand beside them."""

from dataclasses import dataclass
from math import exp
from urllib.parse import quote

from training.evidence.descriptions import LinearTerm, ModelSpecification
from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence
from training.report.models.by_hand import WorkedExample, WorkedTerm, by_hand, typical_patient
from training.report.models.equation import bands, equation_csv, has_equation
from training.report.templating import Table
from training.report.wording import CANDIDATES, percent

READING = (
    "An odds ratio compares the odds of remission of two patients who differ in one feature only. A hazard-odds ratio "
    "compares the odds of a relapse within a week, among patients without an event until then; it is the same in every "
    "week, and close to a hazard ratio where weekly risks are small. Coefficients are associations, not causes."
)
LIMITS = (
    "95% limits are {sources}, widened to include the coefficient. They are no confidence intervals in the classical "
    "sense: the penalty pulls coefficients towards no effect, and a coefficient with a declared sign keeps it. A limit "
    "of exactly 1 is such a bound, and no test."
)
RARE = (
    "The centre of a no/yes feature is its share among the patients fitted on; it is part of the equation, also where "
    "the share is that of a few patients."
)
"""What a study must know before it publishes an equation."""


@dataclass(frozen=True)
class HeadView:
    """A head as the page shows it: sentences, the table of its intercepts, and a worked example if there is one."""

    head: str
    sentences: list[str]
    intercepts: Table | None
    example: Table | None
    example_text: str


def head_views(landmark: LandmarkEvidence) -> list[HeadView]:
    """The heads of a landmark that were fitted or updated on this cohort."""
    return [_view(landmark, head, head.model) for head in landmark.heads if head.model is not None]


def equation_link(evidence: Evidence) -> str:
    """An address that holds the whole of ``equation.csv``; empty if no head can be computed by hand."""
    return f"data:,{quote(equation_csv(evidence))}" if has_equation(evidence) else ""


def reading(evidence: Evidence) -> list[str]:
    """How coefficients are read, once for all heads; empty if no head has any."""
    models = [head.model for landmark in evidence.landmarks for head in landmark.heads if head.model is not None]
    if not any(model.terms for model in models):
        return []
    sources = list(dict.fromkeys(model.limits_from for model in models if model.limits_from))
    return [READING, *([LIMITS.format(sources="; or ".join(sources))] if sources else []), RARE]


def _view(landmark: LandmarkEvidence, head: HeadEvidence, model: ModelSpecification) -> HeadView:
    name = CANDIDATES.get(head.winner or "", head.winner or "")
    example = by_hand(model, typical_patient(landmark)) if model.by_hand and model.terms else None
    return HeadView(
        head=model.head,
        sentences=[*_sentences(model, name), *_competing(model)],
        intercepts=_intercepts(model) if model.weeks else None,
        example=None if example is None else _example_table(model, example),
        example_text="" if example is None else _example_text(model, example),
    )


def _sentences(model: ModelSpecification, name: str) -> list[str]:
    said = [f"Model: {name}."]
    if model.head == "remission":
        at_zero = 1 / (1 + exp(-model.intercepts[0]))
        where = "all terms are 0" if model.form == "linear" else "the score is 0"
        same = f"all patients have the probability {percent(at_zero, 1)}"
        said.append(
            f"Intercept {model.intercepts[0]:.6g} (log-odds): "
            + (f"{same}." if model.form == "average" else f"where {where}, the probability is {percent(at_zero, 1)}.")
        )
    if model.recalibration_slope != 1:
        said.append(f"A recalibration slope of {model.recalibration_slope:.4g} is part of all coefficients.")
    if model.form == "linear" and not model.limits_from:
        said.append("The coefficients have no limits.")
    if model.form == "other":
        said.append("It is no sum of terms, so that it has no equation; the bundle holds it.")
    return said


def _competing(model: ModelSpecification) -> list[str]:
    if model.head == "remission" or not any(model.competing_hazards):
        return []
    if not model.competing_by_hand:
        return ["Competing events are predicted by a model that is no sum of terms."]
    said = "by the features, by terms of their own" if model.competing_terms else "at the same rate for all patients"
    return [f"Competing events are predicted {said}."]


def _intercepts(model: ModelSpecification) -> Table:
    """One row per band of weeks."""
    rows = [
        (
            f"{first} to {last}" if last > first else str(first),
            f"{intercept:.6g}",
            percent(1 / (1 + exp(-intercept)), 2),
            percent(hazard, 3),
        )
        for (first, last), intercept, hazard in zip(
            bands(model), model.intercepts, model.competing_hazards, strict=True
        )
    ]
    header = ("weeks", "intercept (log-odds)", "relapse in a week", "competing event in a week")
    return Table(f"Intercepts of {model.head}: a patient whose terms, or score, are 0", header, rows)


def _example_table(model: ModelSpecification, example: WorkedExample) -> Table:
    """Every number in full, so that it can be computed again."""
    steps = [*example.steps, *example.competing_steps]
    parts = [model.head] * len(example.steps) + ["competing events"] * len(example.competing_steps)
    rows = [_example_row(part, step) for part, step in zip(parts, steps, strict=True)]
    header = (
        "feature",
        "of",
        "value",
        "from",
        "to",
        "clipped",
        "centre",
        "minus centre",
        "weight",
        "if missing",
        "adds",
    )
    return Table(f"Worked example: {model.head}", header, rows, "exact")


def _example_row(part: str, step: WorkedTerm) -> tuple[str, ...]:
    term: LinearTerm = step.term
    clipped = ("missing", "-") if step.clipped is None else (repr(step.clipped), repr(step.clipped - term.centre))
    return (
        *(term.label, part, "missing" if step.value is None else repr(step.value)),
        *(repr(term.lower), repr(term.upper), clipped[0], repr(term.centre), clipped[1]),
        *(repr(term.weight), repr(term.missing_weight), repr(step.added)),
    )


def _example_text(model: ModelSpecification, example: WorkedExample) -> str:
    """The sum, and what follows from it."""
    if model.head == "remission":
        ((_, (probability,)),) = example.answers
        log_odds = model.intercepts[0] + example.total
        return (
            f"Sum {example.total!r}; plus the intercept {model.intercepts[0]!r}: log-odds {log_odds!r}; "
            f"probability of remission {probability!r}."
        )
    found = "; ".join(
        f"by day {day}: relapse {answer[0]!r}, neither relapse nor competing event {answer[1]!r}"
        for day, answer in example.answers
    )
    competing = f", of competing events {example.competing_total!r}" if example.competing_steps else ""
    intercepts = ", ".join(
        f"weeks {first} to {last}: {intercept!r} and {hazard!r}"
        for (first, last), intercept, hazard in zip(
            bands(model), model.intercepts, model.competing_hazards, strict=True
        )
    )
    return f"Sum {example.total!r}{competing}. Intercept and competing hazard, {intercepts}. {found}."
