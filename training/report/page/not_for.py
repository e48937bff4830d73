"""For whom a model is not: whom the analysis left out, and for whom its predictions are known to be off."""

from collections import Counter
from collections.abc import Iterator

from training.evidence.document import Estimate, Evidence
from training.report.wording import group_title, in_a_sentence


def exclusions(evidence: Evidence) -> Iterator[str]:
    """Sentences for the first page; each follows from the evidence."""
    failed = [check.name for check in evidence.leakage if check.stops]
    if failed:
        yield f"All patients: leakage checks failed ({in_a_sentence(failed)}). Do not use this model."
    for check in evidence.leakage:
        if check.acknowledged is not None:
            yield f"The leakage check {check.name} failed; {check.acknowledged.as_text()}."
        if check.warning:
            yield f"Leakage check {check.name}: {check.warning}."
    yield from _left_out(evidence)
    yield (
        "Patients of any site other than those of the cohort, until the model has been checked there (kap evaluate)."
    )
    yield from _too_small(evidence)
    yield from _off_for_all(evidence)
    yield from _off_for_groups(evidence)


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
        names = [
            *list(few)[:_GROUPS_NAMED],
            *([f"{len(few) - _GROUPS_NAMED} more"] if len(few) > _GROUPS_NAMED else []),
        ]
        yield f"Groups that are too small to evaluate (fewer than ten patients for a question): {'; '.join(names)}."


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
        yield f"All patients, for questions whose predictions are off on average: {said}."


def _off_for_groups(evidence: Evidence) -> Iterator[str]:
    """Groups whose predictions are off, in questions that are right for all patients; the most frequent first."""
    asked, off = _groups(evidence)
    most = [f"{name} (too {way} for {times} of {asked[name]})" for (name, way), times in off.most_common(_GROUPS_NAMED)]
    more = f"; and {len(off) - len(most)} more" if len(off) > len(most) else ""
    if most:
        yield (
            f"Groups whose predictions are off on average, and for how many of the questions that are right for all "
            f"patients together: {'; '.join(most)}{more}. Chance alone makes about one in twenty look so."
        )


def no_group_is_off(evidence: Evidence) -> bool:
    """Whether groups were evaluated, and none was found to be off."""
    asked, off = _groups(evidence)
    return asked.total() > 0 and not off


def _groups(evidence: Evidence) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Questions that are right for all patients, by group; and those in which a group is off, by group and way."""
    asked, off = Counter[str](), Counter[tuple[str, str]]()
    for question in (question for landmark in evidence.landmarks for question in landmark.questions):
        if _way(question.measures.get("calibration_intercept")):
            continue
        for group in question.subgroups:
            name, way = group_title(group), _way(group.calibration_in_the_large)
            asked[name] += group.calibration_in_the_large is not None
            off.update([(name, way)] if way else [])
    return asked, off


_GROUPS_NAMED = 4
"""Groups that the first screen names; the tables of each question show all."""


def _way(found: Estimate | None) -> str:
    """Whether predictions are too low or too high on average: the whole interval on one side of 0; else empty."""
    if found is None or found.low is None or found.high is None:
        return ""
    return "low" if found.low > 0 else "high" if found.high < 0 else ""
