"""The first screen: what is predicted, how well, and for whom not. Every sentence follows from the evidence."""

from collections import Counter
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from training.evidence import Estimate, Evidence, HeadEvidence, LandmarkEvidence, Question
from training.report.facts import ReportFacts
from training.report.markup import bullets, link, paragraph, section, table
from training.report.wording import CANDIDATES, count, interval, listed, number, patients

_KINDS = {
    "held out": "Development: figures are from patients held out, each predicted by models that never saw the patient.",
    "external": "External validation: figures are from a cohort that the model never saw.",
    "updated": "Update: the model was updated on this cohort; figures are cross-fitted on it.",
}


def first_screen(evidence: Evidence, about: ReportFacts) -> Markup:
    """Title, banners, and the three answers."""
    version = f"version {about.model_version}" if about.model_version else "not registered"
    head = Markup("<h1>{}</h1>\n").format(about.title)
    under = f"{version} · run {about.run_id} · bundle {about.bundle_digest[:12]} · {about.written_on}"
    cohort = evidence.cohort
    from_sites = f"{cohort.sites} site{'' if cohort.sites == 1 else 's'}"
    on = f"{_KINDS[evidence.kind]} Cohort: {cohort.source}, {patients(cohort.patients)}, {from_sites}."
    predicts = section("predicts", 2, "What it predicts", paragraph(_predicts(evidence)), paragraph(about.intended_use))
    not_for = section("not-for", 2, "For whom not", bullets(_not_for(evidence)) or paragraph("Nothing was found."))
    return Markup().join(
        [
            head,
            paragraph(under, "under"),
            *_banners(evidence),
            paragraph(on),
            _beside(predicts, not_for, ""),
            section("how-well", 2, "How well", *_how_well(evidence)),
        ]
    )


def _beside(left: Markup, right: Markup, kind: str) -> Markup:
    """Two parts next to each other where there is room."""
    return Markup('<div class="beside {}">\n<div>{}</div>\n<div>{}</div>\n</div>\n').format(kind, left, right)


def _banners(evidence: Evidence) -> Iterator[Markup]:
    if evidence.cohort.synthetic:
        yield _banner("SYNTHETIC", "The cohort was drawn by a program. Nobody in it exists; no patient is described.")
    if evidence.quick:
        yield _banner("QUICK", "Parts of the evaluation were skipped. This model can't be promoted.")
    yield _banner("Not a medical device", "For research. Nothing here has been cleared for the care of patients.")


def _banner(loud: str, words: str) -> Markup:
    return Markup('<p class="banner"><strong>{}</strong> {}</p>\n').format(loud, words)


def _predicts(evidence: Evidence) -> str:
    asked = {question.name: None for landmark in evidence.landmarks for question in landmark.questions}
    moments = listed([landmark.name for landmark in evidence.landmarks])
    if not asked:
        return f"At {moments or 'no moment'}: no question could be judged on this cohort."
    return f"From what is known {moments}, the probability of: {listed(list(asked))}. Relapse is given remission."


def _how_well(evidence: Evidence) -> Iterator[Markup]:
    for position, landmark in enumerate(evidence.landmarks):
        title = Markup("<h3>{}</h3>\n").format(link(f"landmark-{position + 1}", landmark.name))
        said = bullets(_head_words(landmark, head) for head in landmark.heads)
        yield title + _beside(said, questions_table("How well", landmark.name, _longest(landmark)), "table")
    yield paragraph(
        "Pairs: of two patients, of whom one reached remission (or relapsed before the other), how often that one was "
        "given the higher probability. c-statistic: the same from 0 to 1. Calibration slope: 1 is right, below 1 "
        "predictions are too extreme. In the large: 0 is right, above 0 more happens than predicted. O:E: observed "
        f"over expected, 1 is right. 95% intervals by bootstrap ({evidence.resampled}; {evidence.draws:,} draws).",
        "none",
    )


def _longest(landmark: LandmarkEvidence) -> list[Question]:
    """One question per head, that of the longest horizon."""
    found = {question.head: question for question in sorted(landmark.questions, key=lambda one: one.horizon_days or 0)}
    return [question for question in landmark.questions if found[question.head] is question]


