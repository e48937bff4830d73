"""What to do with a model: sentences for the first page about its use, its thresholds and their net benefit."""

from collections.abc import Iterator

from training.evidence.document import DecisionCurve, Evidence
from training.report.facts import ReportContent
from training.report.page.question_tables import longest
from training.report.wording import in_a_sentence, percent

USEFUL = (0.1, 0.5)
"""Thresholds that a clinician may accept, from nine needless actions per needed one to one [judgement]; those of the
policy lie within. Beyond, net benefit is of a decision that nobody would make by a probability."""


def advice(content: ReportContent) -> Iterator[str]:
    """The intended use, what a threshold means, and where acting on the model is better than acting alike for all."""
    purpose = content.about.intended_use
    begun = f"t{purpose[1:]}" if purpose.startswith("To ") else purpose
    yield f"Intended use, once the model is validated where it is used: {begun}"
    yield from _net_benefit(content.evidence)


def _net_benefit(evidence: Evidence) -> Iterator[str]:
    asked = [(landmark, question) for landmark in evidence.landmarks for question in longest(landmark)]
    known = [(landmark, question) for landmark, question in asked if question.decision]
    if not known:
        yield "Net benefit could not be estimated: no threshold of action is supported."
        return
    better = [
        f"{question.name} {landmark.name} ({_span(found)})"
        for landmark, question in known
        if (found := _better(question.decision))
    ]
    low, high = (percent(limit) for limit in USEFUL)
    meaning = (
        "A threshold is the probability from which you act, such as by closer follow-up or an earlier conversation: at "
        "20% you accept to act needlessly for four patients for each one who has the outcome. Net benefit: patients "
        "rightly acted for, less those needlessly, at this price."
    )
    if not better:
        yield f"{meaning} From {low} to {high}, acting on the model is nowhere clearly better than acting alike."
        return
    yield (
        f"{meaning} From {low} to {high}, acting on the model has clearly more net benefit than acting for all or for "
        f"none for: {in_a_sentence(better)}; for nothing else."
    )


def _better(curve: DecisionCurve | None) -> list[float]:
    """Thresholds at which the 95% interval of the difference to the better of all and none lies above 0."""
    if curve is None:
        return []
    rows = zip(curve.thresholds, curve.difference_low, strict=False)
    return [threshold for threshold, low in rows if USEFUL[0] <= threshold <= USEFUL[1] and low is not None and low > 0]


def _span(thresholds: list[float]) -> str:
    low, high = percent(min(thresholds)), percent(max(thresholds))
    return f"at {low}" if low == high else f"{low} to {high}"
