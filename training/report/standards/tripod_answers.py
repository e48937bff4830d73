"""The answers of a run's evidence to TRIPOD+AI's items 1 to 16, each with a link to its place in the report.

An answer says only what the evidence shows; ``None`` leaves the item to the authors.
"""

from dataclasses import dataclass

from training.report.facts import ReportContent
from training.report.kinds import KIND, PREDICTED, choice_text
from training.report.wording import (
    CANDIDATES,
    in_a_sentence,
    measure_title,
    patients,
    percent,
)


@dataclass(frozen=True)
class Answer:
    """``place`` is an anchor of the report. ``complete``: nothing is left to the authors.

    ``undeclared`` asks for what the protocol should declare.
    """

    words: str
    place: str
    complete: bool = False
    undeclared: str = ""


def title(content: ReportContent) -> Answer:
    """Item 1."""
    named = content.about.answers.text("title") or content.about.title
    return Answer(f"{named}. {KIND[content.evidence.kind]}", "top")


def abstract(content: ReportContent) -> Answer:
    """Item 2."""
    moments = len(content.evidence.landmarks)
    words = f"The first page: what is predicted at {moments} landmarks, for whom, how well and how sure."
    return Answer(words, "top")


def intended_use(content: ReportContent) -> Answer:
    """Items 3b and 27b."""
    lacking = in_a_sentence(list(content.about.undeclared))
    asks = f"The protocol declares no {lacking} of the study: see [study] in protocol.toml." if lacking else ""
    return Answer(content.about.intended_use, "use", undeclared=asks)


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
    known = content.evidence.cohort.sites
    setting = "" if "setting" in content.about.undeclared else f" Setting: {content.about.study.setting}."
    return Answer(f"Sites: {known}.{setting}", "for-whom") if known else None


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
    words = f"Features with missing values: {'; '.join(said)}. Unobserved outcomes: see sensitivity per landmark."
    return Answer(words, "patients") if said else None


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
