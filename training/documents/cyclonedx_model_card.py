"""The model card within a CycloneDX bill of materials: how the model was made, its figures, and what to consider."""

from collections.abc import Iterator, Sequence
from typing import Any

from training.documents.subject import DocumentSubject
from training.evidence.document import Estimate, Question
from training.report.limits import NOT_FOR_WHOM
from training.report.wording import CANDIDATES, group_title

DATASET = "cohort:"
"""Prefix of the reference of a data set; its digest follows."""


def model_card_part(subject: DocumentSubject, cohorts: Sequence[str]) -> dict[str, Any]:
    """The model card; ``cohorts`` are the digests of the data sets, the development cohort first."""
    return {
        "bom-ref": "model-card",
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "probability of an outcome at a landmark",
            "architectureFamily": ", ".join(_families(subject)) or "no model",
            "datasets": [{"ref": f"{DATASET}{digest}"} for digest in cohorts[:1]],
            "inputs": [{"format": "a row of features from structured records"}],
            "outputs": [{"format": "probabilities with 90% intervals"}],
        },
        "quantitativeAnalysis": {"performanceMetrics": list(_metrics(subject))},
        "considerations": {
            "users": ["Clinicians and researchers who know the study"],
            "useCases": [subject.intended_use],
            "technicalLimitations": [*NOT_FOR_WHOM, *subject.limits],
            "ethicalConsiderations": [{"name": f"Inequalities: {subject.answer('inequalities')}"}],
            "fairnessAssessments": [
                {"groupAtRisk": group, "harms": "Not assessed; calibration within the group is among the metrics."}
                for group in _groups(subject)
            ],
        },
    }


def _families(subject: DocumentSubject) -> list[str]:
    winners = [head.winner for mark in subject.evidence.landmarks for head in mark.heads if head.winner]
    return list(dict.fromkeys(CANDIDATES.get(name, name) for name in winners))


def _groups(subject: DocumentSubject) -> list[str]:
    asked = [question for mark in subject.evidence.landmarks for question in mark.questions]
    return list(dict.fromkeys(group_title(group) for question in asked for group in question.subgroups))


def _metrics(subject: DocumentSubject) -> Iterator[dict[str, Any]]:
    for landmark in subject.evidence.landmarks:
        for question in landmark.questions:
            place = f"{landmark.name}, {question.name}"
            for name, found in question.measures.items():
                yield from _metric(name, found, place)
            yield from _of_groups(question, place)


def _of_groups(question: Question, place: str) -> Iterator[dict[str, Any]]:
    for group in question.subgroups:
        if group.calibration_in_the_large is not None:
            yield from _metric(
                "calibration_in_the_large", group.calibration_in_the_large, f"{place}, {group_title(group)}"
            )


def _metric(name: str, found: Estimate, place: str) -> Iterator[dict[str, Any]]:
    """A figure with its 95% interval as texts, as the schema wants them; nothing where it is not defined."""
    if found.estimate is None:
        return
    metric: dict[str, Any] = {"type": name, "value": f"{found.estimate:.6g}", "slice": place}
    if found.low is not None and found.high is not None:
        metric["confidenceInterval"] = {"lowerBound": f"{found.low:.6g}", "upperBound": f"{found.high:.6g}"}
    yield metric
