"""The answers of a run's evidence to TRIPOD+AI's items 17 to 26: open science, results and limitations."""

from collections.abc import Callable

from training.evaluation.case_mix_comparison import NOTABLE
from training.evidence.document import Question
from training.report.facts import ReportContent
from training.report.models.equation import has_equation
from training.report.standards.tripod_answers import Answer
from training.report.wording import has_limits, interval, number


def ethics(content: ReportContent) -> Answer | None:
    """Item 17."""
    none = Answer("No person took part: the cohort is synthetic.", "top", complete=True)
    return none if content.evidence.cohort.synthetic else None


def protocol(content: ReportContent) -> Answer:
    """Item 18c."""
    return Answer(
        f"Outcome rules {content.evidence.protocol}, digest {content.evidence.protocol_digest}.", "definitions"
    )


def data(content: ReportContent) -> Answer:
    """Item 18e."""
    return Answer(f"Identified by the digest {content.evidence.cohort.digest}.", "environment")


def code(content: ReportContent) -> Answer | None:
    """Item 18f."""
    commit = content.about.provenance.get("commit")
    return Answer(f"Identified by the commit {commit}.", "environment") if commit else None


def flow(content: ReportContent) -> Answer | None:
    """Item 20a."""
    flows = [landmark.flow for landmark in content.evidence.landmarks]
    return Answer("A flow diagram per landmark.", "landmark-1") if any(flows) else None


def case_mix(content: ReportContent) -> Answer | None:
    """Item 20b."""
    return (
        Answer("Table 1, by outcome and by site, with the patients without a value.", "patients")
        if content.evidence.baseline
        else None
    )


def comparison(content: ReportContent) -> Answer | None:
    """Item 20c."""
    if content.evidence.kind == "held out":
        return Answer("Development and evaluation used one cohort.", "top", complete=True)
    rows = content.about.case_mix
    if not rows:
        return None
    known = [row for row in rows if row.standardised_difference is not None]
    notable = [row for row in known if abs(row.standardised_difference or 0.0) >= NOTABLE]
    words = f"Side by side; standardised differences of {NOTABLE} or more in {len(notable)} of {len(known)} features."
    return Answer(words, "compared", complete=True)


def numbers(content: ReportContent) -> Answer | None:
    """Item 21."""
    said = _per_question(content, lambda question: f"{question.n:,} and {question.events:,}")
    return Answer(f"Patients and events: {said}.", "how-well") if said else None


def full_model(content: ReportContent) -> Answer:
    """Item 22."""
    bundle = f"The bundle of digest {content.about.bundle_digest}, kept with run {content.about.run_id}."
    if has_equation(content.evidence):
        return Answer(f"Coefficients and intercepts of each model; one patient by hand. {bundle}", "equation")
    return Answer(bundle, "environment")


def performance(content: ReportContent) -> Answer | None:
    """Item 23a."""
    said = _per_question(content, lambda question: interval(question.measures.get("auc")))
    words = f"c-statistic (95% interval): {said}. All measures and groups are below each question."
    return Answer(words, "how-well") if said else None


def cluster_results(content: ReportContent) -> Answer | None:
    """Item 23b."""
    if not any(question.across_sites for mark in content.evidence.landmarks for question in mark.questions):
        return None
    said = _per_question(content, _spread)
    return Answer(f"c-statistic at a new site, expected with 95%: {said}. The rest is below.", "landmark-1")


def _spread(question: Question) -> str:
    found = next((one for one in question.across_sites if one.measure == "auc" and has_limits(one.mean)), None)
    return f"{number(found.new_site_low)} to {number(found.new_site_high)}" if found else "not known"


def _per_question(content: ReportContent, words: Callable[[Question], str]) -> str:
    """Words about every question, by landmark."""
    return "; ".join(
        f"{mark.name}: {', '.join(f'{question.name} {words(question)}' for question in mark.questions)}"
        for mark in content.evidence.landmarks
        if mark.questions
    )


def update_results(content: ReportContent) -> Answer:
    """Item 24."""
    if content.evidence.kind != "updated":
        return Answer("Not applicable: no update.", "how-well")
    return Answer("What was done to each head, with the tests; all figures are of the updated model.", "updated")


def limitations(content: ReportContent) -> Answer | None:
    """Item 26."""
    said = list(content.evidence.caveats)
    if content.evidence.cohort.synthetic:
        said.append("the cohort is synthetic and says nothing of real patients")
    if content.evidence.quick:
        said.append("parts of the evaluation were skipped")
    place = "updated" if content.evidence.kind == "updated" else "not-for"
    return Answer(f"{'; '.join(one.rstrip('.') for one in said)}.", place) if said else None