def questions_table(title: str, landmark: str, questions: Sequence[Question]) -> Markup:
    """How well questions are answered: discrimination and calibration, a line each."""
    header = ("question", "patients", "events", "c-statistic", "calibration slope", "in the large", "O:E")
    names = ("auc", "calibration_slope", "calibration_intercept", "oe")
    rows = [
        (question.name, count(question.n), count(question.events), *(interval(question.measures.get(n)) for n in names))
        for question in questions
    ]
    return table(f"{title}, {landmark}", header, rows)


def _head_words(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    """One head in one or two sentences, true of a fitted model, of the overall rate and of nothing at all."""
    name = head.head.capitalize()
    size = f"{name} ({patients(head.n)}, {head.events:,} with it)"
    note = f" {head.note[:1].upper()}{head.note[1:]}." if head.note else ""
    if head.winner is None:
        return f"{name}: nothing is predicted.{note}"
    if head.winner == "no_model":
        return f"{size}: everybody is given the same overall rate; patients are not told apart.{note}"
    return f"{size}, by {CANDIDATES.get(head.winner, head.winner)}: {_pairs(landmark, head)}{note}"


def _pairs(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    found = _discrimination(landmark, head)
    if found is None or found.estimate is None:
        return "how well it tells patients apart could not be estimated."
    limits = (
        f" (95% interval {number(100 * found.low, 0)} to {number(100 * found.high, 0)})"
        if found.low is not None and found.high is not None
        else ""
    )
    chance = " The interval includes chance." if found.low is not None and found.low <= 0.5 else ""
    pairs = f"{number(100 * found.estimate, 0)} of 100 pairs{limits} put in the right order"
    return f"{pairs}; 50 is chance.{chance}"


def _discrimination(landmark: LandmarkEvidence, head: HeadEvidence) -> Estimate | None:
    if head.head == "relapse":
        return head.measures.get("c_index")
    asked = (question.measures.get("auc") for question in landmark.questions if question.head == "remission")
    return next(asked, None)


def _not_for(evidence: Evidence) -> Iterator[str]:
    failed = [check.name for check in evidence.leakage if not check.passed]
    if failed:
        yield f"Nobody, until this is mended: leakage checks failed ({listed(failed)})."
    yield from _left_out(evidence)
    yield from _too_small(evidence)
    yield from _miscalibrated(evidence)
    yield from evidence.caveats


def _left_out(evidence: Evidence) -> Iterator[str]:
    """Reasons over all landmarks; counts differ between landmarks and stand in the flow diagrams."""
    boxes = [box for landmark in evidence.landmarks for box in landmark.flow]
    reasons = {box.label: None for box in boxes if box.name.startswith("left_out.") and box.n}
    if reasons:
        yield f"Patients like those left out, of whom nothing is known: {'; '.join(reasons)}."


def _too_small(evidence: Evidence) -> Iterator[str]:
    few = {
        f"{group.variable} {group.group}": None
        for landmark in evidence.landmarks
        for question in landmark.questions
        for group in question.subgroups
        if group.n is None
    }
    if few:
        yield f"Groups of whom too little is known, with fewer than ten patients in some question: {listed(list(few))}."


def _miscalibrated(evidence: Evidence) -> Iterator[str]:
    """Groups whose interval of calibration in the large leaves out 0, counted over landmarks and questions."""
    asked, off = Counter[str](), Counter[str]()
    for landmark in evidence.landmarks:
        for group in (group for question in landmark.questions for group in question.subgroups):
            name, found = f"{group.variable} {group.group}", group.calibration_in_the_large
            if found is None or found.low is None or found.high is None:
                continue
            asked[name] += 1
            off[f"{name} (too low"] += found.low > 0
            off[f"{name} (too high"] += found.high < 0
    said = [f"{name} in {times} of {asked[name.rpartition(' (')[0]]})" for name, times in off.items() if times]
    if said:
        yield (
            f"Groups for whom predictions are off on average in some questions: {listed(said)}. One in twenty would be "
            "by chance alone; see the groups of each question."
        )
    elif asked:
        yield "No group was found for whom predictions are off on average beyond chance; small errors are not excluded."
