"""The answers of a run's evidence to TRIPOD+AI's items, each with a link to its place in the report.

An answer says only what the evidence shows; ``None`` leaves the item to the authors.
"""

from collections.abc import Callable
from dataclasses import dataclass

from training.evaluation.case_mix_comparison import NOTABLE
from training.evidence.document import Question
from training.report.facts import ReportContent
from training.report.kinds import KIND, PREDICTED, choice_text
from training.report.wording import (
    CANDIDATES,
    has_limits,
    in_a_sentence,
    interval,
    measure_title,
    number,
    patients,
    percent,
)


@dataclass(frozen=True)
class Answer:
    """``place`` is an anchor of the report. ``complete``: nothing is left to the authors."""

    words: str
    place: str
    complete: bool = False


def title(content: ReportContent) -> Answer:
    """Item 1."""
    return Answer(f"{content.about.title}. {KIND[content.evidence.kind]}", "top")


def abstract(content: ReportContent) -> Answer:
    """Item 2."""
    words = (
        f"The first screen: what is predicted at {len(content.evidence.landmarks)} landmarks, how well, for whom not."
    )
    return Answer(words, "top")


def intended_use(content: ReportContent) -> Answer:
    """Items 3b and 27b."""
    return Answer(content.about.intended_use, "predicts")


def objective(content: ReportContent) -> Answer:
    """Item 4."""
    return Answer(KIND[content.evidence.kind], "top")


def source(content: ReportContent) -> Answer:
    """Item 5a."""
    cohort = content.evidence.cohort
    if cohort.synthetic:
        words = f"SYNTHETIC cohort {cohort.source}, drawn by a program; it represents no real patients."
        return Answer(words, "top", complete=True)
    return Answer(f"{cohort.source}, {patients(cohort.patients)}, digest {cohort.digest}.", "environment")


def sites(content: ReportContent) -> Answer | None:
    """Item 6a."""
    return Answer(f"Sites: {content.evidence.cohort.sites}.", "top") if content.evidence.cohort.sites else None


def eligibility(content: ReportContent) -> Answer | None:
    """Item 6b."""
    reasons = [
        box.label
        for landmark in content.evidence.landmarks
        for box in landmark.flow
        if box.name.startswith("left_out.")
    ]
    if not reasons:
        return None
    return Answer(f"Left out of the analysis: {in_a_sentence(list(dict.fromkeys(reasons)))}.", "landmark-1")


def preparation(content: ReportContent) -> Answer | None:
    """Item 7."""
    code = content.about.provenance.get("sources_digest") or content.about.provenance.get("commit")
    words = f"By the code of digest {code}, one function per feature and the same for every patient."
    return Answer(words, "environment") if code else None


def outcome(content: ReportContent) -> Answer | None:
    """Item 8a."""
    words = "; ".join(f"{name}: {rule}" for name, rule in content.about.outcomes.items())
    return Answer(f"{words}.", "definitions") if words else None


def predictors(content: ReportContent) -> Answer | None:
    """Item 9a."""
    words = f"{len(content.about.features)} features declared beforehand, each with the source of the idea."
    return Answer(words, "dictionary") if content.about.features else None


def predictor_timing(content: ReportContent) -> Answer | None:
    """Item 9b."""
    moments = in_a_sentence([landmark.name for landmark in content.evidence.landmarks])
    words = f"Each feature is defined in the dictionary and computed from what is known {moments}."
    return Answer(words, "dictionary") if content.about.features and moments else None


def sample_size(content: ReportContent) -> Answer | None:
    """Item 10."""
    said = [
        f"{landmark.name}, {head.head}: {patients(size.patients)}, {size.required:,} required"
        for landmark in content.evidence.landmarks
        for head in landmark.heads
        if (size := head.sample_size) and size.required is not None
    ]
    return Answer(f"By the criteria of Riley and colleagues: {'; '.join(said)}.", "sample-size") if said else None


