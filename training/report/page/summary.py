"""The first screen: what the model predicts, how well, and for whom not. Every sentence follows from the evidence."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from training.average_risk import AVERAGE_RISK, cause_of_average
from training.evidence.document import Estimate, Evidence, HeadEvidence, LandmarkEvidence
from training.report.page.question_tables import longest_table
from training.report.templating import Table
from training.report.wording import CANDIDATES, group_title, in_a_sentence, number


@dataclass(frozen=True)
class ReportSummary:
    """The three answers; ``heads`` holds the name of each landmark with the sentences about each head."""

    predicts: str
    heads: tuple[tuple[str, list[str]], ...]
    longest: Table
    not_for: tuple[str, ...]


def summarise(evidence: Evidence) -> ReportSummary:
    """What the first screen says of a model."""
    return ReportSummary(
        predicts=_predicts(evidence),
        heads=tuple(
            (landmark.name, [_head_text(landmark, head) for head in landmark.heads]) for landmark in evidence.landmarks
        ),
        longest=longest_table(evidence.landmarks),
        not_for=tuple(_not_for(evidence)),
    )


def _predicts(evidence: Evidence) -> str:
    asked = {question.name: None for landmark in evidence.landmarks for question in landmark.questions}
    moments = in_a_sentence([landmark.name for landmark in evidence.landmarks])
    if not asked:
        return f"No question could be evaluated on this cohort{f' at: {moments}' if moments else ''}."
    given = (
        " Relapse is predicted for patients in remission." if any(one.startswith("relapse") for one in asked) else ""
    )
    where = f"the landmark{'' if len(evidence.landmarks) == 1 else 's'} {moments}"
    return f"The model predicts, at {where}, the probability of: {in_a_sentence(list(asked))}.{given}"


def _head_text(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    """One head in one or two sentences, for a fitted model, for the average risk, and without a prediction."""
    name = head.head.capitalize()
    note = _sentence(head.note)
    if head.winner is None:
        return f"{name}: nothing is predicted.{note}"
    if head.winner == "no_model":
        return f"{name}: {AVERAGE_RISK}.{_sentence(cause_of_average(head.note))}"
    return f"{name}, by {CANDIDATES.get(head.winner, head.winner)}: {_pairs(landmark, head)}{note}"


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
    pairs = f"{number(100 * found.estimate, 0)} of 100 pairs of patients{limits} are in the right order"
    return f"{pairs}; 50 is chance.{chance}"


def _discrimination(landmark: LandmarkEvidence, head: HeadEvidence) -> Estimate | None:
    if head.head == "relapse":
        return head.measures.get("c_index")
    asked = (question.measures.get("auc") for question in landmark.questions if question.head == "remission")
    return next(asked, None)


def _not_for(evidence: Evidence) -> Iterator[str]:
    failed = [check.name for check in evidence.leakage if check.stops]
    if failed:
        yield f"All patients: leakage checks failed ({in_a_sentence(failed)}). Do not use this model."
    for check in evidence.leakage:
        if check.acknowledged is not None:
            yield f"The leakage check {check.name} failed; {check.acknowledged.as_text()}."
        if check.warning:
            yield f"Leakage check {check.name}: {check.warning}."
    yield from _left_out(evidence)
    yield from _too_small(evidence)
    yield from _off_for_all(evidence)
    yield from _off_for_groups(evidence)
    if evidence.kind != "updated":  # those of an update stand under what it did
        yield from evidence.caveats


def _left_out(evidence: Evidence) -> Iterator[str]:
    """Reasons over all landmarks; counts differ between landmarks and stand in the flow diagrams."""
    boxes = [box for landmark in evidence.landmarks for box in landmark.flow]
    reasons = {box.label: None for box in boxes if box.name.startswith("left_out.") and box.n}
    if reasons:
        yield f"Patients like those left out of the analysis: {'; '.join(reasons)}."


def _too_small(evidence: Evidence) -> Iterator[str]:
    few = {
        group_title(group): None
        for landmark in evidence.landmarks
        for question in landmark.questions
        for group in question.subgroups
        if group.n is None
    }
    if few:
        yield f"Groups that are too small to evaluate (fewer than ten patients in a question): {'; '.join(few)}."


def _off_for_all(evidence: Evidence) -> Iterator[str]:
    """Questions whose 95% interval of calibration in the large excludes 0 for all patients together."""
    off: dict[str, list[str]] = {}
    for landmark in evidence.landmarks:
        for question in landmark.questions:
            way = _way(question.measures.get("calibration_intercept"))
            if way:
                off.setdefault(f"{question.name} is too {way}", []).append(landmark.name)
    if off:
        said = "; ".join(f"{name} {in_a_sentence(landmarks)}" for name, landmarks in off.items())
        yield f"All patients, for questions with miscalibrated predictions: {said}."


def _off_for_groups(evidence: Evidence) -> Iterator[str]:
    """Miscalibrated groups in questions that are calibrated for all patients; the most frequent first."""
    asked, off = Counter[str](), Counter[str]()
    for question in (question for landmark in evidence.landmarks for question in landmark.questions):
        if _way(question.measures.get("calibration_intercept")):
            continue
        for group in question.subgroups:
            name, way = group_title(group), _way(group.calibration_in_the_large)
            asked[name] += group.calibration_in_the_large is not None
            off.update([f"{name} (too {way}"] if way else [])
    most = [
        f"{name} in {times} of {asked[name.rpartition(' (')[0]]})" for name, times in off.most_common(_GROUPS_NAMED)
    ]
    more = f"; and {len(off) - len(most)} more" if len(off) > len(most) else ""
    if most:
        yield (
            f"Groups with miscalibrated predictions, in questions that are calibrated for all patients together: "
            f"{'; '.join(most)}{more}. By chance alone about one in twenty is expected."
        )
    elif asked.total():
        yield "No group has miscalibrated predictions beyond chance. Small errors can't be excluded."


_GROUPS_NAMED = 4
"""Groups that the first screen names; the tables of each question show all."""


def _way(found: Estimate | None) -> str:
    """Whether predictions are too low or too high on average: the whole interval on one side of 0; else empty."""
    if found is None or found.low is None or found.high is None:
        return ""
    return "low" if found.low > 0 else "high" if found.high < 0 else ""
