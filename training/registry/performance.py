"""The performance file of a promoted copy, from the evidence of the version's run and of its evaluations.

Evidence that is not as recorded, or about another model, gives no figures and is named. `release` reads it from the
stores.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from models.performance import (
    LandmarkPerformance,
    MeasuredPerformance,
    Performance,
    PerformanceFigure,
    QuestionPerformance,
)
from training.evidence.document import Estimate, Evidence, LandmarkEvidence, Question, read_evidence


@dataclass(frozen=True)
class RecordedEvidence:
    """The stored evidence of a run: ``document`` is ``None`` if it is lost.

    ``digests`` were recorded with it, ``None`` if there is none.
    """

    run_id: str
    what: str
    document: bytes | None
    digests: tuple[str | None, ...]


def performance_of(bundle_digest: str, recorded: Sequence[RecordedEvidence]) -> Performance:
    """The performance of a bundle by all recorded evidence about it."""
    found = [(one, measured(bundle_digest, one)) for one in recorded]
    return Performance(
        bundle_digest,
        measured=tuple(seen for _, seen in found if isinstance(seen, MeasuredPerformance)),
        not_readable=tuple(f"{one.what}: {seen}" for one, seen in found if isinstance(seen, str)),
    )


def measured(bundle_digest: str, recorded: RecordedEvidence) -> MeasuredPerformance | str:
    """A run's figures of a bundle, or why there are none."""
    document = recorded.document
    if document is None:
        return "there is no evidence" if not any(recorded.digests) else "the evidence is lost"
    digest = hashlib.sha256(document).hexdigest()
    if any(noted != digest for noted in recorded.digests):
        return "the evidence is not as it was recorded"
    try:
        evidence = read_evidence(document)
    except ValidationError:
        return "the evidence is not in a form that this installation reads"
    if evidence.bundle_digest != bundle_digest:
        return "the evidence is not about this model"
    return _measured(evidence, recorded.run_id, digest)


def _measured(evidence: Evidence, run_id: str, digest: str) -> MeasuredPerformance:
    cohort = evidence.cohort
    return MeasuredPerformance(
        kind=evidence.kind,
        run_id=run_id,
        evidence_digest=digest,
        cohort=cohort.source,
        cohort_digest=cohort.digest,
        patients=cohort.patients,
        sites=cohort.sites,
        synthetic=cohort.synthetic,
        held_out=evidence.folds,
        caveats=tuple(evidence.caveats),
        landmarks=tuple(_at_landmark(landmark) for landmark in evidence.landmarks),
    )


def _at_landmark(landmark: LandmarkEvidence) -> LandmarkPerformance:
    ordered = [head.measures.get("c_index") for head in landmark.heads if head.head == "relapse"]
    return LandmarkPerformance(
        landmark.name, tuple(_of_question(question) for question in landmark.questions), _figure(*ordered)
    )


def _of_question(question: Question) -> QuestionPerformance:
    measures = question.measures
    return QuestionPerformance(
        question=question.name,
        head=question.head,
        horizon_days=question.horizon_days,
        patients=question.n,
        events=question.events,
        observed_rate=question.observed_rate,
        auc=_figure(measures.get("auc")),
        calibration_slope=_figure(measures.get("calibration_slope")),
        observed_to_expected=_figure(measures.get("oe")),
        brier=_figure(measures.get("brier")),
        ipa=_figure(measures.get("ipa")),
    )


def _figure(estimate: Estimate | None = None) -> PerformanceFigure | None:
    return None if estimate is None else PerformanceFigure(estimate.estimate, estimate.low, estimate.high)
