"""One patient computed by hand from the numbers of the evidence: clipped, less the centre, times the weight, summed.

The patient is made up: the median of each feature, or the more frequent answer; a feature without one is missing. The
arithmetic is that of a spreadsheet, so that a reader can check each step; the models themselves are not used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from training.evidence.descriptions import LinearTerm, ModelSpecification
from training.evidence.document import FeatureSummary, LandmarkEvidence
from training.report.models.equation import bands

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class WorkedTerm:
    """One step: the value and what it was clipped to, both ``None`` if missing, and what it adds to the log-odds."""

    term: LinearTerm
    value: float | None
    clipped: float | None
    added: float


@dataclass(frozen=True)
class WorkedExample:
    """The steps of one head for one patient. ``answers`` are the day (0 for remission) and the probabilities.

    Those are remission, or relapse and the absence of relapse and competing event by the day.
    """

    steps: list[WorkedTerm]
    total: float
    competing_steps: list[WorkedTerm]
    competing_total: float
    answers: list[tuple[int, tuple[float, ...]]]


def typical_patient(landmark: LandmarkEvidence) -> dict[str, float]:
    """The made-up patient of a landmark: values by feature, without those that are missing."""
    found = {summary.name: _typical(summary) for summary in landmark.case_mix}
    return {name: value for name, value in found.items() if value is not None}


def _typical(summary: FeatureSummary) -> float | None:
    if summary.q50 is not None:
        return summary.q50
    return None if summary.mean is None else float(summary.mean >= 0.5)


def by_hand(model: ModelSpecification, patient: Mapping[str, float]) -> WorkedExample:
    """The steps for a patient's values by feature; missing where there is none."""
    steps, total = _summed(model.terms, patient)
    competing_steps, competing_total = _summed(model.competing_terms, patient)
    if model.head == "remission":
        answers: list[tuple[int, tuple[float, ...]]] = [(0, (_probability(model.intercepts[0] + total),))]
    else:
        answers = [(day, relapse_by(model, total, competing_total, day)) for day in model.horizons_days]
    return WorkedExample(steps, total, competing_steps, competing_total, answers)


def relapse_by(model: ModelSpecification, total: float, competing_total: float, day: int) -> tuple[float, float]:
    """The risk of relapse by a day, and the probability of neither relapse nor competing event, week by week."""
    free, relapsed = 1.0, 0.0
    for week, (hazard, competing) in enumerate(weekly_hazards(model, total, competing_total)):
        days = min(day - DAYS_PER_WEEK * week, DAYS_PER_WEEK)
        if days <= 0:
            break
        stays = (1 - hazard) * (1 - competing)
        left = free * stays ** (days / DAYS_PER_WEEK)
        relapsed += (free - left) * hazard / (1 - stays) if stays < 1 else 0.0
        free = left
    return relapsed, free


def weekly_hazards(model: ModelSpecification, total: float, competing_total: float) -> list[tuple[float, float]]:
    """The probabilities of relapse and of a competing event in each week, the latter if there is no relapse in it."""
    found = []
    for (first, last), intercept, hazard in zip(bands(model), model.intercepts, model.competing_hazards, strict=True):
        odds = hazard * exp(competing_total)
        pair = (_probability(intercept + total), odds / (1 - hazard + odds))
        found += [pair] * (last - first + 1)
    return found


def _summed(terms: Sequence[LinearTerm], patient: Mapping[str, float]) -> tuple[list[WorkedTerm], float]:
    steps = [_step(term, patient.get(term.feature)) for term in terms]
    return steps, sum(step.added for step in steps)


def _step(term: LinearTerm, value: float | None) -> WorkedTerm:
    if value is None:
        return WorkedTerm(term, None, None, term.missing_weight)
    clipped = min(max(value, term.lower), term.upper)
    return WorkedTerm(term, value, clipped, (clipped - term.centre) * term.weight)


def _probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))
