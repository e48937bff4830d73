"""The first page: for whom, how good, how sure, what to do with it, who checked. Every sentence follows from facts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.average_risk import AVERAGE_RISK, cause_of_average
from training.evidence.document import Estimate, Evidence, HeadEvidence, LandmarkEvidence
from training.learning.fit import RESEARCH_ONLY
from training.report.facts import ReportContent
from training.report.figures.report_figures import ReportFigure
from training.report.page.assurance import checks, sureness
from training.report.page.not_for import exclusions
from training.report.page.question_tables import is_fitted, longest, longest_table
from training.report.page.use import advice
from training.report.templating import Table
from training.report.wording import CANDIDATES, in_a_sentence, number

TERMS = (
    "Pairs: two patients, one of whom had the outcome, or had it first; how often the model gave that one the higher "
    "probability. c-statistic: the same as a share; 0.5 is chance, 1 perfect. Patients: who reached the landmark (for "
    "relapse: and remission) and whose outcome is known, so fewer than in the cohort. Events: patients with the "
    "outcome. Slope: ideally 1; below 1 predictions are too extreme, above 1 too cautious; not defined if all get the "
    "same probability. In the large: ideally 0; above 0 predictions are too low, below 0 too high, in log-odds (near "
    "50%, 0.2 is 5 percentage points). O:E: events observed over expected; ideally 1."
)
"""What the columns of the first page's table are, in plain words."""


@dataclass(frozen=True)
class ReportSummary:
    """The answers of the first page, in sentences, with one table and one figure (``None`` if none could be drawn)."""

    predicts: str
    for_whom: tuple[str, ...]
    not_for: tuple[str, ...]
    how_good: tuple[str, ...]
    longest: Table
    figure: ReportFigure | None
    how_sure: tuple[str, ...]
    use: tuple[str, ...]
    checked: tuple[str, ...]
    research_only: bool
    terms: str


def summarise(content: ReportContent, report_figures: tuple[ReportFigure, ...]) -> ReportSummary:
    """What the first page says of a model."""
    evidence = content.evidence
    return ReportSummary(
        predicts=_predicts(evidence),
        for_whom=tuple(_for_whom(content)),
        not_for=tuple(exclusions(evidence)),
        how_good=tuple(_how_good(evidence)),
        longest=longest_table(evidence.landmarks),
        figure=headline_figure(evidence, report_figures),
        how_sure=tuple(sureness(evidence)),
        use=tuple(advice(content)),
        checked=tuple(checks(content)),
        research_only=any(RESEARCH_ONLY in head.note for landmark in evidence.landmarks for head in landmark.heads),
        terms=TERMS,
    )


def headline_figure(evidence: Evidence, report_figures: tuple[ReportFigure, ...]) -> ReportFigure | None:
    """The calibration of the question that shows most of the model: a fitted head's, at the last landmark.

    Remission goes before sustained remission and relapse. Without a fitted head it is any calibration curve.
    """
    curves = [one for one in report_figures if one.caption.name.startswith("calibration-") and one.question is not None]
    return max(curves, key=lambda one: _rank(evidence, one), default=None)


def _rank(evidence: Evidence, figure: ReportFigure) -> tuple[bool, int, int]:
    landmark = evidence.landmarks[figure.landmark]
    question = landmark.questions[figure.question or 0]
    order = {"remission": 0, "sustained": -1, "relapse": -2}
    last = question in longest(landmark)
    return is_fitted(landmark, question), figure.landmark, 10 * order[question.head] + last


def _predicts(evidence: Evidence) -> str:
    asked = {question.name: None for landmark in evidence.landmarks for question in landmark.questions}
    questions = sum(len(landmark.questions) for landmark in evidence.landmarks)
    moments = in_a_sentence([landmark.name for landmark in evidence.landmarks])
    if not asked:
        return f"No question could be evaluated on this cohort{f' at: {moments}' if moments else ''}."
    shown = sum(len(longest(landmark)) for landmark in evidence.landmarks)
    table = (
        f"; the table below has the {shown} with the longest time ahead, and the rest follow later"
        if shown < questions
        else ""
    )
    many = len(evidence.landmarks) != 1
    called = f"{len(evidence.landmarks)} moments, the landmarks" if many else "one moment, the landmark"
    return (
        f"The model predicts at {called}: {moments}. It gives the probability of {in_a_sentence(list(asked))}."
        f"{_given(evidence)} Each of these at each landmark is a question, {questions} in all{table}."
    )


def _given(evidence: Evidence) -> str:
    """Of whom relapse is predicted; where remission is predicted too, it may still lie ahead."""
    heads = {question.head for landmark in evidence.landmarks for question in landmark.questions}
    if "relapse" not in heads:
        return ""
    return f" Relapse is predicted for patients {'if they reach' if 'remission' in heads else 'in'} remission."


def _for_whom(content: ReportContent) -> Iterator[str]:
    study = content.about.study
    yield f"Meant for: {study.population}. Setting: {study.setting}."
    if content.about.undeclared:
        yield (
            f"The protocol does not declare the study's {in_a_sentence(list(content.about.undeclared))}: the words "
            "above are neutral. Declare them in the table [study] of protocol.toml."
        )
    rules = content.about.outcomes
    if "remission" in rules:
        yield f"Remission: {rules['remission']}."
    if "relapse" in rules:
        yield f"Relapse: {_brief(rules['relapse'])}."
    if {"sustained remission", "days"} <= set(rules):
        yield f"Sustained: {rules['sustained remission']}. Days: {rules['days']}."


def _how_good(evidence: Evidence) -> Iterator[str]:
    """Sentences about heads; equal ones of several heads become one."""
    said: dict[str, list[str]] = {}
    for landmark in evidence.landmarks:
        for head in landmark.heads:
            said.setdefault(_head_text(landmark, head), []).append(f"{head.head} {landmark.name}")
    for words, heads in said.items():
        names = in_a_sentence(heads)
        yield f"{names[:1].upper()}{names[1:]}{words}"


def _head_text(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    """How a head predicts, to follow its name: for a fitted model, for the average risk, and without a prediction."""
    note = _sentence(head.note)
    if head.winner is None:
        return f": nothing is predicted.{note}"
    if head.winner == "no_model":
        return f": {AVERAGE_RISK}.{_sentence(_brief(cause_of_average(head.note)))}"
    return f", by {CANDIDATES.get(head.winner, head.winner)}: {_pairs(landmark, head)}{note}"


def _brief(note: str) -> str:
    """A cause or a rule without its figures in brackets, which stand in the tables that follow."""
    return re.sub(r"\s*\([^()]*\)", "", note)


def _sentence(note: str) -> str:
    """A note as a further sentence; empty if it is empty."""
    return f" {note[:1].upper()}{note[1:]}." if note else ""


def _pairs(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    found = _discrimination(landmark, head)
    if found is None or found.estimate is None:
        return "discrimination could not be estimated."
    limits = (
        f" (95% interval {number(100 * found.low, 0)} to {number(100 * found.high, 0)})"
        if found.low is not None and found.high is not None
        else ""
    )
    chance = " The interval includes chance." if found.low is not None and found.low <= 0.5 else ""
    pairs = f"{number(100 * found.estimate, 0)} of 100 pairs{limits} are in the right order"
    return f"{pairs}; 50 is chance.{chance}"


def _discrimination(landmark: LandmarkEvidence, head: HeadEvidence) -> Estimate | None:
    if head.head == "relapse":
        return head.measures.get("c_index")
    asked = (question.measures.get("auc") for question in landmark.questions if question.head == "remission")
    return next(asked, None)
