"""Whether the performance file of a served copy agrees with the evidence of the training and its evaluations.

Other checks report lost or changed evidence; this one compares a copy with the readable evidence.
"""

from pydantic import TypeAdapter, ValidationError

from models.performance import PERFORMANCE, MeasuredPerformance, Performance
from training.registry.artifacts import EVIDENCE
from training.registry.performance import RecordedEvidence, measured
from training.registry.seal import digest_of
from training.registry.stored_training import ServedCopy, StoredTraining


def performance_differs(copy: ServedCopy, stored: StoredTraining) -> list[str]:
    """The findings on a copy's performance file; copies of older versions have no such file."""
    path = copy.folder / PERFORMANCE
    if copy.performance_digest is None and not path.exists():
        return []
    document = path.read_bytes() if path.is_file() else b""
    if digest_of(document) != copy.performance_digest:
        return [f"{copy.tag}: {PERFORMANCE} is not as promoted"]
    try:
        recorded = TypeAdapter(Performance).validate_json(document)
    except ValidationError:
        return [f"{copy.tag}: {PERFORMANCE} has a format that this installation does not read"]
    if recorded.bundle_digest != stored.tags.get("bundle_digest"):
        return [f"{copy.tag}: {PERFORMANCE} is about another bundle"]
    return [f"{copy.tag}: {PERFORMANCE} disagrees with the evidence of {run}" for run in _differing(recorded, stored)]


def _differing(recorded: Performance, stored: StoredTraining) -> list[str]:
    """The runs whose figures differ from their evidence, and the training's own run if it is missing."""
    by_run = {one.run_id: one for one in recorded.measured}
    evidence = {one.run_id: measured(recorded.bundle_digest, one) for one in _evidence(stored)}
    own = [stored.run_id] if isinstance(evidence[stored.run_id], MeasuredPerformance) else []
    readable = [run_id for run_id in by_run if isinstance(evidence.get(run_id), MeasuredPerformance)]
    differing = [run_id for run_id in dict.fromkeys(own + readable) if by_run.get(run_id) != evidence[run_id]]
    return [f"run {run_id}" for run_id in differing + [run_id for run_id in by_run if run_id not in evidence]]


def _evidence(stored: StoredTraining) -> list[RecordedEvidence]:
    """The present evidence of the training and its evaluations."""
    noted = tuple(stored.recorded("evidence_digest").values())
    evaluations = [
        RecordedEvidence(one.run_id, "", None, ())
        if one.stored is None
        else RecordedEvidence(one.run_id, "", _document(one.stored), (one.stored.tags.get("evidence_digest"),))
        for one in stored.evaluations
    ]
    return [RecordedEvidence(stored.run_id, "", _document(stored), noted), *evaluations]


def _document(stored: StoredTraining) -> bytes | None:
    path = stored.artifacts / EVIDENCE
    return path.read_bytes() if path.is_file() else None