def missing(content: ReportContent) -> Answer | None:
    """Item 11; features that no patient can have at a landmark do not count as missing."""
    said = []
    for landmark in content.evidence.landmarks:
        proportions = [row.missing_share for row in landmark.case_mix if row.recorded]
        if proportions:
            some = sum(share > 0 for share in proportions)
            said.append(f"{landmark.name}: {some} of {len(proportions)} features, at most {percent(max(proportions))}")
    words = f"Features with missing values: {'; '.join(said)}. Unobserved outcomes: see sensitivity per question."
    return Answer(words, "landmark-1") if said else None


def division(content: ReportContent) -> Answer:
    """Item 12a."""
    return Answer(f"{content.evidence.folds}.", "how-well")


def model_kind(content: ReportContent) -> Answer | None:
    """Item 12c."""
    choice = choice_text(content.evidence.kind, content.about.settings)
    if content.evidence.kind != "held out":
        return Answer(choice, "candidates")
    names = {one.name: None for mark in content.evidence.landmarks for head in mark.heads for one in head.candidates}
    return (
        Answer(f"Candidates: {in_a_sentence([CANDIDATES.get(name, name) for name in names])}. {choice}", "candidates")
        if names
        else None
    )


def cluster_method(content: ReportContent) -> Answer | None:
    """Item 12d."""
    if not any(question.across_sites for mark in content.evidence.landmarks for question in mark.questions):
        return None
    return Answer("Each site, then random effects with a prediction interval for a new site.", "landmark-1")


def measures(content: ReportContent) -> Answer | None:
    """Item 12e."""
    names = {
        name: None for mark in content.evidence.landmarks for question in mark.questions for name in question.measures
    }
    titles = in_a_sentence([measure_title(name) for name in names])
    words = f"{titles}; calibration and decision curves. Intervals: {content.evidence.resampled}."
    return Answer(words, "how-well") if names else None


def updating(content: ReportContent) -> Answer:
    """Item 12f."""
    return (
        Answer(choice_text("updated", content.about.settings), "updated")
        if content.evidence.kind == "updated"
        else Answer("None in this run.", "top")
    )


def computation(content: ReportContent) -> Answer:
    """Item 12g."""
    return Answer(
        f"As probabilities {PREDICTED[content.evidence.kind]}; bundle {content.about.bundle_digest}.", "environment"
    )


def imbalance(content: ReportContent) -> Answer:
    """Item 13."""
    questions = [question for mark in content.evidence.landmarks for question in mark.questions]
    proportions = [question.events / question.n for question in questions if question.n]
    seen = f"Events are {percent(min(proportions))} to {percent(max(proportions))} of patients. " if proportions else ""
    done = "No resampling and no reweighting of classes: either would spoil calibration."
    return Answer(
        seen + ("No model was fitted on this cohort." if content.evidence.kind == "external" else done), "how-well"
    )


def fairness(content: ReportContent) -> Answer | None:
    """Item 14."""
    groups = [one for mark in content.evidence.landmarks for question in mark.questions for one in question.subgroups]
    variables = in_a_sentence(list(dict.fromkeys(one.variable for one in groups)))
    return Answer(f"Evaluated by {variables}; groups under ten suppressed.", "landmark-1") if groups else None


def output(content: ReportContent) -> Answer | None:
    """Item 15."""
    names = {question.name: None for mark in content.evidence.landmarks for question in mark.questions}
    asked = in_a_sentence(list(names))
    words = f"Probabilities of {asked}. Patients are not classified; decision curves show several thresholds."
    return Answer(words, "predicts") if names else None


def differences(content: ReportContent) -> Answer | None:
    """Item 16."""
    same = Answer(f"The same cohort, divided: {content.evidence.folds}.", "how-well", complete=True)
    return same if content.evidence.kind == "held out" else None


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
    shown = any(landmark.case_mix for landmark in content.evidence.landmarks)
    return Answer("A table of features and a figure of missing values per landmark.", "landmark-1") if shown else None


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
    return Answer(
        f"The bundle of digest {content.about.bundle_digest}, kept with run {content.about.run_id}.", "environment"
    )


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
